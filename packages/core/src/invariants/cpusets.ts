/** Cpusets lie within those around them, except in v2, where they only ask; tasks are in cpusets that there are. */
import { ZONE, Z_PRESENT } from '../state/layout.ts';
import type { StateView } from '../state/view.ts';
import type { Invariant } from './check.ts';

const within = (some: readonly number[], of: readonly number[]): boolean => some.every((each) => of.includes(each));

/** The nodes that a group of v2 has in effect: what it asks for of those around it, or else all of them. */
function effectiveMems(s: StateView, cg: string): readonly number[] {
  const { cold, topology, zones } = s;
  if (cg === '') {
    const present = (nid: number): boolean =>
      topology.zones.some(({ node }, z) => node === nid && zones[z * ZONE + Z_PRESENT] > 0);
    return topology.nodes.filter(present);
  }
  const above = cg.slice(0, Math.max(cg.lastIndexOf('/'), 0));
  const around = effectiveMems(s, above);
  const asks = above === '' || cold.cpusets[above].subtree_control ? cold.cpusets[cg].mems : [];
  const granted = asks.filter((nid) => around.includes(nid));
  return granted.length > 0 ? granted : around;
}

/** A task in a group of v2 may use what is effective there, from the moment when that changes. */
export const checkAppliedCpusets: Invariant = (s, _census, report, midway) => {
  if (midway) return;
  for (const { pid, state, cpuset, mems_allowed } of Object.values(s.cold.tasks)) {
    if (state !== 'running' || !cpuset || s.cold.cpusets[cpuset]?.subtree_control === undefined) continue;
    const effective = effectiveMems(s, cpuset);
    if (effective.join() !== mems_allowed.join())
      report(`task ${pid} may use nodes ${mems_allowed.join()}, but its group has ${effective.join()} in effect`);
  }
};

/** The tree of cpusets, the nodes and CPUs of each, and its tasks. */
export const checkCpusets: Invariant = ({ cold, topology }, _census, report) => {
  const everything = { cpus: topology.cpu_to_node.map((_, cpu) => cpu), mems: topology.nodes };
  const written = cold.cpusets[''];
  const root = written && written.subtree_control === undefined ? written : everything;
  for (const [cg, { cpus, mems, generation, subtree_control }] of Object.entries(cold.cpusets)) {
    const above = cg.slice(0, Math.max(cg.lastIndexOf('/'), 0));
    const parent = cg === '' ? everything : above === '' ? root : cold.cpusets[above];
    if (!parent) report(`cpuset ${cg} lies in ${above}, which does not exist`);
    else if (subtree_control === undefined && !(within(mems, parent.mems) && within(cpus, parent.cpus)))
      report(`cpuset ${cg} has more than the one around it`);
    if (generation >= cold.next.cpuset_generation)
      report(`cpuset ${cg} has generation ${generation}, which is to come`);
  }
  for (const { pid, cpuset, mems_allowed } of Object.values(cold.tasks)) {
    if (cpuset !== undefined && cpuset !== '' && !cold.cpusets[cpuset])
      report(`task ${pid} is in cpuset ${cpuset}, which does not exist`);
    if (!within(mems_allowed, topology.nodes))
      report(`task ${pid} may use nodes ${mems_allowed.join()}, not all of them real`);
  }
};
