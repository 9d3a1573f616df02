/**
 * A page that goes bad but still can be read, as the first kernel took it out of use that could (mm/memory-failure.c of
 * 2.6.33): it is dropped if that costs nothing, else copied to another frame.
 */
import { EBUSY, EFAULT, EIO, HOLDER_FAULT } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { frameIsFree, page_to_nid, PageLRU, PageSwapCache, pte_of, pte_pfn, pte_present } from '../state/read.ts';
import { lock_page, unlock_page, wait_on_page_writeback } from './filemap.ts';
import { alloc_pages_node } from './mempolicy.ts';
import { migrate_pages } from './migrate_direct.ts';
import { get_page, put_page } from './page_alloc.ts';
import { schedule_lru_drain_on_each_cpu } from './swap.ts';
import { mapping_evict_folio } from './truncate.ts';
import { isolate_lru_page, putback_lru_pages } from './vmscan.ts';

/**
 * The end of soft_offline_page(): the frame is known to be bad, and has a reference that nobody gives back. Nobody else has one: a
 * page that somebody refers to is neither dropped nor copied.
 */
function keep_for_ever(k: Kernel, pfn: number): number {
  k.emit.FrameRetired(pfn);
  return 0;
}

/**
 * Copies an isolated page to a frame of its node, or of the next one that has room. A page that was busy in all passes is EIO, as
 * one that its file system cannot move.
 */
function* move_away(k: Kernel, pfn: number): Sleeping<number> {
  const nid = page_to_nid(k.s, pfn);
  const source = { alloc: () => alloc_pages_node(k, nid), dest: () => nid, keeps_pages: true };
  const left = yield* migrate_pages(k, [pfn], source);
  if (left.pages === 0 && left.error === 0) return keep_for_ever(k, pfn);
  putback_lru_pages(k, [pfn]);
  return left.error || -EIO;
}

/**
 * `mm/memory-failure.c:soft_offline_page()` of a page in use, to which the caller has a reference that is given back here. The
 * kernel has the engine put the copied page back into a batch first; here it goes out of use before that. No page in use is known to
 * be bad before, as nothing else finds bad memory. Returns 0; -EIO for a page that cannot be handled, such as the zero page, or that
 * did not move; -EBUSY for one that somebody else has isolated meanwhile.
 */
function* soft_offline_page(k: Kernel, pfn: number): Sleeping<number> {
  if (!PageLRU(k.s, pfn)) {
    put_page(k, pfn, HOLDER_FAULT);
    schedule_lru_drain_on_each_cpu(k);
    if (frameIsFree(k.s, pfn)) return keep_for_ever(k, pfn);
    get_page(k, pfn, HOLDER_FAULT);
  }
  if (!PageLRU(k.s, pfn)) {
    put_page(k, pfn, HOLDER_FAULT);
    return -EIO;
  }
  yield* lock_page(k, pfn);
  yield* wait_on_page_writeback(k, pfn);
  const dropped = !PageSwapCache(k.s, pfn) && mapping_evict_folio(k, pfn);
  unlock_page(k, pfn);
  put_page(k, pfn, HOLDER_FAULT);
  if (dropped) return keep_for_ever(k, pfn);
  return isolate_lru_page(k, pfn) === 1 ? yield* move_away(k, pfn) : -EBUSY;
}

/**
 * `drivers/base/memory.c:store_soft_offline_page()`: the frame is told by the page tables of somebody. Returns -EFAULT where they
 * have none.
 */
export function* store_soft_offline_page(k: Kernel, mm: number, vpn: number): Sleeping<number> {
  const pte = pte_of(k.s, mm, vpn);
  if (!pte_present(pte)) return -EFAULT;
  get_page(k, pte_pfn(pte), HOLDER_FAULT);
  return yield* soft_offline_page(k, pte_pfn(pte));
}
