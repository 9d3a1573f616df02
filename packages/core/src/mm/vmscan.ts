/** Isolation, eviction and put-back of pages (mm/vmscan.c of January 2006). */
import {
  HOLDER_ISOLATION,
  LRU_ACTIVE,
  LRU_INACTIVE,
  PAGE_ACTIVATE,
  PAGE_CLEAN,
  PAGE_KEEP,
  PAGE_SUCCESS,
  refusal,
} from '@pagetape/events';
import { try_to_release_page } from '../fs/buffer.ts';
import { current, type Kernel } from '../kernel.ts';
import { folio_test_hugetlb } from '../state/huge.ts';
import { PF_SWAPWRITE, TASK, T_FLAGS } from '../state/layout.ts';
import {
  folio_lru_list,
  page_count,
  page_index,
  page_lru,
  page_mapped,
  page_mapping,
  page_private,
  pageIsolated,
  PageActive,
  PageDirty,
  PageLRU,
  PagePrivate,
  PageSwapCache,
  shmem_mapping,
  SWAPPER_SPACE,
} from '../state/read.ts';
import { unlock_page } from './filemap.ts';
import {
  DONE,
  RETRY_DIRTY_AGAIN,
  RETRY_HAS_BUFFERS,
  RETRY_MLOCKED,
  RETRY_NO_MAPPING,
  RETRY_NO_SWAP_SLOT,
  RETRY_NO_WRITEPAGE,
  RETRY_REFERENCED,
  RETRY_STILL_MAPPED,
  RETRY_WRITTEN,
  RETRY_YOUNG,
  reasonOf,
} from './migrate_outcome.ts';
import { put_page } from './page_alloc.ts';
import { swap_writepage } from './page_io.ts';
import { SWAP_FAIL, SWAP_MLOCK, SWAP_SUCCESS, try_to_unmap } from './rmap.ts';
import { shmem_writepage } from './shmem.ts';
import { folio_add_lru, lru_cache_add, lru_cache_add_active, schedule_lru_drain_on_each_cpu } from './swap.ts';
import { swap_free } from './swapfile.ts';

const NOT_ON_LRU = refusal('not-on-lru');

/**
 * `mm/vmscan.c:isolate_lru_page()`: takes a page off its LRU list, with a reference. A page that is on none may wait in a
 * batch: where the caller has not emptied all batches before, they are emptied now and the page is tried again. Returns 1,
 * or 0 when it is on no list.
 */
export function isolate_lru_page(k: Kernel, pfn: number): number {
  if (!PageLRU(k.s, pfn)) {
    if (k.traits.lru_drain === 'failed-isolation') schedule_lru_drain_on_each_cpu(k);
    if (!PageLRU(k.s, pfn)) {
      k.emit.PageIsolationFailed(pfn, NOT_ON_LRU);
      return 0;
    }
  }
  k.emit.PageIsolated(pfn, page_lru(k.s, pfn));
  return 1;
}

/**
 * `mm/vmscan.c:folio_isolate_lru()`: takes a page off its LRU list, with a reference; or isolate_hugetlb() of one that is on no such
 * list. Returns whether nobody else had isolated it.
 */
export function folio_isolate_lru(k: Kernel, pfn: number): boolean {
  if (folio_test_hugetlb(k.s, pfn) && !pageIsolated(k.s, pfn)) {
    k.emit.HugetlbPageIsolated(pfn);
    return true;
  }
  if (PageLRU(k.s, pfn)) {
    k.emit.PageIsolated(pfn, page_lru(k.s, pfn));
    return true;
  }
  k.emit.PageIsolationFailed(pfn, NOT_ON_LRU);
  return false;
}

/** `mm/vmscan.c:move_to_lru()`: the page goes to a batch of this CPU, then the isolation's reference is dropped. */
export function move_to_lru(k: Kernel, pfn: number): void {
  if (k.traits.lru === 'nodes') return folio_putback_lru(k, pfn, folio_lru_list(k.s, pfn));
  const active = PageActive(k.s, pfn);
  k.emit.PagePutBack(pfn, active ? LRU_ACTIVE : LRU_INACTIVE);
  if (active) lru_cache_add_active(k, pfn);
  else lru_cache_add(k, pfn);
  put_page(k, pfn, HOLDER_ISOLATION);
}

/** `mm/vmscan.c:folio_putback_lru()`: the same of later kernels. Unless it is locked or unlocked meanwhile, the page gets to `list`. */
export function folio_putback_lru(k: Kernel, pfn: number, list: number): void {
  k.emit.PagePutBack(pfn, list);
  if (!folio_test_hugetlb(k.s, pfn)) folio_add_lru(k, pfn);
  put_page(k, pfn, HOLDER_ISOLATION);
}

/** `mm/vmscan.c:putback_lru_pages()`: puts all pages of a private list back, in its order. Returns how many. */
export function putback_lru_pages(k: Kernel, list: readonly number[]): number {
  for (const pfn of list) move_to_lru(k, pfn);
  return list.length;
}

/** `mm/vmscan.c:is_page_cache_freeable()`: only the cache and the caller refer to the page, apart from its buffers. */
function is_page_cache_freeable(k: Kernel, pfn: number): boolean {
  return page_count(k.s, pfn) - (PagePrivate(k.s, pfn) ? 1 : 0) === 2;
}

/**
 * Writes a locked page to where it belongs, and unlocks it: the address space's writepage(). Returns false for
 * WRITEPAGE_ACTIVATE: it could not, and the page is still locked.
 */
export function writepage(k: Kernel, pfn: number, mapping: number): boolean {
  if (mapping === SWAPPER_SPACE) swap_writepage(k, pfn);
  else if (shmem_mapping(k.s, mapping)) return shmem_writepage(k, pfn, mapping);
  else k.emit.FileWritten(pfn, mapping, page_index(k.s, pfn));
  return true;
}

/** pageout() of a dirty page without a mapping: a journal may have left it behind, with buffers that are written. */
function pageout_orphan(k: Kernel, pfn: number): number {
  if (!PagePrivate(k.s, pfn) || !try_to_release_page(k, pfn)) return PAGE_KEEP;
  k.emit.OrphanedPageFound(pfn);
  return PAGE_CLEAN;
}

/** Whether the address space can write a page out at all. */
export function has_writepage(k: Kernel, mapping: number): boolean {
  return mapping === SWAPPER_SPACE || k.s.cold.files[mapping].fs !== 'ramfs';
}

/** Why pageout() answered PAGE_ACTIVATE: nobody can write the page, or there is no slot to write it to. */
export const cannot_write = (k: Kernel, mapping: number): number =>
  has_writepage(k, mapping) ? RETRY_NO_SWAP_SLOT : RETRY_NO_WRITEPAGE;

/** `include/linux/backing-dev.h:bdi_write_congested()` of the device that has the pages of a mapping. tmpfs has none. */
function bdi_write_congested(k: Kernel, mapping: number): boolean {
  const { congested } = k.s.cold;
  if (congested.length === 0 || shmem_mapping(k.s, mapping)) return false;
  return congested.includes(mapping === SWAPPER_SPACE ? 'swap' : 'disk');
}

/** `mm/vmscan.c:may_write_to_queue()`: nobody has a queue of his own here, so PF_SWAPWRITE alone helps when it is full. */
function may_write_to_queue(k: Kernel, pfn: number, mapping: number): boolean {
  if (!bdi_write_congested(k, mapping)) return true;
  if ((k.s.tasks[current(k).pid * TASK + T_FLAGS] & PF_SWAPWRITE) === 0) return false;
  k.emit.CongestionIgnored(pfn);
  return true;
}

/** `mm/vmscan.c:pageout()`: writes a dirty page. After PAGE_SUCCESS the page is unlocked, else it is still locked. */
export function pageout(k: Kernel, pfn: number, mapping: number): number {
  if (!is_page_cache_freeable(k, pfn)) return PAGE_KEEP;
  if (mapping === 0) return pageout_orphan(k, pfn);
  if (!has_writepage(k, mapping)) return PAGE_ACTIVATE;
  if (!may_write_to_queue(k, pfn, mapping)) return PAGE_KEEP;
  if (!PageDirty(k.s, pfn)) return PAGE_CLEAN;
  k.emit.PageCleanedForIo(pfn);
  return writepage(k, pfn, mapping) ? PAGE_SUCCESS : PAGE_ACTIVATE;
}

function refuse_removal(k: Kernel, pfn: number, reason: number): number {
  k.emit.PageRemovalRefused(pfn, reasonOf(reason));
  return reason;
}

/**
 * `mm/vmscan.c:remove_mapping()`: takes a clean page that nobody else refers to out of its cache. Returns DONE, or the
 * reason for another pass.
 */
export function remove_mapping(k: Kernel, pfn: number, mapping: number): number {
  const { s } = k;
  if (mapping === 0) return refuse_removal(k, pfn, RETRY_NO_MAPPING);
  if (page_count(s, pfn) !== 2) return refuse_removal(k, pfn, RETRY_REFERENCED);
  if (PageDirty(s, pfn)) return refuse_removal(k, pfn, RETRY_DIRTY_AGAIN);
  if (PageSwapCache(s, pfn)) {
    const slot = page_private(s, pfn);
    k.emit.PageRemovedFromSwapCache(pfn, slot);
    swap_free(k, slot);
  } else {
    k.emit.PageRemovedFromPageCache(pfn, mapping, page_index(s, pfn));
  }
  return DONE;
}

/** Why try_to_unmap() left mappings. */
function unmap_refusal(result: number): number {
  if (result === SWAP_MLOCK) return RETRY_MLOCKED;
  return result === SWAP_FAIL ? RETRY_YOUNG : RETRY_STILL_MAPPED;
}

/** The end of swap_page(): frees the buffers of a page, if it has any, and takes it out of its cache. */
function leave_cache(k: Kernel, pfn: number, mapping: number): number {
  if (PagePrivate(k.s, pfn)) {
    if (!try_to_release_page(k, pfn)) return RETRY_HAS_BUFFERS;
    const lone_orphan = mapping === 0 && page_count(k.s, pfn) === 1;
    if (lone_orphan) return k.traits.lone_orphan_is_done ? DONE : RETRY_NO_MAPPING;
  }
  return remove_mapping(k, pfn, mapping);
}

/** Unlocks a page whose eviction goes no further. */
export function unlock_and(k: Kernel, pfn: number, outcome: number): number {
  unlock_page(k, pfn);
  return outcome;
}

/**
 * `mm/vmscan.c:swap_page()`: unmaps a locked page, writes it if it is dirty, and takes it out of its cache. The page
 * is unlocked after it. Returns DONE, or the reason for another pass.
 */
function swap_page(k: Kernel, pfn: number): number {
  const { s } = k;
  const mapping = page_mapping(s, pfn);
  if (page_mapped(s, pfn) && mapping !== 0) {
    const unmapped = try_to_unmap(k, pfn);
    if (unmapped !== SWAP_SUCCESS) return unlock_and(k, pfn, unmap_refusal(unmapped));
  }
  if (PageDirty(s, pfn)) {
    const outcome = pageout(k, pfn, mapping);
    k.emit.PageoutAttempted(pfn, outcome);
    if (outcome === PAGE_SUCCESS) return RETRY_WRITTEN;
    if (outcome === PAGE_KEEP) return unlock_and(k, pfn, mapping === 0 ? RETRY_NO_MAPPING : RETRY_REFERENCED);
    if (outcome === PAGE_ACTIVATE) return unlock_and(k, pfn, cannot_write(k, mapping));
  }
  return unlock_and(k, pfn, leave_cache(k, pfn, mapping));
}

/** Evicts a locked page. Returns DONE, or the reason for another pass. */
export function evict_locked_page(k: Kernel, pfn: number, pass: number): number {
  const outcome = swap_page(k, pfn);
  if (outcome === DONE) k.emit.PageEvicted(pfn, pass);
  return outcome;
}
