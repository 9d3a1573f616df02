/** Where pages go that are moved by the engine of 6.x (mm/migrate.c): frames, and huge pages for huge ones. */
import type { Kernel } from '../kernel.ts';
import { folio_test_hugetlb, folio_test_large } from '../state/huge.ts';
import { alloc_hugetlb_folio_nodemask, type HugetlbTarget } from './hugetlb.ts';
import { __folio_alloc, __folio_alloc_huge } from './page_alloc.ts';

/** Where the pages of a migration go. */
export interface MigrationTarget {
  /** The node that all go to; -1: a policy says it page by page. */
  readonly dest: number;
  /** Gives a frame for a page, with a reference; -1: there is none. */
  readonly get_new_folio: (pfn: number) => number;
  /** Targets of hugetlb pages that no pool could spare: if they are not needed, or when they are, one page goes for them. */
  readonly temporary: Set<number>;
}

/** `mm/migrate.c:alloc_migration_target()` for a node: a frame from there or none. */
export function migration_target(k: Kernel, dest: number): MigrationTarget {
  const only = [dest];
  const temporary = new Set<number>();
  return { dest, temporary, get_new_folio: (pfn) => folio_alloc_like(k, pfn, dest, only, temporary) };
}

/** A frame, or a huge page for a huge one. */
export function folio_alloc_like(
  k: Kernel,
  pfn: number,
  nid: number,
  nodemask: readonly number[],
  temporary: Set<number>,
): number {
  if (!folio_test_large(k.s, pfn)) return __folio_alloc(k, nid, nodemask, false);
  if (!folio_test_hugetlb(k.s, pfn)) return __folio_alloc_huge(k, nid, nodemask, false);
  return noted(alloc_hugetlb_folio_nodemask(k, nid, nodemask), temporary);
}

/** The page that a hugetlb page goes to, noted where it is temporary. */
export function noted(target: HugetlbTarget, temporary: Set<number>): number {
  if (target.temporary) temporary.add(target.pfn);
  return target.pfn;
}
