/** Predictions of the values of one column, and how what they got wrong is written. All loops are over one column. */
import { putVarint } from './bytes.ts';
import { PREDICT_LAST, PREDICT_STRIDE, PREDICT_TYPE, UNPREDICTED, VARINTS } from './columns.ts';

/** Bits that the zigzag of a difference needs. */
const bits = (difference: number): number => 32 - Math.clz32((difference << 1) ^ (difference >> 31));

/** Besides predictions: neither of those from the past of a column meets it; a value does not fit the field. */
export const UNDECIDED = -1;
export const OUT_OF_RANGE = -2;

/**
 * Which prediction from its own past meets a column: all values but the first UNPREDICTED ones. The column is field `field` of the
 * rows that begin at `sorted[start]` up to before `sorted[end]`, and its values are from `low` to `high`.
 */
export function byOwnPast(
  rows: Int32Array,
  sorted: Int32Array,
  start: number,
  end: number,
  field: number,
  low: number,
  high: number,
): number {
  let before = rows[sorted[start] + field];
  let min = before;
  let max = before;
  let grown = 0;
  let last = 0;
  let stride = 0;
  for (let j = start + 1; j < end; j++) {
    const value = rows[sorted[j] + field];
    if (value < min) min = value;
    if (value > max) max = value;
    const growth = (value - before) | 0;
    if (j >= start + UNPREDICTED) {
      last |= growth;
      stride |= growth ^ grown;
    }
    before = value;
    grown = growth;
  }
  if (min < low || max > high) return OUT_OF_RANGE;
  if (last === 0) return PREDICT_LAST;
  return stride === 0 ? PREDICT_STRIDE : UNDECIDED;
}

/** Writes a column that its own past meets, from `at` on: nothing but its first values. Returns where it ends. */
export function putPredicted(
  prediction: number,
  values: Int32Array,
  known: number,
  out: Uint8Array,
  at: number,
): number {
  let next = at;
  let before = 0;
  out[next++] = prediction;
  for (let j = 0; j < known; j++) {
    const difference = (values[j] - before) | 0;
    next = putVarint(out, next, (difference << 1) ^ (difference >> 31));
    before = values[j];
  }
  return next;
}

/**
 * Of the predictions of a column, the one whose differences have the fewest bits. What stood before each value in a field of its
 * type is in `typed` from `typedStart` on; below 0: no other field has its type.
 */
export function shortest(values: Int32Array, count: number, typed: Int32Array, typedStart: number): number {
  if (typedStart >= 0 && isTyped(values, count, typed, typedStart)) return PREDICT_TYPE;
  let [last, stride, type] = [0, 0, 0];
  let before = values[1];
  let grown = (before - values[0]) | 0;
  for (let j = UNPREDICTED; j < count; j++) {
    const value = values[j];
    const growth = (value - before) | 0;
    last += bits(growth);
    stride += bits((growth - grown) | 0);
    if (typedStart >= 0) type += bits((value - typed[typedStart + j]) | 0);
    before = value;
    grown = growth;
  }
  if (typedStart >= 0 && type < Math.min(last, stride)) return PREDICT_TYPE;
  return stride < last ? PREDICT_STRIDE : PREDICT_LAST;
}

/** Whether what stood before in a field of its type meets the column. */
function isTyped(values: Int32Array, count: number, typed: Int32Array, typedStart: number): boolean {
  for (let j = UNPREDICTED; j < count; j++) if (values[j] !== typed[typedStart + j]) return false;
  return true;
}

/** Writes the zigzag differences of a column from what is predicted. `typed` is read for PREDICT_TYPE alone. */
export function residuesOf(
  prediction: number,
  values: Int32Array,
  count: number,
  typed: Int32Array,
  typedStart: number,
  residues: Int32Array,
): void {
  if (prediction === PREDICT_LAST) fromLast(values, count, residues);
  else if (prediction === PREDICT_STRIDE) fromStride(values, count, residues);
  else fromType(values, count, typed, typedStart, residues);
}

function fromLast(values: Int32Array, count: number, residues: Int32Array): void {
  let before = 0;
  for (let j = 0; j < count; j++) {
    const value = values[j];
    const difference = (value - before) | 0;
    residues[j] = (difference << 1) ^ (difference >> 31);
    before = value;
  }
}

/** Before two values are known, nothing has grown. */
function fromStride(values: Int32Array, count: number, residues: Int32Array): void {
  let before = values[0];
  let grown = 0;
  residues[0] = (before << 1) ^ (before >> 31);
  for (let j = 1; j < count; j++) {
    const value = values[j];
    const growth = (value - before) | 0;
    const difference = (growth - grown) | 0;
    residues[j] = (difference << 1) ^ (difference >> 31);
    before = value;
    grown = growth;
  }
}

function fromType(
  values: Int32Array,
  count: number,
  typed: Int32Array,
  typedStart: number,
  residues: Int32Array,
): void {
  for (let j = 0; j < count; j++) {
    const difference = (values[j] - typed[typedStart + j]) | 0;
    residues[j] = (difference << 1) ^ (difference >> 31);
  }
}

/**
 * Writes the head of a column and its residues from `start` on, and returns where they end. Byte planes compress
 * better where most residues are long, and need no room where all are 0; varints do where a few long ones stand among
 * short ones.
 */
export function putColumn(
  prediction: number,
  residues: Int32Array,
  count: number,
  out: Uint8Array,
  start: number,
): number {
  let all = 0;
  let long = 0;
  for (let j = UNPREDICTED; j < count; j++) {
    const residue = residues[j];
    all |= residue;
    if (residue >>> 7 !== 0) long++;
  }
  const planes = all >>> 0 < 256 || 4 * long > count ? (39 - Math.clz32(all)) >> 3 : VARINTS;
  let at = start;
  out[at++] = prediction | (planes << 4);
  const varints = planes === VARINTS ? count : Math.min(count, UNPREDICTED);
  for (let j = 0; j < varints; j++) {
    if (residues[j] >>> 7 === 0) out[at++] = residues[j];
    else at = putVarint(out, at, residues[j]);
  }
  if (planes === VARINTS) return at;
  for (let shift = 0; shift < 8 * planes; shift += 8) {
    for (let j = UNPREDICTED; j < count; j++) out[at++] = residues[j] >>> shift;
  }
  return at;
}
