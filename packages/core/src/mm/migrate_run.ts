/**
 * What a run of page migration has in both engines of 6.x (mm/migrate.c): what it counts, and how a page is unmapped, is done, or stays
 * where it is. migrate_batch.ts is the engine since 6.3, migrate_singly.ts the one before.
 */
import { HOLDER_ISOLATION, refusal } from '@pagetape/events';
import { try_to_release_page } from '../fs/buffer.ts';
import type { Kernel } from '../kernel.ts';
import { folio_mapcount, folio_nr_pages, folio_test_hugetlb, is_thp } from '../state/huge.ts';
import { folio_lru_list, mapping_of, PageMlocked, PagePrivate } from '../state/read.ts';
import { trylock_page, unlock_page } from './filemap.ts';
import { split_folio_to_list } from './huge_memory.ts';
import { dissolve_hugetlb_folio } from './hugetlb.ts';
import { remove_migration_ptes } from './migrate.ts';
import { DONE, RETRY_NO_MAPPING, RETRY_STILL_MAPPED } from './migrate_outcome.ts';
import type { MigrationTarget } from './migrate_target.ts';
import { put_page } from './page_alloc.ts';
import { try_to_migrate } from './rmap.ts';
import { folio_add_lru, lru_add_drain } from './swap.ts';

export const NO_TARGET = refusal('no-target-page');

/** How a migration came out. */
export interface Migrated {
  /** How many pages were not moved, or minus an error number. */
  readonly result: number;
  /** Pages that were not moved, still isolated. */
  readonly left: readonly number[];
}

/** A run of the engine: struct migrate_pages_stats, and what is unmapped at the moment. */
export interface Run {
  readonly target: MigrationTarget;
  /** Pages that are unmapped, and for each the frame that it goes to. Both are locked. */
  unmapped: number[];
  targets: number[];
  /** Those that were mlocked: PAGE_WAS_MLOCKED. */
  readonly mlocked: Set<number>;
  /** Pages that were moved, and that were not; of the latter the folios, too. */
  nr_succeeded: number;
  nr_failed_pages: number;
  nr_failed: number;
  nr_thp_succeeded: number;
  nr_thp_failed: number;
  /** Huge pages that were split, and what became of them. */
  nr_split: number;
  split_folios: number[];
}

export const new_run = (target: MigrationTarget): Run => ({
  target,
  unmapped: [],
  targets: [],
  mlocked: new Set(),
  nr_succeeded: 0,
  nr_failed_pages: 0,
  nr_failed: 0,
  nr_thp_succeeded: 0,
  nr_thp_failed: 0,
  nr_split: 0,
  split_folios: [],
});

/** A page that everybody else let go of counts as moved; the last reference goes. */
export function finish_unreferenced(k: Kernel, run: Run, pfn: number, pass: number): void {
  k.emit.PageFoundUnreferenced(pfn, pass);
  count_moved(k, run, pfn);
  put_page(k, pfn, HOLDER_ISOLATION);
}

function count_moved(k: Kernel, run: Run, pfn: number): void {
  run.nr_succeeded += folio_nr_pages(k.s, pfn);
  if (is_thp(k.s, pfn)) run.nr_thp_succeeded++;
}

export function count_failed(k: Kernel, run: Run, pfn: number): void {
  run.nr_failed++;
  run.nr_failed_pages += folio_nr_pages(k.s, pfn);
  if (is_thp(k.s, pfn)) run.nr_thp_failed++;
}

/**
 * `mm/migrate.c:try_split_folio()`: the huge page counts as failed, and its parts are moved when the batch or the list is done. Returns whether it
 * could be split.
 */
export function try_split_folio(k: Kernel, run: Run, pfn: number): boolean {
  if (!trylock_page(k, pfn)) return false;
  const parts = split_folio_to_list(k, pfn);
  unlock_page(k, pfn);
  if (parts === null) return false;
  run.split_folios.push(...parts);
  run.nr_failed++;
  run.nr_thp_failed++;
  run.nr_split++;
  return true;
}

/** Notes that a page stays where it is for good. */
export function fail(k: Kernel, run: Run, pfn: number, pass: number, reason: number, ret: number[]): void {
  k.emit.PageMigrationFailed(pfn, pass, reason);
  ret.push(pfn);
  count_failed(k, run, pfn);
}

/** Where one page finds no frame, those behind it are not looked at. The kernel does not count them as failed. */
export function give_up_rest(k: Kernel, pages: readonly number[], pass: number, ret: number[]): void {
  for (const pfn of pages) {
    k.emit.PageMigrationFailed(pfn, pass, NO_TARGET);
    ret.push(pfn);
  }
}

/** A target is not needed. */
export function put_target(k: Kernel, { target }: Run, fresh: number): void {
  put_page(k, fresh, HOLDER_ISOLATION);
  if (target.temporary.delete(fresh)) dissolve_hugetlb_folio(k, fresh);
}

/**
 * The part of `mm/migrate.c:migrate_folio_unmap()` for a locked page that is not being written: migration entries take the place of its
 * mappings. Returns DONE, or the reason for another pass.
 */
export function unmap_folio(k: Kernel, run: Run, pfn: number): number {
  if (mapping_of(k.s, pfn) === 0 && PagePrivate(k.s, pfn)) {
    try_to_release_page(k, pfn);
    return RETRY_NO_MAPPING;
  }
  if (PageMlocked(k.s, pfn)) run.mlocked.add(pfn);
  if (folio_mapcount(k.s, pfn) === 0 || try_to_migrate(k, pfn)) return DONE;
  remove_migration_ptes(k, pfn, pfn);
  return RETRY_STILL_MAPPED;
}

/** `mm/migrate.c:migrate_folio_undo_src()` and migrate_folio_undo_dst() */
export function migrate_folio_undo(k: Kernel, run: Run, pfn: number, fresh: number): void {
  remove_migration_ptes(k, pfn, pfn);
  unlock_page(k, pfn);
  unlock_page(k, fresh);
  put_target(k, run, fresh);
}

/** The end of `mm/migrate.c:migrate_folio_move()`: the new frame is mapped and on a list, the old one is free. */
export function finish_moved(k: Kernel, run: Run, pfn: number, fresh: number, pass: number): void {
  k.emit.PagePutBack(fresh, folio_lru_list(k.s, fresh));
  if (!folio_test_hugetlb(k.s, fresh)) folio_add_lru(k, fresh);
  if (run.mlocked.has(pfn)) lru_add_drain(k);
  remove_migration_ptes(k, pfn, fresh);
  unlock_page(k, fresh);
  put_page(k, fresh, HOLDER_ISOLATION);
  k.emit.PageMigrated(pfn, fresh, pass);
  unlock_page(k, pfn);
  count_moved(k, run, pfn);
  put_page(k, pfn, HOLDER_ISOLATION);
  // The old page goes to the page allocator in the place of one that came from there: move_hugetlb_state().
  if (run.target.temporary.delete(fresh)) dissolve_hugetlb_folio(k, pfn);
}
