/**
 * Images of a state: what it takes to come back to it. An array is kept in pieces, and an image shares the pieces that are as
 * in the image before it, so that many images of one run take little more room than what changed between them.
 */
import type { ColdState } from './cold.ts';
import { HOT_ARRAYS, usedOf, type HotArray, type State } from './state.ts';

/** Integers of a piece. */
export const PIECE = 1024;

/** An array cut into pieces. The last may be shorter. null, and everything behind the last piece: zeros. */
export interface ArrayImage {
  readonly length: number;
  readonly pieces: readonly (Int32Array | null)[];
}

export interface StateImage {
  /** Virtual nanoseconds. */
  readonly t: number;
  readonly cold: ColdState;
  readonly arrays: Readonly<Record<HotArray, ArrayImage>>;
}

/** An image of the state. It shares with `base`, an image of the same run, what is equal. */
export function imageOf(state: State, base?: StateImage): StateImage {
  const arrays = {} as Record<HotArray, ArrayImage>;
  for (const name of HOT_ARRAYS) arrays[name] = imageOfArray(state[name], usedOf(state, name), base?.arrays[name]);
  return { t: state.clock.t, cold: state.cold, arrays };
}

function imageOfArray(array: Int32Array, used: number, base: ArrayImage | undefined): ArrayImage {
  const pieces: (Int32Array | null)[] = [];
  for (let from = 0; from < used; from += PIECE) {
    const to = Math.min(from + PIECE, array.length);
    const before = base?.pieces[pieces.length] ?? null;
    if (isPiece(array, from, to, before)) pieces.push(before);
    else pieces.push(before !== null && isPiece(array, from, to, null) ? null : array.slice(from, to));
  }
  return { length: array.length, pieces };
}

/** Whether the integers are those of the piece. */
function isPiece(array: Int32Array, from: number, to: number, piece: Int32Array | null): boolean {
  if (piece === null) {
    for (let i = from; i < to; i++) if (array[i] !== 0) return false;
    return true;
  }
  if (piece.length !== to - from) return false;
  for (let i = from, j = 0; i < to; i++, j++) if (array[i] !== piece[j]) return false;
  return true;
}

/** Makes the state what it was when the image was taken. */
export function restoreImage(state: State, { t, cold, arrays }: StateImage): void {
  const used = new Map(HOT_ARRAYS.map((name) => [name, usedOf(state, name)]));
  for (const name of HOT_ARRAYS) restoreArray(state, name, arrays[name], used.get(name) as number);
  state.clock.t = t;
  state.cold = cold;
}

function restoreArray(state: State, name: HotArray, { length, pieces }: ArrayImage, used: number): void {
  const fresh = state[name].length !== length;
  if (fresh) state[name] = new Int32Array(length);
  const array = state[name];
  pieces.forEach((piece, i) => {
    if (piece !== null) array.set(piece, i * PIECE);
    else if (!fresh) array.fill(0, i * PIECE, (i + 1) * PIECE);
  });
  if (!fresh) array.fill(0, pieces.length * PIECE, Math.max(used, pieces.length * PIECE));
}
