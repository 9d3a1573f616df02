/** Page migration (mm/migrate.c): entries that stand in page tables for pages that are being moved, and what all engines share. */
import { HOLDER_FAULT, type Vma } from '@pagetape/events';
import { smp_processor_id, type Kernel, type Sleeping } from '../kernel.ts';
import { folio_test_large, is_pmd_migration_entry, page_folio, pmd_of, pmd_pfn } from '../state/huge.ts';
import {
  MIGRATION_DIRTY,
  MIGRATION_YOUNG,
  PMD_DIRTY,
  PMD_YOUNG,
  PTE_BITS,
  PTE_MIGRATION_WRITE,
} from '../state/layout.ts';
import {
  is_migration_entry,
  is_write_migration_entry,
  migration_entry_supports_ad,
  migration_entry_to_pfn,
  page_mapping,
  PageDirty,
  PagePrivate,
  pte_of,
} from '../state/read.ts';
import { wait_on_page_locked } from './filemap.ts';
import { area_locks, mlock_drain, mlock_folio } from './mlock_batch.ts';
import { FINAL, RETRY_NO_WRITEPAGE, RETRY_WRITTEN } from './migrate_outcome.ts';
import { get_page, put_page } from './page_alloc.ts';
import { places_of_folio, rmap_walk, SWAP_AGAIN } from './rmap.ts';
import { has_writepage, writepage } from './vmscan.ts';

/**
 * `mm/migrate.c:remove_migration_ptes()`: all migration entries of `old` map `fresh` from now on, which is the copy of the
 * page, or the page itself when it was not moved. Mappings look unused, unless the entries kept their marks; a mark of dirt is worth
 * nothing where the page was written meanwhile.
 */
export function remove_migration_ptes(k: Kernel, old: number, fresh: number): void {
  if (folio_test_large(k.s, fresh)) return remove_migration_ptes_of_folio(k, old, fresh);
  rmap_walk(k, fresh, remove_migration_pte, old);
}

/** The same of a huge page: of all of it or, where its mapping was split, of its parts. */
function remove_migration_ptes_of_folio(k: Kernel, old: number, fresh: number): void {
  for (const { vma, vpn, part, parts } of places_of_folio(k, fresh)) {
    const pmd = pmd_of(k.s, vma.mm, vpn);
    if (pmd === 0) {
      for (let i = 0; i < parts; i++) remove_migration_pte(k, fresh + part + i, vma, vpn + i, old + part + i);
    } else if (is_pmd_migration_entry(pmd) && pmd_pfn(pmd) === old) {
      const writable = (pmd & PTE_BITS) === PTE_MIGRATION_WRITE ? 1 : 0;
      const [young, dirty] = [
        (pmd & PMD_YOUNG) !== 0 ? 1 : 0,
        (pmd & PMD_DIRTY) !== 0 && PageDirty(k.s, fresh) ? 1 : 0,
      ];
      k.emit.PmdMigrationEntryRemoved(fresh, vma.mm, vpn, writable, young, dirty);
    }
  }
}

/** `mm/migrate.c:remove_migration_pte()`: where the area is locked, the page is from now on. */
function remove_migration_pte(k: Kernel, fresh: number, vma: Vma, vpn: number, old: number): number {
  const { mm } = vma;
  const pte = pte_of(k.s, mm, vpn);
  if (!is_migration_entry(pte) || migration_entry_to_pfn(k.s, pte) !== old) return SWAP_AGAIN;
  const marks = migration_entry_supports_ad(k.s) ? pte : 0;
  const young = (marks & MIGRATION_YOUNG) !== 0 ? 1 : 0;
  const dirty = (marks & MIGRATION_DIRTY) !== 0 && PageDirty(k.s, page_folio(k.s, fresh)) ? 1 : 0;
  k.emit.MigrationEntryRemoved(fresh, mm, vpn, is_write_migration_entry(pte) ? 1 : 0, young, dirty);
  if (!area_locks(k, vma)) return SWAP_AGAIN;
  mlock_folio(k, fresh);
  mlock_drain(k, smp_processor_id(k));
  return SWAP_AGAIN;
}

/**
 * `mm/migrate.c:migration_entry_wait()`: sleeps until the page that is being moved is unlocked. Early kernels hold the page
 * meanwhile, and so keep it from being moved in this pass.
 */
export function* migration_entry_wait(k: Kernel, mm: number, vpn: number): Sleeping<void> {
  const pfn = page_folio(k.s, migration_entry_to_pfn(k.s, pte_of(k.s, mm, vpn)));
  k.emit.MigrationEntryWaited(mm, vpn, pfn);
  if (k.traits.migration_waiter_holds_page) get_page(k, pfn, HOLDER_FAULT);
  yield* wait_on_page_locked(k, pfn);
  if (k.traits.migration_waiter_holds_page) put_page(k, pfn, HOLDER_FAULT);
}

/** `mm/migrate.c:folio_expected_refs()`: those of the caller, of a cache, and of buffers. */
export function folio_expected_refs(k: Kernel, pfn: number): number {
  return page_mapping(k.s, pfn) === 0 ? 1 : 2 + (PagePrivate(k.s, pfn) ? 1 : 0);
}

/**
 * `mm/migrate.c:writeout()`: writes a dirty page, which is mapped again before, and locks it again. It may have changed
 * meanwhile, so it waits for another try. The engine of 6.x unmaps nothing in the tries that follow, so that mappings keep the
 * page from being moved in its call.
 */
export function writeout(k: Kernel, pfn: number, mapping: number): number {
  if (!has_writepage(k, mapping)) return RETRY_NO_WRITEPAGE | FINAL;
  k.emit.PageCleanedForIo(pfn);
  remove_migration_ptes(k, pfn, pfn);
  if (writepage(k, pfn, mapping)) k.emit.PageLocked(pfn);
  return RETRY_WRITTEN;
}
