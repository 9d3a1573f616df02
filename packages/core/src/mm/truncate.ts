/** A file gets another size: pages beyond its end go (mm/truncate.c, and what mm/memory.c has of it). */
import { HOLDER_BATCH } from '@pagetape/events';
import { try_to_release_page } from '../fs/buffer.ts';
import type { Kernel, Sleeping } from '../kernel.ts';
import { FILE, TABLE, X_ROOT } from '../state/layout.ts';
import {
  page_buffers,
  page_count,
  page_index,
  page_mapping,
  PageDirty,
  PageLocked,
  PagePrivate,
  PageWriteback,
  shmem_mapping,
} from '../state/read.ts';
import { eachLeaf } from '../state/walk.ts';
import { lock_page, unlock_page, wait_on_page_writeback } from './filemap.ts';
import { zap_page_range } from './memory_range.ts';
import { DONE } from './migrate_outcome.ts';
import { get_page, release_pages } from './page_alloc.ts';
import { shmem_truncate } from './shmem.ts';
import { lru_add_drain } from './swap.ts';
import { remove_mapping } from './vmscan.ts';

/** `lib/radix-tree.c:radix_tree_gang_lookup()`: the frames that cache pages [index, end) of a file, ascending. */
function cached_pages(k: Kernel, file: number, index: number, end: number): number[] {
  const found: number[] = [];
  eachLeaf(k.s, k.s.files, file * FILE + X_ROOT, (first, leaf) => {
    for (let i = Math.max(0, index - first); i < Math.min(TABLE, end - first); i++) {
      const entry = k.s.tables[leaf * TABLE + i];
      if (entry > 0) found.push(entry - 1);
    }
  });
  return found;
}

/**
 * `mm/memory.c:unmap_mapping_range()`: unmaps pages [index, end) of a file wherever they are mapped; private
 * copies too, if `even_cows`.
 */
function unmap_mapping_range(k: Kernel, file: number, index: number, end: number, even_cows: boolean): void {
  const spare = even_cows ? null : { first_index: index, last_index: end - 1, keeps_cows: true };
  const { i_mmap, i_mmap_nonlinear } = k.s.cold.files[file];
  for (const id of i_mmap) {
    const vma = k.s.cold.vmas[id];
    const start = Math.max(vma.start, vma.start + index - vma.pgoff);
    const last = Math.min(vma.end, vma.start + end - vma.pgoff);
    if (start < last) zap_page_range(k, vma, start, last, spare);
  }
  // There an address does not say which page of the file it is, so all have to be looked at.
  const details = { first_index: index, last_index: end - 1 };
  for (const id of i_mmap_nonlinear) {
    const vma = k.s.cold.vmas[id];
    zap_page_range(k, vma, vma.start, vma.end, details);
  }
}

/**
 * `mm/truncate.c:truncate_complete_page()`: takes a locked page out of its file. Buffers that are in use stay with
 * it: it is an orphan then. Those of a journal leave a dirty page dirty, because the transaction writes them back by
 * themselves.
 */
export function truncate_complete_page(k: Kernel, file: number, pfn: number): void {
  const dirty = PageDirty(k.s, pfn);
  if (PagePrivate(k.s, pfn)) try_to_release_page(k, pfn);
  k.emit.PageTruncated(pfn, file, page_index(k.s, pfn));
  k.emit.PageRemovedFromPageCache(pfn, file, page_index(k.s, pfn));
  if (dirty && page_buffers(k.s, pfn) === 'journal') k.emit.PageDirtied(pfn, 0);
}

/** `mm/truncate.c:mapping_evict_folio()`, invalidate_inode_page() of older kernels: takes a locked page out of its file, if it is clean and only the caller knows it. */
export function mapping_evict_folio(k: Kernel, pfn: number): boolean {
  const mapping = page_mapping(k.s, pfn);
  if (mapping <= 0 || PageDirty(k.s, pfn) || page_count(k.s, pfn) > 2 + (PagePrivate(k.s, pfn) ? 1 : 0)) return false;
  if (PagePrivate(k.s, pfn) && !try_to_release_page(k, pfn)) return false;
  return remove_mapping(k, pfn, mapping) === DONE;
}

/**
 * `mm/truncate.c:truncate_inode_pages()`: first all pages that nobody works with, then the others, as they come free.
 */
export function* truncate_inode_pages(k: Kernel, file: number, index: number, end = Infinity): Sleeping<void> {
  for (let round = 0; ; round++) {
    const pages = cached_pages(k, file, index, end);
    if (pages.length === 0) return;
    const size = k.traits.pagevec_size;
    for (let at = 0; at < pages.length; at += size) {
      const batch = pages.slice(at, at + size);
      for (const pfn of batch) get_page(k, pfn, HOLDER_BATCH);
      for (const pfn of batch) {
        if (round === 0 && (PageLocked(k.s, pfn) || PageWriteback(k.s, pfn))) continue;
        yield* lock_page(k, pfn);
        yield* wait_on_page_writeback(k, pfn);
        truncate_complete_page(k, file, pfn);
        unlock_page(k, pfn);
      }
      lru_add_drain(k);
      release_pages(k, batch, HOLDER_BATCH);
    }
  }
}

/** `mm/memory.c:vmtruncate()`: the file has so many pages from now on. Those of tmpfs may be in swap as well. */
export function* vmtruncate(k: Kernel, file: number, pages: number): Sleeping<void> {
  const shrinks = pages < k.s.cold.files[file].pages;
  k.emit.FileResized({ file, pages });
  if (!shrinks) return;
  unmap_mapping_range(k, file, pages, Infinity, true);
  yield* truncate_inode_pages(k, file, pages);
  if (shmem_mapping(k.s, file)) shmem_truncate(k, file, pages);
}

/**
 * `mm/shmem.c:shmem_fallocate()` with FALLOC_FL_PUNCH_HOLE: pages [index, end) of a file of tmpfs are gone. Who has private
 * copies of them keeps those.
 */
export function* shmem_punch_hole(k: Kernel, file: number, index: number, end: number): Sleeping<void> {
  unmap_mapping_range(k, file, index, end, false);
  yield* truncate_inode_pages(k, file, index, end);
  shmem_truncate(k, file, index, end);
}
