/** Where the regions of the tasks are, followed from step to step under the assumption that calls that map succeed. */
import type { Address, NodeMask, NumberValue, Stimulus, StimulusByOp } from '@pagetape/events';
import { resolveNumber } from '@pagetape/events';

/** A region: its first page of the arena, and its pages. */
export interface Region {
  readonly at: number;
  readonly pages: number;
}

/** A place in the arena. */
export interface Place {
  readonly page: number;
  readonly byte: number;
}

export class Places {
  readonly #spaces = new Map<string, Map<string, Region>>();

  /** Takes note of what a step maps. To be called after the step was printed. */
  learn(step: Stimulus): void {
    if (step.op === 'spawn') this.#spaces.set(step.t, new Map());
    else if (step.op === 'fork') this.#spaces.set(step.as, new Map(this.#spaces.get(step.t)));
    else if (step.op === 'thread') this.#spaces.set(step.as, this.#spaces.get(step.t) ?? new Map());
    else if (step.op === 'mmap' || step.op === 'mremap') {
      this.#spaces.get(step.t)?.set(step.r, { at: step.at, pages: step.pages });
    }
  }

  region(task: string, name: string): Region | undefined {
    return this.#spaces.get(task)?.get(name);
  }

  /** The place that an address of the task names; undefined for those that are no places: null, "bad", "0x…". */
  place(task: string, address: Address): Place | undefined {
    if (!Array.isArray(address)) return undefined;
    const [name, page, byte = 0] = address as [string, number, number?];
    if (name === '@') return { page, byte };
    const region = this.region(task, name);
    return region && { page: region.at + page, byte };
  }

  /** As `place`, for move_pages: a region is the caller's or, where it has none of the name, that of the first task that has. */
  placeOfAny(task: string, address: Address): Place | undefined {
    const own = this.place(task, address);
    if (own || !Array.isArray(address)) return own;
    for (const other of this.#spaces.keys()) {
      const place = this.place(other, address);
      if (place) return place;
    }
    return undefined;
  }
}

/** The addresses that move_pages is given, one by one. */
export function addressesOf({ range, addrs }: StimulusByOp<'move_pages'>): readonly Address[] | 'bad' | null {
  if (!range) return addrs ?? null;
  const [region, first, pages] = range;
  return Array.from({ length: pages }, (_, n) => [region, first + n] as const);
}

/**
 * The nodes of a mask that says no more than its nodes do: a list that maxnode takes whole. The kernel reads one bit less
 * than maxnode says.
 */
export function plainNodes(mask: NodeMask, maxnode: NumberValue): readonly number[] | undefined {
  if (!Array.isArray(mask)) return undefined;
  const nodes = [...new Set(mask as readonly number[])].sort((a, b) => a - b);
  const bits = resolveNumber(maxnode) - 1n;
  if (bits < 1n || bits > 32_768n || nodes.some((node) => node >= bits)) return undefined;
  return nodes;
}

/** 64-bit words of a list of nodes; at least one. */
export function wordsOf(nodes: readonly number[]): bigint[] {
  const words = [0n];
  for (const node of nodes) {
    const n = Math.floor(node / 64);
    while (words.length <= n) words.push(0n);
    words[n]! |= 1n << BigInt(node % 64);
  }
  return words;
}

/** PROT_* bits of letters of "rwx". */
export const protectionBits = (letters: string): number =>
  (letters.includes('r') ? 1 : 0) | (letters.includes('w') ? 2 : 0) | (letters.includes('x') ? 4 : 0);
