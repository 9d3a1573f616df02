/** Cpusets lie within those around them, except in v2, where they only ask; tasks are in cpusets that there are. */
import type { Invariant } from './check.ts';

const within = (some: readonly number[], of: readonly number[]): boolean => some.every((each) => of.includes(each));

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
