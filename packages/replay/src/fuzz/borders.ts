/** Arguments of the policy calls: mostly what a program would pass, sometimes what lies at a border. */
import {
  MPOL_F_NUMA_BALANCING,
  MPOL_F_RELATIVE_NODES,
  MPOL_F_STATIC_NODES,
  PAGE_SIZE,
  type Address,
  type NodeMask,
} from '@pagetape/events';
import { once, pick, type Draw } from './draw.ts';
import type { World } from './world.ts';

/** Around one bit, one word, the words of old kernels and of new ones, and the most that a page holds. */
const MAXNODES = [
  0,
  1,
  2,
  63,
  64,
  65,
  66,
  128,
  129,
  1024,
  1025,
  4096,
  8 * PAGE_SIZE - 1,
  8 * PAGE_SIZE,
  8 * PAGE_SIZE + 1,
  -1,
];

const MODE_FLAGS = [
  MPOL_F_STATIC_NODES,
  MPOL_F_RELATIVE_NODES,
  MPOL_F_NUMA_BALANCING,
  MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES,
];

export function maxnode(draw: Draw): number {
  return once(draw, 6) ? pick(draw, MAXNODES) : pick(draw, [65, 64]);
}

export function mask(w: World, nodes: readonly number[] = w.nodes()): NodeMask {
  if (!once(w.draw, 10)) return nodes;
  switch (w.draw.below(7)) {
    case 0:
      return null;
    case 1:
      return 'bad';
    case 2: // a node that no machine has, within the first word
      return [...nodes, 63];
    case 3: // a bit beyond the first word
      return [...nodes, pick(w.draw, [64, 65, 127, 1023, 1024])];
    case 4: // a number in a hole, or behind the last
      return [...nodes, (nodes.at(-1) ?? 0) + 1];
    case 5: // nothing readable follows the one word
      return { words: [bitsOf(nodes)], edge: true };
    default:
      return { words: ['0xffffffffffffffff', '0x1'] };
  }
}

/** Node numbers below 31 as a word. */
const bitsOf = (nodes: readonly number[]): number =>
  nodes.reduce((bits, node) => (node < 31 ? bits | (1 << node) : bits), 0);

export function pid(w: World): string | number {
  const n = w.draw.below(12);
  if (n < 5) return 'self';
  if (n < 10 || w.tasks.length === 0) return w.tasks.length > 0 ? w.task().name : 'self';
  return pick(w.draw, ['kthread', 'none', 'init', -1]);
}

export function mode(w: World): number {
  const { draw } = w;
  if (once(draw, 12)) return pick(draw, [-1, 7, 8, 16]);
  if (!w.modern) return draw.below(once(draw, 8) ? 6 : 4);
  return draw.below(7) | (once(draw, 4) ? pick(draw, MODE_FLAGS) : 0);
}

export function mbindFlags(draw: Draw): number {
  return once(draw, 16) ? pick(draw, [8, 16, -1]) : pick(draw, [0, 2, 2, 3, 4, 6, 1, 7]);
}

export function moveFlags(draw: Draw): number {
  return once(draw, 16) ? pick(draw, [0, 1, 6, 8]) : pick(draw, [2, 2, 4]);
}

/** An address that is none of a page. */
export function address(draw: Draw, [region, page]: readonly [string, number]): Address {
  if (!once(draw, 20)) return [region, page];
  return pick<Address>(draw, [[region, page, 1], [region, page, PAGE_SIZE - 1], 'bad', null]);
}

/** The length of a range: in pages, sometimes beyond the end of its area; or in bytes that are no whole pages, none, or too many. */
export function length(draw: Draw, pages: number): { pages: number } | { len: number | string } {
  if (once(draw, 8)) return { pages: pages + pick(draw, [1, 8, 600]) };
  if (!once(draw, 20)) return { pages };
  return {
    len: pick<number | string>(draw, [0, 1, PAGE_SIZE - 1, PAGE_SIZE + 1, '0xffffffffffffffff', '0xfffffffffffff000']),
  };
}
