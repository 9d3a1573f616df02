/**
 * Cpusets of control groups (kernel/cgroup/cpuset.c). Whoever changes a cpuset, or puts a process into one, changes the
 * tasks at once: what they may allocate, their policies and those of their areas. A kernel worker then moves the memory.
 *
 * In v1 a cpuset is what its files say, and lies within the one above. In v2 the files only ask: what is effective is
 * what the cpuset above has of it, or all that the one above has when that is nothing. The root has all; its files
 * cannot be written here.
 */
import { EACCES, EBUSY, EINVAL, ENOSPC, MPOL_MF_MOVE_ALL, type Cpuset, type Policy, type Task } from '@pagetape/events';
import { current, task_cpu, type Kernel, type Sleeping } from '../../kernel.ts';
import { parselist } from '../../lib/bitmap.ts';
import { down_write } from '../../mm/mempolicy_calls.ts';
import { do_migrate_pages } from '../../mm/mempolicy_migrate.ts';
import { mpol_rebind_policy } from '../../mm/mempolicy_modes.ts';
import { vmas_of } from '../../mm/mmap.ts';
import { node_states_memory } from '../../mm/page_alloc.ts';
import { as_task } from '../../sched/as_task.ts';
import { KTHREAD_PID } from '../../stimulus/resolve.ts';
import { mmput } from '../fork.ts';
import { children_of, descendants_of, parent_of } from './tree.ts';

/** `kernel/cgroup/cpuset.c:is_in_v2_mode()` */
export const is_in_v2_mode = (k: Kernel): boolean => k.s.topology.spec.cgroup !== 'v1';

const cpus_of = (k: Kernel): number[] => k.s.topology.cpu_to_node.map((_, cpu) => cpu);

/** The cpuset of a group; of the root only what it has counts. */
export function cpuset_of(k: Kernel, cg: string): Cpuset {
  if (cg !== '') return k.s.cold.cpusets[cg];
  const everything = { cpus: cpus_of(k), mems: node_states_memory(k) };
  return { ...everything, cpu_exclusive: true, mem_exclusive: true, memory_migrate: false, generation: 0 };
}

/** Whether the groups right below one have cpusets of their own. */
export function hands_down(k: Kernel, cg: string): boolean {
  return cg === '' || (k.s.cold.cpusets[cg].subtree_control ?? true);
}

/** `kernel/cgroup/cgroup.c:cgroup_e_css()`: the group whose cpuset counts for one: the nearest that has its own. */
export function cgroup_e_css(k: Kernel, cg: string): string {
  const above = parent_of(cg);
  return cg === '' || hands_down(k, above) ? cg : cgroup_e_css(k, above);
}

/** `kernel/cgroup/cpuset.c:task_cs()`: the group whose cpuset counts for a task. */
const task_cs = (k: Kernel, { cpuset = '' }: Task): string => cgroup_e_css(k, cpuset);

/** The running tasks for which the cpuset of this group counts. */
export function tasks_of(k: Kernel, cs: string): Task[] {
  return Object.values(k.s.cold.tasks).filter((task) => task.state === 'running' && task_cs(k, task) === cs);
}

const subset = (some: readonly number[], of: readonly number[]): boolean => some.every((each) => of.includes(each));
const common = (a: readonly number[], b: readonly number[]): number[] => a.filter((each) => b.includes(each));
const same = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && subset(a, b);

/** `effective_mems` or `effective_cpus` of a cpuset. */
function effective(k: Kernel, cs: string, which: 'mems' | 'cpus'): readonly number[] {
  const own = cpuset_of(k, cs)[which];
  if (cs === '' || !is_in_v2_mode(k)) return own;
  const above = effective(k, parent_of(cs), which);
  const granted = common(own, above);
  return granted.length > 0 ? granted : above;
}

/** What a cpuset allows in effect. */
export interface Effective {
  readonly mems: readonly number[];
  readonly cpus: readonly number[];
}

export const effective_of = (k: Kernel, cs: string): Effective => ({
  mems: effective(k, cs, 'mems'),
  cpus: effective(k, cs, 'cpus'),
});

/** `kernel/cgroup/cpuset.c:guarantee_online_mems()`: the nodes with memory of the cpuset, or of one above that has any. */
function guarantee_online_mems(k: Kernel, cs: string): number[] {
  const online = common(effective(k, cs, 'mems'), node_states_memory(k));
  return online.length > 0 || cs === '' ? online : guarantee_online_mems(k, parent_of(cs));
}

/** `kernel/cgroup/cpuset.c:cpuset_mems_allowed()`: nodes that have memory. */
export function cpuset_mems_allowed(k: Kernel, task: Task): readonly number[] {
  return task.cpuset === undefined
    ? node_states_memory(k).filter((nid) => task.mems_allowed.includes(nid))
    : guarantee_online_mems(k, task_cs(k, task));
}

/** `kernel/cgroup/cpuset.c:is_memory_migrate()`: always so in v2, but never in the root. */
function is_memory_migrate(k: Kernel, cs: string): boolean {
  return cs !== '' && (is_in_v2_mode(k) || cpuset_of(k, cs).memory_migrate);
}

// --- what is done to the tasks --------------------------------------------------------------------------------------

/**
 * Where a task may run: on the CPU that it asked for, else where it is, else on the first CPU. `restore`: it gets back
 * to a CPU that its cpuset had kept it off.
 */
function allowed_cpu(
  k: Kernel,
  task: Task,
  allowed: readonly number[],
  restore: boolean,
): Pick<Task, 'pinned'> & { cpu: number } {
  const now = task_cpu(k, task.pid);
  const pinned = task.pinned ?? now;
  const cpu = [restore ? pinned : now, now].find((each) => allowed.includes(each)) ?? allowed[0];
  return cpu === pinned ? { cpu } : { cpu, pinned };
}

const samePolicy = (a: Policy | null, b: Policy | null): boolean =>
  a === b || (a !== null && b !== null && same(a.nodes, b.nodes) && same(a.w ?? [], b.w ?? []));

const rebound = (policy: Policy | null, mems: readonly number[]): Policy | null =>
  policy && mpol_rebind_policy(policy, mems);

/**
 * `kernel/cgroup/cpuset.c:cpuset_change_task_nodemask()` and `kernel/sched/core.c:set_cpus_allowed_ptr()`: nodes, policy
 * and CPU of one task, from outside.
 */
function apply_to_task(
  k: Kernel,
  task: Task,
  mems: readonly number[],
  at: Pick<Task, 'pinned'> & { cpu: number },
): void {
  const policy = rebound(task.policy, mems);
  const unmoved = at.cpu === task_cpu(k, task.pid) && at.pinned === task.pinned;
  if (unmoved && same(mems, task.mems_allowed) && samePolicy(policy, task.policy)) return;
  k.emit.TaskCpusetApplied({ task: task.pid, ...at, mems_allowed: [...mems], policy });
}

const where_it_is = (k: Kernel, { pid, pinned }: Task): Pick<Task, 'pinned'> & { cpu: number } => ({
  cpu: task_cpu(k, pid),
  ...(pinned === undefined ? {} : { pinned }),
});

/** `mm/mempolicy.c:mpol_rebind_mm()`: the policies of all areas, with the mmap_lock held alone. */
function* mpol_rebind_mm(k: Kernel, mm: number, mems: readonly number[]): Sleeping<void> {
  yield* down_write(k, mm);
  for (const vma of vmas_of(k, mm)) {
    const policy = rebound(vma.policy, mems);
    if (!samePolicy(policy, vma.policy)) k.emit.VmaPolicySet({ vma: vma.id, policy });
  }
  k.emit.MmapLockReleased(mm, -1);
}

// --- the worker that moves memory -----------------------------------------------------------------------------------

/** An address space to be moved, which is held meanwhile: `struct cpuset_migrate_mm_work`. */
interface Work {
  readonly mm: number;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** `kernel/cgroup/cpuset.c:cpuset_migrate_mm()`: work for the ordered workqueue, unless the nodes are the same. */
function* cpuset_migrate_mm(k: Kernel, queue: Work[], work: Work): Sleeping<void> {
  if (same(work.from, work.to)) yield* mmput(k, work.mm);
  else queue.push(work);
}

/**
 * `kernel/workqueue.c:flush_workqueue()`: the writer waits until the worker has done all of it, in the order of the queue.
 * The worker is bound to no cpuset, so it can allocate where the writer could not.
 */
function* flush_workqueue(k: Kernel, queue: readonly Work[]): Sleeping<void> {
  if (queue.length > 0) yield* as_task(k, KTHREAD_PID, cpuset_migrate_mm_workfn(k, queue));
}

/** `kernel/cgroup/cpuset.c:cpuset_migrate_mm_workfn()`, once for each piece of work. */
function* cpuset_migrate_mm_workfn(k: Kernel, queue: readonly Work[]): Sleeping<void> {
  for (const { mm, from, to } of queue) {
    k.emit.CpusetMigrationStarted({ mm, from: [...from], to: [...to] });
    const result = yield* do_migrate_pages(k, mm, from, to, MPOL_MF_MOVE_ALL);
    k.emit.CpusetMigrationEnded({ mm, result });
    yield* mmput(k, mm);
  }
}

/** Fits the areas of a task to other nodes, and has its memory moved where the cpuset says so. */
function* rebind_and_queue(k: Kernel, queue: Work[], work: Work, cs: string, areas: readonly number[]): Sleeping<void> {
  if (work.mm === 0) return;
  k.emit.MmPinned(work.mm);
  yield* mpol_rebind_mm(k, work.mm, areas);
  if (is_memory_migrate(k, cs)) yield* cpuset_migrate_mm(k, queue, work);
  else yield* mmput(k, work.mm);
}

// --- writing to the files of a cpuset -------------------------------------------------------------------------------

/** `kernel/cgroup/cpuset.c:is_cpuset_subset()`: a cpuset may be exclusive only where the one around it is. */
function is_cpuset_subset(p: Cpuset, q: Cpuset): boolean {
  const within = subset(p.cpus, q.cpus) && subset(p.mems, q.mems);
  return within && (!p.cpu_exclusive || q.cpu_exclusive) && (!p.mem_exclusive || q.mem_exclusive);
}

/** `kernel/cgroup/cpuset-v1.c:validate_change_legacy()`: in v1 cpusets lie within each other. */
function validate_change_legacy(k: Kernel, cs: string, trial: Cpuset): number {
  if (is_in_v2_mode(k)) return 0;
  if (children_of(k, cs).some((child) => !is_cpuset_subset(cpuset_of(k, child), trial))) return -EBUSY;
  return is_cpuset_subset(trial, cpuset_of(k, parent_of(cs))) ? 0 : -EACCES;
}

/** Whether two cpusets have something in common that one of them has for itself. */
function clash(a: Cpuset, b: Cpuset): boolean {
  const cpus = (a.cpu_exclusive || b.cpu_exclusive) && common(a.cpus, b.cpus).length > 0;
  return cpus || ((a.mem_exclusive || b.mem_exclusive) && common(a.mems, b.mems).length > 0);
}

/** `include/linux/cgroup.h:cgroup_is_populated()`: there are tasks in the group or below it. */
export function cgroup_is_populated(k: Kernel, cg: string): boolean {
  const groups = descendants_of(k, cg);
  return Object.values(k.s.cold.tasks).some(
    ({ state, cpuset }) => state === 'running' && groups.includes(cpuset ?? ''),
  );
}

/** `kernel/cgroup/cpuset.c:validate_change()`: the cpusets around, then the tasks, which must not lose all they have. */
function validate_change(k: Kernel, cs: string, trial: Cpuset): number {
  const wrong = validate_change_legacy(k, cs, trial);
  if (wrong !== 0) return wrong;
  const siblings = children_of(k, parent_of(cs)).filter((path) => path !== cs);
  if (siblings.some((path) => clash(trial, cpuset_of(k, path)))) return -EINVAL;
  const { cpus, mems } = cpuset_of(k, cs);
  const emptied = (cpus.length > 0 && trial.cpus.length === 0) || (mems.length > 0 && trial.mems.length === 0);
  return emptied && cgroup_is_populated(k, cs) ? -ENOSPC : 0;
}

/** The list that is written, which must name only what there is; or minus an error number. */
function read_list(text: string, bits: number, there: readonly number[]): number[] | number {
  const list = parselist(text, bits);
  if (typeof list === 'number') return list;
  return subset(list, there) ? list : -EINVAL;
}

/** What was effective in a cpuset and in those below it, before a change. */
export const effective_below = (k: Kernel, cs: string): (readonly [string, Effective])[] =>
  descendants_of(k, cs)
    .filter((path) => cgroup_e_css(k, path) === path)
    .map((path) => [path, effective_of(k, path)] as const);

/** Changes a cpuset if that is possible. Says what was effective before, or minus an error number. */
function change(k: Kernel, cs: string, part: Partial<Cpuset>): ReturnType<typeof effective_below> | number {
  const trial = { ...cpuset_of(k, cs), ...part };
  const wrong = validate_change(k, cs, trial);
  if (wrong !== 0) return wrong;
  const before = effective_below(k, cs);
  k.emit.CpusetChanged({ cg: cs, cpuset: trial });
  return before;
}

/** `kernel/cgroup/cpuset.c:update_nodemask()`: other nodes for a cpuset, and for all tasks in it. */
export function* update_nodemask(k: Kernel, cs: string, text: string): Sleeping<number> {
  if (cs === '') return -EACCES;
  const mems = read_list(text, k.traits.max_numnodes, asked_mems(k, ''));
  if (typeof mems === 'number') return mems;
  if (same(mems, cpuset_of(k, cs).mems)) return 0;
  const before = change(k, cs, { mems });
  if (typeof before === 'number') return before;
  const queue: Work[] = [];
  yield* update_nodemasks_hier(k, queue, before);
  yield* flush_workqueue(k, queue);
  return 0;
}

/** `kernel/cgroup/cpuset.c:update_nodemasks_hier()`: cpusets in which nothing changes in effect are left alone. */
function* update_nodemasks_hier(k: Kernel, queue: Work[], before: ReturnType<typeof effective_below>): Sleeping<void> {
  for (const [cs, { mems }] of before) {
    if (!same(mems, effective(k, cs, 'mems'))) yield* update_tasks_nodemask(k, queue, cs, mems);
  }
}

/** `mems_allowed` of a cpuset. In v2 the root asks for all nodes that there may be, online or not. */
const asked_mems = (k: Kernel, cs: string): readonly number[] =>
  cs === '' && is_in_v2_mode(k) ? k.s.topology.nodes : cpuset_of(k, cs).mems;

/** In v1 a cpuset forgets the nodes that went. One that is left without any loses its tasks to one above, which has some. */
function* hotplug_update_tasks_legacy(k: Kernel, queue: Work[], cg: string, before: Effective): Sleeping<void> {
  const mems = common(cpuset_of(k, cg).mems, node_states_memory(k));
  if (same(mems, cpuset_of(k, cg).mems)) return;
  k.emit.CpusetChanged({ cg, cpuset: { ...cpuset_of(k, cg), mems } });
  if (mems.length === 0) yield* remove_tasks_in_empty_cpuset(k, cg, before);
  else yield* update_tasks_nodemask(k, queue, cg, before.mems);
}

/** `kernel/cgroup/cpuset-v1.c:remove_tasks_in_empty_cpuset()`: task by task, as if somebody attached each. */
function* remove_tasks_in_empty_cpuset(k: Kernel, cg: string, before: Effective): Sleeping<void> {
  let above = parent_of(cg);
  while (cpuset_of(k, above).cpus.length === 0 || cpuset_of(k, above).mems.length === 0) above = parent_of(above);
  for (const { pid } of tasks_of(k, cg)) {
    k.emit.CpusetAttached({ task: pid, cg: above });
    yield* cpuset_attach(k, above, [pid], before);
  }
}

/** `kernel/cgroup/cpuset.c:cpuset_hotplug_workfn()`, after other nodes have memory. `before`: what was effective. */
export function* cpuset_hotplug(k: Kernel, before: ReturnType<typeof effective_below>): Sleeping<void> {
  const queue: Work[] = [];
  if (is_in_v2_mode(k)) yield* update_nodemasks_hier(k, queue, before);
  else {
    // The tasks of the root have its nodes; then each cpuset below it.
    yield* update_nodemasks_hier(
      k,
      queue,
      before.filter(([cs]) => cs === ''),
    );
    for (const [cs, was] of before) if (cs !== '') yield* hotplug_update_tasks_legacy(k, queue, cs, was);
  }
  yield* flush_workqueue(k, queue);
}

/**
 * `kernel/cgroup/cpuset.c:update_tasks_nodemask()`: task by task, so the memory of threads is looked at several times.
 * A child that is forked meanwhile comes last.
 */
function* update_tasks_nodemask(k: Kernel, queue: Work[], cs: string, from: readonly number[]): Sleeping<void> {
  const to = guarantee_online_mems(k, cs);
  const areas = k.traits.areas_follow_effective_mems ? to : asked_mems(k, cs);
  for (let pid = 0; ;) {
    const task = tasks_of(k, cs).find((each) => each.pid > pid);
    if (!task) return;
    pid = task.pid;
    apply_to_task(k, task, to, where_it_is(k, task));
    yield* rebind_and_queue(k, queue, { mm: task.mm, from, to }, cs, areas);
  }
}

/** `kernel/cgroup/cpuset.c:update_cpumask()`: other CPUs for a cpuset, and for all tasks in it. */
export function update_cpumask(k: Kernel, cs: string, text: string): number {
  if (cs === '') return -EACCES;
  const cpus = read_list(text, cpus_of(k).length, cpus_of(k));
  if (typeof cpus === 'number') return cpus;
  if (same(cpus, cpuset_of(k, cs).cpus)) return 0;
  const before = change(k, cs, { cpus });
  if (typeof before === 'number') return before;
  for (const [path, was] of before) update_tasks_cpumask(k, path, was.cpus);
  return 0;
}

/** `kernel/cgroup/cpuset.c:update_tasks_cpumask()` */
function update_tasks_cpumask(k: Kernel, cs: string, before: readonly number[]): void {
  const cpus = effective(k, cs, 'cpus');
  if (same(before, cpus)) return;
  for (const task of tasks_of(k, cs)) {
    apply_to_task(k, task, task.mems_allowed, allowed_cpu(k, task, cpus, k.traits.affinity_outlives_cpuset));
  }
}

export type CpusetFlag = 'cpu_exclusive' | 'mem_exclusive' | 'memory_migrate';

/** `kernel/cgroup/cpuset.c:update_flag()`. To allow migration moves nothing yet. */
export function update_flag(k: Kernel, cs: string, flag: CpusetFlag, on: boolean): number {
  const before = change(k, cs, { [flag]: on });
  return typeof before === 'number' ? before : 0;
}

// --- tasks that come --------------------------------------------------------------------------------------------------

/** `kernel/cgroup/cpuset.c:cpuset_can_attach()`: in v1 a cpuset needs CPUs and nodes before tasks may come. */
export function cpuset_can_attach(k: Kernel, cs: string): number {
  const { cpus, mems } = cpuset_of(k, cs);
  return !is_in_v2_mode(k) && (cpus.length === 0 || mems.length === 0) ? -ENOSPC : 0;
}

/**
 * `kernel/cgroup/cpuset.c:cpuset_attach()`: tasks that came from a cpuset with `from`. The address space is that of the
 * leader of a thread group: when that has ended, it stays as it is. Then each asks for its CPU again, as whoever attaches
 * tasks does.
 */
export function* cpuset_attach(k: Kernel, cs: string, pids: readonly number[], from: Effective): Sleeping<void> {
  const { cpus, mems } = effective_of(k, cs);
  const mems_updated = !same(mems, from.mems);
  if (is_in_v2_mode(k) && !mems_updated && same(cpus, from.cpus)) return;
  const tasks = pids.map((pid) => k.s.cold.tasks[pid]);
  for (const task of tasks) apply_to_task(k, task, guarantee_online_mems(k, cs), allowed_cpu(k, task, cpus, true));
  if (!mems_updated && !is_memory_migrate(k, cs)) return;
  const queue: Work[] = [];
  for (const { mm } of tasks.filter(({ pid, tgid }) => pid === tgid)) {
    yield* rebind_and_queue(k, queue, { mm, from: from.mems, to: mems }, cs, mems);
  }
  yield* flush_workqueue(k, queue);
}

/** `kernel/sched/core.c:sched_setaffinity()` of the running task: its cpuset must have the CPU. */
export function sched_setaffinity(k: Kernel, cpu: number): number {
  const task = current(k);
  if (!effective(k, task_cs(k, task), 'cpus').includes(cpu)) return -EINVAL;
  if (task.pinned === undefined) k.emit.TaskMovedToCpu(task.pid, cpu);
  else apply_to_task(k, task, task.mems_allowed, { cpu });
  return 0;
}
