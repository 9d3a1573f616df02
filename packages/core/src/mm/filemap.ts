/** Page locks, write-back waits and the page cache (mm/filemap.c). */
import {
  CONTENT_WRITTEN,
  EINVAL,
  ENOMEM,
  HOLDER_FAULT,
  HOLDER_LOCK,
  UNTIL_TRIES,
  VM_NONLINEAR,
  type Vma,
} from '@pagetape/events';
import { create_empty_buffers } from '../fs/buffer.ts';
import type { Kernel, Sleeping } from '../kernel.ts';
import { waitFor, WAIT_PAGE_LOCK, WAIT_WRITEBACK } from '../sched/wait.ts';
import { holderTries, holderUntil } from '../state/outside.ts';
import { find_page, PageCleared, PageDirty, PageLocked, PageWriteback } from '../state/read.ts';
import { install_file_pte, install_page } from './fremap.ts';
import { alloc_pages_current } from './mempolicy.ts';
import { get_page, page_cache_release, put_page } from './page_alloc.ts';
import { force_page_cache_readahead } from './readahead.ts';
import { lru_add_directly, lru_cache_add, mark_page_accessed } from './swap.ts';

/** `include/linux/page-flags.h:TestSetPageLocked()`, with the opposite answer: true when the lock was got. */
export function trylock_page(k: Kernel, pfn: number): boolean {
  if (!PageLocked(k.s, pfn)) {
    k.emit.PageLocked(pfn);
    return true;
  }
  k.emit.PageLockFailed(pfn);
  holderSawTry(k, pfn);
  return false;
}

/** Whoever holds the lock from outside may let go after some failed tries. */
function holderSawTry(k: Kernel, pfn: number): void {
  if (holderUntil(k.s, pfn) !== UNTIL_TRIES) return;
  k.emit.HolderTryCounted(pfn);
  if (holderTries(k.s, pfn) <= 0) release_holder(k, pfn);
}

/** Somebody outside gives back a page lock and its reference. */
export function release_holder(k: Kernel, pfn: number): void {
  k.emit.HolderUnlocked(pfn);
  put_page(k, pfn, HOLDER_LOCK);
}

/** `mm/filemap.c:__lock_page()`: takes the page lock, and sleeps as long as somebody else has it. */
export function* lock_page(k: Kernel, pfn: number): Sleeping<void> {
  yield* wait_on_page_locked(k, pfn);
  k.emit.PageLocked(pfn);
}

/** `include/linux/pagemap.h:wait_on_page_locked()`: sleeps until nobody has the lock, and does not take it. */
export function* wait_on_page_locked(k: Kernel, pfn: number): Sleeping<void> {
  while (PageLocked(k.s, pfn)) {
    k.emit.PageLockWaited(pfn);
    yield waitFor(WAIT_PAGE_LOCK, pfn);
  }
}

/** `mm/filemap.c:find_lock_page()`: the frame that caches a page of a file, locked and with a reference, or -1. */
export function* find_lock_page(k: Kernel, file: number, index: number): Sleeping<number> {
  for (;;) {
    const pfn = find_page(k.s, file, index);
    if (pfn < 0) return -1;
    get_page(k, pfn, HOLDER_FAULT);
    yield* lock_page(k, pfn);
    // It may have been truncated, or gone to swap, while this slept.
    if (find_page(k.s, file, index) === pfn) return pfn;
    unlock_page(k, pfn);
    page_cache_release(k, pfn);
  }
}

/** `mm/filemap.c:unlock_page()` */
export function unlock_page(k: Kernel, pfn: number): void {
  k.emit.PageUnlocked(pfn);
}

/** `mm/filemap.c:wait_on_page_writeback()`: sleeps until the page is written. */
export function* wait_on_page_writeback(k: Kernel, pfn: number): Sleeping<void> {
  while (PageWriteback(k.s, pfn)) {
    k.emit.WritebackWaited(pfn);
    yield waitFor(WAIT_WRITEBACK, pfn);
  }
}

/** The file system's a_ops->readpage(): reads a page of a file, and attaches the buffers that it may need. */
export function readpage(k: Kernel, pfn: number, file: number, index: number): void {
  const { buffers } = k.s.cold.files[file];
  if (buffers !== 'none') create_empty_buffers(k, pfn, buffers);
  k.emit.FileRead(pfn, file, index);
}

/** A page of a file was written by a task: the file may have grown, and the page has what no disk has. */
export function page_was_written(k: Kernel, pfn: number, file: number, index: number): void {
  if (index >= k.s.cold.files[file].pages) k.emit.FileResized({ file, pages: index + 1 });
  if (!PageDirty(k.s, pfn)) k.emit.PageDirtied(pfn, 0);
  if (PageCleared(k.s, pfn)) k.emit.PageContentKnown(pfn, CONTENT_WRITTEN);
}

/** A page that is not cached, for write(2): it need not be read. Returns its frame, locked, or -1. */
function new_page_to_write(k: Kernel, file: number, index: number): number {
  const pfn = alloc_pages_current(k);
  if (pfn < 0) return -1;
  k.emit.PageAddedToPageCache(pfn, file, index);
  const { buffers } = k.s.cold.files[file];
  if (buffers !== 'none') create_empty_buffers(k, pfn, buffers);
  k.emit.FilePageFilled(pfn, file, index);
  return pfn;
}

/**
 * `mm/filemap.c:generic_file_buffered_write()` of one whole page. A new page is placed by the policy of the task. It goes
 * to its list when the call ends, as the call gathers such pages by itself. i_sem, which keeps writers and truncation
 * apart, is not modelled. Returns 0 or -ENOMEM.
 */
export function* generic_file_write(k: Kernel, file: number, index: number): Sleeping<number> {
  const cached = yield* find_lock_page(k, file, index);
  const pfn = cached >= 0 ? cached : new_page_to_write(k, file, index);
  if (pfn < 0) return -ENOMEM;
  page_was_written(k, pfn, file, index);
  unlock_page(k, pfn);
  mark_page_accessed(k, pfn);
  if (cached < 0) lru_add_directly(k, pfn);
  page_cache_release(k, pfn);
  return 0;
}

/**
 * `mm/filemap.c:page_cache_read()`: brings a page of a file into the cache. The frame is placed by the policy of the
 * task, not by that of the area. It is allocated before the kernel looks whether the page is cached already; then it
 * is given back. Reading is instantaneous here. Returns the frame that caches the page, or -1 when there is no
 * memory.
 */
export function page_cache_read(k: Kernel, file: number, index: number): number {
  const pfn = alloc_pages_current(k);
  if (pfn < 0) return -1;
  if (find_page(k.s, file, index) < 0) {
    k.emit.PageAddedToPageCache(pfn, file, index);
    lru_cache_add(k, pfn);
    readpage(k, pfn, file, index);
  }
  put_page(k, pfn, HOLDER_FAULT);
  return find_page(k.s, file, index);
}

/** `mm/filemap.c:filemap_getpage()`: the frame of a page of a file, with a reference, or -1; only if cached when `nonblock`. */
function filemap_getpage(k: Kernel, file: number, index: number, nonblock: boolean): number {
  let pfn = find_page(k.s, file, index);
  if (pfn < 0 && !nonblock) pfn = page_cache_read(k, file, index);
  if (pfn < 0) return -1;
  get_page(k, pfn, HOLDER_FAULT);
  mark_page_accessed(k, pfn);
  return pfn;
}

/**
 * `mm/filemap.c:filemap_populate()`: maps `pages` pages of the file from `pgoff` on at `vpn`, one by one. With `nonblock` what
 * is not in memory is left to faults. Returns 0 or minus an error number; what was mapped before it stays.
 */
export function filemap_populate(
  k: Kernel,
  vma: Vma,
  vpn: number,
  pages: number,
  pgoff: number,
  nonblock: boolean,
): number {
  if (!nonblock) force_page_cache_readahead(k, vma.file, pgoff, pgoff + pages);
  if (pgoff + pages > k.s.cold.files[vma.file].pages) return -EINVAL;
  for (let n = 0; n < pages; n++) {
    const pfn = filemap_getpage(k, vma.file, pgoff + n, nonblock);
    if (pfn >= 0) install_page(k, vma, vpn + n, pfn);
    else if (!nonblock) return -ENOMEM;
    else if ((vma.flags & VM_NONLINEAR) !== 0) install_file_pte(k, vma.mm, vpn + n, pgoff + n);
  }
  return 0;
}
