/**
 * Node masks in the memory of a caller, and the two functions that read and write them (mm/mempolicy.c).
 * Words have 64 bits and are kept as BigInt: these calls are no hot path.
 */
import { CHECK, EFAULT, EINVAL, PAGE_SIZE, type Check } from '@pagetape/events';
import type { Kernel } from '../kernel.ts';

/** Memory that holds a mask: a word by its number, or null where nothing can be read. A null pointer is `null` itself. */
export type UserMask = { readonly word: (n: number) => bigint | null } | null;

const BITS_PER_LONG = 64n;
const ALL_ONES = (1n << BITS_PER_LONG) - 1n;

/** The numbers of the bits that are set, ascending. */
function bits(words: readonly bigint[]): number[] {
  const nodes: number[] = [];
  words.forEach((word, n) => {
    for (let bit = 0; word >> BigInt(bit) > 0n; bit++)
      if (((word >> BigInt(bit)) & 1n) !== 0n) nodes.push(n * 64 + bit);
  });
  return nodes;
}

/** Nodes, or minus an error number. */
type NodesOrError = readonly number[] | number;

/**
 * `mm/mempolicy.c:get_nodes()`: reads a node mask. Only maxnode - 1 bits count. `maxnode` is what the register holds, so
 * 0 becomes 2^64 - 1 when one is taken off, whose number of words is 0 again: an empty mask.
 */
export function get_nodes(k: Kernel, which: Check, mask: UserMask, maxnode: bigint): NodesOrError {
  const result = read_nodes(k, mask, BigInt.asUintN(64, maxnode - 1n));
  if (typeof result === 'number') {
    k.emit.CheckFailed(CHECK.indexOf(which), -result);
    return result;
  }
  const quirk = quirkOf(mask, maxnode);
  k.emit.NodemaskRead({ which, maxnode: `${maxnode}`, nodes: [...result], ...(quirk ? { quirk } : {}) });
  return result;
}

function read_nodes(k: Kernel, mask: UserMask, maxbit: bigint): NodesOrError {
  if (maxbit === 0n || mask === null) return [];
  const kernel_words = k.traits.max_numnodes / 64;
  let words = Number(BigInt.asUintN(64, maxbit + BITS_PER_LONG - 1n) / BITS_PER_LONG);
  let endmask = maxbit % BITS_PER_LONG === 0n ? ALL_ONES : (1n << (maxbit % BITS_PER_LONG)) - 1n;
  if (words > kernel_words) {
    const error = check_words_beyond(mask, kernel_words, words, endmask);
    if (error !== 0) return error;
    words = kernel_words;
    endmask = ALL_ONES;
  }
  const read: bigint[] = [];
  for (let n = 0; n < words; n++) {
    const word = mask.word(n);
    if (word === null) return -EFAULT;
    read.push(n === words - 1 ? word & endmask : word);
  }
  return bits(read);
}

/** A longer mask than the kernel has is fine, as long as its further bits are clear. */
function check_words_beyond(mask: NonNullable<UserMask>, from: number, words: number, endmask: bigint): number {
  if (words > PAGE_SIZE / 8) return -EINVAL;
  for (let n = from; n < words; n++) {
    const word = mask.word(n);
    if (word === null) return -EFAULT;
    if ((n === words - 1 ? word & endmask : word) !== 0n) return -EINVAL;
  }
  return 0;
}

/** What a reader of the manual page would not expect of this mask. */
function quirkOf(mask: UserMask, maxnode: bigint): string | undefined {
  if (mask === null) return undefined;
  if (maxnode === 0n) return 'maxnode 0 reads an empty mask';
  const last = maxnode - 1n;
  const word = last < 4096n ? mask.word(Number(last / BITS_PER_LONG)) : null;
  if (word !== null && ((word >> (last % BITS_PER_LONG)) & 1n) !== 0n)
    return `bit ${last} is below maxnode and is ignored`;
  return undefined;
}
