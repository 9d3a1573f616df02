/**
 * Cpusets (kernel/cpuset.c): a tree of groups of tasks, each with the CPUs and nodes that its tasks may use. A cpuset
 * is named by its path, "a/b"; the root is "", and has everything until somebody writes to its files.
 *
 * A task that was made with `mems` of its own is in no cpuset that has a name, until it is attached to one; others are in
 * the root.
 */
import {
  EACCES,
  EBUSY,
  EEXIST,
  EINVAL,
  ENOENT,
  ENOSPC,
  ESRCH,
  MPOL_BIND,
  MPOL_INTERLEAVE,
  MPOL_MF_MOVE_ALL,
  type Cpuset,
  type Policy,
  type Task,
} from '@pagetape/events';
import { cpu_online, current, task_cpu, type Kernel, type Sleeping } from '../kernel.ts';
import { bitmap_bitremap, bitmap_parselist, bitmap_remap, bitmap_scnlistprintf } from '../lib/bitmap.ts';
import { bind_zonelist } from '../mm/mempolicy.ts';
import { __mpol_equal } from '../mm/mempolicy_modes.ts';
import { down_write } from '../mm/mempolicy_calls.ts';
import { do_migrate_pages } from '../mm/mempolicy_migrate.ts';
import { node_states_memory } from '../mm/page_alloc.ts';
import { vmas_of } from '../mm/mmap.ts';
import { children_of, parent_of } from './cgroup/tree.ts';
import { MM, M_USERS, TASK, T_IL_NEXT } from '../state/layout.ts';
import { mmput } from './fork.ts';
import { die } from './panic.ts';

const cpus_of = (k: Kernel): number[] => k.s.topology.cpu_to_node.map((_, cpu) => cpu);

/** The cpuset of that path, or null. The root is as the system was started with, before the first write to it. */
function find_cpuset(k: Kernel, cg: string): Cpuset | null {
  const known = k.s.cold.cpusets[cg];
  if (known || cg !== '') return known ?? null;
  const everything = { cpus: cpus_of(k), mems: [...k.s.topology.nodes] };
  return { ...everything, cpu_exclusive: true, mem_exclusive: true, memory_migrate: false, generation: 0 };
}

/** The state of a cpuset, which the root has from the start. */
export const generation_of = (k: Kernel, cg: string): number => k.s.cold.cpusets[cg]?.generation ?? 0;

/** What a task that nobody put elsewhere knows of its cpuset: that is the root, whose nodes may change in these kernels. */
export function in_root_cpuset(k: Kernel): Pick<Task, 'cpuset' | 'mems_generation' | 'mems_allowed'> {
  if (k.traits.cpusets === 'applied') return { mems_allowed: node_states_memory(k) };
  return { cpuset: '', mems_generation: generation_of(k, ''), mems_allowed: [...cpuset_of(k, '').mems] };
}

/** `kernel/cpuset.c:guarantee_online_cpus()`: its CPUs that are online, or those of the nearest one above that has any. */
function guarantee_online_cpus(k: Kernel, cg: string): number[] {
  const cpus = cpuset_of(k, cg).cpus.filter((cpu) => cpu_online(k, cpu));
  if (cpus.length > 0) return cpus;
  return cg === '' ? cpus_of(k).filter((cpu) => cpu_online(k, cpu)) : guarantee_online_cpus(k, parent_of(cg));
}

function cpuset_of(k: Kernel, cg: string): Cpuset {
  const cpuset = find_cpuset(k, cg);
  if (!cpuset) throw new Error(`there is no cpuset ${cg}`);
  return cpuset;
}

/** `kernel/cpuset.c:guarantee_online_mems()`: the nodes of the cpuset, or of the nearest one above that has any. */
function guarantee_online_mems(k: Kernel, cg: string): readonly number[] {
  const { mems } = cpuset_of(k, cg);
  return mems.length > 0 || cg === '' ? mems : guarantee_online_mems(k, parent_of(cg));
}

/** `kernel/cpuset.c:cpuset_mems_allowed()`: the nodes that the cpuset of a task allows, noticed by the task or not. */
export function cpuset_mems_allowed(k: Kernel, task: Task): readonly number[] {
  return task.cpuset === undefined ? task.mems_allowed : guarantee_online_mems(k, task.cpuset);
}

/**
 * `mm/mempolicy.c:mpol_rebind_policy()`: the policy for other nodes: each of its nodes is replaced by the one that
 * has the same rank; MPOL_BIND stays as it was when those have no memory that it could use.
 */
function mpol_rebind_policy(k: Kernel, policy: Policy, from: readonly number[], to: readonly number[]): Policy {
  const nodes = bitmap_remap(policy.nodes, from, to);
  const empty = policy.mode === MPOL_BIND && bind_zonelist(k, nodes).length === 0;
  return empty ? policy : { ...policy, nodes };
}

/**
 * The part of `mm/mempolicy.c:mpol_rebind_policy()` that is for the turn of an interleaving task. From 2.6.16-rc1 on it did nothing,
 * as the kernel forgot the old nodes before it looked for the turn among them.
 */
function remap_il_next(k: Kernel, pid: number, from: readonly number[], to: readonly number[]): void {
  k.emit.TaskInterleaveAdvanced(pid, bitmap_bitremap(k.s.tasks[pid * TASK + T_IL_NEXT], from, to));
}

/** `kernel/cpuset.c:cpuset_update_task_memory_state()`: the running task, about to allocate, looks at its cpuset. */
export function cpuset_update_task_memory_state(k: Kernel): void {
  const { cpuset, mems_generation, mems_allowed, pid, policy } = current(k);
  if (cpuset === undefined) return;
  const generation = generation_of(k, cpuset);
  if (generation === mems_generation) return;
  const mems = [...guarantee_online_mems(k, cpuset)];
  const rebound = policy && mpol_rebind_policy(k, policy, mems_allowed, mems);
  k.emit.TaskMemsUpdated({ task: pid, generation, mems_allowed: mems, policy: rebound });
  if (k.traits.il_next_remapped && policy?.mode === MPOL_INTERLEAVE) remap_il_next(k, pid, mems_allowed, mems);
}

/** `kernel/cpuset.c:cpuset_create()`, as mkdir(2) calls it. */
export function cpuset_create(k: Kernel, cg: string): number {
  if (find_cpuset(k, cg)) return -EEXIST;
  if (!find_cpuset(k, parent_of(cg))) return -ENOENT;
  const flags = { cpu_exclusive: false, mem_exclusive: false, memory_migrate: false };
  k.emit.CpusetCreated({ cg, cpuset: { cpus: [], mems: [], ...flags, generation: k.s.cold.next.cpuset_generation } });
  return 0;
}

// --- writing to the files of a cpuset -------------------------------------------------------------------------------

const subset = (some: readonly number[], of: readonly number[]): boolean => some.every((each) => of.includes(each));
const overlap = (a: readonly number[], b: readonly number[]): boolean => a.some((each) => b.includes(each));

/** `kernel/cpuset.c:is_cpuset_subset()`: a cpuset may be exclusive only where the one around it is. */
function is_cpuset_subset(p: Cpuset, q: Cpuset): boolean {
  const within = subset(p.cpus, q.cpus) && subset(p.mems, q.mems);
  return within && (!p.cpu_exclusive || q.cpu_exclusive) && (!p.mem_exclusive || q.mem_exclusive);
}

/** `kernel/cpuset.c:validate_change()`: children first, then the parent, then the siblings; the root has neither. */
function validate_change(k: Kernel, cg: string, trial: Cpuset): number {
  if (children_of(k, cg).some((child) => !is_cpuset_subset(cpuset_of(k, child), trial))) return -EBUSY;
  if (cg === '') return 0;
  if (!is_cpuset_subset(trial, cpuset_of(k, parent_of(cg)))) return -EACCES;
  const siblings = children_of(k, parent_of(cg)).filter((path) => path !== cg);
  const clash = siblings
    .map((path) => cpuset_of(k, path))
    .some(
      (other) =>
        ((trial.cpu_exclusive || other.cpu_exclusive) && overlap(trial.cpus, other.cpus)) ||
        ((trial.mem_exclusive || other.mem_exclusive) && overlap(trial.mems, other.mems)),
    );
  return clash ? -EINVAL : 0;
}

/** `mm/mempolicy.c:mpol_rebind_mm()`: the policies of all areas, with the mmap_sem held alone. */
function* mpol_rebind_mm(k: Kernel, mm: number, from: readonly number[], to: readonly number[]): Sleeping<void> {
  yield* down_write(k, mm);
  for (const vma of vmas_of(k, mm)) {
    const policy = vma.policy && mpol_rebind_policy(k, vma.policy, from, to);
    if (!__mpol_equal(policy, vma.policy)) k.emit.VmaPolicySet({ vma: vma.id, policy });
  }
  k.emit.MmapLockReleased(mm, -1);
}

/**
 * `kernel/cpuset.c:cpuset_migrate_mm()`: moves the memory of an address space, as far as frames of its new nodes go, where
 * the kernel takes care of that: then the running task may allocate on no others meanwhile.
 */
function* cpuset_migrate_mm(k: Kernel, mm: number, from: readonly number[], to: readonly number[]): Sleeping<void> {
  if (!k.traits.cpuset_overrides_mems) return void (yield* do_migrate_pages(k, mm, from, to, MPOL_MF_MOVE_ALL));
  cpuset_update_task_memory_state(k);
  const { pid, cpuset, mems_allowed } = current(k);
  k.emit.TaskMemsOverridden({ task: pid, mems_allowed: [...to] });
  yield* do_migrate_pages(k, mm, from, to, MPOL_MF_MOVE_ALL);
  const own = cpuset === undefined ? mems_allowed : guarantee_online_mems(k, cpuset);
  k.emit.TaskMemsOverridden({ task: pid, mems_allowed: [...own] });
}

/** Fits an address space to other nodes. How many pages stayed behind nobody is told. */
function* rebind_and_migrate(
  k: Kernel,
  mm: number,
  { mems: from }: Cpuset,
  { mems: to, memory_migrate }: Cpuset,
): Sleeping<void> {
  yield* mpol_rebind_mm(k, mm, from, to);
  if (memory_migrate) yield* cpuset_migrate_mm(k, mm, from, to);
}

/** `kernel/cpuset.c:update_nodemask()`: the nodes of a cpuset, and the memory of its tasks, in the writer's context. */
function* update_nodemask(k: Kernel, cg: string, text: string): Sleeping<number> {
  const old = cpuset_of(k, cg);
  const parsed = bitmap_parselist(text, k.traits.max_numnodes);
  if (typeof parsed === 'number') return parsed;
  const mems = parsed.filter((nid) => k.s.topology.nodes.includes(nid));
  if (mems.length === old.mems.length && subset(mems, old.mems)) return 0;
  if (mems.length === 0) return -ENOSPC;
  const trial = { ...old, mems, generation: k.s.cold.next.cpuset_generation };
  const wrong = validate_change(k, cg, trial);
  if (wrong !== 0) return wrong;
  k.emit.CpusetChanged({ cg, cpuset: trial });
  if (!k.traits.cpuset_migrates) return 0;
  const members = Object.values(k.s.cold.tasks).filter(({ cpuset, mm }) => cpuset === cg && mm !== 0);
  for (const { mm } of members) k.emit.MmPinned(mm);
  for (const { mm } of members) {
    yield* rebind_and_migrate(k, mm, old, trial);
    yield* mmput(k, mm);
  }
  return 0;
}

/** `kernel/cpuset.c:update_cpumask()`. Tasks stay where they run until they are attached again. */
function update_cpumask(k: Kernel, cg: string, text: string): number {
  const old = cpuset_of(k, cg);
  const parsed = bitmap_parselist(text, cpus_of(k).length);
  if (typeof parsed === 'number') return parsed;
  const cpus = parsed.filter((cpu) => cpu_online(k, cpu));
  if (cpus.length === 0) return -ENOSPC;
  return change(k, cg, { ...old, cpus });
}

/** Makes a change, if the cpusets around allow it. */
function change(k: Kernel, cg: string, trial: Cpuset): number {
  const wrong = validate_change(k, cg, trial);
  if (wrong === 0) k.emit.CpusetChanged({ cg, cpuset: trial });
  return wrong;
}

/** `lib/vsprintf.c:simple_strtoul()`, of which flags only want to know whether it is zero. */
const is_nonzero = (text: string): boolean => /^\s*0*[1-9]/.test(text);

const FLAGS = ['cpu_exclusive', 'mem_exclusive', 'memory_migrate'] as const;

/** `kernel/cpuset.c:cpuset_common_file_write()`. Kernels whose cpusets migrate nothing have no file memory_migrate. */
export function* cpuset_write(k: Kernel, cg: string, file: string, text: string): Sleeping<number> {
  const cpuset = find_cpuset(k, cg);
  const flag = FLAGS.find((name) => name === file && (name !== 'memory_migrate' || k.traits.cpuset_migrates));
  if (!cpuset || (file !== 'mems' && file !== 'cpus' && !flag)) return -ENOENT;
  if (file === 'mems') return yield* update_nodemask(k, cg, text);
  if (flag) return change(k, cg, { ...cpuset, [flag]: is_nonzero(text) });
  return update_cpumask(k, cg, text);
}

/** `kernel/cpuset.c:cpuset_common_file_read()`: what the file holds, or minus an error number. */
export function cpuset_read(k: Kernel, cg: string, file: string): string | number {
  const cpuset = find_cpuset(k, cg);
  if (!cpuset) return -ENOENT;
  if (file === 'mems' || file === 'cpus') return bitmap_scnlistprintf(cpuset[file]);
  const flag = FLAGS.find((name) => name === file && (name !== 'memory_migrate' || k.traits.cpuset_migrates));
  return flag ? `${Number(cpuset[flag])}` : -ENOENT;
}

/**
 * do_migrate_pages() of an address space that nobody holds for it, as attach_task() called it up to 2.6.17: a kernel thread
 * has none, and one whose last user exits meanwhile is used after it is gone. Here it is held to the end of the walk.
 */
function* migrate_unpinned(k: Kernel, mm: number, from: readonly number[], to: readonly number[]): Sleeping<void> {
  const nothing = { mmap_sem: 0, isolated: [] } as const;
  if (mm === 0) die(k, 'mm/mempolicy.c:do_migrate_pages()', 'mm is NULL', { mm, users: 0, ...nothing });
  k.emit.MmPinned(mm);
  yield* do_migrate_pages(k, mm, from, to, MPOL_MF_MOVE_ALL);
  if (k.s.mms[mm * MM + M_USERS] === 1)
    die(k, 'kernel/cpuset.c:attach_task()', 'tsk->mm was freed', { mm, users: 1, ...nothing });
  yield* mmput(k, mm);
}

/** `kernel/cpuset.c:attach_task()`, by a writer whom nothing is forbidden. */
export function* attach_task(k: Kernel, cg: string, pid: number): Sleeping<number> {
  const to = find_cpuset(k, cg);
  if (!to) return -ENOENT;
  if (to.cpus.length === 0 || to.mems.length === 0) return -ENOSPC;
  const task = k.s.cold.tasks[pid];
  if (task?.state !== 'running') return -ESRCH;
  const from = task.cpuset === undefined ? { ...to, mems: [...task.mems_allowed] } : cpuset_of(k, task.cpuset);
  k.emit.CpusetAttached({ task: pid, cg });
  const cpus = guarantee_online_cpus(k, cg);
  if (!cpus.includes(task_cpu(k, pid))) k.emit.TaskMovedToCpu(pid, cpus[0]);
  if (!k.traits.cpuset_migrates) return 0;
  const pinned = k.traits.cpuset_attach_pins_mm;
  if (task.mm !== 0) {
    k.emit.MmPinned(task.mm);
    yield* rebind_and_migrate(k, task.mm, from, pinned ? to : { ...to, memory_migrate: false });
    yield* mmput(k, task.mm);
  }
  if (to.memory_migrate && !pinned) yield* migrate_unpinned(k, task.mm, from.mems, to.mems);
  return 0;
}

/** `kernel/sched.c:set_cpus_allowed()` of the running task. The cpusets of 2006 do not forbid it here. */
export function set_cpus_allowed(k: Kernel, cpu: number): number {
  k.emit.TaskMovedToCpu(current(k).pid, cpu);
  return 0;
}
