/**
 * move_pages(2) as 2.6.18 serves it (mm/migrate.c): it reads all of its arrays, collects all pages that must move, moves them
 * in one go, and stores all answers at the end, or none.
 */
import {
  E2BIG,
  EACCES,
  EAGAIN,
  EBUSY,
  EFAULT,
  EINVAL,
  ENODEV,
  ENOENT,
  ENOMEM,
  EPERM,
  ESRCH,
  MPOL_MF_MOVE,
  MPOL_MF_MOVE_ALL,
  PAGE_SIZE,
  refusal,
  VM_PFNMAP,
  type Task,
} from '@pagetape/events';
import { capable, type Kernel, type Sleeping } from '../kernel.ts';
import { cpuset_mems_allowed } from '../kernel/cpuset.ts';
import { mmput } from '../kernel/fork.ts';
import { die } from '../kernel/panic.ts';
import { page_mapcount, page_to_nid, PageReserved, pte_of, pte_pfn, pte_present } from '../state/read.ts';
import { down_read } from './memory.ts';
import { alloc_pages_node } from './mempolicy.ts';
import { find_task_by_pid, pageNumber, owns_memory, refuse } from './mempolicy_calls.ts';
import { migrate_pages, type NewPage } from './migrate_direct.ts';
import { DONE, FINAL } from './migrate_outcome.ts';
import { find_vma } from './mmap.ts';
import { schedule_lru_drain_on_each_cpu } from './swap.ts';
import type { MovePagesArrays, UserStatus } from './user_array.ts';
import { isolate_lru_page } from './vmscan.ts';

const SHARED = refusal('shared');

/** struct page_to_node of a 64-bit kernel, in bytes. */
const ENTRY_SIZE = 24n;
const ULONG_MAX = (1n << 64n) - 1n;

/** struct page_to_node: an entry of the arrays. */
interface PageToNode {
  readonly vpn: number;
  /** The node that is wanted; -1: the call only asks. */
  readonly node: number;
  /** The frame that was found there; -1: none was. */
  pfn: number;
  status: number;
}

/** `mm/migrate.c:sys_move_pages()`. Numbers are as the registers hold them. */
export function* sys_move_pages(
  k: Kernel,
  pid: number,
  nr_pages: bigint,
  arrays: MovePagesArrays,
  flags: number,
): Sleeping<number> {
  if ((flags & ~(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL)) !== 0) return refuse(k, 'flags', EINVAL);
  const all = (flags & MPOL_MF_MOVE_ALL) !== 0;
  if (all && !capable(k, k.traits.move_all_capability)) return refuse(k, 'move-all', EPERM);
  const task = find_task_by_pid(k, pid);
  if (!task) return refuse(k, 'task-exists', ESRCH);
  const { mm } = task;
  if (mm === 0) return refuse(k, 'task-has-mm', EINVAL);
  k.emit.MmPinned(mm);
  let result = owns_memory(k, task) ? 0 : refuse(k, 'same-owner', EPERM);
  if (result === 0) {
    const entries = read_entries(k, task, nr_pages, arrays);
    result = typeof entries === 'number' ? entries : yield* serve(k, mm, entries, arrays, all);
  }
  yield* mmput(k, mm);
  return result;
}

/** Moves the pages or asks where they are, and stores the answers if that did not fail. */
function* serve(
  k: Kernel,
  mm: number,
  entries: PageToNode[],
  { nodes, status }: MovePagesArrays,
  all: boolean,
): Sleeping<number> {
  const result = nodes === null ? yield* do_pages_stat(k, mm, entries) : yield* do_move_pages(k, mm, entries, all);
  return result < 0 ? result : store_statuses(k, entries, status, result);
}

/** Frames of the machine: vmalloc() refuses what needs more. */
const num_physpages = (k: Kernel): number => k.s.topology.zones.reduce((sum, { present }) => sum + present, 0);

/** Reads the arrays of the caller. The first entry that is bad ends the call, before anything is moved. */
function read_entries(k: Kernel, task: Task, nr_pages: bigint, arrays: MovePagesArrays): PageToNode[] | number {
  if (nr_pages >= ULONG_MAX / ENTRY_SIZE - 1n) return refuse(k, 'count', E2BIG);
  const bytes = (nr_pages + 1n) * ENTRY_SIZE;
  if ((bytes + BigInt(PAGE_SIZE) - 1n) / BigInt(PAGE_SIZE) > num_physpages(k)) return refuse(k, 'count', ENOMEM);
  const entries: PageToNode[] = [];
  for (let n = 0; n < nr_pages; n++) {
    const entry = read_entry(k, task, arrays, n);
    if (typeof entry === 'number') return entry;
    entries.push(entry);
  }
  return entries;
}

/**
 * Up to 2.6.32 the number of a node was not looked at before its bit (CVE-2010-0415): what lies behind the mask was read. Here a
 * checker of such reads, which is younger, stops the kernel.
 */
function test_bit_beyond(k: Kernel, { mm }: Task, node: number): void {
  if (k.traits.node_bound_checked || (node >= 0 && node < k.traits.max_numnodes)) return;
  const holds = { mm, mmap_sem: 0, users: 1, isolated: [] } as const;
  die(k, 'mm/migrate.c:sys_move_pages()', `node_online_map is read beyond its end, at bit ${node}`, holds);
}

function read_entry(k: Kernel, task: Task, { pages, nodes }: MovePagesArrays, n: number): PageToNode | number {
  const address = pages(n);
  if (address === null) return refuse(k, 'buffer', EFAULT);
  const vpn = pageNumber(address);
  if (nodes === null) return { vpn, node: -1, pfn: -1, status: 0 };
  const node = nodes(n);
  if (node === null) return refuse(k, 'buffer', EFAULT);
  test_bit_beyond(k, task, node);
  if (!k.s.topology.nodes.includes(node)) return refuse(k, 'node', ENODEV);
  if (!cpuset_mems_allowed(k, task).includes(node)) return refuse(k, 'node-allowed', EACCES);
  return { vpn, node, pfn: -1, status: 0 };
}

/** Where nothing can be stored the rest is tried all the same. */
function store_statuses(k: Kernel, entries: readonly PageToNode[], status: UserStatus, result: number): number {
  const stored = entries.map((entry, n) => status.store(n, entry.status));
  return stored.includes(false) ? refuse(k, 'buffer', EFAULT) : result;
}

/**
 * `mm/memory.c:follow_page()` in the area that ends above an address, though it may begin above it, too: the frame that is
 * mapped there, or minus an error number. The zero page has the same error as none.
 */
function page_at(k: Kernel, mm: number, vpn: number): number {
  const vma = find_vma(k, mm, vpn);
  if (!vma) return -EFAULT;
  const pte = pte_of(k.s, mm, vpn);
  if (!pte_present(pte) || (vma.flags & VM_PFNMAP) !== 0) return -ENOENT;
  return PageReserved(k.s, pte_pfn(pte)) ? -ENOENT : pte_pfn(pte);
}

/** `mm/migrate.c:do_pages_stat()`: the node of each page. */
function* do_pages_stat(k: Kernel, mm: number, entries: readonly PageToNode[]): Sleeping<number> {
  yield* down_read(k, mm);
  for (const entry of entries) {
    const pfn = page_at(k, mm, entry.vpn);
    entry.status = pfn < 0 ? pfn : page_to_nid(k.s, pfn);
  }
  k.emit.MmapLockReleased(mm, 1);
  return 0;
}

/**
 * `mm/migrate.c:do_move_pages()`: isolates the pages that are not where they should be, whatever the flags of their areas say,
 * and moves them. When there is none that is an error, as if no page had been found.
 */
function* do_move_pages(k: Kernel, mm: number, entries: readonly PageToNode[], all: boolean): Sleeping<number> {
  yield* down_read(k, mm);
  schedule_lru_drain_on_each_cpu(k);
  const list: number[] = [];
  for (const entry of entries) entry.status = collect(k, mm, entry, all, list);
  let result = -ENOENT;
  if (list.length > 0) {
    const left = yield* migrate_pages(k, list, new_page_node(k, entries));
    k.emit.PagesMigrated(list.length, left.pages);
    result = left.error || left.pages;
  } else refuse(k, 'pages-to-move', ENOENT);
  k.emit.MmapLockReleased(mm, 1);
  return result;
}

/** Puts the page of an entry on the list, if it must and may move. Returns what its status says by now. */
function collect(k: Kernel, mm: number, entry: PageToNode, all: boolean, list: number[]): number {
  const pfn = page_at(k, mm, entry.vpn);
  if (pfn < 0) return pfn;
  entry.pfn = pfn;
  const nid = page_to_nid(k.s, pfn);
  if (nid === entry.node) return nid;
  if (page_mapcount(k.s, pfn) > 1 && !all) {
    k.emit.PageSkipped(pfn, SHARED);
    return -EACCES;
  }
  if (isolate_lru_page(k, pfn) === 0) return -EBUSY;
  list.push(pfn);
  return 0;
}

/**
 * `mm/migrate.c:new_page_node()`: a frame on the node that the first entry of the page wants, or on another one when it is
 * full. That entry learns what came of the page: where it is, or why it stayed. The kernel has only -EINVAL, for a page
 * that cannot be written, as a reason that lasts.
 */
function new_page_node(k: Kernel, entries: readonly PageToNode[]): NewPage {
  const first = new Map<number, PageToNode>();
  for (const entry of entries) if (!first.has(entry.pfn)) first.set(entry.pfn, entry);
  const dest = (pfn: number): number => first.get(pfn)!.node;
  return {
    alloc: (pfn) => alloc_pages_node(k, dest(pfn)),
    dest,
    tell(pfn, outcome, to) {
      const stays = (outcome & FINAL) !== 0 ? -EINVAL : -EAGAIN;
      first.get(pfn)!.status = outcome === DONE ? page_to_nid(k.s, to) : stays;
    },
  };
}
