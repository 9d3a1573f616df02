/**
 * Bytes to the rows of a block. Nothing is believed: kinds, lengths and ranges are checked as they are read, on whole
 * columns. First all columns are read, then the rows are woven from them.
 */
import { badRow, UNPREDICTED, VARINTS, type Columns } from './columns.ts';
import { PREDICT_LAST, PREDICT_STRIDE, PREDICT_TYPE } from './columns.ts';
import { TapeError } from './error.ts';

export interface DecodedRows {
  readonly rows: Int32Array;
  /** Kinds of the cold events, in order: each has a payload. */
  readonly cold: readonly number[];
  /** Where the bytes of the rows end. */
  readonly end: number;
}

/** What the loops over a block share. */
interface Work {
  readonly raw: Uint8Array;
  readonly events: number;
  readonly firstSeq: number;
  /** Events of each kind. */
  readonly counts: Int32Array;
  /** Where each column begins in `values`. */
  readonly starts: Int32Array;
  readonly values: Int32Array;
  /** 1 for a column that holds differences from the last value of its type, still to be added. */
  readonly typed: Uint8Array;
  /** How errors name the block. */
  readonly what: string;
  readonly columns: Columns;
}

/** The rows of `events` events, the first of which is `firstSeq`. */
export function decodeRows(
  raw: Uint8Array,
  events: number,
  firstSeq: number,
  what: string,
  columns: Columns,
): DecodedRows {
  const work = layOut(raw, events, firstSeq, what, columns);
  const end = readColumns(work);
  const rows = new Int32Array(events + work.values.length);
  const cold = weave(work, rows);
  return { rows, cold, end };
}

/** Counts the kinds, and gives each column its place. */
function layOut(raw: Uint8Array, events: number, firstSeq: number, what: string, columns: Columns): Work {
  if (events > raw.length) throw new TapeError(`${what}: ${events} events do not fit ${raw.length} bytes of contents`);
  const counts = new Int32Array(256);
  for (let event = 0; event < events; event++) counts[raw[event]]++;
  const { first, type, lengths } = columns;
  const starts = new Int32Array(type.length);
  let integers = 0;
  for (let kind = 0; kind < 256; kind++) {
    if (counts[kind] > 0 && lengths[kind] === 0) {
      const seq = firstSeq + raw.indexOf(kind);
      throw new TapeError(`${what}: ${badRow(Int32Array.of(kind), 0, 0, seq, columns)}`);
    }
    for (let column = first[kind]; column < first[kind + 1]; column++) {
      starts[column] = integers;
      integers += counts[kind];
    }
  }
  const typed = new Uint8Array(type.length);
  return { raw, events, firstSeq, counts, starts, values: new Int32Array(integers), typed, what, columns };
}

/** Reads all columns, and returns where they end. A cold kind has none: its events refer to the payloads in order. */
function readColumns(work: Work): number {
  const { counts, starts, values } = work;
  const { first, cold } = work.columns;
  let at = work.events;
  for (let kind = 0; kind < 256; kind++) {
    if (counts[kind] === 0 || cold[kind] === 1) continue;
    for (let column = first[kind]; column < first[kind + 1]; column++) {
      const start = starts[column];
      at = readColumn(work, kind, column, values.subarray(start, start + counts[kind]), at);
    }
  }
  return at;
}

/** Reads the column that begins at `at`, and returns where it ends. */
function readColumn(work: Work, kind: number, column: number, values: Int32Array, at: number): number {
  const { raw, typed, what, columns } = work;
  const layout = raw[at] >> 4;
  const prediction = raw[at] & 0x0f;
  if (at >= raw.length || prediction > PREDICT_TYPE || (layout > 4 && layout !== VARINTS)) {
    throw new TapeError(`${what}: there is no column of ${columns.kinds[kind]?.name} at byte ${at} of its contents`);
  }
  const end = readValues(raw, at + 1, layout, values);
  if (end > raw.length) throw new TapeError(`${what}: the column at byte ${at} of its contents goes beyond their end`);
  if (prediction === PREDICT_LAST) addLast(values);
  else if (prediction === PREDICT_STRIDE) addStride(values);
  else unfold(values);
  if (prediction === PREDICT_TYPE) typed[column] = 1;
  return end;
}

/** Reads what stands in a column, in either layout. Returns where it ends, which may be beyond the end of the bytes. */
function readValues(raw: Uint8Array, at: number, layout: number, values: Int32Array): number {
  const count = values.length;
  if (layout === VARINTS) return readVarints(raw, at, count, values);
  const varints = Math.min(count, UNPREDICTED);
  const planesAt = readVarints(raw, at, varints, values);
  const end = planesAt + layout * (count - varints);
  if (end <= raw.length) readPlanes(raw, planesAt, layout, varints, values);
  return end;
}

/** Beyond the end of the bytes it reads zeros, and returns a place beyond the end. */
function readVarints(raw: Uint8Array, start: number, count: number, values: Int32Array): number {
  let at = start;
  for (let j = 0; j < count; j++) {
    let byte = raw[at++];
    let value = byte & 0x7f;
    for (let shift = 7; byte > 0x7f && shift < 35; shift += 7) {
      byte = raw[at++];
      value |= (byte & 0x7f) << shift;
    }
    values[j] = value;
  }
  return at;
}

/** Reads the values from `from` on, low bytes of all first. */
function readPlanes(raw: Uint8Array, start: number, planes: number, from: number, values: Int32Array): void {
  const count = values.length;
  for (let plane = 0; plane < planes; plane++) {
    const at = start + plane * (count - from) - from;
    const shift = 8 * plane;
    for (let j = from; j < count; j++) values[j] |= raw[at + j] << shift;
  }
}

/** Zigzag differences become values, each the one before and its difference. */
function addLast(values: Int32Array): void {
  let value = 0;
  for (let j = 0; j < values.length; j++) {
    const residue = values[j];
    value = (value + ((residue >>> 1) ^ -(residue & 1))) | 0;
    values[j] = value;
  }
}

/** The same where growth is predicted. Before two values are known, nothing has grown. */
function addStride(values: Int32Array): void {
  let value = (values[0] >>> 1) ^ -(values[0] & 1);
  let grown = 0;
  values[0] = value;
  for (let j = 1; j < values.length; j++) {
    const residue = values[j];
    grown = (grown + ((residue >>> 1) ^ -(residue & 1))) | 0;
    value = (value + grown) | 0;
    values[j] = value;
  }
}

/** Only undoes the zigzag: what the differences belong to is known when the rows are woven. */
function unfold(values: Int32Array): void {
  for (let j = 0; j < values.length; j++) values[j] = (values[j] >>> 1) ^ -(values[j] & 1);
}

/**
 * Writes the rows in order: adds what was predicted by type, numbers the payloads, checks each value's range. Returns
 * the kinds of the cold events.
 */
function weave({ raw, events, firstSeq, starts, values, typed, what, columns }: Work, rows: Int32Array): number[] {
  const { first, type, min, max, types, lengths } = columns;
  const cold: number[] = [];
  const isCold = columns.cold;
  const last = new Int32Array(types + 1);
  const next = new Int32Array(256);
  for (let event = 0, i = 0; event < events; event++) {
    const kind = raw[event];
    const nth = next[kind]++;
    const end = i + lengths[kind];
    let column = first[kind];
    rows[i++] = kind;
    if (isCold[kind] === 1) rows[i++] = cold.push(kind) - 1;
    for (; i < end; i++, column++) {
      const of = type[column];
      let value = values[starts[column] + nth];
      if (typed[column] === 1) value = (value + last[of]) | 0;
      rows[i] = value;
      last[of] = value;
      if (value < min[column] || value > max[column]) {
        const field = column - first[kind];
        throw new TapeError(`${what}: ${badRow(rows, i - 1 - field, field, firstSeq + event, columns)}`);
      }
    }
  }
  return cold;
}
