/**
 * Copying a page to another frame, as mm/vmscan.c of 2.6.16 does: entries that map the page become swap entries first, so
 * an anonymous page needs a swap slot, though nothing is written to it.
 */
import { PAGE_ACTIVATE, PAGE_CLEAN, PAGE_KEEP } from '@pagetape/events';
import { try_to_release_page } from '../fs/buffer.ts';
import { migratepage_of } from '../fs/migratepage.ts';
import type { Kernel } from '../kernel.ts';
import {
  page_count,
  page_mapcount,
  page_mapped,
  page_mapping,
  page_private,
  PageAnon,
  PageDirty,
  PagePrivate,
  PageSwapCache,
  pte_is_swap,
  pte_of,
  pte_slot,
} from '../state/read.ts';
import {
  DONE,
  FINAL,
  RETRY_HAS_BUFFERS,
  RETRY_MLOCKED,
  RETRY_NO_MAPPING,
  RETRY_REFERENCED,
  RETRY_STILL_MAPPED,
  RETRY_WRITTEN,
} from './migrate_outcome.ts';
import { SWAP_MLOCK, try_to_unmap, vma_address, vmas_of_page } from './rmap.ts';
import { swap_free } from './swapfile.ts';
import { evict_locked_page, pageout, unlock_and, cannot_write } from './vmscan.ts';

/** The page is in the target: what migrate_locked_page() answers then. An eviction is DONE without it. */
export const MIGRATED = -1;

/** In passes after this one a page is evicted whose buffers cannot be had. */
const LAST_PASS_FOR_BUFFERS = 4;

/**
 * `mm/vmscan.c:migrate_page_remove_references()`: unmaps a page that only its mappings and `nr_refs` others refer to,
 * and puts the target in its place. Returns DONE, or why not; mappings that are gone by then stay swap entries, or nothing.
 * The kernel counts once more before the last step; nobody can have come in between here.
 */
function migrate_page_remove_references(k: Kernel, to: number, pfn: number, nr_refs: number): number {
  if (page_mapping(k.s, pfn) === 0) return RETRY_NO_MAPPING;
  if (page_mapcount(k.s, pfn) + nr_refs !== page_count(k.s, pfn)) return RETRY_REFERENCED;
  if (page_mapped(k.s, pfn)) {
    if (try_to_unmap(k, pfn) === SWAP_MLOCK) return RETRY_MLOCKED | FINAL;
    if (page_mapped(k.s, pfn)) return RETRY_STILL_MAPPED;
  }
  k.emit.MappingMoved(pfn, to);
  return DONE;
}

/** `mm/swapfile.c:remove_vma_swap()`: the entries of the page's areas that name its slot map it again. */
function remove_vma_swap(k: Kernel, pfn: number, slot: number): void {
  for (const id of vmas_of_page(k, pfn)) {
    const vma = k.s.cold.vmas[id];
    const vpn = vma_address(k, pfn, vma);
    if (vpn < 0) continue;
    const pte = pte_of(k.s, vma.mm, vpn);
    if (!pte_is_swap(pte) || pte_slot(pte) !== slot) continue;
    k.emit.PteRestored(pfn, vma.mm, vpn);
    swap_free(k, slot);
  }
}

/**
 * `mm/rmap.c:remove_from_swap()`: maps an anonymous page again wherever it was, for reading only, and gives its slot up.
 * The first write to it costs a fault. It came in 2.6.16-rc2 (a3351e525e4), a patch after the copying.
 */
function remove_from_swap(k: Kernel, pfn: number): void {
  if (!PageSwapCache(k.s, pfn) || !PageAnon(k.s, pfn)) return;
  const slot = page_private(k.s, pfn);
  remove_vma_swap(k, pfn, slot);
  k.emit.PageRemovedFromSwapCache(pfn, slot);
  swap_free(k, slot);
}

/** `mm/vmscan.c:migrate_page()`: moves a page without buffers. */
function migrate_page(k: Kernel, to: number, pfn: number): number {
  const refused = migrate_page_remove_references(k, to, pfn, 2);
  if (refused !== DONE) return refused;
  k.emit.PageContentCopied(pfn, to);
  if (k.traits.copied_leaves_swap) remove_from_swap(k, to);
  return MIGRATED;
}

/** `fs/buffer.c:buffer_migrate_page()`: buffers go along, whoever uses them: their users know the buffers, not the page. */
function buffer_migrate_page(k: Kernel, to: number, pfn: number): number {
  if (!PagePrivate(k.s, pfn)) return migrate_page(k, to, pfn);
  const refused = migrate_page_remove_references(k, to, pfn, 3);
  if (refused !== DONE) return refused;
  k.emit.BuffersMoved(pfn, to);
  k.emit.PageContentCopied(pfn, to);
  return MIGRATED;
}

/** What pageout() answered, as the outcome of a step. It does not write a page that is mapped. */
function pageout_refusal(k: Kernel, pfn: number, outcome: number): number {
  if (outcome === PAGE_ACTIVATE) return cannot_write(k, page_mapping(k.s, pfn));
  return page_mapped(k.s, pfn) ? RETRY_STILL_MAPPED : RETRY_REFERENCED;
}

/**
 * The way of pages whose file system has no migratepage(): dirty ones are written first, and moved when they are clean and
 * without buffers. Where the buffers stay, the page is evicted in the end.
 */
function migrate_page_fallback(k: Kernel, to: number, pfn: number, pass: number): number {
  if (PageDirty(k.s, pfn)) {
    const outcome = pageout(k, pfn, page_mapping(k.s, pfn));
    k.emit.PageoutAttempted(pfn, outcome);
    if (outcome === PAGE_KEEP || outcome === PAGE_ACTIVATE) return unlock_and(k, pfn, pageout_refusal(k, pfn, outcome));
    if (outcome !== PAGE_CLEAN) return RETRY_WRITTEN;
  }
  if (!PagePrivate(k.s, pfn) || try_to_release_page(k, pfn)) return unlock_and(k, pfn, migrate_page(k, to, pfn));
  if (pass > LAST_PASS_FOR_BUFFERS) return evict_locked_page(k, pfn, pass);
  return unlock_and(k, pfn, RETRY_HAS_BUFFERS);
}

/**
 * Moves a locked page to the frame `to`, and unlocks it. The kernel locks the target, too; nobody knows it yet. Returns
 * MIGRATED; DONE when the page was evicted; or why neither.
 */
export function migrate_locked_page(k: Kernel, pfn: number, to: number, pass: number): number {
  const mapping = page_mapping(k.s, pfn);
  if (mapping === 0) return unlock_and(k, pfn, RETRY_NO_MAPPING);
  switch (migratepage_of(k, mapping)) {
    case 'migrate_page':
      return unlock_and(k, pfn, migrate_page(k, to, pfn));
    case 'buffer_migrate_page':
      return unlock_and(k, pfn, buffer_migrate_page(k, to, pfn));
    case 'none':
      return migrate_page_fallback(k, to, pfn, pass);
  }
}
