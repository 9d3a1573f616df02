/** What madvise(2) of 6.x does to the pages of an area (mm/madvise.c): makes them cold, puts them out, lets them go. */
import { EINVAL, HOLDER_FAULT, MARK_LAZYFREE, VM_HUGETLB, VM_LOCKED, VM_PFNMAP, type Vma } from '@pagetape/events';
import { NotSimulated } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { folio_test_large, is_huge_zero_pmd, pmd_of } from '../state/huge.ts';
import { PTE_YOUNG, TABLE } from '../state/layout.ts';
import {
  has_page_table,
  hwpoison_entry_to_pfn,
  is_hwpoison_entry,
  page_mapcount,
  PageActive,
  PageDirty,
  PageLocked,
  PageLRU,
  PageReferenced,
  PageSwapCache,
  PageUnevictable,
  pte_is_swap,
  pte_of,
  pte_pfn,
  pte_present,
  pte_slot,
  shmem_mapping,
  shmem_swp_entry,
} from '../state/read.ts';
import { linear_page_index } from './mmap.ts';
import { put_page } from './page_alloc.ts';
import { lru_add_drain } from './swap.ts';
import { read_swap_cache_async } from './swap_state.ts';
import { folio_free_swap, free_swap_and_cache } from './swapfile.ts';
import { folio_isolate_lru, move_to_lru } from './vmscan.ts';
import { reclaim_pages } from './vmscan_reclaim.ts';

/** Of huge memory only the zero page has nothing that such advice could be about. */
function visit_huge(k: Kernel, mm: number, vpn: number): void {
  if (!is_huge_zero_pmd(pmd_of(k.s, mm, vpn))) refuse_huge();
}

function refuse_huge(): never {
  throw new NotSimulated('advice that ages, frees or reclaims transparent huge pages');
}

/** Calls `visit` for each entry of an area that is not empty, and `done` behind each page table. */
function walk_page_range_vma(
  k: Kernel,
  { mm }: Vma,
  start: number,
  end: number,
  visit: (vpn: number, pte: number) => void,
  done?: () => void,
): void {
  for (let vpn = start; vpn < end;) {
    const table_end = Math.min(end, (Math.floor(vpn / TABLE) + 1) * TABLE);
    if (k.s.topology.huge && pmd_of(k.s, mm, vpn) !== 0) visit_huge(k, mm, vpn);
    if (!has_page_table(k.s, mm, vpn)) vpn = table_end;
    for (; vpn < table_end; vpn++) {
      const pte = pte_of(k.s, mm, vpn);
      if (pte_present(pte) && folio_test_large(k.s, pte_pfn(pte))) refuse_huge();
      if (pte !== 0) visit(vpn, pte);
    }
    done?.();
  }
}

/** `mm/madvise.c:can_madv_lru_vma()` */
const can_madv_lru_vma = ({ flags }: Vma): boolean => (flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)) === 0;

/** `mm/madvise.c:madvise_cold()`: pages look unused, and go to the inactive list. */
export function madvise_cold(k: Kernel, vma: Vma, start: number, end: number): number {
  if (!can_madv_lru_vma(vma)) return -EINVAL;
  lru_add_drain(k);
  walk_page_range_vma(k, vma, start, end, (vpn, pte) => {
    if (!age_page(k, vma.mm, vpn, pte)) return;
    if (PageActive(k.s, pte_pfn(pte))) k.emit.PageDeactivated(pte_pfn(pte));
  });
  return 0;
}

/** `mm/madvise.c:madvise_pageout()`: pages that nobody shares are reclaimed, page table by page table. */
export function madvise_pageout(k: Kernel, vma: Vma, start: number, end: number): number {
  if (!can_madv_lru_vma(vma)) return -EINVAL;
  lru_add_drain(k);
  const folio_list: number[] = [];
  const isolate = (vpn: number, pte: number): void => {
    if (!age_page(k, vma.mm, vpn, pte) || !folio_isolate_lru(k, pte_pfn(pte))) return;
    if (PageUnevictable(k.s, pte_pfn(pte))) move_to_lru(k, pte_pfn(pte));
    else folio_list.push(pte_pfn(pte));
  };
  walk_page_range_vma(k, vma, start, end, isolate, () => reclaim_pages(k, folio_list.splice(0)));
  return 0;
}

/**
 * What both do to an entry of `mm/madvise.c:madvise_cold_or_pageout_pte_range()`: page and mapping look unused from now on. False
 * for what is left alone: other kinds of entries, pages with other mappings, pages on no LRU list.
 */
function age_page(k: Kernel, mm: number, vpn: number, pte: number): boolean {
  if (!pte_present(pte)) return false;
  const pfn = pte_pfn(pte);
  if (!PageLRU(k.s, pfn) || page_mapcount(k.s, pfn) !== 1) return false;
  if ((pte & PTE_YOUNG) !== 0) k.emit.YoungBitCleared(pfn, mm, vpn);
  if (PageReferenced(k.s, pfn)) k.emit.PageReferencedCleared(pfn);
  return true;
}

/**
 * `mm/madvise.c:madvise_free_single_vma()`: the content of private memory may be dropped when memory is short, until it is
 * written to again. What is in swap goes at once.
 */
export function madvise_free(k: Kernel, vma: Vma, start: number, end: number): number {
  if (vma.file !== 0 || (vma.flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)) !== 0) return -EINVAL;
  lru_add_drain(k);
  walk_page_range_vma(k, vma, start, end, (vpn, pte) => {
    if (pte_is_swap(pte)) {
      k.emit.SwapEntryZapped(vma.mm, vpn, pte_slot(pte));
      free_swap_and_cache(k, pte_slot(pte));
    } else if (is_hwpoison_entry(pte)) {
      k.emit.HwpoisonEntryZapped(vma.mm, vpn, hwpoison_entry_to_pfn(pte));
    } else if (pte_present(pte) && may_be_dropped(k, pte_pfn(pte))) {
      k.emit.AnonPageMarked(pte_pfn(pte), vma.mm, vpn, MARK_LAZYFREE);
    }
  });
  return 0;
}

/** A page that is dirty or in the swap cache must not be anybody else's, and leaves the cache. */
function may_be_dropped(k: Kernel, pfn: number): boolean {
  if (!PageSwapCache(k.s, pfn) && !PageDirty(k.s, pfn)) return true;
  if (PageLocked(k.s, pfn) || page_mapcount(k.s, pfn) !== 1) return false;
  return !PageSwapCache(k.s, pfn) || folio_free_swap(k, pfn);
}

/**
 * `mm/madvise.c:madvise_willneed()`: what is in swap is read into the swap cache. In an area of tmpfs that is what the file has
 * there, not private copies (shmem_swapin_range()).
 */
export function madvise_willneed(k: Kernel, vma: Vma, start: number, end: number): number {
  const read = (slot: number, vpn: number): void => {
    const pfn = read_swap_cache_async(k, slot, vma, vpn);
    if (pfn >= 0) put_page(k, pfn, HOLDER_FAULT);
  };
  if (vma.file === 0) {
    walk_page_range_vma(k, vma, start, end, (vpn, pte) => {
      if (pte_is_swap(pte)) read(pte_slot(pte), vpn);
    });
  } else if (shmem_mapping(k.s, vma.file)) {
    for (let vpn = start; vpn < end; vpn++) {
      const slot = shmem_swp_entry(k.s, vma.file, linear_page_index(vma, vpn));
      if (slot !== 0) read(slot, vpn);
    }
  } else throw new NotSimulated('madvise MADV_WILLNEED of a file that is not of tmpfs');
  lru_add_drain(k);
  return 0;
}
