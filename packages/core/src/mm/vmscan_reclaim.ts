/** Pages that are put out because somebody asked for it (mm/vmscan.c of 6.x): reclaim_pages() and what is below it. */
import { HOLDER_FAULT, HOLDER_ISOLATION, LRU_ACTIVE, LRU_UNEVICTABLE, refusal } from '@pagetape/events';
import { try_to_release_page } from '../fs/buffer.ts';
import type { Kernel } from '../kernel.ts';
import {
  folio_lru_list,
  page_count,
  page_mapcount,
  page_mapped,
  page_mapping,
  page_to_nid,
  PageAnon,
  PageDirty,
  PageLazyFree,
  PageMlocked,
  PagePrivate,
  PageSwapCache,
  PageWriteback,
  pte_of,
  pte_pfn,
  pte_present,
  shmem_mapping,
} from '../state/read.ts';
import {
  folio_mapcount,
  folio_test_large,
  folio_test_partially_mapped,
  is_thp,
  is_zeroed_part,
  pmd_of,
} from '../state/huge.ts';
import { HUGE, PTE_DIRTY } from '../state/layout.ts';
import { trylock_page, unlock_page } from './filemap.ts';
import { can_split_folio, split_folio_to_list, split_huge_pmd } from './huge_memory.ts';
import {
  DONE,
  reasonOf,
  RETRY_DIRTY_AGAIN,
  RETRY_HAS_BUFFERS,
  RETRY_LOCKED,
  RETRY_MLOCKED,
  RETRY_NO_SWAP_SLOT,
  RETRY_REFERENCED,
  RETRY_STILL_MAPPED,
  RETRY_WRITEBACK,
  RETRY_WRITTEN,
} from './migrate_outcome.ts';
import { put_page } from './page_alloc.ts';
import { swap_writepage } from './page_io.ts';
import { has_dirty_mapping, places_of_folio, try_to_unmap } from './rmap.ts';
import { shmem_move_to_swap } from './shmem.ts';
import { add_to_swap } from './swap_state.ts';
import { folio_free_swap, has_free_cluster, vm_swap_full } from './swapfile.ts';
import { folio_putback_lru, remove_mapping } from './vmscan.ts';

/** Added to the reason why a page is kept: it goes to the active list; or whoever has its lock keeps it. */
const ACTIVATE = 0x200;
const NOT_OURS = 0x400;
const REASON = 0xff;
const WRITE_REFUSED = refusal('write-refused') + 1;

/** `mm/vmscan.c:reclaim_pages()`: reclaims isolated pages; those of one node that follow each other go together. */
export function reclaim_pages(k: Kernel, pages: readonly number[]): void {
  for (let from = 0; from < pages.length;) {
    const nid = page_to_nid(k.s, pages[from]);
    let end = from + 1;
    while (end < pages.length && page_to_nid(k.s, pages[end]) === nid) end++;
    shrink_folio_list(k, pages.slice(from, end));
    from = end;
  }
}

/**
 * `mm/vmscan.c:shrink_folio_list()` with ignore_references, and reclaim_folio_list() around it: puts back what is left. The parts of a
 * huge page come next after it.
 */
function shrink_folio_list(k: Kernel, folio_list: readonly number[]): void {
  const left: [pfn: number, outcome: number][] = [];
  const list = [...folio_list].reverse();
  const written_whole = new Set<number>();
  for (let pfn = list.pop(); pfn !== undefined; pfn = list.pop()) {
    let outcome = trylock_page(k, pfn) ? DONE : RETRY_LOCKED | NOT_OURS;
    if (outcome === DONE && is_thp(k.s, pfn)) outcome = take_apart(k, pfn, list, written_whole);
    if (outcome === DONE) outcome = shrink_folio(k, pfn, written_whole.has(pfn));
    if ((outcome & ACTIVATE) !== 0 && vm_swap_full(k)) folio_free_swap(k, pfn);
    if ((outcome & NOT_OURS) === 0) unlock_page(k, pfn);
    if (outcome === DONE) {
      k.emit.PageEvicted(pfn, 0);
      put_page(k, pfn, HOLDER_ISOLATION);
    } else {
      k.emit.PageReclaimRefused(pfn, reasonOf(outcome & REASON));
      left.push([pfn, outcome]);
    }
  }
  for (const [pfn, outcome] of left) {
    const list = folio_lru_list(k.s, pfn);
    const active = list !== LRU_UNEVICTABLE && (outcome & ACTIVATE) !== 0;
    folio_putback_lru(k, pfn, active ? list | LRU_ACTIVE : list & ~LRU_ACTIVE);
  }
}

/**
 * One locked page: it gets a slot, loses its mappings, is written, and leaves its cache. Pages of files that are dirty are left
 * to write-back. Returns DONE, or the reason why it is kept.
 */
function shrink_folio(k: Kernel, pfn: number, written_whole: boolean): number {
  if (PageMlocked(k.s, pfn)) return RETRY_MLOCKED;
  if (PageWriteback(k.s, pfn)) return RETRY_WRITEBACK | ACTIVATE;
  if (PageAnon(k.s, pfn) && PageLazyFree(k.s, pfn)) {
    return folio_test_large(k.s, pfn) ? drop_lazyfree_folio(k, pfn) : drop_lazyfree(k, pfn);
  }
  if (PageAnon(k.s, pfn) && !PageSwapCache(k.s, pfn) && !add_to_swap(k, pfn)) return RETRY_NO_SWAP_SLOT | ACTIVATE;
  if (page_mapped(k.s, pfn)) try_to_unmap(k, pfn);
  if (page_mapped(k.s, pfn)) return RETRY_STILL_MAPPED | ACTIVATE;
  if (PageDirty(k.s, pfn)) {
    if (!PageSwapCache(k.s, pfn) && !shmem_goes_to_swap(k, pfn)) return WRITE_REFUSED | ACTIVATE;
    if (page_count(k.s, pfn) !== 2) return RETRY_REFERENCED;
    k.emit.PageCleanedForIo(pfn);
    swap_writepage(k, pfn, written_whole);
    // A device that writes at once is done by now.
    if (PageWriteback(k.s, pfn) || PageDirty(k.s, pfn) || !trylock_page(k, pfn)) return RETRY_WRITTEN | NOT_OURS;
  }
  if (PagePrivate(k.s, pfn) && !try_to_release_page(k, pfn)) return RETRY_HAS_BUFFERS | ACTIVATE;
  return remove_mapping(k, pfn, page_mapping(k.s, pfn));
}

/**
 * A locked huge page that is to go to swap. Where 512 slots in a row are free the kernel writes it as one page, zeroes and all; here its
 * parts go one by one, which comes to the same. Else, and if some parts have lost their mappings, it is split, and those of its
 * parts to which nobody ever wrote may have the zero page instead. Returns DONE: its first part, which is still locked, is next.
 */
function take_apart(k: Kernel, pfn: number, list: number[], written_whole: Set<number>): number {
  if (PageLazyFree(k.s, pfn) || PageWriteback(k.s, pfn)) return DONE;
  if (!can_split_folio(k, pfn)) return RETRY_REFERENCED | ACTIVATE;
  const whole = !folio_test_partially_mapped(k.s, pfn) && has_free_cluster(k);
  const written = Array.from({ length: HUGE }, (_, i) => pfn + i).filter((part) => !is_zeroed_part(k.s, part));
  const parts = split_folio_to_list(k, pfn, !whole)!;
  if (whole && written.length > 0) for (const part of parts) written_whole.add(part);
  list.push(...parts.slice(0, -1));
  return DONE;
}

/**
 * The same as drop_lazyfree() of a huge page. A mapping of all of it that was written through is split first, and where an entry says that
 * the content counts again nothing more is unmapped.
 */
function drop_lazyfree_folio(k: Kernel, head: number): number {
  const held = page_count(k.s, head) !== 1 + folio_mapcount(k.s, head);
  for (const { vma, vpn, part, parts } of places_of_folio(k, head)) {
    const pmd = pmd_of(k.s, vma.mm, vpn);
    const clean = !held && !PageDirty(k.s, head);
    if (pmd !== 0 && clean && (pmd & PTE_DIRTY) === 0) {
      k.emit.PmdZapped(head, vma.mm, vpn);
      put_page(k, head, HOLDER_FAULT);
      continue;
    }
    if (pmd !== 0) split_huge_pmd(k, vma.mm, vpn);
    for (let i = 0; i < parts; i++) {
      const pte = pte_of(k.s, vma.mm, vpn + i);
      if (!pte_present(pte) || pte_pfn(pte) !== head + part + i) continue;
      if (!clean || (pte & PTE_DIRTY) !== 0) {
        k.emit.PageDirtied(head, 1);
        return (held ? RETRY_REFERENCED : RETRY_DIRTY_AGAIN) | ACTIVATE;
      }
      k.emit.PteZapped(head + part + i, vma.mm, vpn + i);
      put_page(k, head, HOLDER_FAULT);
    }
  }
  return page_count(k.s, head) === 1 ? DONE : RETRY_REFERENCED;
}

/** Pages of tmpfs can be put out too; other files write their pages by themselves. */
function shmem_goes_to_swap(k: Kernel, pfn: number): boolean {
  const mapping = page_mapping(k.s, pfn);
  return shmem_mapping(k.s, mapping) && page_count(k.s, pfn) === 2 && shmem_move_to_swap(k, pfn, mapping);
}

/**
 * The part of `mm/rmap.c:try_to_unmap_one()` for pages that MADV_FREE let go: they are dropped without being written, unless
 * somebody wrote to them again or refers to them. Then they must be kept as before.
 */
function drop_lazyfree(k: Kernel, pfn: number): number {
  const held = page_count(k.s, pfn) !== 1 + page_mapcount(k.s, pfn);
  if (held || PageDirty(k.s, pfn) || has_dirty_mapping(k, pfn)) {
    k.emit.PageDirtied(pfn, 1);
    return (held ? RETRY_REFERENCED : RETRY_DIRTY_AGAIN) | ACTIVATE;
  }
  try_to_unmap(k, pfn);
  return page_count(k.s, pfn) === 1 ? DONE : RETRY_REFERENCED;
}
