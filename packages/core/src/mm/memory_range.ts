/** Mappings of whole ranges, taken away or copied (mm/memory.c, asm-generic/tlb.h). What happens to one page is in memory.ts. */
import { VM_HUGETLB, VM_NONLINEAR, VM_PFNMAP, VM_SHARED, type Vma } from '@pagetape/events';
import { num_online_cpus, type Kernel } from '../kernel.ts';
import { PTE_DIRTY, PTE_YOUNG, TABLE, ZERO_PFN } from '../state/layout.ts';
import {
  has_page_table,
  hwpoison_entry_to_pfn,
  is_hwpoison_entry,
  is_migration_entry,
  is_zero_pte,
  migration_entry_to_pfn,
  page_index,
  PageAnon,
  PageDirty,
  pte_is_file,
  pte_is_swap,
  pte_of,
  pte_pfn,
  pte_slot,
} from '../state/read.ts';
import { munlock_vma_folio } from './mlock_batch.ts';
import { is_huge_zero_pmd, page_folio, pmd_of, pmd_pfn, pmd_present } from '../state/huge.ts';
import { is_vm_hugetlb_page, restore_reserve } from './hugetlb.ts';
import { split_huge_pmd } from './huge_memory.ts';
import { linear_page_index } from './mmap.ts';
import { page_cache_release } from './page_alloc.ts';
import { lru_add_drain, mark_page_accessed } from './swap.ts';
import { free_pages_and_swap_cache, free_swap_cache } from './swap_state.ts';
import { free_swap_and_cache, swap_duplicate } from './swapfile.ts';

/** Pages that were unmapped because their memory goes, to be released together: struct mmu_gather. */
export interface Gather {
  readonly pages: number[];
}

/** Pages that are gathered at most: FREE_PTE_NR. */
const GATHER_MAX = 506;

export function tlb_gather(): Gather {
  return { pages: [] };
}

/** `include/asm-generic/tlb.h:tlb_remove_page()`: with one CPU there is nobody to wait for, so the page goes at once. */
function tlb_remove_page(k: Kernel, tlb: Gather, page: number): void {
  const pfn = page_folio(k.s, page);
  if (num_online_cpus(k) === 1) {
    free_swap_cache(k, pfn);
    page_cache_release(k, pfn);
    return;
  }
  tlb.pages.push(pfn);
  if (tlb.pages.length >= GATHER_MAX) tlb_finish(k, tlb);
}

/** `include/asm-generic/tlb.h:tlb_finish_mmu()` */
export function tlb_finish(k: Kernel, tlb: Gather): void {
  if (tlb.pages.length > 0) free_pages_and_swap_cache(k, tlb.pages.splice(0));
}

/**
 * Which pages of an area are to go, while it stays: struct zap_details. Of a nonlinear area, by their place in the file; entries
 * go on to say which page belongs there.
 */
export interface ZapDetails {
  readonly first_index: number;
  readonly last_index: number;
  /** Private copies stay, in memory and in swap. */
  readonly keeps_cows?: boolean;
}

/** `mm/memory.c:unmap_vmas()`: zaps the pages [start, end) of an area. */
export function unmap_vmas(
  k: Kernel,
  tlb: Gather,
  vma: Vma,
  start: number,
  end: number,
  details: ZapDetails | null = null,
): void {
  for (let vpn = start; vpn < end;) {
    const table_end = Math.min(end, (Math.floor(vpn / TABLE) + 1) * TABLE);
    if (k.s.topology.huge) zap_huge(k, tlb, vma, vpn, table_end);
    if (!has_page_table(k.s, vma.mm, vpn)) vpn = table_end;
    for (; vpn < table_end; vpn++) zap_pte(k, tlb, vma, vpn, details);
  }
}

/** A huge entry goes as a whole, `mm/huge_memory.c:zap_huge_pmd()`; or it is split, if only a part of it is to go. */
function zap_huge(k: Kernel, tlb: Gather, vma: Vma, vpn: number, end: number): void {
  const { mm } = vma;
  const pmd = pmd_of(k.s, mm, vpn);
  if (pmd === 0) return;
  if (end - vpn < TABLE) return split_huge_pmd(k, mm, vpn);
  const pfn = is_huge_zero_pmd(pmd) ? ZERO_PFN : pmd_pfn(pmd);
  k.emit.PmdZapped(pfn, mm, vpn);
  if (is_vm_hugetlb_page(vma)) restore_reserve(k, vma);
  if (pmd_present(pmd)) tlb_remove_page(k, tlb, pfn);
}

/** `mm/memory.c:zap_page_range()`: zaps pages of an area that stays. */
export function zap_page_range(k: Kernel, vma: Vma, start: number, end: number, details: ZapDetails | null): void {
  lru_add_drain(k);
  const tlb = tlb_gather();
  unmap_vmas(k, tlb, vma, start, end, details);
  tlb_finish(k, tlb);
}

/**
 * One entry of `mm/memory.c:zap_pte_range()`. A page that is being moved stops counting as resident here; kernels before
 * 3.5 forgot that (9f9f1acd713), so that counts of memory drifted, which is not simulated.
 */
function zap_pte(k: Kernel, tlb: Gather, vma: Vma, vpn: number, details: ZapDetails | null): void {
  const pte = pte_of(k.s, vma.mm, vpn);
  if (pte === 0) return;
  if (pte_is_file(pte)) {
    if (!details) k.emit.FileOffsetZapped(vma.mm, vpn);
    return;
  }
  if (is_zero_pte(pte)) return k.emit.PteZapped(ZERO_PFN, vma.mm, vpn);
  if (details?.keeps_cows && is_private_copy(k, pte)) return;
  if (pte_is_swap(pte)) {
    k.emit.SwapEntryZapped(vma.mm, vpn, pte_slot(pte));
    free_swap_and_cache(k, pte_slot(pte));
    return;
  }
  if (is_hwpoison_entry(pte)) return k.emit.HwpoisonEntryZapped(vma.mm, vpn, hwpoison_entry_to_pfn(pte));
  if (is_migration_entry(pte)) return k.emit.MigrationEntryZapped(vma.mm, vpn, migration_entry_to_pfn(k.s, pte));
  const pfn = pte_pfn(pte);
  const index = page_index(k.s, pfn);
  if (details && (index < details.first_index || index > details.last_index)) return;
  if (!PageAnon(k.s, pfn)) {
    if ((pte & PTE_DIRTY) !== 0 && !PageDirty(k.s, pfn)) k.emit.PageDirtied(pfn, 1);
    if ((pte & PTE_YOUNG) !== 0) mark_page_accessed(k, pfn);
  }
  k.emit.PteZapped(pfn, vma.mm, vpn);
  munlock_vma_folio(k, pfn, vma);
  if (details && index !== linear_page_index(vma, vpn)) k.emit.FileOffsetInstalled(vma.mm, vpn, index);
  tlb_remove_page(k, tlb, pfn);
}

/** In an area of a file, whether an entry is of a page that a task has for itself. */
function is_private_copy(k: Kernel, pte: number): boolean {
  if (pte_is_swap(pte) || is_hwpoison_entry(pte)) return true;
  return PageAnon(k.s, is_migration_entry(pte) ? migration_entry_to_pfn(k.s, pte) : pte_pfn(pte));
}

/**
 * `mm/memory.c:copy_page_range()`: gives a child the mappings of an area. Where nothing was ever written privately, faults bring
 * back the same pages, so nothing is copied.
 */
export function copy_page_range(k: Kernel, to: number, vma: Vma): void {
  const must_copy = VM_HUGETLB | VM_NONLINEAR | VM_PFNMAP;
  if ((vma.flags & must_copy) === 0 && vma.anon_vma === 0) return;
  for (let vpn = vma.start; vpn < vma.end;) {
    const table_end = Math.min(vma.end, (Math.floor(vpn / TABLE) + 1) * TABLE);
    if (k.s.topology.huge && pmd_of(k.s, vma.mm, vpn) !== 0) k.emit.PmdDuplicated(vma.mm, to, vpn);
    if (!has_page_table(k.s, vma.mm, vpn)) {
      vpn = table_end;
      continue;
    }
    if (!has_page_table(k.s, to, vpn)) k.emit.PageTableAllocated(to, vpn);
    for (; vpn < table_end; vpn++) copy_one_pte(k, to, vma, vpn);
  }
}

/** `mm/memory.c:copy_one_pte()`. Of a private page that is being moved neither has a writable mapping afterwards. */
function copy_one_pte(k: Kernel, to: number, vma: Vma, vpn: number): void {
  const pte = pte_of(k.s, vma.mm, vpn);
  if (pte === 0) return;
  if (pte_is_swap(pte)) swap_duplicate(k, pte_slot(pte));
  const shared = (vma.flags & VM_SHARED) !== 0;
  k.emit.PteDuplicated(vma.mm, to, vpn, shared ? 0 : 1, shared ? 1 : 0);
}
