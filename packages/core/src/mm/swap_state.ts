/** The swap cache (mm/swap_state.c). */
import { HOLDER_FAULT } from '@pagetape/events';
import type { Kernel } from '../kernel.ts';
import { page_index, page_private, PageLocked, PageSwapCache } from '../state/read.ts';
import { unlock_page } from './filemap.ts';
import type { PolicyArea } from '../state/shared_policy.ts';
import { alloc_page_vma } from './mempolicy.ts';
import { get_page, page_cache_release, release_pages } from './page_alloc.ts';
import { swap_readpage } from './page_io.ts';
import { lru_add_drain } from './swap.ts';
import { get_swap_page, remove_exclusive_swap_page, swap_duplicate, swap_free } from './swapfile.ts';

/** `mm/swap_state.c:add_to_swap()`: gives a locked anonymous page a slot. Returns false when there is none. */
export function add_to_swap(k: Kernel, pfn: number): boolean {
  const slot = get_swap_page(k);
  if (slot === 0) {
    k.emit.SwapAllocationFailed(pfn);
    return false;
  }
  k.emit.PageAddedToSwapCache(pfn, slot);
  return true;
}

/** `mm/swap_state.c:move_to_swap_cache()`: a page of a file leaves it for a slot; the file is a user of the slot, too. */
export function move_to_swap_cache(k: Kernel, pfn: number, file: number, slot: number): void {
  k.emit.PageMovedToSwapCache(pfn, file, page_index(k.s, pfn), slot);
  swap_duplicate(k, slot);
}

/** `mm/swap_state.c:move_from_swap_cache()`: a locked page of the swap cache becomes one of a file. */
export function move_from_swap_cache(k: Kernel, pfn: number, file: number, index: number): void {
  const slot = page_private(k.s, pfn);
  k.emit.PageMovedFromSwapCache(pfn, file, index, slot);
  swap_free(k, slot);
}

/** `mm/swap_state.c:lookup_swap_cache()`: the frame that holds the slot's copy, with a reference, or -1. */
export function lookup_swap_cache(k: Kernel, slot: number, mm: number, vpn: number): number {
  const pfn = k.s.swap_cache[slot] - 1;
  k.emit.SwapCacheLookedUp(mm, vpn, slot, Math.max(pfn, 0));
  if (pfn >= 0) get_page(k, pfn, HOLDER_FAULT);
  return pfn;
}

/**
 * `mm/swap_state.c:read_swap_cache_async()`: the frame that holds the slot's copy, with a reference. If there is none, one
 * is allocated by the policy for `vpn` in `vma`, and its read is started. Returns -1 without memory or when the slot is free.
 */
export function read_swap_cache_async(k: Kernel, slot: number, vma: PolicyArea | null, vpn: number): number {
  const cached = k.s.swap_cache[slot] - 1;
  if (cached >= 0) {
    get_page(k, cached, HOLDER_FAULT);
    return cached;
  }
  const pfn = alloc_page_vma(k, vma, vpn);
  if (pfn < 0) return -1;
  if (!swap_duplicate(k, slot)) {
    page_cache_release(k, pfn);
    return -1;
  }
  swap_readpage(k, pfn, slot);
  return pfn;
}

/** `mm/swap_state.c:free_swap_cache()`: gives the slot of a page up, if nobody else needs it. */
export function free_swap_cache(k: Kernel, pfn: number): void {
  if (!PageSwapCache(k.s, pfn) || PageLocked(k.s, pfn)) return;
  k.emit.PageLocked(pfn);
  remove_exclusive_swap_page(k, pfn);
  unlock_page(k, pfn);
}

/** Pages that `free_pages_and_swap_cache()` releases at a time. */
const CHUNK = 16;

/** `mm/swap_state.c:free_pages_and_swap_cache()`: releases pages that were unmapped because their memory is gone. */
export function free_pages_and_swap_cache(k: Kernel, pfns: readonly number[]): void {
  lru_add_drain(k);
  for (let from = 0; from < pfns.length; from += CHUNK) {
    const chunk = pfns.slice(from, from + CHUNK);
    for (const pfn of chunk) free_swap_cache(k, pfn);
    release_pages(k, chunk, HOLDER_FAULT);
  }
}
