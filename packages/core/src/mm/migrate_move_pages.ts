/** move_pages(2) as kernels of 6.x serve it (mm/migrate.c): pages are queued as long as the node stays the same. */
import {
  EACCES,
  EBUSY,
  EFAULT,
  EINVAL,
  ENODEV,
  EPERM,
  ESRCH,
  MPOL_MF_MOVE,
  MPOL_MF_MOVE_ALL,
  refusal,
  type Task,
} from '@pagetape/events';
import { capable, current, type Kernel, type Sleeping } from '../kernel.ts';
import { cpusetCalls } from '../kernel/cpuset_calls.ts';
import { mmput } from '../kernel/fork.ts';
import { ptrace_may_access } from '../kernel/ptrace.ts';
import { folio_test_hugetlb, page_folio, page_mapcount_of_part } from '../state/huge.ts';
import { pte_of, pte_pfn } from '../state/read.ts';
import { down_read } from './memory.ts';
import { find_task_by_pid, owns_memory, pageNumber, refuse } from './mempolicy_calls.ts';
import { folio_mapped_shared, migrate_queued, vma_migratable } from './mempolicy_queue.ts';
import { migration_target } from './migrate_target.ts';
import { find_vma } from './mmap.ts';
import { node_states_memory } from './page_alloc.ts';
import { page_status } from './page_status.ts';
import { lru_cache_disable, lru_cache_enable } from './swap.ts';
import type { MovePagesArrays, UserStatus } from './user_array.ts';
import { folio_isolate_lru } from './vmscan.ts';

const SHARED = refusal('shared');

/** The page is queued: neither an error nor on its node. */
const QUEUED = 1;
const NO_NODE = -1;
/** Pages that are asked about at a time: DO_PAGES_STAT_CHUNK_NR. */
const CHUNK = 16;

/** `mm/migrate.c:kernel_move_pages()`. Numbers are as the registers hold them. */
export function* kernel_move_pages(
  k: Kernel,
  pid: number,
  nr_pages: bigint,
  arrays: MovePagesArrays,
  flags: number,
): Sleeping<number> {
  if ((flags & ~(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL)) !== 0) return refuse(k, 'flags', EINVAL);
  if ((flags & MPOL_MF_MOVE_ALL) !== 0 && !capable(k, 'CAP_SYS_NICE')) return refuse(k, 'move-all', EPERM);
  const task = find_task(k, pid);
  if (typeof task === 'number') return task;
  const { mm } = task;
  k.emit.MmPinned(mm);
  const count = Number(nr_pages);
  const result =
    arrays.nodes === null
      ? yield* do_pages_stat(k, mm, count, arrays)
      : yield* do_pages_move(k, mm, cpusetCalls(k).mems_allowed(k, task), count, arrays, flags);
  yield* mmput(k, mm);
  return result;
}

/**
 * `mm/migrate.c:find_mm_struct()`: the task whose memory it is, which its own caller need not be allowed to look at. Before 4.13
 * (197e7e521384) it was enough to have its real or saved user, so that of a setuid program the addresses could be learned.
 */
function find_task(k: Kernel, pid: number): Task | number {
  if (pid === 0) return current(k);
  const task = find_task_by_pid(k, pid);
  if (!task) return refuse(k, 'task-exists', ESRCH);
  const owned = k.traits.move_pages_asks === 'owned';
  if (owned && !owns_memory(k, task)) return refuse(k, 'same-owner', EPERM);
  if (!owned && !ptrace_may_access(k, task)) return refuse(k, 'ptrace-access', EPERM);
  return task.mm === 0 ? refuse(k, 'task-has-mm', EINVAL) : task;
}

// --- asking ---------------------------------------------------------------------------------------------------------

/** `mm/migrate.c:do_pages_stat()`: what is written before a fault stays written. */
function* do_pages_stat(k: Kernel, mm: number, nr_pages: number, { pages, status }: MovePagesArrays): Sleeping<number> {
  for (let first = 0; first < nr_pages; first += CHUNK) {
    const last = Math.min(first + CHUNK, nr_pages);
    const addresses: bigint[] = [];
    for (let n = first; n < last; n++) {
      const address = pages(n);
      if (address === null) return refuse(k, 'buffer', EFAULT);
      addresses.push(address);
    }
    yield* down_read(k, mm);
    const answers = addresses.map((address) => page_status(k.s, k.traits, mm, pageNumber(address)));
    k.emit.MmapLockReleased(mm, 1);
    for (const [i, answer] of answers.entries())
      if (!status.store(first + i, answer)) return refuse(k, 'buffer', EFAULT);
  }
  return 0;
}

// --- moving ---------------------------------------------------------------------------------------------------------

/** Pages that are queued for one node: entries from `start` on. */
interface Batch {
  node: number;
  start: number;
  pagelist: number[];
}

/**
 * `mm/migrate.c:do_pages_move()`: moves page after page. A bad entry ends it, but what is queued by then is moved. A batch of
 * which some pages stay ends it too, with their number and that of all pages behind it.
 */
function* do_pages_move(
  k: Kernel,
  mm: number,
  task_nodes: readonly number[],
  nr_pages: number,
  arrays: MovePagesArrays,
  flags: number,
): Sleeping<number> {
  lru_cache_disable(k);
  const result = yield* move_batches(k, mm, task_nodes, nr_pages, arrays, flags);
  lru_cache_enable(k);
  return result;
}

function* move_batches(
  k: Kernel,
  mm: number,
  task_nodes: readonly number[],
  nr_pages: number,
  arrays: MovePagesArrays,
  flags: number,
): Sleeping<number> {
  const { status } = arrays;
  const batch: Batch = { node: NO_NODE, start: 0, pagelist: [] };
  let error = 0;
  let i = 0;
  for (; i < nr_pages; i++) {
    const entry = read_entry(k, task_nodes, arrays, i);
    if (typeof entry === 'number') {
      error = entry;
      break;
    }
    if (batch.node !== entry.node) {
      const moved = yield* move_pages_and_store_status(k, batch, status, i, nr_pages - i);
      if (moved !== 0) return moved;
      batch.node = entry.node;
      batch.start = i;
    }
    const queued: number = yield* add_folio_for_migration(k, mm, entry, batch.pagelist, flags);
    if (queued === QUEUED) continue;
    if (!status.store(i, queued === 0 ? entry.node : queued)) {
      error = refuse(k, 'buffer', EFAULT);
      break;
    }
    const moved = yield* move_pages_and_store_status(k, batch, status, i, nr_pages - i - 1);
    if (moved !== 0) return moved;
    batch.node = NO_NODE;
  }
  const moved = yield* move_pages_and_store_status(k, batch, status, i, nr_pages - i);
  return error < 0 ? error : moved;
}

/** An entry of the arrays. */
interface Entry {
  readonly vpn: number;
  readonly node: number;
}

function read_entry(
  k: Kernel,
  task_nodes: readonly number[],
  { pages, nodes }: MovePagesArrays,
  i: number,
): Entry | number {
  const address = pages(i);
  if (address === null) return refuse(k, 'buffer', EFAULT);
  const node = nodes?.(i) ?? null;
  if (node === null) return refuse(k, 'buffer', EFAULT);
  if (!node_states_memory(k).includes(node)) return refuse(k, 'node', ENODEV);
  if (!task_nodes.includes(node)) return refuse(k, 'target-nodes-allowed', EACCES);
  return { vpn: pageNumber(address), node };
}

/**
 * `mm/migrate.c:move_pages_and_store_status()`: moves what is queued, up to entry `end`. When all of it moved, the node is
 * stored for it; else the answer is how many pages are not where they should be, all of those behind it among them.
 */
function* move_pages_and_store_status(
  k: Kernel,
  batch: Batch,
  status: UserStatus,
  end: number,
  behind: number,
): Sleeping<number> {
  const { pagelist, node, start } = batch;
  if (pagelist.length === 0) return 0;
  batch.pagelist = [];
  const moved = yield* migrate_queued(k, pagelist, migration_target(k, node));
  if (moved.result < 0) return moved.result;
  if (moved.result > 0) {
    k.emit.EntriesNotTried(behind);
    return moved.result + behind;
  }
  for (let n = start; n < end; n++) if (!status.store(n, node)) return refuse(k, 'buffer', EFAULT);
  return 0;
}

/** `mm/migrate.c:add_folio_for_migration()`: QUEUED, 0 for a page that is on its node, or minus an error number. */
function* add_folio_for_migration(
  k: Kernel,
  mm: number,
  { vpn, node }: Entry,
  pagelist: number[],
  flags: number,
): Sleeping<number> {
  yield* down_read(k, mm);
  const result = isolate_for(k, mm, vpn, node, pagelist, flags);
  k.emit.MmapLockReleased(mm, 1);
  return result;
}

function isolate_for(k: Kernel, mm: number, vpn: number, node: number, pagelist: number[], flags: number): number {
  const vma = find_vma(k, mm, vpn);
  if (!vma || vma.start > vpn || !vma_migratable(k, vma)) return -EFAULT;
  const where = page_status(k.s, k.traits, mm, vpn);
  if (where < 0) return where;
  if (where === node) return 0;
  const page = pte_pfn(pte_of(k.s, mm, vpn));
  const pfn = page_folio(k.s, page);
  const by_part = k.traits.huge_pages_met === 'parts';
  const shared = by_part ? page_mapcount_of_part(k.s, page) > 1 : folio_mapped_shared(k, pfn);
  if (shared && (flags & MPOL_MF_MOVE_ALL) === 0) {
    k.emit.PageSkipped(pfn, SHARED);
    return -EACCES;
  }
  // Earlier kernels move a hugetlb page only if asked for by its first address.
  if (by_part && folio_test_hugetlb(k.s, pfn) && page !== pfn) return -EACCES;
  if (!folio_isolate_lru(k, pfn)) return -EBUSY;
  pagelist.push(pfn);
  return QUEUED;
}
