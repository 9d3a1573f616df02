/**
 * Control groups as far as cpusets need them (kernel/cgroup/cgroup.c): directories, processes that move between them, and
 * in v2 which groups have a cpuset of their own. The root of v2 hands cpusets down from the start.
 */
import { EBUSY, EEXIST, EINVAL, ENOENT, EOPNOTSUPP, ESRCH, type Cpuset, type Task } from '@pagetape/events';
import { NotSimulated, ScenarioFault } from '../../errors.ts';
import type { Kernel, Sleeping } from '../../kernel.ts';
import { bitmap_scnlistprintf } from '../../lib/bitmap.ts';
import {
  cgroup_e_css,
  cgroup_is_populated,
  cpuset_attach,
  cpuset_can_attach,
  cpuset_of,
  effective_of,
  hands_down,
  is_in_v2_mode,
  tasks_of,
  update_cpumask,
  update_flag,
  update_nodemask,
  type CpusetFlag,
  type Effective,
} from './cpuset.ts';
import { children_of, parent_of } from './tree.ts';

const exists = (k: Kernel, cg: string): boolean => cg === '' || k.s.cold.cpusets[cg] !== undefined;

/** The state of a cpuset that asks for nothing. */
const FRESH = { cpus: [], mems: [], cpu_exclusive: false, mem_exclusive: false, memory_migrate: false, generation: 0 };

/** Some kernels are built without the cpusets of control groups v1. */
function checkMount(k: Kernel): void {
  if (is_in_v2_mode(k) || k.traits.cgroup_v1) return;
  throw new ScenarioFault(`${k.traits.id} has no cpusets of control groups v1; the machine needs "cgroup: v2"`);
}

/** `kernel/cgroup/cgroup.c:cgroup_mkdir()` */
export function cgroup_mkdir(k: Kernel, cg: string): number {
  checkMount(k);
  if (exists(k, cg)) return -EEXIST;
  if (!exists(k, parent_of(cg))) return -ENOENT;
  k.emit.CpusetCreated({ cg, cpuset: { ...FRESH, ...(is_in_v2_mode(k) ? { subtree_control: false } : {}) } });
  return 0;
}

// --- processes that move ----------------------------------------------------------------------------------------------

/** `kernel/cgroup/cgroup-internal.h:cgroup_has_tasks()` */
const has_tasks = (k: Kernel, cg: string): boolean =>
  Object.values(k.s.cold.tasks).some(({ state, cpuset }) => state === 'running' && cpuset === cg);

const children_are_populated = (k: Kernel, cg: string): boolean =>
  children_of(k, cg).some((child) => cgroup_is_populated(k, child));

/** `kernel/cgroup/cgroup.c:cgroup_is_valid_domain()`: no group above shares what it has between tasks and groups. */
function cgroup_is_valid_domain(k: Kernel, cg: string): boolean {
  const above = parent_of(cg);
  return above === '' || (!(has_tasks(k, above) && hands_down(k, above)) && cgroup_is_valid_domain(k, above));
}

/** `kernel/cgroup/cgroup.c:cgroup_migrate_vet_dst()`: in v2 tasks and groups with tasks do not lie side by side. */
function cgroup_migrate_vet_dst(k: Kernel, cg: string): number {
  if (!is_in_v2_mode(k) || cg === '') return 0;
  if (!cgroup_is_valid_domain(k, cg)) return -EOPNOTSUPP;
  return hands_down(k, cg) && children_are_populated(k, cg) ? -EBUSY : 0;
}

/** `kernel/cgroup/cgroup.c:cgroup_procs_write()`: the whole process of a task moves, unless it is there already. */
export function* cgroup_procs_write(k: Kernel, cg: string, pid: number): Sleeping<number> {
  checkMount(k);
  if (!exists(k, cg)) return -ENOENT;
  const task = k.s.cold.tasks[pid];
  if (task?.state !== 'running') return -ESRCH;
  const wrong = cgroup_migrate_vet_dst(k, cg);
  if (wrong !== 0) return wrong;
  const process = Object.values(k.s.cold.tasks).filter(({ tgid, state }) => tgid === task.tgid && state === 'running');
  const coming = process.filter(({ cpuset }) => cpuset !== cg);
  return coming.length === 0 ? 0 : yield* cgroup_migrate(k, cg, coming);
}

/** `kernel/cgroup/cgroup.c:cgroup_migrate()`. Where the same cpuset counts as before, nobody looks at the tasks. */
function* cgroup_migrate(k: Kernel, cg: string, tasks: readonly Task[]): Sleeping<number> {
  const from = effective_for(k, tasks[0]);
  const cs = cgroup_e_css(k, cg);
  const stays = tasks[0].cpuset !== undefined && cgroup_e_css(k, tasks[0].cpuset) === cs;
  const wrong = stays ? 0 : cpuset_can_attach(k, cs);
  if (wrong !== 0) return wrong;
  const pids = tasks.map(({ pid }) => pid);
  for (const task of pids) k.emit.CpusetAttached({ task, cg });
  if (!stays) yield* cpuset_attach(k, cs, pids, from);
  return 0;
}

/** What counts for a task. One that was never attached may have been made with nodes of its own. */
function effective_for(k: Kernel, { cpuset, mems_allowed }: Task): Effective {
  const effective = effective_of(k, cgroup_e_css(k, cpuset ?? ''));
  return cpuset === undefined ? { ...effective, mems: mems_allowed } : effective;
}

// --- cgroup.subtree_control -------------------------------------------------------------------------------------------

const OTHER_CONTROLLERS = ['cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc'];

/** What is to become of the controller cpuset: on, off, or null for no change; or minus an error number. */
function wanted_control(text: string): boolean | null | number {
  let wanted: boolean | null = null;
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    const name = word.slice(1);
    if ((word[0] !== '+' && word[0] !== '-') || (name !== 'cpuset' && !OTHER_CONTROLLERS.includes(name)))
      return -EINVAL;
    if (name !== 'cpuset') throw new NotSimulated(`the controller ${name}`);
    wanted = word[0] === '+';
  }
  return wanted;
}

/** `kernel/cgroup/cgroup.c:cgroup_subtree_control_write()` */
function* subtree_control_write(k: Kernel, cg: string, text: string): Sleeping<number> {
  const wanted = wanted_control(text);
  if (typeof wanted === 'number') return wanted;
  if (wanted === null || wanted === hands_down(k, cg)) return 0;
  if (cg === '') throw new NotSimulated('a root that hands no cpusets down');
  return wanted ? enable(k, cg) : yield* disable(k, cg);
}

/** The groups right below get cpusets of their own, in which all is as before. */
function enable(k: Kernel, cg: string): number {
  if (cgroup_e_css(k, cg) !== cg) return -ENOENT;
  if (!cgroup_is_valid_domain(k, cg)) return -EOPNOTSUPP;
  if (has_tasks(k, cg) && children_are_populated(k, cg)) return -EBUSY;
  k.emit.CpusetChanged({ cg, cpuset: { ...cpuset_of(k, cg), subtree_control: true } });
  return 0;
}

/** The groups right below lose their cpusets, and their tasks come into that of the group. */
function* disable(k: Kernel, cg: string): Sleeping<number> {
  const children = children_of(k, cg);
  if (children.some((child) => hands_down(k, child))) return -EBUSY;
  const tasks = children.flatMap((child) => tasks_of(k, child));
  const from = tasks.length > 0 ? effective_for(k, tasks[0]) : null;
  const lost: Cpuset = { ...FRESH, subtree_control: false };
  for (const child of children) k.emit.CpusetChanged({ cg: child, cpuset: lost });
  k.emit.CpusetChanged({ cg, cpuset: { ...cpuset_of(k, cg), subtree_control: false } });
  const pids = tasks.map(({ pid }) => pid);
  if (from) yield* cpuset_attach(k, cg, pids, from);
  return 0;
}

// --- files --------------------------------------------------------------------------------------------------------------

const V1_FLAGS: readonly CpusetFlag[] = ['cpu_exclusive', 'mem_exclusive', 'memory_migrate'];

/** Files that Linux has and that mean nothing here. */
const OTHER_FILES = {
  v1: [
    'mem_hardwall',
    'sched_load_balance',
    'sched_relax_domain_level',
    'memory_pressure',
    'memory_spread_page',
  ].concat(['memory_spread_slab', 'tasks', 'cgroup.procs', 'cgroup.clone_children', 'notify_on_release']),
  v2: ['cpus.partition', 'cpus.exclusive', 'cpus.exclusive.effective', 'cgroup.procs', 'cgroup.threads'].concat([
    'cgroup.type',
    'cgroup.events',
    'cgroup.stat',
    'cgroup.freeze',
    'cgroup.kill',
  ]),
};

const version = (k: Kernel): 'v1' | 'v2' => (is_in_v2_mode(k) ? 'v2' : 'v1');

/** Files that a group may lack: in v2 those of a cpuset, and in its root all but what is effective. */
const LISTS: Readonly<Record<'v1' | 'v2', Readonly<Record<string, 'mems' | 'cpus'>>>> = {
  v1: { effective_mems: 'mems', effective_cpus: 'cpus' },
  v2: { 'mems.effective': 'mems', 'cpus.effective': 'cpus' },
};

const has_cpuset_files = (k: Kernel, cg: string): boolean => exists(k, cg) && cgroup_e_css(k, cg) === cg;

/** The file mems or cpus of the group, if it is one. */
function list_file(k: Kernel, cg: string, file: string): 'mems' | 'cpus' | null {
  const there = has_cpuset_files(k, cg) && !(cg === '' && is_in_v2_mode(k));
  return there && (file === 'mems' || file === 'cpus') ? file : null;
}

function flag_file(k: Kernel, file: string): CpusetFlag | undefined {
  return is_in_v2_mode(k) ? undefined : V1_FLAGS.find((flag) => flag === file);
}

/** A file that is not among those above: one that Linux has, or none. */
function other_file(k: Kernel, file: string): number {
  if (OTHER_FILES[version(k)].includes(file)) throw new NotSimulated(`the file ${file} of a control group`);
  return -ENOENT;
}

/** `kernel/cgroup/cgroup.c:cgroup_type_show()`. The root has no such file. */
function cgroup_type(k: Kernel, cg: string): string | number {
  if (cg === '') return -ENOENT;
  if (!cgroup_is_valid_domain(k, cg)) return 'domain invalid';
  return has_tasks(k, cg) && hands_down(k, cg) ? 'domain threaded' : 'domain';
}

/** `kernel/cgroup/cgroup.c:cgroup_events_show()`: nothing here is ever frozen. The root has no such file. */
const cgroup_events = (k: Kernel, cg: string): string | number =>
  cg === '' ? -ENOENT : `populated ${Number(cgroup_is_populated(k, cg))}\nfrozen 0`;

/** `kernel/cgroup/cpuset.c:sched_partition_write()`, of a group that is a member of the partition above it, and stays one. */
function partition_write(k: Kernel, cg: string, text: string): number {
  if (cg === '' || !has_cpuset_files(k, cg)) return -ENOENT;
  const state = text.trim();
  if (state === 'root' || state === 'isolated') throw new NotSimulated(`the partition "${state}" of CPUs`);
  return state === 'member' ? 0 : -EINVAL;
}

/** `lib/kstrtox.c:kstrtoull()` */
const is_unsigned = (text: string): boolean => /^\+?(0x[\da-f]+|\d+)$/i.test(text.trim());

/** `kernel/cgroup/cgroup.c:cgroup_file_write()` */
export function* cgroup_file_write(k: Kernel, cg: string, file: string, text: string): Sleeping<number> {
  checkMount(k);
  if (!exists(k, cg)) return -ENOENT;
  const list = list_file(k, cg, file);
  if (list === 'mems') return yield* update_nodemask(k, cg, text);
  if (list === 'cpus') return update_cpumask(k, cg, text);
  if (file === 'cgroup.subtree_control' && is_in_v2_mode(k)) return yield* subtree_control_write(k, cg, text);
  if (file === 'cpus.partition' && is_in_v2_mode(k)) return partition_write(k, cg, text);
  const flag = flag_file(k, file);
  if (!flag) return other_file(k, file);
  if (cg === '') throw new NotSimulated('a flag of the root cpuset');
  return is_unsigned(text) ? update_flag(k, cg, flag, Number(text) !== 0) : -EINVAL;
}

/** `kernel/cgroup/cgroup.c:cgroup_seqfile_show()`: what the file holds, or minus an error number. */
export function cgroup_file_read(k: Kernel, cg: string, file: string): string | number {
  checkMount(k);
  if (!exists(k, cg)) return -ENOENT;
  const list = list_file(k, cg, file);
  if (list) return bitmap_scnlistprintf(cpuset_of(k, cg)[list]);
  const effective = LISTS[version(k)][file];
  if (effective && has_cpuset_files(k, cg)) return bitmap_scnlistprintf(effective_of(k, cg)[effective]);
  if (file === 'cgroup.controllers' && is_in_v2_mode(k)) return has_cpuset_files(k, cg) ? 'cpuset' : '';
  if (file === 'cgroup.subtree_control' && is_in_v2_mode(k)) return hands_down(k, cg) ? 'cpuset' : '';
  if (file === 'cgroup.type' && is_in_v2_mode(k)) return cgroup_type(k, cg);
  if (file === 'cgroup.events' && is_in_v2_mode(k)) return cgroup_events(k, cg);
  if (file === 'cpus.partition' && is_in_v2_mode(k)) return cg !== '' && has_cpuset_files(k, cg) ? 'member' : -ENOENT;
  const flag = flag_file(k, file);
  return flag ? `${Number(cpuset_of(k, cg)[flag])}` : other_file(k, file);
}
