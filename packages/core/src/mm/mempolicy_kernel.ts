/**
 * The system calls of mm/mempolicy.c as kernels of 6.x serve them. Each returns what the kernel does: 0 or more, or minus an
 * error number.
 */
import {
  EFAULT,
  EINVAL,
  EIO,
  ENOENT,
  ENOMEM,
  EOPNOTSUPP,
  EPERM,
  ESRCH,
  MPOL_BIND,
  MPOL_DEFAULT,
  MPOL_F_ADDR,
  MPOL_F_MEMS_ALLOWED,
  MPOL_F_NODE,
  MPOL_INTERLEAVE,
  MPOL_MF_MOVE,
  MPOL_MF_MOVE_ALL,
  MPOL_MF_STRICT,
  MPOL_MODE_FLAGS,
  MPOL_PREFERRED_MANY,
  MPOL_WEIGHTED_INTERLEAVE,
  PAGE_SIZE,
  READ,
  type Policy,
  type Vma,
} from '@pagetape/events';
import { capable, current, type Kernel, type Sleeping } from '../kernel.ts';
import { cpuset_mems_allowed } from '../kernel/cgroup/cpuset.ts';
import { mmput } from '../kernel/fork.ts';
import { ptrace_may_access } from '../kernel/ptrace.ts';
import { next_node_in } from '../lib/nodemask.ts';
import { folio_test_hugetlb, folio_test_large } from '../state/huge.ts';
import { HUGE, HUGE_ORDER, TASK, T_IL_PREV, T_IL_WEIGHT } from '../state/layout.ts';
import { page_index, page_to_nid, PageKsm, shmem_mapping } from '../state/read.ts';
import { policy_of_area } from '../state/shared_policy.ts';
import { down_read, get_user_page } from './memory.ts';
import {
  folio_alloc,
  folio_alloc_mpol,
  folio_alloc_mpol_huge,
  get_task_policy,
  get_vma_policy,
  huge_interleave_index,
} from './mempolicy_alloc.ts';
import {
  down_write,
  find_task_by_pid,
  pageNumber,
  pages_of_range,
  refuse,
  subset,
  type ByteRange,
  type PageRange,
  type PolicyAnswer,
} from './mempolicy_calls.ts';
import {
  __mpol_equal,
  mpol_new,
  mpol_set_nodemask,
  reported_nodemask,
  sanitize_mpol_flags,
  type ModeAndFlags,
} from './mempolicy_modes.ts';
import { do_migrate_pages } from './mempolicy_migrate.ts';
import { migrate_queued, MPOL_MF_DISCONTIG_OK, queue_pages_range } from './mempolicy_queue.ts';
import { alloc_hugetlb_by_policy, is_vm_hugetlb_page } from './hugetlb.ts';
import { noted } from './migrate_target.ts';
import { find_vma, next_vma, split_vma, vma_merge } from './mmap.ts';
import { page_cache_release } from './page_alloc.ts';
import { mappers_of } from './rmap.ts';
import { lru_cache_disable, lru_cache_enable } from './swap.ts';
import { get_nodes, type UserMask } from './user_mask.ts';
import { putback_lru_pages } from './vmscan.ts';

const MPOL_MF_VALID = BigInt(MPOL_MF_STRICT | MPOL_MF_MOVE | MPOL_MF_MOVE_ALL);
const MOVES = MPOL_MF_MOVE | MPOL_MF_MOVE_ALL;

/** The node beyond all: whoever took it last takes the first node next. */
const NO_NODE_YET = 1023;

// --- migrate_pages(2) ---------------------------------------------------------------------------------------------

/** `mm/mempolicy.c:kernel_migrate_pages()`. `maxnode` is what the register holds. */
export function* kernel_migrate_pages(
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
  if (!ptrace_may_access(k, task)) return refuse(k, 'ptrace-access', EPERM);
  const nice = capable(k, 'CAP_SYS_NICE');
  if (!nice && !subset(fresh, cpuset_mems_allowed(k, task))) return refuse(k, 'target-nodes-allowed', EPERM);
  const own = cpuset_mems_allowed(k, current(k));
  const to = fresh.filter((nid) => own.includes(nid));
  if (to.length === 0 && k.traits.empty_target_refused) return refuse(k, 'no-node-left', EINVAL);
  const { mm } = task;
  if (mm === 0) return refuse(k, 'task-has-mm', EINVAL);
  k.emit.MmPinned(mm);
  const result = yield* do_migrate_pages(k, mm, old, to, nice ? MPOL_MF_MOVE_ALL : MPOL_MF_MOVE);
  yield* mmput(k, mm);
  return result;
}

// --- set_mempolicy(2) and mbind(2) ------------------------------------------------------------------------------------

/** A policy for the running task, fitted to the nodes that it may use; null: the default; or minus an error number. */
function fitted(k: Kernel, mode: ModeAndFlags, nodes: readonly number[]): Policy | null | number {
  const policy = mpol_new(mode, nodes);
  if (typeof policy === 'number') return refuse(k, 'policy-nodes', EINVAL);
  return policy && (mpol_set_nodemask(k, policy, nodes, current(k).mems_allowed) ?? refuse(k, 'no-node-left', EINVAL));
}

const interleaves = (policy: Policy | null): boolean =>
  policy?.mode === MPOL_INTERLEAVE || policy?.mode === MPOL_WEIGHTED_INTERLEAVE;

/** `mm/mempolicy.c:kernel_set_mempolicy()`. `mode` is a signed int. */
export function kernel_set_mempolicy(k: Kernel, mode: number, mask: UserMask, maxnode: bigint): number {
  const sane = sanitize_mpol_flags(k, mode);
  if (!sane) return refuse(k, 'mode', EINVAL);
  const nodes = get_nodes(k, 'mask', mask, maxnode);
  if (typeof nodes === 'number') return nodes;
  const policy = fitted(k, sane, nodes);
  if (typeof policy === 'number') return policy;
  const { pid } = current(k);
  k.emit.TaskPolicySet({ task: pid, policy });
  if (interleaves(policy)) k.emit.TaskInterleaveTaken(pid, NO_NODE_YET, 0);
  return 0;
}

/** `mm/mempolicy.c:kernel_mbind()` */
export function* kernel_mbind(
  k: Kernel,
  range: ByteRange,
  mode: bigint,
  mask: UserMask,
  maxnode: bigint,
  user_flags: bigint,
): Sleeping<number> {
  const sane = sanitize_mpol_flags(k, Number(BigInt.asIntN(32, mode)));
  if (!sane) return refuse(k, 'mode', EINVAL);
  const nodes = get_nodes(k, 'mask', mask, maxnode);
  if (typeof nodes === 'number') return nodes;
  if ((user_flags & ~MPOL_MF_VALID) !== 0n) return refuse(k, 'flags', EINVAL);
  const flags = Number(user_flags);
  if ((flags & MPOL_MF_MOVE_ALL) !== 0 && !capable(k, 'CAP_SYS_NICE')) return refuse(k, 'move-all', EPERM);
  const pages = pages_of_range(k, range);
  if (typeof pages === 'number') return pages;
  const policy = fitted(k, sane, nodes);
  if (typeof policy === 'number') return policy;
  const kept = sane.mode === MPOL_DEFAULT ? flags & ~MPOL_MF_STRICT : flags;
  return yield* do_mbind(k, pages, policy, nodes, policy === null ? kept | MPOL_MF_DISCONTIG_OK : kept);
}

/** `mm/mempolicy.c:do_mbind()`: sets the policy of a range, and moves pages that it misplaces. */
function* do_mbind(
  k: Kernel,
  pages: PageRange,
  policy: Policy | null,
  nodes: readonly number[],
  flags: number,
): Sleeping<number> {
  const { mm } = current(k);
  const moves = (flags & MOVES) !== 0;
  if (moves) lru_cache_disable(k);
  yield* down_write(k, mm);
  const queued = queue_pages_range(k, mm, pages, flags, (nid) => !nodes.includes(nid));
  const error = queued.result >= 0 ? mbind_range(k, mm, pages, policy) : 0;
  k.emit.MmapLockReleased(mm, -1);
  const result =
    queued.result < 0 ? refuse_queue(k, queued.result) : yield* move_misplaced(k, pages, policy, queued, flags);
  const told = error !== 0 ? refuse(k, 'alignment', -error) : result;
  if (queued.result < 0) putback_lru_pages(k, queued.pagelist);
  if (moves) lru_cache_enable(k);
  return told;
}

const refuse_queue = (k: Kernel, error: number): number =>
  refuse(k, error === -EIO ? 'strict' : 'range-mapped', -error);

/** The end of do_mbind(): moves what was queued. With MPOL_MF_STRICT, whatever stays makes the call fail. */
function* move_misplaced(
  k: Kernel,
  pages: PageRange,
  policy: Policy | null,
  queued: { readonly pagelist: number[]; readonly result: number },
  flags: number,
): Sleeping<number> {
  const target = policy ?? get_task_policy(k);
  const base = interleave_base(k, pages, target, queued.pagelist);
  const temporary = new Set<number>();
  const get_new_folio = (pfn: number): number =>
    k.traits.mbind_places_merged || !PageKsm(k.s, pfn)
      ? alloc_migration_target_by_mpol(k, target, base, pfn, temporary)
      : folio_alloc(k);
  const moved = yield* migrate_queued(k, queued.pagelist, { dest: -1, get_new_folio, temporary });
  const stayed = queued.result + moved.left.length;
  return stayed > 0 && (flags & MPOL_MF_STRICT) !== 0 ? refuse(k, 'strict', EIO) : 0;
}

/** `mm/mempolicy.c:alloc_migration_target_by_mpol()`: where an interleave of huge pages counts huge pages. */
function alloc_migration_target_by_mpol(
  k: Kernel,
  policy: Policy,
  base: number,
  pfn: number,
  temporary: Set<number>,
): number {
  const index = page_index(k.s, pfn);
  if (!folio_test_large(k.s, pfn)) return folio_alloc_mpol(k, policy, base + index);
  const ilx = base + (index >> HUGE_ORDER);
  if (folio_test_hugetlb(k.s, pfn)) return noted(alloc_hugetlb_by_policy(k, policy, ilx), temporary);
  return folio_alloc_mpol_huge(k, policy, ilx, true);
}

/**
 * What to add to the index of a page for its place in an interleave: found for the first page that is not merged, as that one
 * has one place, and good for all.
 */
function interleave_base(k: Kernel, pages: PageRange, policy: Policy, pagelist: readonly number[]): number {
  const pfn = pagelist.find((each) => !PageKsm(k.s, each));
  if (pfn === undefined || !interleaves(policy)) return 0;
  const { mm } = current(k);
  const vma = mappers_of(k, pfn).find((each) => each.mm === mm && each.start < pages.end && each.end > pages.start);
  if (!vma) return 0;
  const index = page_index(k.s, pfn);
  const vpn = vma.start + index - vma.pgoff;
  if (folio_test_large(k.s, pfn)) return huge_interleave_index(vma, vpn) - (index >> HUGE_ORDER);
  return get_vma_policy(k, vma, vpn).ilx - index;
}

/**
 * `mm/mempolicy.c:mbind_range()` over all areas of a range. Neighbours that are alike now are merged. Returns 0, or -EINVAL where a
 * hugetlb area would have to be cut within a huge page.
 */
function mbind_range(k: Kernel, mm: number, { start, end }: PageRange, policy: Policy | null): number {
  for (let at = start; at < end;) {
    const vma = find_vma(k, mm, at);
    if (!vma || vma.start >= end) return 0;
    const from = Math.max(vma.start, start);
    const to = Math.min(vma.end, end);
    const equal = __mpol_equal(vma.policy, policy);
    if (!equal && is_vm_hugetlb_page(vma) && (from % HUGE !== 0 || to % HUGE !== 0)) return -EINVAL;
    if (!equal) vma_replace_policy(k, vma_modify_policy(k, vma, from, to, policy), policy);
    at = to;
  }
  return 0;
}

/**
 * `mm/mempolicy.c:vma_replace_policy()`: of memory of tmpfs the file keeps the policy of the pages, whoever maps them. That is
 * of the *whole* area, also of what a neighbour that took the range in showed before.
 */
function vma_replace_policy(k: Kernel, { id, file, start, end, pgoff }: Vma, policy: Policy | null): void {
  if (shmem_mapping(k.s, file)) k.emit.SharedPolicySet({ file, start: pgoff, end: pgoff + (end - start), policy });
  k.emit.VmaPolicySet({ vma: id, policy });
}

/** `mm/mmap.c:vma_modify_policy()`: a neighbour that is alike takes the range in, or it is cut out. Returns its area. */
function vma_modify_policy(k: Kernel, vma: Vma, start: number, end: number, policy: Policy | null): Vma {
  const merged = vma_merge(k, vma.mm, start, end, vma.pgoff + (start - vma.start), { ...vma, policy });
  if (merged) return merged;
  let part = vma;
  if (start !== part.start) part = split_vma(k, part, start, true);
  if (end !== part.end) part = split_vma(k, part, end, false);
  return part;
}

// --- get_mempolicy(2) and set_mempolicy_home_node(2) ----------------------------------------------------------------

const KNOWN_FLAGS = MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED;

/** `mm/mempolicy.c:do_get_mempolicy()`. `addr` is in bytes; 0n is the null pointer. */
export function* do_get_mempolicy(k: Kernel, addr: bigint, user_flags: bigint): Sleeping<PolicyAnswer | number> {
  if ((user_flags & ~BigInt(KNOWN_FLAGS)) !== 0n) return refuse(k, 'flags', EINVAL);
  const flags = Number(user_flags);
  const { mm, policy, pid, mems_allowed } = current(k);
  if ((flags & MPOL_F_MEMS_ALLOWED) !== 0) {
    return flags === MPOL_F_MEMS_ALLOWED ? { policy: 0, nodes: mems_allowed } : refuse(k, 'flags', EINVAL);
  }
  if ((flags & MPOL_F_ADDR) === 0) {
    if (addr !== 0n) return refuse(k, 'address', EINVAL);
    if ((flags & MPOL_F_NODE) === 0) return answer_of(policy);
    if (!policy || !interleaves(policy)) return refuse(k, 'flags', EINVAL);
    return { ...answer_of(policy), policy: next_turn(k, pid, policy) };
  }
  yield* down_read(k, mm);
  const answer = yield* policy_at(k, mm, pageNumber(addr), (flags & MPOL_F_NODE) !== 0);
  k.emit.MmapLockReleased(mm, 1);
  return answer;
}

function answer_of(policy: Policy | null): PolicyAnswer {
  if (policy === null) return { policy: MPOL_DEFAULT, nodes: [] };
  return { policy: policy.mode | ((policy.flags ?? 0) & MPOL_MODE_FLAGS), nodes: reported_nodemask(policy) };
}

/** The node that the task's interleave takes next. */
function next_turn(k: Kernel, pid: number, { mode, nodes }: Policy): number {
  const prev = k.s.tasks[pid * TASK + T_IL_PREV];
  const stays = mode === MPOL_WEIGHTED_INTERLEAVE && k.s.tasks[pid * TASK + T_IL_WEIGHT] > 0;
  return stays ? prev : next_node_in(prev, nodes);
}

function* policy_at(k: Kernel, mm: number, vpn: number, ask_node: boolean): Sleeping<PolicyAnswer | number> {
  const vma = find_vma(k, mm, vpn);
  if (!vma || vma.start > vpn) return refuse(k, 'range-mapped', EFAULT);
  const answer = answer_of(policy_of_area(k.s, vma, vpn));
  if (!ask_node) return answer;
  const page = yield* get_user_page(k, mm, vpn, READ, true);
  if ('error' in page) return refuse(k, 'range-mapped', page.error === 'EFAULT' ? EFAULT : ENOMEM);
  const policy = page_to_nid(k.s, page.pfn);
  page_cache_release(k, page.pfn);
  return { ...answer, policy };
}

/** `mm/mempolicy.c:set_mempolicy_home_node()`: areas of the range have a policy already; it gets a node to begin at. */
export function* set_mempolicy_home_node(k: Kernel, range: ByteRange, node: bigint, flags: bigint): Sleeping<number> {
  const { mm } = current(k);
  if (range.start % BigInt(PAGE_SIZE) !== 0n) return refuse(k, 'alignment', EINVAL);
  if (flags !== 0n) return refuse(k, 'flags', EINVAL);
  const home_node = Number(node);
  if (!k.s.topology.nodes.includes(home_node)) return refuse(k, 'node', EINVAL);
  const pages = pages_of_range(k, range);
  if (typeof pages === 'number') return pages;
  yield* down_write(k, mm);
  const error = set_home_node(k, mm, pages, home_node);
  k.emit.MmapLockReleased(mm, -1);
  return error === 0 ? 0 : refuse(k, 'policy-there', -error);
}

/** Areas without a policy are passed over; they alone make the call fail in the end. A mode without home ends it. */
function set_home_node(k: Kernel, mm: number, { start, end }: PageRange, home_node: number): number {
  let error = -ENOENT;
  for (let vma = find_vma(k, mm, start); vma && vma.start < end; vma = next_vma(k, vma)) {
    const { policy } = vma;
    if (policy === null) continue;
    if (policy.mode !== MPOL_BIND && policy.mode !== MPOL_PREFERRED_MANY) return -EOPNOTSUPP;
    error = 0;
    const from = Math.max(vma.start, start);
    mbind_range(k, mm, { start: from, end: Math.min(vma.end, end) }, { ...policy, home_node });
    vma = find_vma(k, mm, from) as Vma;
  }
  return error;
}
