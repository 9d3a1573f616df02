/** Reading what is known of huge pages: the folio that a frame is part of, and the entries that map all of it. */
import {
  F_COUNT,
  F_FLAGS,
  F_MAPCOUNT,
  FOLIO_ENTIRE,
  FOLIO_PTES,
  FRAME,
  HUGE,
  HUGE_ORDER,
  M_ROOT,
  MIGRATION_DIRTY,
  MIGRATION_FRAMES,
  MIGRATION_YOUNG,
  MM,
  PG_HUGETLB,
  PG_LARGE,
  PG_PARTIAL,
  PG_ZEROED,
  PMD_DIRTY,
  PMD_FRAMES,
  PMD_SHIFT,
  PMD_YOUNG,
  PTE_BITS,
  PTE_PRESENT,
  PTE_SHIFT,
  PTE_ZERO_PAGE,
  SPAN,
  TABLE,
  TABLE_BITS,
} from './layout.ts';
import type { ReadonlyInts, StateView } from './view.ts';

type Frames = Pick<StateView, 'frames'>;

/** `include/linux/page-flags.h:folio_test_large()`: the frame is part of a huge page. */
export const folio_test_large = ({ frames }: Frames, pfn: number): boolean =>
  (frames[pfn * FRAME + F_FLAGS] & PG_LARGE) !== 0;

/** `include/linux/page-flags.h:page_folio()`: the head of the huge page that has the frame, or the frame itself. */
export const page_folio = (s: Frames, pfn: number): number => (folio_test_large(s, pfn) ? pfn & ~(HUGE - 1) : pfn);

/** `include/linux/mm.h:folio_nr_pages()` */
export const folio_nr_pages = (s: Frames, pfn: number): number => (folio_test_large(s, pfn) ? HUGE : 1);

/** `include/linux/page-flags.h:folio_test_hugetlb()` */
export const folio_test_hugetlb = ({ frames }: Frames, pfn: number): boolean =>
  (frames[pfn * FRAME + F_FLAGS] & PG_HUGETLB) !== 0;

/** A transparent huge page. */
export const is_thp = (s: Frames, pfn: number): boolean => folio_test_large(s, pfn) && !folio_test_hugetlb(s, pfn);

/** `include/linux/page-flags.h:folio_test_partially_mapped()`: on the list of those that are better split. */
export const folio_test_partially_mapped = ({ frames }: Frames, pfn: number): boolean =>
  (frames[pfn * FRAME + F_FLAGS] & PG_PARTIAL) !== 0;

/** Nobody has written to this part of a huge page since it was zeroed. */
export const is_zeroed_part = ({ frames }: Frames, pfn: number): boolean =>
  (frames[pfn * FRAME + F_FLAGS] & PG_ZEROED) !== 0;

/** `include/linux/mm.h:folio_entire_mapcount()` */
export const folio_entire_mapcount = (s: Frames, pfn: number): number =>
  folio_test_large(s, pfn) ? s.frames[pfn * FRAME + FOLIO_ENTIRE] : 0;

/** `include/linux/mm.h:folio_mapcount()` of a folio: entries that map it or parts of it. */
export const folio_mapcount = ({ frames }: Frames, pfn: number): number => {
  const at = pfn * FRAME;
  return (frames[at + F_FLAGS] & PG_LARGE) === 0
    ? frames[at + F_MAPCOUNT]
    : frames[at + FOLIO_ENTIRE] + frames[at + FOLIO_PTES];
};

/** `include/linux/mm.h:folio_ref_count()` of the folio that has the frame. */
export const folio_ref_count = (s: Frames, pfn: number): number => s.frames[page_folio(s, pfn) * FRAME + F_COUNT];

/** `include/linux/mm.h:page_mapcount()`: entries through which one can get at this frame. */
export const page_mapcount_of_part = (s: Frames, pfn: number): number =>
  s.frames[pfn * FRAME + F_MAPCOUNT] + folio_entire_mapcount(s, page_folio(s, pfn));

/**
 * Where the entry one level above the leaves lies in `tables`: it has the number of the leaf table around `index`, or is a huge
 * entry. -1: there is no table for it.
 */
export function pmdEntry(tables: ReadonlyInts, roots: ReadonlyInts, at: number, index: number): number {
  let table = roots[at];
  let level = roots[at + 1];
  if (level < 2 || index >= SPAN[level]) return -1;
  for (;;) {
    const entry = table * TABLE + ((index >>> (--level * TABLE_BITS)) & (TABLE - 1));
    if (level === 1) return entry;
    table = tables[entry];
    if (table === 0) return -1;
  }
}

/** The huge entry that covers a page, which is below zero; 0: there is none. */
export function pmd_of(s: StateView, mm: number, vpn: number): number {
  const entry = pmdEntry(s.tables, s.mms, mm * MM + M_ROOT, vpn);
  return entry < 0 ? 0 : Math.min(s.tables[entry], 0);
}

/** The head of the huge page that an entry maps, or whose mapping it stands for. */
export const pmd_pfn = (pmd: number): number => ((pmd & PMD_FRAMES) >>> PMD_SHIFT) << HUGE_ORDER;
export const pmd_present = (pmd: number): boolean => (pmd & PTE_PRESENT) !== 0;
export const is_huge_zero_pmd = (pmd: number): boolean => (pmd & PTE_BITS) === PTE_ZERO_PAGE;
export const is_pmd_migration_entry = (pmd: number): boolean =>
  pmd !== 0 && !pmd_present(pmd) && !is_huge_zero_pmd(pmd);

/** The page-table entry that a huge entry amounts to for one page; 0 for none. */
export function pte_in_pmd(s: StateView, pmd: number, vpn: number): number {
  if (pmd === 0) return 0;
  if (is_huge_zero_pmd(pmd)) return PTE_ZERO_PAGE;
  const pte = ((pmd_pfn(pmd) + (vpn & (HUGE - 1))) << PTE_SHIFT) | (pmd & PTE_BITS);
  if (pmd_present(pmd) || s.topology.max_pfn > MIGRATION_FRAMES) return pte;
  return pte | ((pmd & PMD_YOUNG) !== 0 ? MIGRATION_YOUNG : 0) | ((pmd & PMD_DIRTY) !== 0 ? MIGRATION_DIRTY : 0);
}
