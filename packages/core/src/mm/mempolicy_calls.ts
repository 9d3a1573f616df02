/** The system calls of mm/mempolicy.c. Each returns what the kernel does: 0 or more, or minus an error number. */
import {
  CHECK,
  EFAULT,
  EINVAL,
  EIO,
  ENODEV,
  ENOSYS,
  EPERM,
  ESRCH,
  MPOL_BIND,
  MPOL_DEFAULT,
  MPOL_F_ADDR,
  MPOL_F_NODE,
  MPOL_INTERLEAVE,
  MPOL_MF_MOVE,
  MPOL_MF_MOVE_ALL,
  MPOL_MF_STRICT,
  MPOL_PREFERRED,
  ENOMEM,
  PAGE_SIZE,
  READ,
  type Check,
  type Policy,
  type Task,
  type Vma,
} from '@pagetape/events';
import { capable, current, type Kernel, type Sleeping } from '../kernel.ts';
import { cpuset_mems_allowed, cpuset_update_task_memory_state } from '../kernel/cpuset.ts';
import { mmput } from '../kernel/fork.ts';
import { WAIT_MMAP_WRITE, waitFor } from '../sched/wait.ts';
import { MM, M_SEM, TASK, T_IL_NEXT } from '../state/layout.ts';
import { page_to_nid, shmem_mapping } from '../state/read.ts';
import { down_read, get_user_page } from './memory.ts';
import { policy_of_area } from '../state/shared_policy.ts';
import { mpol_new } from './mempolicy.ts';
import { do_migrate_pages, migrate_to_policy } from './mempolicy_migrate.ts';
import { check_range, MPOL_MF_DISCONTIG_OK, startWalk, TASK_SIZE_PAGES } from './mempolicy_walk.ts';
import { find_vma, next_vma, split_vma } from './mmap.ts';
import { page_cache_release } from './page_alloc.ts';
import { get_nodes, type UserMask } from './user_mask.ts';
import { putback_lru_pages } from './vmscan.ts';

/** Records which check refused the call, and gives its error number. */
export function refuse(k: Kernel, check: Check, errno: number): number {
  k.emit.CheckFailed(CHECK.indexOf(check), errno);
  return -errno;
}

export const subset = (nodes: readonly number[], of: readonly number[]): boolean =>
  nodes.every((nid) => of.includes(nid));

// --- migrate_pages(2) ---------------------------------------------------------------------------------------------

/** A process id as the caller gave it: 0 is the caller. */
export function find_task_by_pid(k: Kernel, pid: number): Task | null {
  return pid === 0 ? current(k) : (k.s.cold.tasks[pid] ?? null);
}

/** Whether the caller may move the memory of a task: it has the same user, or a capability. */
export function owns_memory(k: Kernel, task: Task): boolean {
  return owns(current(k), task) || capable(k, k.traits.migrate_capability);
}

/** The four comparisons of user ids that migrate_pages(2) took over from kill(2). */
function owns(caller: Task, target: Task): boolean {
  const ids = [target.suid, target.uid];
  return ids.includes(caller.euid) || ids.includes(caller.uid);
}

/** `mm/mempolicy.c:sys_migrate_pages()`. `maxnode` is what the register holds. */
export function* sys_migrate_pages(
  k: Kernel,
  pid: number,
  maxnode: bigint,
  old_nodes: UserMask,
  new_nodes: UserMask,
): Sleeping<number> {
  const old = get_nodes(k, 'mask-old', old_nodes, maxnode);
  if (typeof old === 'number') return old;
  const fresh = get_nodes(k, 'mask-new', new_nodes, maxnode);
  if (typeof fresh === 'number') return fresh;
  const task = find_task_by_pid(k, pid);
  if (!task) return refuse(k, 'task-exists', ESRCH);
  const { mm } = task;
  if (mm === 0) return refuse(k, 'task-has-mm', EINVAL);
  k.emit.MmPinned(mm);
  const all = k.traits.privileged_moves_all && capable(k, k.traits.migrate_capability);
  const flags = all ? MPOL_MF_MOVE_ALL : MPOL_MF_MOVE;
  const result = may_migrate(k, task, fresh) || (yield* do_migrate_pages(k, mm, old, fresh, flags));
  yield* mmput(k, mm);
  return result;
}

/** The permission checks of migrate_pages(2), in their order. Returns 0 or -EPERM. */
function may_migrate(k: Kernel, task: Task, nodes: readonly number[]): number {
  const privileged = capable(k, k.traits.migrate_capability);
  if (!owns(current(k), task) && !privileged) return refuse(k, 'same-owner', EPERM);
  const allowed = k.traits.target_cpuset_checked ? cpuset_mems_allowed(k, task) : k.s.topology.nodes;
  if (!subset(nodes, allowed) && !privileged) return refuse(k, 'target-nodes-allowed', EPERM);
  return 0;
}

// --- mbind(2) and set_mempolicy(2) ----------------------------------------------------------------------------------

/** `mm/mempolicy.c:mpol_check_policy()` */
function mpol_check_policy(k: Kernel, mode: number, nodes: readonly number[]): number {
  if (mode === MPOL_DEFAULT && nodes.length > 0) return refuse(k, 'policy-nodes', EINVAL);
  if ((mode === MPOL_BIND || mode === MPOL_INTERLEAVE) && nodes.length === 0) return refuse(k, 'policy-nodes', EINVAL);
  return subset(nodes, k.s.topology.nodes) ? 0 : refuse(k, 'nodes-online', EINVAL);
}

/** A range of bytes in the registers of a call. */
export interface ByteRange {
  readonly start: bigint;
  readonly len: bigint;
}

/** A range of pages; `end` is no longer part of it. */
export interface PageRange {
  readonly start: number;
  readonly end: number;
}

const MODES = 4;
const MOVE_FLAGS = BigInt(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL);
const KNOWN_FLAGS = BigInt(MPOL_MF_STRICT) | MOVE_FLAGS;
const PAGE = BigInt(PAGE_SIZE);

/**
 * The first checks of do_mbind(), in their order. Returns the pages of the range, or what the call returns at once.
 */
function check_mbind(k: Kernel, range: ByteRange, mode: bigint, flags: bigint): PageRange | number {
  if ((flags & ~KNOWN_FLAGS) !== 0n) return refuse(k, 'flags', EINVAL);
  if (mode >= MODES) return refuse(k, 'mode', EINVAL);
  if ((flags & BigInt(MPOL_MF_MOVE_ALL)) !== 0n && !capable(k, k.traits.move_all_capability))
    return refuse(k, 'move-all', EPERM);
  return pages_of_range(k, range);
}

/** The pages of a range that must be aligned; the length is rounded up. Returns 0 when it is empty. */
export function pages_of_range(k: Kernel, range: ByteRange): PageRange | number {
  if (range.start % PAGE !== 0n) return refuse(k, 'alignment', EINVAL);
  const len = BigInt.asUintN(64, range.len + PAGE - 1n) & ~(PAGE - 1n);
  const end = BigInt.asUintN(64, range.start + len);
  if (end < range.start) return refuse(k, 'length', EINVAL);
  if (end === range.start) return 0;
  return { start: pageNumber(range.start), end: pageNumber(end) };
}

/** Page numbers beyond what tables reach name no memory either way. */
export const pageNumber = (address: bigint): number =>
  Number(address / PAGE > TASK_SIZE_PAGES ? BigInt(TASK_SIZE_PAGES) : address / PAGE);

/** `include/linux/rwsem.h:down_write()` on the mmap_sem. */
export function* down_write(k: Kernel, mm: number): Sleeping<void> {
  while (k.s.mms[mm * MM + M_SEM] !== 0) {
    k.emit.MmapLockWaited(mm, -1);
    yield waitFor(WAIT_MMAP_WRITE, mm);
  }
  k.emit.MmapLockTaken(mm, -1);
}

/** `mm/mempolicy.c:policy_vma()`: vm_ops->set_policy() gives it to the file as well, where files have policies. */
export function policy_vma(k: Kernel, vma: Vma, policy: Policy | null): void {
  const { file, pgoff: start } = vma;
  if (shmem_mapping(k.s, file)) {
    k.emit.SharedPolicySet({ file, start, end: start + (vma.end - vma.start), policy });
  }
  k.emit.VmaPolicySet({ vma: vma.id, policy });
}

/**
 * `mm/mempolicy.c:mbind_range()`: cuts areas at the ends of the range and gives them the policy. They are not merged.
 */
function mbind_range(k: Kernel, first: Vma, start: number, end: number, policy: Policy | null): void {
  for (let vma: Vma | null = first; vma && vma.start < end;) {
    const next: Vma | null = next_vma(k, vma);
    let part = vma;
    if (part.start < start) part = split_vma(k, part, start, true);
    if (part.end > end) part = split_vma(k, part, end, false);
    policy_vma(k, part, policy);
    vma = next;
  }
}

/**
 * `mm/mempolicy.c:sys_mbind()` and do_mbind(): sets the policy of a range, and may evict the pages that it misplaces.
 */
export function* sys_mbind(
  k: Kernel,
  range: ByteRange,
  mode: bigint,
  mask: UserMask,
  maxnode: bigint,
  flags: bigint,
): Sleeping<number> {
  const nodes = get_nodes(k, 'mask', mask, maxnode);
  if (typeof nodes === 'number') return nodes;
  const pages = check_mbind(k, range, mode, flags);
  if (typeof pages === 'number') return pages;
  const wrong = mpol_check_policy(k, Number(mode), nodes);
  if (wrong !== 0) return wrong;
  return yield* do_mbind(k, pages, mpol_new(Number(mode), nodes), nodes, Number(flags));
}

/** What an error of the walk says about the request. */
const WALK_CHECKS: Readonly<Partial<Record<number, Check>>> = {
  [EIO]: 'strict',
  [EFAULT]: 'range-mapped',
  [ENODEV]: 'swap-needed',
  [ENOSYS]: 'migration-built-in',
};

function* do_mbind(
  k: Kernel,
  { start, end }: { start: number; end: number },
  policy: Policy | null,
  nodes: readonly number[],
  user_flags: number,
): Sleeping<number> {
  const { mm } = current(k);
  const flags = policy === null ? (user_flags & ~MPOL_MF_STRICT) | MPOL_MF_DISCONTIG_OK : user_flags;
  const holds = { mmap_sem: -1, users: 0 } as const;
  const walk = startWalk(k, mm, flags, holds, (nid) => k.traits.mbind_selects_all || !nodes.includes(nid));
  yield* down_write(k, mm);
  const first = yield* check_range(k, walk, start, end);
  let result = 0;
  if (typeof first === 'number') {
    result = refuse(k, WALK_CHECKS[-first] ?? 'vma-reserved', -first);
    if (k.traits.mbind_failure === 'puts-back') putback_lru_pages(k, walk.list);
    else if (walk.list.length > 0) k.emit.IsolatedPagesLeaked({ pages: [...walk.list] });
  } else {
    mbind_range(k, first, start, end, policy);
    const left = yield* migrate_to_policy(k, walk, k.s.cold.vmas[first.id]);
    if (left > 0 && (flags & MPOL_MF_STRICT) !== 0) result = refuse(k, 'strict', EIO);
  }
  k.emit.MmapLockReleased(mm, -1);
  return result;
}

/** `mm/mempolicy.c:sys_set_mempolicy()`: sets the policy of the running task. `mode` is a signed int. */
export function sys_set_mempolicy(k: Kernel, mode: number, mask: UserMask, maxnode: bigint): number {
  if (mode < 0 || mode >= MODES) return refuse(k, 'mode', EINVAL);
  const read = get_nodes(k, 'mask', mask, maxnode);
  if (typeof read === 'number') return read;
  cpuset_update_task_memory_state(k);
  const task = current(k);
  if (k.traits.policy_outside_cpuset === 'refused' && !subset(read, task.mems_allowed)) {
    return refuse(k, 'target-nodes-allowed', EINVAL);
  }
  const nodes = read.filter((nid) => task.mems_allowed.includes(nid));
  const wrong = mpol_check_policy(k, mode, nodes);
  if (wrong !== 0) return wrong;
  k.emit.TaskPolicySet({ task: task.pid, policy: mpol_new(mode, nodes) });
  return 0;
}

// --- get_mempolicy(2) -----------------------------------------------------------------------------------------------

/** What get_mempolicy(2) found: the mode or node, and the nodes of the policy. */
export interface PolicyAnswer {
  readonly policy: number;
  readonly nodes: readonly number[];
}

/** `mm/mempolicy.c:get_zonemask()` */
function get_zonemask(k: Kernel, policy: Policy | null): readonly number[] {
  if (policy?.mode === MPOL_PREFERRED && policy.nodes.length === 0) return k.s.topology.nodes;
  return policy?.nodes ?? [];
}

/** `mm/mempolicy.c:lookup_node()`: the node of the page at an address, brought in for reading if need be. */
function* lookup_node(k: Kernel, mm: number, vpn: number): Sleeping<number> {
  const page = yield* get_user_page(k, mm, vpn, READ, true);
  if ('error' in page) return page.error === 'EFAULT' ? -EFAULT : -ENOMEM;
  const nid = page_to_nid(k.s, page.pfn);
  page_cache_release(k, page.pfn);
  return nid;
}

/** `mm/mempolicy.c:do_get_mempolicy()`. `addr` is in bytes; 0n is the null pointer. */
export function* do_get_mempolicy(k: Kernel, addr: bigint, flags: bigint): Sleeping<PolicyAnswer | number> {
  if ((flags & ~BigInt(MPOL_F_NODE | MPOL_F_ADDR)) !== 0n) return refuse(k, 'flags', EINVAL);
  cpuset_update_task_memory_state(k);
  const { mm, policy: own, pid } = current(k);
  const by_address = (flags & BigInt(MPOL_F_ADDR)) !== 0n;
  const ask_node = (flags & BigInt(MPOL_F_NODE)) !== 0n;
  if (!by_address) {
    if (addr !== 0n) return refuse(k, 'address', EINVAL);
    if (!ask_node) return { policy: own?.mode ?? MPOL_DEFAULT, nodes: get_zonemask(k, own) };
    if (own?.mode !== MPOL_INTERLEAVE) return refuse(k, 'flags', EINVAL);
    return { policy: k.s.tasks[pid * TASK + T_IL_NEXT], nodes: get_zonemask(k, own) };
  }
  yield* down_read(k, mm);
  const answer = yield* policy_at(k, mm, pageNumber(addr), ask_node);
  k.emit.MmapLockReleased(mm, 1);
  return answer;
}

function* policy_at(k: Kernel, mm: number, vpn: number, ask_node: boolean): Sleeping<PolicyAnswer | number> {
  const vma = find_vma(k, mm, vpn);
  if (!vma || vma.start > vpn) return refuse(k, 'range-mapped', EFAULT);
  const policy = policy_of_area(k.s, vma, vpn);
  const nodes = get_zonemask(k, policy);
  if (!ask_node) return { policy: policy?.mode ?? MPOL_DEFAULT, nodes };
  const nid = yield* lookup_node(k, mm, vpn);
  return nid < 0 ? refuse(k, 'range-mapped', -nid) : { policy: nid, nodes };
}
