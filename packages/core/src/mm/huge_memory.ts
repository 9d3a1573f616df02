/**
 * Transparent huge pages of anonymous memory (mm/huge_memory.c of 6.x): where a fault gets one, how it is used, and how its
 * mapping or it itself is split. khugepaged, which makes huge pages of small ones behind everybody's back, is not simulated.
 */
import {
  FAULT_MINOR,
  HOLDER_FAULT,
  READ,
  VM_HUGEPAGE,
  VM_LOCKED,
  VM_NOHUGEPAGE,
  WRITE,
  type Vma,
} from '@pagetape/events';
import { NotSimulated } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import {
  folio_mapcount,
  folio_test_hugetlb,
  folio_ref_count,
  is_huge_zero_pmd,
  is_pmd_migration_entry,
  is_zeroed_part,
  page_folio,
  pmd_of,
  pmd_pfn,
  pmd_present,
} from '../state/huge.ts';
import { HUGE, PTE_DIRTY, PTE_WRITE, PTE_YOUNG } from '../state/layout.ts';
import {
  frameIsFree,
  has_page_table,
  page_count,
  PageAnonExclusive,
  PageLocked,
  pte_of,
  pte_pfn,
  pte_present,
} from '../state/read.ts';
import { trylock_page, unlock_page } from './filemap.ts';
import { hugetlb_fault, is_vm_hugetlb_page } from './hugetlb.ts';
import { NEEDS_TO_SLEEP } from './memory.ts';
import { vma_alloc_huge } from './mempolicy_alloc.ts';
import { linear_page_index } from './mmap.ts';
import { get_page, put_page } from './page_alloc.ts';
import { anon_vma_prepare, places_of_folio, vma_address, vmas_of_page } from './rmap.ts';
import { folio_add_lru } from './swap.ts';
import { writableBit } from './memory_wp.ts';

/** No huge page can serve the fault: VM_FAULT_FALLBACK. Pages of the usual size may. */
export const FAULT_FALLBACK = -2;

const firstOf = (vpn: number): number => vpn & ~(HUGE - 1);

/** Whether the area said or the machine says that huge pages are wanted: a part of `thp_vma_allowable_order()`. */
function hugepage_vma_check(k: Kernel, { file, flags }: Vma): boolean {
  const { thp = 'never' } = k.s.topology.spec;
  if (file !== 0 || (flags & VM_NOHUGEPAGE) !== 0) return false;
  return thp === 'always' || (thp === 'madvise' && (flags & VM_HUGEPAGE) !== 0);
}

/** `include/linux/huge_mm.h:thp_vma_suitable_order()`: the huge page around the address lies within the area. */
function thp_vma_suitable(vma: Vma, vpn: number): boolean {
  const first = firstOf(vpn);
  return first >= vma.start && first + HUGE <= vma.end;
}

/**
 * What `mm/memory.c:__handle_mm_fault()` does one level above the page tables. Returns FAULT_*, NEEDS_TO_SLEEP, or FAULT_FALLBACK:
 * the page tables decide.
 */
export function handle_huge_fault(k: Kernel, vma: Vma, vpn: number, access: number): number {
  if (is_vm_hugetlb_page(vma)) return hugetlb_fault(k, vma, vpn, access);
  const pmd = pmd_of(k.s, vma.mm, vpn);
  if (pmd === 0) {
    const suits = !has_page_table(k.s, vma.mm, vpn) && hugepage_vma_check(k, vma) && thp_vma_suitable(vma, vpn);
    return suits ? do_huge_pmd_anonymous_page(k, vma, vpn, access) : FAULT_FALLBACK;
  }
  if (is_pmd_migration_entry(pmd)) return NEEDS_TO_SLEEP;
  const writable = !is_huge_zero_pmd(pmd) && (pmd & PTE_WRITE) !== 0;
  if (access === WRITE && !writable) return do_huge_pmd_wp_page(k, vma, vpn, pmd);
  if (!is_huge_zero_pmd(pmd)) k.emit.PmdAccessed(vma.mm, vpn, access);
  return FAULT_MINOR;
}

/**
 * `mm/huge_memory.c:do_huge_pmd_anonymous_page()`: a huge page of zeroes for a write, the shared huge zero page for a read. That one
 * is taken from no node here.
 */
function do_huge_pmd_anonymous_page(k: Kernel, vma: Vma, vpn: number, access: number): number {
  const first = firstOf(vpn);
  const anon_vma = anon_vma_prepare(k, vma);
  if (access === READ) {
    k.emit.HugeZeroPageMapped(vma.mm, first);
    return FAULT_MINOR;
  }
  // vma_thp_gfp_mask(), where the setting "defrag" is "madvise": others do not wait for memory, nor go to other nodes.
  const pfn = vma_alloc_huge(k, vma, first, (vma.flags & VM_HUGEPAGE) !== 0);
  if (pfn < 0) return FAULT_FALLBACK;
  k.emit.HugePageMapped(pfn, vma.mm, first, writableBit(vma), anon_vma, linear_page_index(vma, first));
  folio_add_lru(k, pfn);
  k.emit.PmdAccessed(vma.mm, vpn, access);
  return FAULT_MINOR;
}

/**
 * `mm/huge_memory.c:do_huge_pmd_wp_page()`: a write to a read-only huge mapping. Its sole user gets it writable. For others, and for
 * the zero page, the mapping is split, and only the page that is written to is copied.
 */
function do_huge_pmd_wp_page(k: Kernel, vma: Vma, vpn: number, pmd: number): number {
  if (!is_huge_zero_pmd(pmd)) {
    const pfn = pmd_pfn(pmd);
    const alone = folio_ref_count(k.s, pfn) === 1 && !PageLocked(k.s, pfn);
    if (PageAnonExclusive(k.s, pfn) || alone) {
      k.emit.PmdMadeWritable(vma.mm, vpn);
      return FAULT_MINOR;
    }
  }
  split_huge_pmd(k, vma.mm, vpn);
  return FAULT_FALLBACK;
}

/** Whether the hardware can do an access through a huge mapping by itself; its marks are set then. */
export function access_huge_without_fault(k: Kernel, mm: number, vpn: number, access: number, pmd: number): boolean {
  if (is_huge_zero_pmd(pmd)) return access === READ;
  if (!pmd_present(pmd) || (access === WRITE && (pmd & PTE_WRITE) === 0)) return false;
  const marks = access === WRITE ? PTE_YOUNG | PTE_DIRTY : PTE_YOUNG;
  const part = pmd_pfn(pmd) + (vpn & (HUGE - 1));
  if ((pmd & marks) !== marks || (access === WRITE && is_zeroed_part(k.s, part))) k.emit.PmdAccessed(mm, vpn, access);
  return true;
}

// --- splitting --------------------------------------------------------------------------------------------------------

/** `mm/huge_memory.c:__split_huge_pmd()`: the huge mapping of a page, if it has one, becomes mappings of parts. */
export function split_huge_pmd(k: Kernel, mm: number, vpn: number): void {
  const pmd = pmd_of(k.s, mm, vpn);
  if (pmd === 0) return;
  if (!is_huge_zero_pmd(pmd) && folio_test_hugetlb(k.s, pmd_pfn(pmd))) {
    throw new NotSimulated('to cut a hugetlb area within a huge page');
  }
  k.emit.PmdSplit(mm, firstOf(vpn));
}

/** `mm/huge_memory.c:vma_adjust_trans_huge()`: an area is going to begin or end here, so no huge mapping may lie across. */
export function vma_adjust_trans_huge(k: Kernel, mm: number, at: number): void {
  if (k.s.topology.huge && at % HUGE !== 0) split_huge_pmd(k, mm, at);
}

/** `mm/huge_memory.c:can_split_folio()`: nobody refers to the folio but its mappings and the caller. */
export const can_split_folio = (k: Kernel, pfn: number): boolean =>
  page_count(k.s, pfn) === folio_mapcount(k.s, pfn) + 1;

/**
 * `mm/huge_memory.c:split_folio_to_list()` of a locked folio that the caller refers to or has isolated: it becomes small pages. Returns them in the
 * order in which the kernel lists them, the last part first; the caller refers to `page` of them, too; null: somebody else refers to it. Parts that nobody maps are among
 * them. Later kernels give back those that were never written to: the zero page takes their place.
 */
export function split_folio_to_list(k: Kernel, pfn: number, drops_zeroed = true, page = pfn): number[] | null {
  if (!can_split_folio(k, pfn)) return null;
  for (const { vma, vpn } of places_of_folio(k, pfn)) split_huge_pmd(k, vma.mm, vpn);
  const parts = Array.from({ length: HUGE }, (_, i) => pfn + HUGE - 1 - i);
  const drops = drops_zeroed && k.traits.split_drops_zeroed_parts;
  const zeroed = drops ? parts.filter((part) => is_zeroed_part(k.s, part)) : [];
  k.emit.FolioSplit(pfn);
  if (page !== pfn) get_page(k, page, HOLDER_FAULT);
  for (const part of zeroed) map_unused_to_zeropage(k, part);
  return parts;
}

/**
 * `include/linux/huge_mm.h:split_folio()` of a folio on its LRU list, which the caller has locked, and refers to by one of its parts: he has
 * that alone afterwards, and no lock. Parts that nobody maps are free then. Returns whether it is split.
 */
export function split_folio(k: Kernel, pfn: number, page = pfn): boolean {
  const parts = split_folio_to_list(k, pfn, true, page);
  unlock_page(k, pfn);
  if (parts !== null && page !== pfn) put_page(k, pfn, HOLDER_FAULT);
  for (const part of parts ?? []) if (page_count(k.s, part) === 0 && !frameIsFree(k.s, part)) k.emit.PageFreed(part);
  return parts !== null;
}

/** The same where the caller has neither lock nor reference. He does without where somebody else has the lock. */
export function try_split_folio_in_place(k: Kernel, page: number): boolean {
  const pfn = page_folio(k.s, page);
  if (!trylock_page(k, pfn)) return false;
  get_page(k, pfn, HOLDER_FAULT);
  const split = split_folio(k, pfn, page);
  put_page(k, page, HOLDER_FAULT);
  return split;
}

/** `mm/migrate.c:try_to_map_unused_to_zeropage()`: all mappings of a page of zeroes, unless they are locked in memory. */
function map_unused_to_zeropage(k: Kernel, pfn: number): void {
  for (const id of vmas_of_page(k, pfn)) {
    const vma = k.s.cold.vmas[id];
    const vpn = vma_address(k, pfn, vma);
    const pte = vpn < 0 ? 0 : pte_of(k.s, vma.mm, vpn);
    if (!pte_present(pte) || pte_pfn(pte) !== pfn || (vma.flags & VM_LOCKED) !== 0) continue;
    k.emit.PteZapped(pfn, vma.mm, vpn);
    k.emit.ZeroPageMapped(vma.mm, vpn, 1);
    put_page(k, pfn, HOLDER_FAULT);
  }
}
