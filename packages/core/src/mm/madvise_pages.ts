/** What madvise(2) of 6.x does to the pages of an area (mm/madvise.c): makes them cold, puts them out, lets them go. */
import { EINVAL, HOLDER_FAULT, MARK_LAZYFREE, VM_HUGETLB, VM_LOCKED, VM_PFNMAP, type Vma } from '@pagetape/events';
import { NotSimulated } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import {
  folio_mapcount,
  folio_nr_pages,
  folio_test_large,
  is_huge_zero_pmd,
  page_folio,
  page_mapcount_of_part,
  pmd_of,
  pmd_pfn,
  pmd_present,
} from '../state/huge.ts';
import { HUGE, PTE_YOUNG, TABLE } from '../state/layout.ts';
import {
  has_page_table,
  hwpoison_entry_to_pfn,
  is_hwpoison_entry,
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
import { try_split_folio_in_place } from './huge_memory.ts';
import { folio_mapped_shared } from './mempolicy_queue.ts';
import { linear_page_index } from './mmap.ts';
import { put_page } from './page_alloc.ts';
import { lru_add_drain } from './swap.ts';
import { read_swap_cache_async } from './swap_state.ts';
import { folio_free_swap, free_swap_and_cache } from './swapfile.ts';
import { folio_isolate_lru, move_to_lru } from './vmscan.ts';
import { reclaim_pages } from './vmscan_reclaim.ts';

/** What advice does to the entries of an area that are not empty. */
interface Visit {
  /** A huge mapping of [vpn, end): false, to go on with the page table that is there now. */
  readonly pmd: (head: number, vpn: number, end: number) => boolean;
  /** An entry of [vpn, end): how many were dealt with, 0 for none yet; or STOP, if no more of this page table are wanted. */
  readonly pte: (vpn: number, pte: number, end: number) => number;
  /** Behind each page table. */
  readonly done?: () => void;
}

const STOP = Infinity;

/** `mm/pagewalk.c:walk_page_range_vma()` */
function walk_page_range_vma(k: Kernel, { mm }: Vma, start: number, end: number, visit: Visit): void {
  for (let vpn = start; vpn < end;) {
    const table_end = Math.min(end, (Math.floor(vpn / TABLE) + 1) * TABLE);
    const pmd = k.s.topology.huge ? pmd_of(k.s, mm, vpn) : 0;
    const mapped = pmd !== 0 && !is_huge_zero_pmd(pmd) && pmd_present(pmd);
    if (mapped ? visit.pmd(pmd_pfn(pmd), vpn, table_end) : pmd !== 0) vpn = table_end;
    if (!has_page_table(k.s, mm, vpn)) vpn = table_end;
    while (vpn < table_end) {
      const pte = pte_of(k.s, mm, vpn);
      vpn += pte === 0 ? 1 : visit.pte(vpn, pte, table_end);
    }
    vpn = table_end;
    visit.done?.();
  }
}

const whole = (vpn: number, end: number): boolean => end - vpn === HUGE;

/** `mm/madvise.c:madvise_folio_pte_batch()`: how many entries from `vpn` on map the parts of one huge page that follow each other. */
function folio_pte_batch(k: Kernel, mm: number, vpn: number, pte: number, end: number): number {
  const first = pte_pfn(pte);
  const most = Math.min(end - vpn, page_folio(k.s, first) + HUGE - first);
  let n = 1;
  for (; n < most; n++) {
    const next = pte_of(k.s, mm, vpn + n);
    if (!pte_present(next) || pte_pfn(next) !== first + n) break;
  }
  return n;
}

/**
 * What advice does to a part of a huge page that has an entry of its own. Where all parts are meant the page stays whole, and null says so;
 * else it is split, unless others map it. Kernels that look at each part split it anyhow, and where they cannot they leave the rest
 * of the page table alone.
 */
function split_for_advice(k: Kernel, mm: number, vpn: number, pte: number, end: number): number | null {
  const page = pte_pfn(pte);
  const head = page_folio(k.s, page);
  if (k.traits.huge_pages_met === 'parts') {
    return page_mapcount_of_part(k.s, page) === 1 && try_split_folio_in_place(k, head) ? 0 : STOP;
  }
  const n = folio_pte_batch(k, mm, vpn, pte, end);
  if (n === HUGE) return null;
  return !folio_mapped_shared(k, head) && try_split_folio_in_place(k, head) ? 0 : n;
}

/** `mm/madvise.c:can_madv_lru_vma()` */
const can_madv_lru_vma = ({ flags }: Vma): boolean => (flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)) === 0;

/** `mm/madvise.c:madvise_cold()`: pages look unused, and go to the inactive list. */
export function madvise_cold(k: Kernel, vma: Vma, start: number, end: number): number {
  if (!can_madv_lru_vma(vma)) return -EINVAL;
  lru_add_drain(k);
  const age = (pfn: number): void => {
    if (PageActive(k.s, pfn)) k.emit.PageDeactivated(pfn);
  };
  walk_page_range_vma(k, vma, start, end, cold_or_pageout(k, vma, age));
  return 0;
}

/** `mm/madvise.c:madvise_pageout()`: pages that nobody shares are reclaimed, page table by page table. */
export function madvise_pageout(k: Kernel, vma: Vma, start: number, end: number): number {
  if (!can_madv_lru_vma(vma)) return -EINVAL;
  lru_add_drain(k);
  const folio_list: number[] = [];
  const isolate = (pfn: number): void => {
    if (!folio_isolate_lru(k, pfn)) return;
    if (PageUnevictable(k.s, pfn)) move_to_lru(k, pfn);
    else folio_list.push(pfn);
  };
  const done = (): void => reclaim_pages(k, folio_list.splice(0));
  walk_page_range_vma(k, vma, start, end, { ...cold_or_pageout(k, vma, isolate), done });
  return 0;
}

/**
 * `mm/madvise.c:madvise_cold_or_pageout_pte_range()`: `age` gets the pages that nobody else maps, which look unused from now on. Other
 * kinds of entries, pages with other mappings and pages on no LRU list are left alone. Of a huge page only a part of which is
 * meant that part is split off.
 */
function cold_or_pageout(k: Kernel, { mm }: Vma, age: (pfn: number) => void): Visit {
  const look_unused = (pfn: number, vpn: number, n: number): void => {
    for (let i = 0; i < n; i++) {
      if ((pte_of(k.s, mm, vpn + i) & PTE_YOUNG) !== 0) k.emit.YoungBitCleared(pfn + i, mm, vpn + i);
    }
    if (PageReferenced(k.s, pfn)) k.emit.PageReferencedCleared(pfn);
    age(pfn);
  };
  return {
    pmd(head, vpn, end) {
      if (folio_mapped_shared(k, head)) return true;
      if (!whole(vpn, end)) return !try_split_folio_in_place(k, head);
      look_unused(head, vpn, 1);
      return true;
    },
    pte(vpn, pte, end) {
      if (!pte_present(pte)) return 1;
      const pfn = pte_pfn(pte);
      const large = folio_test_large(k.s, pfn);
      const split = large ? split_for_advice(k, mm, vpn, pte, end) : null;
      if (split !== null) return split;
      const n = folio_nr_pages(k.s, pfn);
      if (PageLRU(k.s, pfn) && folio_mapcount(k.s, pfn) === n) look_unused(pfn, vpn, n);
      return n;
    },
  };
}

/**
 * `mm/madvise.c:madvise_free_single_vma()`: the content of private memory may be dropped when memory is short, until it is
 * written to again. What is in swap goes at once.
 */
export function madvise_free(k: Kernel, vma: Vma, start: number, end: number): number {
  if (vma.file !== 0 || (vma.flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)) !== 0) return -EINVAL;
  lru_add_drain(k);
  walk_page_range_vma(k, vma, start, end, {
    pmd: (head, vpn, until) => madvise_free_huge_pmd(k, vma.mm, head, vpn, until),
    pte: (vpn, pte, until) => madvise_free_pte(k, vma.mm, vpn, pte, until),
  });
  return 0;
}

/** `mm/huge_memory.c:madvise_free_huge_pmd()`: a huge page as a whole; one of which only a part is meant is split. */
function madvise_free_huge_pmd(k: Kernel, mm: number, head: number, vpn: number, end: number): boolean {
  const shared = k.traits.huge_pages_met === 'parts' ? folio_mapcount(k.s, head) !== 1 : folio_mapped_shared(k, head);
  if (shared || PageLocked(k.s, head)) return true;
  if (!whole(vpn, end)) return !try_split_folio_in_place(k, head);
  k.emit.AnonPageMarked(head, mm, vpn, MARK_LAZYFREE);
  return true;
}

/** One entry of `mm/madvise.c:madvise_free_pte_range()`, or those of a huge page. */
function madvise_free_pte(k: Kernel, mm: number, vpn: number, pte: number, end: number): number {
  if (pte_is_swap(pte)) {
    k.emit.SwapEntryZapped(mm, vpn, pte_slot(pte));
    free_swap_and_cache(k, pte_slot(pte));
  } else if (is_hwpoison_entry(pte)) k.emit.HwpoisonEntryZapped(mm, vpn, hwpoison_entry_to_pfn(pte));
  if (!pte_present(pte)) return 1;
  const pfn = pte_pfn(pte);
  const split = folio_test_large(k.s, pfn) ? split_for_advice(k, mm, vpn, pte, end) : null;
  if (split !== null) return split;
  const n = folio_nr_pages(k.s, pfn);
  if (may_be_dropped(k, pfn, n)) {
    for (let i = 0; i < n; i++) k.emit.AnonPageMarked(pfn + i, mm, vpn + i, MARK_LAZYFREE);
  }
  return n;
}

/** A page that is dirty or in the swap cache must not be anybody else's, and leaves the cache. */
function may_be_dropped(k: Kernel, pfn: number, parts: number): boolean {
  if (!PageSwapCache(k.s, pfn) && !PageDirty(k.s, pfn)) return true;
  if (PageLocked(k.s, pfn) || folio_mapcount(k.s, pfn) !== parts) return false;
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
    walk_page_range_vma(k, vma, start, end, {
      pmd: () => true,
      pte(vpn, pte) {
        if (pte_is_swap(pte)) read(pte_slot(pte), vpn);
        return 1;
      },
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
