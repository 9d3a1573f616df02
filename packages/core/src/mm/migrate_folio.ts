/** How the engine of 6.x moves one page that is unmapped to its new frame (mm/migrate.c). */
import { try_to_release_page } from '../fs/buffer.ts';
import { migratepage_of } from '../fs/migratepage.ts';
import type { Kernel } from '../kernel.ts';
import { folio_test_large } from '../state/huge.ts';
import { page_count, page_mapping, PageDirty, PageKsm, PagePrivate } from '../state/read.ts';
import { folio_migrate_ksm } from './ksm.ts';
import { folio_expected_refs, writeout } from './migrate.ts';
import { DONE, FINAL, RETRY_DIRTY_AGAIN, RETRY_HAS_BUFFERS, RETRY_REFERENCED } from './migrate_outcome.ts';

/**
 * `mm/migrate.c:move_to_new_folio()`: content, place in a cache and marks go to the new frame. Returns DONE, a reason for
 * another try, or a final reason.
 */
export function move_to_new_folio(k: Kernel, pfn: number, fresh: number, sync: boolean): number {
  const mapping = page_mapping(k.s, pfn);
  if (mapping !== 0 && migratepage_of(k, mapping) === 'none') {
    const refused = fallback_migrate_folio(k, pfn, mapping, sync);
    if (refused !== DONE) return refused;
  }
  return migrate_folio(k, pfn, fresh);
}

/** `mm/migrate.c:fallback_migrate_folio()`, of a file system that cannot move a page, up to where the page is moved. */
function fallback_migrate_folio(k: Kernel, pfn: number, mapping: number, sync: boolean): number {
  if (PageDirty(k.s, pfn)) return sync ? writeout(k, pfn, mapping) : RETRY_DIRTY_AGAIN | FINAL;
  if (!PagePrivate(k.s, pfn) || try_to_release_page(k, pfn)) return DONE;
  return sync ? RETRY_HAS_BUFFERS : RETRY_HAS_BUFFERS | FINAL;
}

/** `mm/migrate.c:migrate_folio()` and buffer_migrate_folio() */
function migrate_folio(k: Kernel, pfn: number, fresh: number): number {
  if (page_count(k.s, pfn) !== folio_expected_refs(k, pfn)) return RETRY_REFERENCED;
  if (folio_test_large(k.s, pfn)) k.emit.HugePageContentCopied(pfn, fresh);
  else k.emit.PageContentCopied(pfn, fresh);
  k.emit.MappingMoved(pfn, fresh);
  if (PageKsm(k.s, fresh)) folio_migrate_ksm(k, fresh);
  if (PagePrivate(k.s, pfn)) k.emit.BuffersMoved(pfn, fresh);
  return DONE;
}
