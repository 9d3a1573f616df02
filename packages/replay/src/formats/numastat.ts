/**
 * /sys/devices/system/node/nodeN/numastat: how allocations fared, `name value` a line, the same in all eras
 * (`drivers/base/node.c:node_read_numastat()`). Each is counted in pages, on the node that served the allocation;
 * numa_foreign on the node that should have.
 */
import { layout, type StateView } from '@pagetape/core';

/** The counters of a node, in the order of the file. */
export const NODE_COUNTERS: readonly (readonly [name: string, counter: number])[] = [
  ['numa_hit', layout.N_HIT],
  ['numa_miss', layout.N_MISS],
  ['numa_foreign', layout.N_FOREIGN],
  ['interleave_hit', layout.N_INTERLEAVE],
  ['local_node', layout.N_LOCAL],
  ['other_node', layout.N_OTHER],
];

export function numastat(s: StateView, nid: number): string {
  return NODE_COUNTERS.map(([name, counter]) => `${name} ${s.nodes[nid * layout.NODE + counter]}\n`).join('');
}
