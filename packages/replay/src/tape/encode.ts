/**
 * Rows of a block to bytes: the kinds in order, then column by column what a prediction got wrong.
 *
 * Each column takes the prediction whose differences are shortest; which one that is stands before it. Nothing is
 * remembered from block to block, so that each decodes alone. This runs while a run is hot, so loops are plain and over whole
 * typed arrays, and most columns are read once: rows are sorted by kind, and a column that its own past tells is done after
 * one look. What stood before a value in other columns is noted for the others alone.
 */
import { BLOCK_EVENTS, MAX_FIELDS, type Block } from '@pagetape/events';
import { badRow, COLUMNS } from './columns.ts';
import { byOwnPast, OUT_OF_RANGE, putColumn, putPredicted, residuesOf, shortest, UNDECIDED } from './predict.ts';
import { Survey } from './survey.ts';

/** Encodes rows of blocks; its buffers are used again for each. */
export class RowEncoder {
  readonly survey = new Survey();
  /** Where the rows of each kind begin in `sorted`. */
  private readonly starts = new Int32Array(256);
  private readonly next = new Int32Array(256);
  /** Where each row begins in the block, sorted by kind. */
  private sorted = new Int32Array(0);
  /** The prediction that meets each column, or UNDECIDED. */
  private readonly found = new Int8Array(COLUMNS.type.length);
  /** How many columns of the block have each field type. */
  private readonly shared = new Int32Array(COLUMNS.types + 1);
  /** 1 for the field types of undecided columns that others share. */
  private readonly wanted = new Uint8Array(COLUMNS.types + 1);
  /** Columns of wanted types, those of a kind from `listed[kind]` to `listed[kind + 1]`. */
  private readonly list = new Int32Array(COLUMNS.type.length);
  private readonly listed = new Int32Array(257);
  private readonly lastOfType = new Int32Array(COLUMNS.types + 1);
  /** Where each listed column begins in `typed`. */
  private readonly typedStarts = new Int32Array(COLUMNS.type.length);
  /** For each value of a listed column, the one before it of the same field type. */
  private typed = new Int32Array(0);
  /** One column: its values, and the zigzag differences from what was predicted. */
  private values = new Int32Array(0);
  private residues = new Int32Array(0);
  private out = new Uint8Array(0);

  constructor() {
    this.makeRoom(BLOCK_EVENTS, BLOCK_EVENTS * (MAX_FIELDS + 1));
  }

  private makeRoom(events: number, integers: number): void {
    if (events > this.sorted.length) {
      this.sorted = new Int32Array(events);
      this.values = new Int32Array(events);
      this.residues = new Int32Array(events);
    }
    if (integers <= this.typed.length) return;
    this.typed = new Int32Array(integers);
    this.out = new Uint8Array(5 * integers + COLUMNS.type.length);
  }

  /** The bytes of the rows, lent until the next call. Throws an Error when a row is not what the catalogue says. */
  encode(block: Block): Uint8Array {
    const { events, rows } = block;
    if (this.survey.block !== block) this.survey.take(block);
    this.makeRoom(events, rows.length);
    this.out.set(this.survey.kinds.subarray(0, events));
    this.sort(events);
    this.checkPayloads(block);
    this.decide(block);
    if (this.wanted.includes(1)) this.noteTypes(block);
    const { counts } = this.survey;
    let at = events;
    for (let kind = 0; kind < 256; kind++) {
      if (counts[kind] === 0 || COLUMNS.cold[kind] === 1) continue;
      const end = COLUMNS.first[kind + 1];
      for (let column = COLUMNS.first[kind]; column < end; column++) at = this.column(rows, kind, column, at);
    }
    return this.out.subarray(0, at);
  }

  private sort(events: number): void {
    const { starts, next, sorted } = this;
    const { counts, kinds, offsets } = this.survey;
    for (let kind = 0, start = 0; kind < 256; kind++) {
      starts[kind] = next[kind] = start;
      start += counts[kind];
    }
    for (let event = 0; event < events; event++) sorted[next[kinds[event]]++] = offsets[event];
  }

  /** Cold events refer to the payloads in their order, each to one. */
  private checkPayloads({ firstSeq, events, rows, payloads }: Block): void {
    const { counts, kinds, offsets } = this.survey;
    let count = 0;
    for (let kind = 0; kind < 256; kind++) if (COLUMNS.cold[kind] === 1) count += counts[kind];
    if (count !== payloads.length) throw new Error(`a block has ${count} cold events and ${payloads.length} payloads`);
    for (let event = 0, payload = 0; payload < count && event < events; event++) {
      if (COLUMNS.cold[kinds[event]] === 0 || rows[offsets[event] + 1] === payload++) continue;
      throw new Error(badRow(rows, offsets[event], 0, firstSeq + event));
    }
  }

  /** Looks at each column once, and finds out which field types tell more than their own past of those that it does not tell. */
  private decide(block: Block): void {
    const { first, type, min, max, cold } = COLUMNS;
    const { counts } = this.survey;
    const { found, sorted, starts } = this;
    const shared = this.shared.fill(0);
    const wanted = this.wanted.fill(0);
    for (let kind = 0; kind < 256; kind++) {
      if (counts[kind] === 0 || cold[kind] === 1) continue;
      const start = starts[kind];
      const end = start + counts[kind];
      for (let column = first[kind], field = 1; column < first[kind + 1]; column++, field++) {
        const by = byOwnPast(block.rows, sorted, start, end, field, min[column], max[column]);
        if (by === OUT_OF_RANGE) throw new Error(this.misfit(block, kind, column));
        found[column] = by;
        shared[type[column]]++;
        if (by === UNDECIDED) wanted[type[column]] = 1;
      }
    }
    for (let of = 0; of < shared.length; of++) if (shared[of] === 1) wanted[of] = 0;
  }

  /** Notes for each value of a wanted type what stood before it in any field of that type. */
  private noteTypes({ events, rows }: Block): void {
    const { first, type } = COLUMNS;
    const { kinds, offsets } = this.survey;
    const { list, listed, typed, typedStarts } = this;
    const next = this.next.fill(0);
    const last = this.lastOfType.fill(0);
    this.listWanted();
    for (let event = 0; event < events; event++) {
      const kind = kinds[event];
      const begin = listed[kind];
      const end = listed[kind + 1];
      if (begin === end) continue;
      const nth = next[kind]++;
      const field = offsets[event] + 1 - first[kind];
      for (let i = begin; i < end; i++) {
        const column = list[i];
        const of = type[column];
        typed[typedStarts[column] + nth] = last[of];
        last[of] = rows[field + column];
      }
    }
  }

  private listWanted(): void {
    const { first, type, cold } = COLUMNS;
    const { counts } = this.survey;
    const { list, listed, wanted, typedStarts } = this;
    let length = 0;
    let start = 0;
    for (let kind = 0; kind < 256; kind++) {
      listed[kind] = length;
      if (counts[kind] === 0 || cold[kind] === 1) continue;
      for (let column = first[kind]; column < first[kind + 1]; column++) {
        if (wanted[type[column]] === 0) continue;
        list[length++] = column;
        typedStarts[column] = start;
        start += counts[kind];
      }
    }
    listed[256] = length;
  }

  /** Writes one column from `at` on, and returns where it ends. */
  private column(rows: Int32Array, kind: number, column: number, at: number): number {
    const { sorted, values, typed, residues, out, found } = this;
    const field = 1 + column - COLUMNS.first[kind];
    const start = this.starts[kind];
    const count = this.survey.counts[kind];
    if (found[column] !== UNDECIDED) {
      const known = Math.min(count, 2);
      for (let j = 0; j < known; j++) values[j] = rows[sorted[start + j] + field];
      return putPredicted(found[column], values, known, out, at);
    }
    for (let j = 0; j < count; j++) values[j] = rows[sorted[start + j] + field];
    const typedStart = this.wanted[COLUMNS.type[column]] === 1 ? this.typedStarts[column] : -1;
    const prediction = shortest(values, count, typed, typedStart);
    residuesOf(prediction, values, count, typed, typedStart, residues);
    return putColumn(prediction, residues, count, out, at);
  }

  /** Finds the row whose field does not fit its range. */
  private misfit({ events, rows, firstSeq }: Block, kind: number, column: number): string {
    const { kinds, offsets } = this.survey;
    const field = column - COLUMNS.first[kind];
    for (let event = 0; event < events; event++) {
      const value = rows[offsets[event] + 1 + field];
      if (kinds[event] !== kind || (value >= COLUMNS.min[column] && value <= COLUMNS.max[column])) continue;
      return badRow(rows, offsets[event], field, firstSeq + event);
    }
    throw new Error(`column ${column} has no value that does not fit it`);
  }
}
