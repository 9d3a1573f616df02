/**
 * Rows of a block to bytes: the kinds in order, then column by column what a prediction got wrong.
 *
 * Each column takes the prediction whose differences are shortest; which one that is stands before it. Nothing is
 * remembered from block to block, so that each decodes alone. Loops are plain and over typed arrays: this runs while a
 * run is hot.
 */
import { BLOCK_EVENTS, MAX_FIELDS, ROW_LENGTH, type Block } from '@pagetape/events';
import { badRow, COLUMNS, PREDICT_LAST, PREDICT_TYPE } from './columns.ts';
import { LIMITS } from './format.ts';
import { measure, putColumn, residuesOf, typeBits, type Measure } from './predict.ts';

/** Encodes rows of blocks; its buffers are used again for each. */
export class RowEncoder {
  /** Events of each kind. */
  private readonly counts = new Int32Array(256);
  private readonly next = new Int32Array(256);
  /** Where each column begins in `values` and `typed`. */
  private readonly starts = new Int32Array(COLUMNS.type.length);
  /** The values of the block, column by column. */
  private values = new Int32Array(0);
  /** For each value, the one before it of the same field type; filled in only where that is of use. */
  private typed = new Int32Array(0);
  private typesNoted = false;
  private readonly lastOfType = new Int32Array(COLUMNS.types + 1);
  /** How many columns of the block have each field type. */
  private readonly shared = new Int32Array(COLUMNS.types + 1);
  private readonly measured: Measure = { min: 0, max: 0, prediction: PREDICT_LAST, bits: 0 };
  /** One column: differences from what was predicted, zigzag. */
  private residues = new Int32Array(0);
  private out = new Uint8Array(0);

  constructor() {
    this.makeRoom(BLOCK_EVENTS, BLOCK_EVENTS * (MAX_FIELDS + 1));
  }

  private makeRoom(events: number, integers: number): void {
    if (events > this.residues.length) this.residues = new Int32Array(events);
    if (integers <= this.values.length) return;
    this.values = new Int32Array(integers);
    this.typed = new Int32Array(integers);
    this.out = new Uint8Array(5 * integers + COLUMNS.type.length);
  }

  /** The bytes of the rows, lent until the next call. Throws an Error when a row is not what the catalogue says. */
  encode(block: Block): Uint8Array {
    const { events, rows } = block;
    if (events < 1 || events > LIMITS.events)
      throw new Error(`a block has ${events} events; 1 to ${LIMITS.events} fit`);
    this.makeRoom(events, rows.length);
    this.survey(block);
    this.layOut();
    this.transpose(rows, events);
    this.checkPayloads(block);
    this.typesNoted = false;
    let at = events;
    for (let kind = 0; kind < 256; kind++) {
      if (this.counts[kind] === 0 || COLUMNS.cold[kind] === 1) continue;
      for (let field = 1; field < ROW_LENGTH[kind]; field++) at = this.column(block, kind, field, at);
    }
    return this.out.subarray(0, at);
  }

  /** Writes and counts the kinds. */
  private survey({ events, firstSeq, rows }: Block): void {
    const { out } = this;
    const counts = this.counts.fill(0);
    const lengths = ROW_LENGTH;
    const end = rows.length;
    let i = 0;
    for (let event = 0; event < events; event++) {
      const kind = rows[i] & 0xff;
      const length = lengths[kind];
      if (kind !== rows[i] || length === 0 || i + length > end) throw new Error(badRow(rows, i, 0, firstSeq + event));
      out[event] = kind;
      counts[kind]++;
      i += length;
    }
    if (i !== end) throw new Error(`a block of ${events} events has ${end - i} integers too many`);
  }

  /** Gives each column its place, and counts the columns of each field type. */
  private layOut(): void {
    const { first, type } = COLUMNS;
    const { counts, starts } = this;
    const shared = this.shared.fill(0);
    let start = 0;
    for (let kind = 0; kind < 256; kind++) {
      if (counts[kind] === 0) continue;
      for (let column = first[kind]; column < first[kind + 1]; column++) {
        starts[column] = start;
        start += counts[kind];
        shared[type[column]]++;
      }
    }
  }

  private transpose(rows: Int32Array, events: number): void {
    const { first } = COLUMNS;
    const { starts, values, out } = this;
    const next = this.next.fill(0);
    const lengths = ROW_LENGTH;
    for (let event = 0, i = 0; event < events; event++) {
      const kind = out[event];
      const end = i + lengths[kind];
      const nth = next[kind]++;
      let column = first[kind];
      for (i++; i < end; i++) values[starts[column++] + nth] = rows[i];
    }
  }

  /** Notes for each value what stood before it in a field of its type. */
  private noteTypes({ events, rows }: Block): void {
    const { first, type } = COLUMNS;
    const { starts, typed, out } = this;
    const last = this.lastOfType.fill(0);
    const next = this.next.fill(0);
    const lengths = ROW_LENGTH;
    for (let event = 0, i = 0; event < events; event++) {
      const kind = out[event];
      const end = i + lengths[kind];
      const nth = next[kind]++;
      let column = first[kind];
      for (i++; i < end; i++, column++) {
        const of = type[column];
        typed[starts[column] + nth] = last[of];
        last[of] = rows[i];
      }
    }
    this.typesNoted = true;
  }

  /** Cold events refer to the payloads in their order, each to one. */
  private checkPayloads({ firstSeq, rows, payloads }: Block): void {
    const { counts } = this;
    let count = 0;
    for (let kind = 0; kind < 256; kind++) if (COLUMNS.cold[kind] === 1) count += counts[kind];
    if (count !== payloads.length) throw new Error(`a block has ${count} cold events and ${payloads.length} payloads`);
    for (let i = 0, event = 0, payload = 0; payload < count; event++) {
      const kind = rows[i];
      const wrong = COLUMNS.cold[kind] === 1 && rows[i + 1] !== payload++;
      if (wrong) throw new Error(badRow(rows, i, 0, firstSeq + event));
      i += ROW_LENGTH[kind];
    }
  }

  /** Writes one column from `at` on, and returns where it ends. */
  private column(block: Block, kind: number, field: number, at: number): number {
    const { measured, residues, starts } = this;
    const column = COLUMNS.first[kind] + field - 1;
    const count = this.counts[kind];
    const values = this.values.subarray(starts[column], starts[column] + count);
    measure(values, measured);
    const fits = measured.min >= COLUMNS.min[column] && measured.max <= COLUMNS.max[column];
    if (!fits) throw new Error(this.misfit(block, kind, field));
    let { prediction } = measured;
    let typed = values;
    // Where the past of a column tells all of it, no other can tell more.
    if (measured.bits > 0 && this.shared[COLUMNS.type[column]] > 1) {
      if (!this.typesNoted) this.noteTypes(block);
      typed = this.typed.subarray(starts[column], starts[column] + count);
      if (typeBits(values, typed) < measured.bits) prediction = PREDICT_TYPE;
    }
    residuesOf(prediction, values, typed, residues);
    return putColumn(prediction, residues, count, this.out, at);
  }

  /** Finds the row whose field does not fit its range. */
  private misfit({ rows, firstSeq }: Block, kind: number, field: number): string {
    const column = COLUMNS.first[kind] + field - 1;
    for (let i = 0, seq = firstSeq; ; seq++) {
      const value = rows[i + field];
      if (rows[i] === kind && (value < COLUMNS.min[column] || value > COLUMNS.max[column])) {
        return badRow(rows, i, field - 1, seq);
      }
      i += ROW_LENGTH[rows[i]];
    }
  }
}
