/** From a set of nodes to another, node by node (mm/mempolicy.c, include/linux/nodemask.h). */
import { bitmap_bitremap } from '../lib/bitmap.ts';

/** A node to empty, and where its pages go. */
export interface NodePair {
  readonly source: number;
  readonly dest: number;
}

/** What decides which pair comes next. Sets of nodes are ascending. */
interface Plan {
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** Where the sets have different sizes, a node that is in both is not emptied. */
  readonly spares_targets: boolean;
}

/**
 * The next pair of `mm/mempolicy.c:do_migrate_pages()`: the first node of `left` whose target is not to be emptied any
 * more, so that its pages meet none that still have to go; else the last node that has a target at all.
 */
function next_pair({ from, to, spares_targets }: Plan, left: readonly number[]): NodePair | null {
  let pair: NodePair | null = null;
  for (const source of left) {
    if (spares_targets && from.length !== to.length && to.includes(source)) continue;
    const dest = bitmap_bitremap(source, from, to);
    if (dest === source) continue;
    pair = { source, dest };
    if (!left.includes(dest)) break;
  }
  return pair;
}

/**
 * The pairs of `mm/mempolicy.c:do_migrate_pages()`, in their order: each node goes to the one of the same rank, and a node
 * is emptied before it is filled, where that can be. Nodes that stay what they are have no pair.
 */
export function node_pairs(from: readonly number[], to: readonly number[], spares_targets: boolean): NodePair[] {
  const plan = { from, to, spares_targets };
  const pairs: NodePair[] = [];
  let left = from;
  for (let pair = next_pair(plan, left); pair; pair = next_pair(plan, left)) {
    const { source } = pair;
    pairs.push(pair);
    left = left.filter((nid) => nid !== source);
  }
  return pairs;
}
