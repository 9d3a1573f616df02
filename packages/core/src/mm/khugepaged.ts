/**
 * Small pages that become a huge one because somebody asks for it (mm/khugepaged.c of 6.x): MADV_COLLAPSE. What khugepaged does by
 * itself is not simulated, nor are huge pages of files.
 */
import {
  EAGAIN,
  EINVAL,
  ENOMEM,
  FAULT_MAJOR,
  FAULT_MINOR,
  READ,
  VM_HUGETLB,
  VM_IO,
  VM_NOHUGEPAGE,
  VM_PFNMAP,
  type Vma,
} from '@pagetape/events';
import { NotSimulated } from '../errors.ts';
import type { Kernel, Sleeping } from '../kernel.ts';
import {
  folio_mapcount,
  folio_ref_count,
  is_zeroed_part,
  page_folio,
  pmd_of,
  pmd_present,
  is_huge_zero_pmd,
} from '../state/huge.ts';
import { HUGE, PTE_WRITE, ZERO_PFN } from '../state/layout.ts';
import {
  has_page_table,
  is_zero_pte,
  page_to_nid,
  PageAnon,
  PageCleared,
  PageKsm,
  PageLocked,
  PageLRU,
  PageSwapCache,
  pte_of,
  pte_pfn,
  pte_present,
  shmem_mapping,
} from '../state/read.ts';
import { do_swap_page } from './memory_swap.ts';
import { writableBit } from './memory_wp.ts';
import { linear_page_index } from './mmap.ts';
import { munlock_vma_folio } from './mlock_batch.ts';
import { __folio_alloc_huge, page_cache_release } from './page_alloc.ts';
import { folio_add_lru, lru_add_drain, schedule_lru_drain_on_each_cpu } from './swap.ts';
import { free_swap_cache } from './swap_state.ts';

/** What became of one huge page: 0, or minus an error number; and whether those behind it are tried all the same. */
interface Outcome {
  readonly error: number;
  readonly goes_on: boolean;
}

const DONE: Outcome = { error: 0, goes_on: true };
const fails = (error: number, goes_on = true): Outcome => ({ error: -error, goes_on });

const first_in = (start: number): number => Math.ceil(start / HUGE) * HUGE;
const last_in = (end: number): number => end - (end % HUGE);

/** `mm/huge_memory.c:thp_vma_allowable_order()` where settings do not count: a huge page fits into the area, which has private memory. */
function thp_vma_allowable(k: Kernel, vma: Vma): boolean {
  if ((vma.flags & (VM_NOHUGEPAGE | VM_HUGETLB | VM_IO | VM_PFNMAP)) !== 0) return false;
  const aligned = vma.file === 0 || (vma.start - vma.pgoff) % HUGE === 0;
  if (!aligned || first_in(vma.start) >= last_in(vma.end)) return false;
  if (shmem_mapping(k.s, vma.file)) throw new NotSimulated('huge pages of tmpfs');
  return vma.file === 0 && vma.anon_vma !== 0;
}

/**
 * `mm/khugepaged.c:madvise_collapse()`: makes huge pages of all that lies in [start, end) in whole. The range may be too small for any:
 * if it ends before the first could begin that is an error.
 */
export function* madvise_collapse(k: Kernel, vma: Vma, start: number, end: number): Sleeping<number> {
  if (!thp_vma_allowable(k, vma)) return -EINVAL;
  schedule_lru_drain_on_each_cpu(k);
  let failed = first_in(start) > last_in(end) ? -EINVAL : 0;
  for (let first = first_in(start); first < last_in(end); first += HUGE) {
    const { error, goes_on }: Outcome = yield* collapse(k, vma, first);
    if (error !== 0) failed = error;
    if (!goes_on) break;
  }
  return failed;
}

function* collapse(k: Kernel, vma: Vma, first: number): Sleeping<Outcome> {
  const pmd = pmd_of(k.s, vma.mm, first);
  if (is_huge_zero_pmd(pmd) || pmd_present(pmd)) return DONE;
  if (pmd !== 0 || !has_page_table(k.s, vma.mm, first)) return fails(EINVAL, false);
  const scanned = hpage_collapse_scan_pmd(k, vma, first);
  if (scanned.error !== 0) return scanned;
  const nodes = hpage_collapse_nodes(k, vma, first);
  // Only such machines look for huge entries.
  if (!k.s.topology.huge) throw new NotSimulated('MADV_COLLAPSE on a machine whose thp is "never"');
  const pfn = __folio_alloc_huge(k, nodes[0], nodes, false);
  if (pfn < 0) return fails(ENOMEM, false);
  const outcome = yield* collapse_huge_page(k, vma, first, pfn);
  if (outcome.error !== 0) page_cache_release(k, pfn);
  return outcome;
}

const vpns_from = (first: number): number[] => Array.from({ length: HUGE }, (_, i) => first + i);

const in_swap = (pte: number): boolean => pte !== 0 && !pte_present(pte) && !is_zero_pte(pte);

/** The checks of `mm/khugepaged.c:hpage_collapse_scan_pmd()`. Holes and what is in swap do not matter, nor who else maps a page. */
function hpage_collapse_scan_pmd(k: Kernel, { mm }: Vma, first: number): Outcome {
  let writable = false;
  for (const vpn of vpns_from(first)) {
    const pte = pte_of(k.s, mm, vpn);
    if (!pte_present(pte)) continue;
    writable ||= (pte & PTE_WRITE) !== 0;
    const error = cannot_be_copied(k, pte_pfn(pte));
    if (error !== 0) return fails(error, error === EAGAIN);
  }
  return writable ? DONE : fails(EINVAL);
}

/** A page that somebody has in hand may be free again soon. */
function cannot_be_copied(k: Kernel, page: number): number {
  const pfn = page_folio(k.s, page);
  if (!PageAnon(k.s, pfn) || PageKsm(k.s, pfn)) return EINVAL;
  const references = folio_mapcount(k.s, pfn) + (PageSwapCache(k.s, pfn) ? 1 : 0);
  return !PageLRU(k.s, pfn) || PageLocked(k.s, pfn) || folio_ref_count(k.s, pfn) !== references ? EAGAIN : 0;
}

/** `mm/khugepaged.c:hpage_collapse_find_target_node()`: the nodes with most of the pages, whatever the policy says. */
function hpage_collapse_nodes(k: Kernel, { mm }: Vma, first: number): number[] {
  const load = new Map<number, number>();
  for (const vpn of vpns_from(first)) {
    const pte = pte_of(k.s, mm, vpn);
    if (!pte_present(pte)) continue;
    const nid = page_to_nid(k.s, pte_pfn(pte));
    load.set(nid, (load.get(nid) ?? 0) + 1);
  }
  const most = Math.max(...load.values());
  return k.s.topology.nodes.filter((nid) => load.get(nid) === most);
}

/** `mm/khugepaged.c:collapse_huge_page()`, with the huge page at hand: brings in what is in swap, and copies all. */
function* collapse_huge_page(k: Kernel, vma: Vma, first: number, pfn: number): Sleeping<Outcome> {
  const swapped = vpns_from(first).filter((vpn) => in_swap(pte_of(k.s, vma.mm, vpn)));
  for (const vpn of swapped) {
    const result = yield* do_swap_page(k, vma, vpn, READ);
    if (result !== FAULT_MINOR && result !== FAULT_MAJOR) return fails(EINVAL, false);
  }
  if (swapped.length > 0) lru_add_drain(k);
  const isolated = hpage_collapse_scan_pmd(k, vma, first);
  if (isolated.error !== 0) return isolated;
  for (const vpn of vpns_from(first)) copy_part(k, vma, vpn, pfn + (vpn - first));
  k.emit.PageTableFreed(vma.mm, first);
  k.emit.HugePageMapped(pfn, vma.mm, first, writableBit(vma), vma.anon_vma, linear_page_index(vma, first));
  folio_add_lru(k, pfn);
  return DONE;
}

/** `mm/khugepaged.c:__collapse_huge_page_copy()` of one entry: its page goes, unless others map it. */
function copy_part(k: Kernel, vma: Vma, vpn: number, part: number): void {
  const pte = pte_of(k.s, vma.mm, vpn);
  if (pte === 0) return;
  if (is_zero_pte(pte)) return k.emit.PteZapped(ZERO_PFN, vma.mm, vpn);
  const page = pte_pfn(pte);
  if (!PageCleared(k.s, page) && !is_zeroed_part(k.s, page)) k.emit.HugePartFilled(part);
  k.emit.PteZapped(page, vma.mm, vpn);
  const old = page_folio(k.s, page);
  munlock_vma_folio(k, old, vma);
  free_swap_cache(k, old);
  page_cache_release(k, old);
}
