/**
 * Images of the state at the borders of blocks, to seek from. They are a cache: whatever is dropped is made again by replaying.
 */
import { HOT_ARRAYS, type StateImage } from '@pagetape/core';
import type { Tape } from '../tape/index.ts';

/** An image of the state before the first event of a block. */
export interface Checkpoint {
  readonly block: number;
  readonly image: StateImage;
}

/** Bytes of the pieces that an image does not share with another one. */
export function ownBytes(image: StateImage, other: StateImage | undefined): number {
  let integers = 0;
  for (const name of HOT_ARRAYS) {
    const shared = other?.arrays[name].pieces ?? [];
    image.arrays[name].pieces.forEach((piece, i) => {
      if (piece !== null && piece !== shared[i]) integers += piece.length;
    });
  }
  return 4 * integers;
}

/** Events from one checkpoint to the next, as long as there is room for all. */
export const SPACING = 1 << 15;

/** Whether block `n` is the first that begins at or after a multiple of so many events. Block 0 is. */
export function isBorder({ blocks }: Tape, n: number, every: number): boolean {
  const multiple = (block: number): number => Math.floor((blocks.entry(block).firstSeq - 1) / every);
  return n < blocks.count && (n === 0 || multiple(n) !== multiple(n - 1));
}

/** The images that are kept for good, at even distances over the whole tape. When they need too much room, each second one goes. */
export class Checkpoints {
  /** Events from one to the next. */
  spacing: number;
  private readonly tape: Tape;
  private readonly room: number;
  private bytes = 0;
  /** In the order of the tape. */
  private images: Checkpoint[] = [];

  constructor(tape: Tape, room: number, spacing: number) {
    this.tape = tape;
    this.room = room;
    this.spacing = spacing;
  }

  get all(): readonly Checkpoint[] {
    return this.images;
  }

  /** Whether one is wanted before this block that is not there yet. */
  lacks(block: number): boolean {
    return isBorder(this.tape, block, this.spacing) && this.before(block)?.block !== block;
  }

  add(block: number, image: StateImage): void {
    const i = this.count(block);
    this.images.splice(i, 0, { block, image });
    this.bytes += ownBytes(image, this.images[i - 1]?.image);
    while (this.bytes > this.room && this.images.length > 2) this.thin();
  }

  /** Whether there is one behind this block, so that the machine has been there. */
  reaches(block: number): boolean {
    return (this.images.at(-1)?.block ?? 0) > block;
  }

  /** The last one at or before a block. */
  before(block: number): Checkpoint | undefined {
    return this.images[this.count(block) - 1];
  }

  /** How many are at or before a block. */
  private count(block: number): number {
    let [low, high] = [0, this.images.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.images[middle].block <= block) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private thin(): void {
    this.spacing *= 2;
    this.images = this.images.filter(({ block }) => isBorder(this.tape, block, this.spacing));
    this.bytes = this.images.reduce((sum, { image }, i) => sum + ownBytes(image, this.images[i - 1]?.image), 0);
  }
}

/** The latest few of something that is made anew when it is asked for again. */
export class Recent<Value> {
  private readonly values = new Map<number, Value>();
  private readonly room: number;
  private readonly sizeOf: (value: Value) => number;
  private used = 0;

  constructor(room: number, sizeOf: (value: Value) => number = () => 1) {
    this.room = room;
    this.sizeOf = sizeOf;
  }

  get(key: number): Value | undefined {
    const value = this.values.get(key);
    if (value === undefined) return undefined;
    this.values.delete(key);
    this.values.set(key, value);
    return value;
  }

  has(key: number): boolean {
    return this.values.has(key);
  }

  set(key: number, value: Value): void {
    this.values.set(key, value);
    this.used += this.sizeOf(value);
    for (const [oldest, old] of this.values) {
      if (this.used <= this.room || oldest === key) break;
      this.values.delete(oldest);
      this.used -= this.sizeOf(old);
    }
  }
}
