/** Page faults on swap entries (mm/memory.c): pages come back by way of the swap cache. */
import { FAULT_MAJOR, FAULT_MINOR, FAULT_OOM, FAULT_SIGBUS, WRITE, type Vma } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { is_migration_entry, PageKsm, PageLocked, PageUptodate, pte_of, pte_slot } from '../state/read.ts';
import { lock_page, unlock_page } from './filemap.ts';
import { ksm_might_need_to_copy } from './ksm.ts';
import { do_wp_page, map_anon_page, map_unshared_page, writableBit } from './memory_wp.ts';
import { alloc_page_vma } from './mempolicy.ts';
import { migration_entry_wait } from './migrate.ts';
import { mlock_vma_folio } from './mlock_batch.ts';
import { linear_page_index, next_vma } from './mmap.ts';
import { page_cache_release } from './page_alloc.ts';
import { lru_add_drain, mark_page_faulted } from './swap.ts';
import { lookup_swap_cache, read_swap_cache_async } from './swap_state.ts';
import {
  can_share_swap_page,
  remove_exclusive_swap_page,
  swap_free,
  valid_swaphandles,
  vm_swap_full,
} from './swapfile.ts';

/**
 * `mm/memory.c:swapin_readahead()`: starts to read the block of slots around the wanted one. The frame of each slot is
 * placed as if it belonged to the next page after the faulting one, which it need not.
 */
function swapin_readahead(k: Kernel, slot: number, vma: Vma, vpn: number): void {
  const { first, slots } = valid_swaphandles(k, slot);
  if (slots > 0) k.emit.ReadaheadStarted(first, slots);
  let area: Vma | null = vma;
  let next = next_vma(k, vma);
  let at = vpn;
  for (let i = 0; i < slots; i++) {
    const pfn = read_swap_cache_async(k, first + i, area, at);
    if (pfn < 0) break;
    page_cache_release(k, pfn);
    at++;
    if (area) {
      if (at >= area.end) {
        area = next;
        next = area && next_vma(k, area);
      }
      if (area && at < area.start) area = null;
    } else if (next && at >= next.start) {
      area = next;
      next = next_vma(k, area);
    }
  }
  lru_add_drain(k);
}

/**
 * `mm/memory.c:do_swap_page()`: brings a page back from swap, or finds it in the swap cache. For one that is being moved it
 * only waits: the access is tried again then.
 */
export function* do_swap_page(k: Kernel, vma: Vma, vpn: number, access: number): Sleeping<number> {
  const { s } = k;
  const before = pte_of(s, vma.mm, vpn);
  if (is_migration_entry(before)) {
    yield* migration_entry_wait(k, vma.mm, vpn);
    return FAULT_MINOR;
  }
  const slot = pte_slot(before);
  let result = FAULT_MINOR;
  let pfn = lookup_swap_cache(k, slot, vma.mm, vpn);
  if (pfn < 0) {
    swapin_readahead(k, slot, vma, vpn);
    pfn = read_swap_cache_async(k, slot, vma, vpn);
    if (pfn < 0) return pte_of(s, vma.mm, vpn) === before ? FAULT_OOM : FAULT_MINOR;
    result = FAULT_MAJOR;
    k.emit.MajorFaultCounted(vma.mm, vpn);
  }
  mark_page_faulted(k, pfn);
  if (PageLocked(s, pfn)) yield* lock_page(k, pfn);
  else k.emit.PageLocked(pfn);
  const same = pte_of(s, vma.mm, vpn) === before;
  if (!same || !PageUptodate(s, pfn)) {
    unlock_page(k, pfn);
    page_cache_release(k, pfn);
    return same ? FAULT_SIGBUS : result;
  }
  if (ksm_might_need_to_copy(k, pfn, vma, vpn)) return map_swapped_copy(k, pfn, vma, vpn, access, result);
  const reuse = access === WRITE && !PageKsm(s, pfn) && can_share_swap_page(k, pfn);
  const writable = reuse ? writableBit(vma) : 0;
  k.emit.SwapEntryMapped(pfn, vma.mm, vpn, slot, writable, vma.anon_vma, linear_page_index(vma, vpn));
  mlock_vma_folio(k, pfn, vma);
  swap_free(k, slot);
  if (vm_swap_full(k)) remove_exclusive_swap_page(k, pfn);
  unlock_page(k, pfn);
  if (access === WRITE && !reuse && do_wp_page(k, vma, vpn) === FAULT_OOM) return FAULT_OOM;
  return result;
}

/** The part of do_swap_page() for a page that belongs elsewhere: the entry becomes a mapping of a copy, which nobody else has. */
function map_swapped_copy(k: Kernel, pfn: number, vma: Vma, vpn: number, access: number, result: number): number {
  const copy = alloc_page_vma(k, vma, vpn);
  if (copy >= 0) {
    const slot = pte_slot(pte_of(k.s, vma.mm, vpn));
    k.emit.SwapEntryZapped(vma.mm, vpn, slot);
    if (access === WRITE) map_anon_page(k, copy, vma, vpn, vma.anon_vma);
    else map_unshared_page(k, copy, vma, vpn, vma.anon_vma);
    k.emit.PageDirtied(copy, 0);
    swap_free(k, slot);
  }
  unlock_page(k, pfn);
  page_cache_release(k, pfn);
  return copy < 0 ? FAULT_OOM : result;
}
