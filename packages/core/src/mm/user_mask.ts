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
  if (k.traits.mask_bits_bounded && maxbit > BigInt(PAGE_SIZE * 8)) return -EINVAL;
  return k.traits.policies === 'nodemasks' ? read_from_the_top(k, mask, maxbit) : read_upwards(k, mask, maxbit);
}

/**
 * Since 4.16 a mask is read from its top word down, as far as it is longer than the kernel's. Bits beyond `maxbit` in that
 * word are looked at, too.
 */
function read_from_the_top(k: Kernel, mask: NonNullable<UserMask>, maxbit: bigint): NodesOrError {
  const most = BigInt(k.traits.max_numnodes);
  let left = maxbit;
  while (left > most) {
    const word = mask.word(Number((left - 1n) / BITS_PER_LONG));
    if (word === null) return -EFAULT;
    if (word !== 0n) return -EINVAL;
    left = left - BITS_PER_LONG >= most ? left - BITS_PER_LONG : most;
  }
  return read_words(mask, Number((left + BITS_PER_LONG - 1n) / BITS_PER_LONG), endmaskOf(k, left));
}

/** The bits of the last word that count. */
function endmaskOf(k: Kernel, maxbit: bigint): bigint {
  const bits_of_last = maxbit % BITS_PER_LONG;
  return bits_of_last === 0n || !k.traits.mask_tail_dropped ? ALL_ONES : (1n << bits_of_last) - 1n;
}

/** The kernels of 2006 read from the first word up. */
function read_upwards(k: Kernel, mask: NonNullable<UserMask>, maxbit: bigint): NodesOrError {
  const kernel_words = k.traits.max_numnodes / 64;
  let words = Number(BigInt.asUintN(64, maxbit + BITS_PER_LONG - 1n) / BITS_PER_LONG);
  let endmask = endmaskOf(k, maxbit);
  if (words > kernel_words) {
    const error = check_words_beyond(mask, kernel_words, words, endmask);
    if (error !== 0) return error;
    words = kernel_words;
    endmask = ALL_ONES;
  }
  return read_words(mask, words, endmask);
}

function read_words(mask: NonNullable<UserMask>, words: number, endmask: bigint): NodesOrError {
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

/** Memory for a mask: so many words, with `edge` nothing writable behind them; or a pointer that cannot be written. */
export type UserMaskBuffer = 'bad' | number | { readonly edge: number };

/** What became of a buffer: its words, null where nothing was written; absent when nothing was written at all. */
export interface WrittenMask {
  readonly error: number;
  readonly mask?: readonly (string | null)[];
}

/** Node ids that masks of get_mempolicy(2) must have room for: MAX_NUMNODES, later only as many as can be there. */
export function nr_node_ids(k: Kernel): number {
  return k.traits.policies === 'nodemasks' ? (k.s.topology.nodes.at(-1) as number) + 1 : k.traits.max_numnodes;
}

/**
 * `mm/mempolicy.c:copy_nodes_to_user()`: writes a mask of `maxnode` - 1 bits. What is longer than the mask of the kernel is
 * cleared first, up to where it cannot be written.
 */
export function copy_nodes_to_user(
  k: Kernel,
  buffer: UserMaskBuffer,
  maxnode: bigint,
  nodes: readonly number[],
): WrittenMask {
  const kernel_words = Math.ceil(nr_node_ids(k) / 64);
  const copy_words = Number(BigInt.asUintN(64, maxnode - 1n + 63n) / 64n);
  if (copy_words > kernel_words && copy_words * 8 > PAGE_SIZE) return { error: -EINVAL };
  if (copy_words === 0) return { error: 0 };
  if (buffer === 'bad') return { error: -EFAULT };
  const shown = typeof buffer === 'number' ? buffer : buffer.edge;
  const room = typeof buffer === 'number' ? Infinity : buffer.edge;
  const faults = copy_words > room;
  const cleared = (n: number): boolean => n >= kernel_words && n < copy_words;
  const copied = (n: number): boolean => n < kernel_words && n < copy_words && !faults;
  const mask = Array.from({ length: shown }, (_, n) => (copied(n) ? wordOf(nodes, n) : cleared(n) ? '0x0' : null));
  return { error: faults ? -EFAULT : 0, ...(mask.some((word) => word !== null) ? { mask } : {}) };
}

/** Word `n` of a mask. */
function wordOf(nodes: readonly number[], n: number): string {
  const inside = nodes.filter((nid) => Math.floor(nid / 64) === n);
  return `0x${inside.reduce((sum, nid) => sum | (1n << BigInt(nid % 64)), 0n).toString(16)}`;
}
