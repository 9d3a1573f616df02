/** The numbers that a machine keeps, each by the name that a user reads. */
import { layout, type StateView } from '@pagetape/core';
import { NODE_COUNTERS } from '../formats/numastat.ts';
import { freeMemory } from './places.ts';

export type Numbers = ReadonlyMap<string, number>;

/** Free pages of each node, and free slots. */
export function freeNumbers(s: StateView): Numbers {
  const { onNode, swap } = freeMemory(s);
  const nodes = onNode.map((free, n) => [`free pages of node ${s.topology.nodes[n]}`, free] as const);
  return new Map([...nodes, ['free slots of swap', swap]]);
}

/** What the kernel counts for each task. */
export function taskNumbers(s: StateView): Numbers {
  return new Map(
    Object.values(s.cold.tasks).flatMap(({ name, pid }) => [
      [`minor faults of ${name}`, s.tasks[pid * layout.TASK + layout.T_MIN_FLT]],
      [`major faults of ${name}`, s.tasks[pid * layout.TASK + layout.T_MAJ_FLT]],
      [`cpu of ${name}`, s.tasks[pid * layout.TASK + layout.T_CPU]],
    ]),
  );
}

/** What the kernel counts for the machine, and for each node. */
export function counters(s: StateView): Numbers {
  const ofNodes = s.topology.nodes.flatMap((nid) =>
    NODE_COUNTERS.map(([name, counter]) => [`${name} of node ${nid}`, s.nodes[nid * layout.NODE + counter]] as const),
  );
  return new Map([...layout.VMSTAT.map((name, i) => [name, s.vmstat[i]] as const), ...ofNodes]);
}
