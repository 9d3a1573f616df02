/** Predictions of the values of one column, and how what they got wrong is written. All loops are over one column. */
import { putVarint } from './bytes.ts';
import { PREDICT_LAST, PREDICT_STRIDE, UNPREDICTED, VARINTS } from './columns.ts';

/** Bits that the zigzag of a difference needs. */
const bits = (difference: number): number => 32 - Math.clz32((difference << 1) ^ (difference >> 31));

/** What one look at a column shows. */
export interface Measure {
  min: number;
  max: number;
  /** The better one of the predictions from the column's own past. */
  prediction: number;
  /** Bits of the differences from it, without those that nothing predicts yet. */
  bits: number;
}

/** Measures a column, into `into`. */
export function measure(values: Int32Array, into: Measure): void {
  const count = values.length;
  let [min, max, last, stride] = [values[0], values[0], 0, 0];
  let before = values[0];
  let grown = 0;
  for (let j = 1; j < count; j++) {
    const value = values[j];
    const growth = (value - before) | 0;
    if (value < min) min = value;
    if (value > max) max = value;
    if (j >= UNPREDICTED) {
      last += bits(growth);
      stride += bits((growth - grown) | 0);
    }
    before = value;
    grown = growth;
  }
  into.min = min;
  into.max = max;
  into.prediction = stride < last ? PREDICT_STRIDE : PREDICT_LAST;
  into.bits = Math.min(last, stride);
}

/** Bits of the differences of a column from what was of its type before, without those that nothing else predicts. */
export function typeBits(values: Int32Array, typed: Int32Array): number {
  let sum = 0;
  for (let j = UNPREDICTED; j < values.length; j++) sum += bits((values[j] - typed[j]) | 0);
  return sum;
}

/** Writes the zigzag differences of the values from what is predicted. `typed` is read for PREDICT_TYPE alone. */
export function residuesOf(prediction: number, values: Int32Array, typed: Int32Array, residues: Int32Array): void {
  if (prediction === PREDICT_LAST) fromLast(values, residues);
  else if (prediction === PREDICT_STRIDE) fromStride(values, residues);
  else fromType(values, typed, residues);
}

function fromLast(values: Int32Array, residues: Int32Array): void {
  let before = 0;
  for (let j = 0; j < values.length; j++) {
    const value = values[j];
    const difference = (value - before) | 0;
    residues[j] = (difference << 1) ^ (difference >> 31);
    before = value;
  }
}

/** Before two values are known, nothing has grown. */
function fromStride(values: Int32Array, residues: Int32Array): void {
  let before = values[0];
  let grown = 0;
  residues[0] = (before << 1) ^ (before >> 31);
  for (let j = 1; j < values.length; j++) {
    const value = values[j];
    const growth = (value - before) | 0;
    const difference = (growth - grown) | 0;
    residues[j] = (difference << 1) ^ (difference >> 31);
    before = value;
    grown = growth;
  }
}

function fromType(values: Int32Array, typed: Int32Array, residues: Int32Array): void {
  for (let j = 0; j < values.length; j++) {
    const difference = (values[j] - typed[j]) | 0;
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
