/** Page faults on swap entries (mm/memory.c): pages come back by way of the swap cache, or straight from memory that is a device. */
import {
  FAULT_MAJOR,
  FAULT_MINOR,
  FAULT_OOM,
  FAULT_SIGBUS,
  MARK_EXCLUSIVE,
  SWAP_MAPPING_READ,
  SWAP_MAPPING_WRITABLE,
  SWAP_MAPPING_WRITTEN,
  VM_LOCKED,
  WRITE,
  type Vma,
} from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import {
  is_hwpoison_entry,
  is_migration_entry,
  page_count,
  PageHWPoison,
  PageKsm,
  PageLocked,
  PageLRU,
  PageSwapCache,
  PageUptodate,
  pte_of,
  pte_slot,
  pte_swp_exclusive,
} from '../state/read.ts';
import { lock_page, unlock_page } from './filemap.ts';
import { ksm_might_need_to_copy } from './ksm.ts';
import { do_wp_page, map_anon_page, map_unshared_page, writableBit } from './memory_wp.ts';
import { alloc_page_vma } from './mempolicy.ts';
import { migration_entry_wait } from './migrate.ts';
import { mlock_vma_folio } from './mlock_batch.ts';
import { linear_page_index, next_vma } from './mmap.ts';
import { page_cache_release } from './page_alloc.ts';
import { swap_read_at_once } from './page_io.ts';
import { lru_add_drain, mark_page_faulted } from './swap.ts';
import { swap_cache_get_folio, swap_vma_readahead } from './swap_readahead.ts';
import { read_swap_cache_async } from './swap_state.ts';
import {
  can_share_swap_page,
  folio_free_swap,
  remove_exclusive_swap_page,
  swap_free,
  valid_swaphandles,
  vm_swap_full,
} from './swapfile.ts';

/**
 * `mm/memory.c:swapin_readahead()`: starts to read the block of slots around the wanted one. The frame of each slot is
 * placed as if it belonged to the next page after the faulting one, which it need not. Later kernels go by addresses. Returns the
 * wanted frame, with a reference, or -1.
 */
export function swapin_readahead(k: Kernel, slot: number, vma: Vma, vpn: number): number {
  if (k.traits.swap_readahead === 'adaptive') return swap_vma_readahead(k, slot, vma, vpn);
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
  return read_swap_cache_async(k, slot, vma, vpn);
}

/**
 * The way of `mm/memory.c:do_swap_page()` for SWP_SYNCHRONOUS_IO: a page that only this entry wants, on a device that is read at
 * once, does not enter the swap cache, and nothing is read ahead.
 */
const is_read_directly = (k: Kernel, slot: number): boolean =>
  k.traits.memory_swap_is_direct && k.s.cold.io_mode === 'now' && k.s.swap_map[slot] === 1;

/** Reads a page that is not in the swap cache. Returns its frame, with a reference, or -1. */
function swap_in(k: Kernel, slot: number, vma: Vma, vpn: number): number {
  if (!is_read_directly(k, slot)) return swapin_readahead(k, slot, vma, vpn);
  const pfn = alloc_page_vma(k, vma, vpn);
  if (pfn >= 0) swap_read_at_once(k, pfn, slot);
  return pfn;
}

/**
 * `mm/memory.c:do_swap_page()`: brings a page back from swap, or finds it in the swap cache. For one that is being moved it
 * only waits: the access is tried again then. A bad page is lost.
 */
export function* do_swap_page(k: Kernel, vma: Vma, vpn: number, access: number): Sleeping<number> {
  const { s } = k;
  const before = pte_of(s, vma.mm, vpn);
  if (is_migration_entry(before)) {
    yield* migration_entry_wait(k, vma.mm, vpn);
    return FAULT_MINOR;
  }
  if (is_hwpoison_entry(before)) return FAULT_SIGBUS;
  let result = FAULT_MINOR;
  let pfn = swap_cache_get_folio(k, pte_slot(before), vma, vpn);
  if (pfn < 0) {
    pfn = swap_in(k, pte_slot(before), vma, vpn);
    if (pfn < 0) return pte_of(s, vma.mm, vpn) === before ? FAULT_OOM : FAULT_MINOR;
    result = FAULT_MAJOR;
    k.emit.MajorFaultCounted(vma.mm, vpn);
  }
  mark_page_faulted(k, pfn);
  if (PageLocked(s, pfn)) yield* lock_page(k, pfn);
  else k.emit.PageLocked(pfn);
  const same = pte_of(s, vma.mm, vpn) === before;
  if (!same || !PageUptodate(s, pfn) || PageHWPoison(s, pfn)) {
    unlock_page(k, pfn);
    page_cache_release(k, pfn);
    return same ? FAULT_SIGBUS : result;
  }
  if (ksm_might_need_to_copy(k, pfn, vma, vpn)) return map_swapped_copy(k, pfn, vma, vpn, access, result);
  const map = k.traits.swap_in === 'exclusive' ? map_exclusive : map_for_sole_user;
  const own = map(k, vma, vpn, pfn, access);
  unlock_page(k, pfn);
  if (access === WRITE && !own && do_wp_page(k, vma, vpn) === FAULT_OOM) return FAULT_OOM;
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

/** The end of do_swap_page() of 2006, with the page locked. Returns whether a write may be done. */
function map_for_sole_user(k: Kernel, vma: Vma, vpn: number, pfn: number, access: number): boolean {
  const slot = pte_slot(pte_of(k.s, vma.mm, vpn));
  const reuse = access === WRITE && !PageKsm(k.s, pfn) && can_share_swap_page(k, pfn);
  const as = reuse && writableBit(vma) !== 0 ? SWAP_MAPPING_WRITTEN : SWAP_MAPPING_READ;
  k.emit.SwapEntryMapped(pfn, vma.mm, vpn, slot, as, vma.anon_vma, linear_page_index(vma, vpn));
  mlock_vma_folio(k, pfn, vma);
  swap_free(k, slot);
  if (vm_swap_full(k)) remove_exclusive_swap_page(k, pfn);
  return reuse;
}

/**
 * The same since the kernel knows which pages are exclusive: one whose entry says so, that never was in the swap cache, or to which
 * nobody else refers when the cache has let go of it.
 */
function map_exclusive(k: Kernel, vma: Vma, vpn: number, pfn: number, access: number): boolean {
  const pte = pte_of(k.s, vma.mm, vpn);
  const cached = PageSwapCache(k.s, pfn);
  if (access === WRITE && cached && !PageLRU(k.s, pfn)) lru_add_drain(k);
  swap_free(k, pte_slot(pte));
  if (should_try_to_free_swap(k, pfn, vma, access)) folio_free_swap(k, pfn);
  const own = !PageKsm(k.s, pfn) && (pte_swp_exclusive(pte) || !cached || page_count(k.s, pfn) === 1);
  let as = SWAP_MAPPING_READ;
  if (own && writableBit(vma) !== 0) {
    if (access === WRITE) as = SWAP_MAPPING_WRITTEN;
    else if (k.traits.read_maps_writable) as = SWAP_MAPPING_WRITABLE;
  }
  k.emit.SwapEntryMapped(pfn, vma.mm, vpn, pte_slot(pte), as, vma.anon_vma, linear_page_index(vma, vpn));
  mlock_vma_folio(k, pfn, vma);
  if (own) k.emit.AnonPageMarked(pfn, vma.mm, vpn, MARK_EXCLUSIVE);
  return own;
}

/** `mm/memory.c:should_try_to_free_swap()`: for a write, when only the cache and this fault refer to the page. */
function should_try_to_free_swap(k: Kernel, pfn: number, vma: Vma, access: number): boolean {
  if (!PageSwapCache(k.s, pfn)) return false;
  if (vm_swap_full(k) || (vma.flags & VM_LOCKED) !== 0) return true;
  return access === WRITE && !PageKsm(k.s, pfn) && page_count(k.s, pfn) === 2;
}
