/**
 * Sets of small numbers as people write them, and from one set to another (lib/bitmap.c). Sets are lists, ascending.
 */
import { EINVAL, EOVERFLOW, ERANGE } from '@pagetape/events';

/** `lib/bitmap.c:bitmap_parselist()`: "0-1,3", or minus an error number. Nothing at all is the empty set. */
export function bitmap_parselist(text: string, bits: number): number[] | number {
  const found = new Set<number>();
  for (const part of text.trim() === '' ? [] : text.trim().split(',')) {
    const match = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part);
    if (!match) return -EINVAL;
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (first > last) return -EINVAL;
    if (last >= bits) return -ERANGE;
    for (let n = first; n <= last; n++) found.add(n);
  }
  return [...found].sort((a, b) => a - b);
}

/** The highest number that fits into an unsigned int. */
const UINT_MAX = 0xffff_ffff;

/**
 * `lib/bitmap.c:bitmap_parselist()` of later kernels, which know more words: "all", "N" for the highest number, "0-7:1/2"
 * for the first of every two, and white space between the parts. Minus an error number.
 */
export function parselist(text: string, bits: number): number[] | number {
  const found = new Set<number>();
  for (const part of text.split(/[\s,]+/).filter((each) => each !== '')) {
    const region = parse_region(part, bits - 1);
    if (region && Object.values(region).some((n) => n > UINT_MAX)) return -EOVERFLOW;
    if (!region || region.first > region.last || region.every === 0 || region.some > region.every) return -EINVAL;
    if (region.last >= bits) return -ERANGE;
    for (let n = region.first; n <= region.last; n++) {
      if ((n - region.first) % region.every < region.some) found.add(n);
    }
  }
  return [...found].sort((a, b) => a - b);
}

/** `lib/bitmap.c:bitmap_parse_region()`: of each `every` numbers the first `some`. Null: it makes no sense. */
function parse_region(
  part: string,
  highest: number,
): { first: number; last: number; some: number; every: number } | null {
  const match = /^(?:([aA][lL][lL])|(\d+|N)(?:-(\d+|N)|(?!:)))(?::(\d+|N)\/(\d+|N))?$/.exec(part);
  if (!match) return null;
  const [, all, start, end = start, some, every] = match;
  const number = (word: string): number => (word === 'N' ? highest : Number(word));
  const [first, last] = all ? [0, highest] : [number(start), number(end)];
  return some === undefined
    ? { first, last, some: last + 1, every: last + 1 }
    : { first, last, some: number(some), every: number(every) };
}

/** `lib/bitmap.c:bitmap_scnlistprintf()`: "0-1,3". */
export function bitmap_scnlistprintf(set: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const n of set) {
    const run = runs.at(-1);
    if (run && run[1] === n - 1) run[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/**
 * `lib/bitmap.c:bitmap_bitremap()`: the n-th member of `from` becomes the n-th of `to`, counted round when `to` has fewer.
 * What is not in `from` stays, and so does all when `to` is empty.
 */
export function bitmap_bitremap(n: number, from: readonly number[], to: readonly number[]): number {
  const rank = from.indexOf(n);
  return rank < 0 || to.length === 0 ? n : to[rank % to.length];
}

/** `lib/bitmap.c:bitmap_remap()`: the set of what its members become. */
export function bitmap_remap(set: readonly number[], from: readonly number[], to: readonly number[]): number[] {
  return [...new Set(set.map((n) => bitmap_bitremap(n, from, to)))].sort((a, b) => a - b);
}
