/**
 * Files whose pages go to swap (mm/shmem.c of January 2006): those of tmpfs, and shared memory, which is a file of tmpfs
 * without a name. A page of such a file is in the page cache, or in swap, or a hole.
 *
 * Linux keeps the swap entries of a file beside its page cache. No page has both, so here they lie in one tree.
 */
import { EINVAL, EIO, ENOMEM, FAULT_OOM, FAULT_SIGBUS, HOLDER_FAULT, VM_NONLINEAR, type Vma } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { FILE, TABLE, X_ROOT, X_SWAPPED } from '../state/layout.ts';
import {
  find_page,
  page_index,
  PageCleared,
  PageDirty,
  PageHWPoison,
  PageLocked,
  PageUptodate,
  PageWriteback,
  shmem_mapping,
  shmem_swp_entry,
} from '../state/read.ts';
import { mpol_shared_policy_lookup, type PolicyArea } from '../state/shared_policy.ts';
import { eachLeaf } from '../state/walk.ts';
import {
  find_lock_page,
  page_was_written,
  unlock_page,
  wait_on_page_locked,
  wait_on_page_writeback,
} from './filemap.ts';
import { install_file_pte, install_page } from './fremap.ts';
import { alloc_page_vma } from './mempolicy.ts';
import { get_page, page_cache_release } from './page_alloc.ts';
import { has_dirty_mapping } from './rmap.ts';
import { lru_add_drain, lru_cache_add, mark_page_accessed, mark_page_faulted } from './swap.ts';
import { note_shmem_hit, swap_cluster_readahead } from './swap_readahead.ts';
import { move_from_swap_cache, move_to_swap_cache, read_swap_cache_async } from './swap_state.ts';
import { free_swap_and_cache, get_swap_page, swap_free, valid_swaphandles } from './swapfile.ts';
import { truncate_inode_pages } from './truncate.ts';

/** A fault on a page of a file, and what it has become: `int *type` of nopage(). */
interface NoPage {
  readonly mm: number;
  readonly vpn: number;
  major: boolean;
}

/** Something changed while the caller slept, so that it must look again. */
const REPEAT = -1000;

/**
 * An area that just contains the policy of a page of a file. It has no file, so that of the task stands in for none. Later
 * kernels count an interleave from the number of the inode on, so that small files do not all begin on one node.
 */
function pseudo_vma(k: Kernel, file: number, index: number): PolicyArea {
  const ino = k.traits.policies === 'nodemasks' ? k.s.cold.files[file].ino : 0;
  return { policy: mpol_shared_policy_lookup(k.s, file, index), pgoff: index + ino, start: 0, file: 0 };
}

/**
 * `mm/shmem.c:shmem_swapin()`: starts to read the block of slots around the wanted one. The frame of each is placed by
 * the policy of the *wanted* page, whatever lies in the slot. Returns the wanted frame, with a reference, or -1.
 */
function shmem_swapin(k: Kernel, file: number, index: number, slot: number): number {
  const vma = pseudo_vma(k, file, index);
  if (k.traits.swap_readahead === 'adaptive') return swap_cluster_readahead(k, slot, vma);
  const { first, slots } = valid_swaphandles(k, slot);
  if (slots > 0) k.emit.ReadaheadStarted(first, slots);
  for (let i = 0; i < slots; i++) {
    const pfn = read_swap_cache_async(k, first + i, vma, 0);
    if (pfn < 0) break;
    page_cache_release(k, pfn);
  }
  lru_add_drain(k);
  return read_swap_cache_async(k, slot, vma, 0);
}

/** A hole gets a page: the part of shmem_getpage() without a swap entry. Returns the frame, or -ENOMEM. */
function shmem_new_page(k: Kernel, file: number, index: number): number {
  const pfn = alloc_page_vma(k, pseudo_vma(k, file, index), 0);
  if (pfn < 0) return -ENOMEM;
  k.emit.PageAddedToPageCache(pfn, file, index);
  lru_cache_add(k, pfn);
  k.emit.ShmemPageZeroed(pfn, file, index);
  unlock_page(k, pfn);
  return pfn;
}

/** A page of the swap cache goes back to its file: both users of its slot, the cache and the file, let go of it. */
export function shmem_take_back(k: Kernel, pfn: number, file: number, index: number, slot: number): void {
  k.emit.ShmemEntrySet(file, index, 0);
  move_from_swap_cache(k, pfn, file, index);
  swap_free(k, slot);
  unlock_page(k, pfn);
}

/** Lets go of a page that was looked up, locked or not. */
function look_again(k: Kernel, pfn: number, locked: boolean): number {
  if (locked) unlock_page(k, pfn);
  page_cache_release(k, pfn);
  return REPEAT;
}

/**
 * A page is in swap: the part of shmem_getpage() with a swap entry. It is read if the swap cache does not have it, and
 * looked up again after every sleep. Returns the frame, -EIO when it could not be read, -ENOMEM, or REPEAT.
 */
function* shmem_swapped_page(
  k: Kernel,
  file: number,
  index: number,
  slot: number,
  type: NoPage | null,
): Sleeping<number> {
  note_shmem_hit(k, slot);
  let pfn = k.s.swap_cache[slot] - 1;
  k.emit.ShmemEntryLookedUp(file, index, slot, Math.max(pfn, 0));
  if (pfn >= 0) get_page(k, pfn, HOLDER_FAULT);
  else {
    if (type && !type.major) {
      type.major = true;
      k.emit.MajorFaultCounted(type.mm, type.vpn);
    }
    pfn = shmem_swapin(k, file, index, slot);
    if (pfn < 0) return shmem_swp_entry(k.s, file, index) === slot ? -ENOMEM : REPEAT;
    yield* wait_on_page_locked(k, pfn);
    return look_again(k, pfn, false);
  }
  if (PageLocked(k.s, pfn)) {
    yield* wait_on_page_locked(k, pfn);
    return look_again(k, pfn, false);
  }
  k.emit.PageLocked(pfn);
  if (PageWriteback(k.s, pfn)) {
    yield* wait_on_page_writeback(k, pfn);
    return look_again(k, pfn, true);
  }
  if (!PageUptodate(k.s, pfn)) {
    look_again(k, pfn, true);
    return -EIO;
  }
  shmem_take_back(k, pfn, file, index, slot);
  return pfn;
}

/**
 * `mm/shmem.c:shmem_getpage()`: the page of a file, with a reference, from the page cache, from swap, or a new one. For
 * a fault (`type`) it must lie within the file; write(2) may go beyond. Returns the frame, or minus an error number.
 */
export function* shmem_getpage(k: Kernel, file: number, index: number, type: NoPage | null): Sleeping<number> {
  for (;;) {
    const cached = yield* find_lock_page(k, file, index);
    if (cached >= 0) {
      unlock_page(k, cached);
      return cached;
    }
    if (type && index >= k.s.cold.files[file].pages) return -EINVAL;
    const slot = shmem_swp_entry(k.s, file, index);
    if (slot === 0) return shmem_new_page(k, file, index);
    const pfn = yield* shmem_swapped_page(k, file, index, slot, type);
    if (pfn !== REPEAT) return pfn;
  }
}

/** `mm/shmem.c:shmem_nopage()`. Returns the frame, with a reference, or minus FAULT_SIGBUS or FAULT_OOM. */
export function* shmem_nopage(k: Kernel, vma: Vma, type: NoPage): Sleeping<number> {
  const index = vma.pgoff + (type.vpn - vma.start);
  if (index >= k.s.cold.files[vma.file].pages) return -FAULT_SIGBUS;
  const pfn = yield* shmem_getpage(k, vma.file, index, type);
  if (pfn < 0) return pfn === -ENOMEM ? -FAULT_OOM : -FAULT_SIGBUS;
  if (PageHWPoison(k.s, pfn)) {
    page_cache_release(k, pfn);
    return -FAULT_SIGBUS;
  }
  mark_page_faulted(k, pfn);
  return pfn;
}

/** `mm/shmem.c:shmem_populate()`: as vm_ops->populate(); what is in swap is read, and a hole gets a page, unless `nonblock`. */
export function* shmem_populate(
  k: Kernel,
  vma: Vma,
  vpn: number,
  pages: number,
  pgoff: number,
  nonblock: boolean,
): Sleeping<number> {
  const { file, mm } = vma;
  if (pgoff + pages > k.s.cold.files[file].pages) return -EINVAL;
  for (let n = 0; n < pages; n++) {
    // Whoever waits for a read is not told as of a fault.
    const untold = { mm, vpn: vpn + n, major: true };
    const pfn = yield* nonblock ? find_unlocked_page(k, file, pgoff + n) : shmem_getpage(k, file, pgoff + n, untold);
    if (pfn >= 0) {
      mark_page_accessed(k, pfn);
      install_page(k, vma, vpn + n, pfn);
    } else if (!nonblock) return pfn;
    else if ((vma.flags & VM_NONLINEAR) !== 0) install_file_pte(k, mm, vpn + n, pgoff + n);
  }
  return 0;
}

/** A page that is in memory, with a reference, or -1. */
function* find_unlocked_page(k: Kernel, file: number, index: number): Sleeping<number> {
  const pfn = yield* find_lock_page(k, file, index);
  if (pfn >= 0) unlock_page(k, pfn);
  return pfn;
}

/** `mm/shmem.c:shmem_file_write()` of one whole page. Returns 0 or minus an error number. */
export function* shmem_file_write(k: Kernel, file: number, index: number): Sleeping<number> {
  const pfn = yield* shmem_getpage(k, file, index, null);
  if (pfn < 0) return pfn;
  if (PageHWPoison(k.s, pfn)) {
    page_cache_release(k, pfn);
    return -EIO;
  }
  page_was_written(k, pfn, file, index);
  mark_page_accessed(k, pfn);
  page_cache_release(k, pfn);
  return 0;
}

/**
 * `mm/shmem.c:shmem_writepage()`: moves a locked page to the swap cache, which writes it later, and leaves its slot in
 * the file. Without a slot the page is dirty again, and still locked: WRITEPAGE_ACTIVATE. Returns whether it was moved.
 */
export function shmem_writepage(k: Kernel, pfn: number, file: number): boolean {
  const moved = shmem_move_to_swap(k, pfn, file);
  if (moved) unlock_page(k, pfn);
  return moved;
}

/** The same up to where later kernels go on to write the page, which is still locked. */
export function shmem_move_to_swap(k: Kernel, pfn: number, file: number): boolean {
  const index = page_index(k.s, pfn);
  const slot = get_swap_page(k);
  if (slot === 0) {
    k.emit.SwapAllocationFailed(pfn);
    k.emit.FileWriteRefused(pfn, file, index);
    return false;
  }
  move_to_swap_cache(k, pfn, file, slot);
  k.emit.ShmemEntrySet(file, index, slot);
  return true;
}

/** Nobody has written to a page of tmpfs, or to what is in swap of it: it holds zeroes, and so does a private copy of it. */
export function shmem_holds_zeroes(k: Kernel, file: number, index: number): boolean {
  if (!shmem_mapping(k.s, file)) return false;
  const slot = shmem_swp_entry(k.s, file, index);
  if (slot !== 0) return (k.s.zeromap[slot] ?? 0) !== 0;
  const pfn = find_page(k.s, file, index);
  return pfn < 0 || PageCleared(k.s, pfn) || (!PageDirty(k.s, pfn) && !has_dirty_mapping(k, pfn));
}

interface SwappedPage {
  readonly index: number;
  readonly slot: number;
}

/** Pages [index, end) of a file that are in swap, and their slots, ascending. */
export function swapped_pages(k: Kernel, file: number, index: number, end: number): SwappedPage[] {
  const found: SwappedPage[] = [];
  if (k.s.files[file * FILE + X_SWAPPED] === 0) return found;
  eachLeaf(k.s, k.s.files, file * FILE + X_ROOT, (first, leaf) => {
    for (let i = Math.max(0, index - first); i < Math.min(TABLE, end - first); i++) {
      const entry = k.s.tables[leaf * TABLE + i];
      if (entry < 0) found.push({ index: first + i, slot: -entry });
    }
  });
  return found;
}

/** The page of a file that has a slot: the search of `mm/shmem.c:shmem_unuse()`. */
export function file_of_slot(k: Kernel, slot: number): { readonly file: number; readonly index: number } | null {
  for (const file of Object.keys(k.s.cold.files).map(Number)) {
    const page = swapped_pages(k, file, 0, Infinity).find((each) => each.slot === slot);
    if (page) return { file, index: page.index };
  }
  return null;
}

/** `mm/shmem.c:shmem_truncate()`: gives up the slots of pages from `index` on, whose frames are gone already. */
export function shmem_truncate(k: Kernel, file: number, index: number, end = Infinity): void {
  for (const { index: at, slot } of swapped_pages(k, file, index, end)) {
    k.emit.ShmemEntrySet(file, at, 0);
    free_swap_and_cache(k, slot);
  }
}

/** `mm/shmem.c:shmem_delete_inode()`: nobody can reach the file any more. */
export function* shmem_delete_inode(k: Kernel, file: number): Sleeping<void> {
  yield* truncate_inode_pages(k, file, 0);
  shmem_truncate(k, file, 0);
  k.emit.FileDeleted({ file });
}

/** `mm/shmem.c:shmem_zero_setup()`: shared memory is a file that nobody else can open. Returns it. */
export function shmem_zero_setup(k: Kernel, pages: number): number {
  const { file } = k.s.cold.next;
  k.emit.FileCreated({ file, name: 'dev/zero', pages, fs: 'tmpfs', unlinked: true });
  return file;
}
