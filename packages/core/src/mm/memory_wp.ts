/** Writes to pages that are mapped read-only: who may have the page for itself, and who gets a copy (mm/memory.c). */
import {
  CONTENT_ZEROES,
  FAULT_MINOR,
  FAULT_OOM,
  HOLDER_FAULT,
  MARK_EXCLUSIVE,
  VM_SHARED,
  VM_WRITE,
  type Vma,
} from '@pagetape/events';
import type { Kernel } from '../kernel.ts';
import {
  is_zero_pte,
  page_count,
  PageAnon,
  PageAnonExclusive,
  PageCleared,
  PageKsm,
  PageLocked,
  PageLRU,
  PageSwapCache,
  pte_of,
  pte_pfn,
} from '../state/read.ts';
import { unlock_page } from './filemap.ts';
import { alloc_page_vma } from './mempolicy.ts';
import { munlock_vma_folio } from './mlock_batch.ts';
import { linear_page_index } from './mmap.ts';
import { get_page, page_cache_release } from './page_alloc.ts';
import { anon_vma_prepare } from './rmap.ts';
import { folio_add_lru_vma, lru_add_drain, lru_cache_add_active } from './swap.ts';
import { can_share_swap_page, folio_free_swap } from './swapfile.ts';

export const writableBit = (vma: Vma): number => ((vma.flags & VM_WRITE) !== 0 ? 1 : 0);

/** Maps a new anonymous page, and puts it into a batch, in 2006 the active one: the end of three kinds of fault. */
export function map_anon_page(k: Kernel, pfn: number, vma: Vma, vpn: number, anon_vma: number): void {
  if (k.traits.lru === 'zones') lru_cache_add_active(k, pfn);
  k.emit.AnonPageMapped(pfn, vma.mm, vpn, writableBit(vma), anon_vma, linear_page_index(vma, vpn));
  if (k.traits.exclusive_pages) k.emit.AnonPageMarked(pfn, vma.mm, vpn, MARK_EXCLUSIVE);
  if (k.traits.lru === 'nodes') folio_add_lru_vma(k, pfn, vma);
}

/** Maps a new copy that nobody has written to, and puts it into a batch. */
export function map_unshared_page(k: Kernel, pfn: number, vma: Vma, vpn: number, anon_vma: number): void {
  k.emit.AnonPageUnshared(pfn, vma.mm, vpn, anon_vma, linear_page_index(vma, vpn));
  folio_add_lru_vma(k, pfn, vma);
}

/**
 * `mm/memory.c:do_wp_page()`: a write to a read-only mapping. Its sole user gets it writable, others a copy. In a shared area
 * it is no copy that is wanted; there a mapping is read-only only if its area became writable while the page was moving.
 */
export function do_wp_page(k: Kernel, vma: Vma, vpn: number): number {
  const pte = pte_of(k.s, vma.mm, vpn);
  if (is_zero_pte(pte)) return wp_page_copy(k, vma, vpn, NO_PAGE);
  const old = pte_pfn(pte);
  const reuse = PageAnon(k.s, old) ? may_reuse_page(k, old) : (vma.flags & VM_SHARED) !== 0;
  if (!reuse) return wp_page_copy(k, vma, vpn, old);
  k.emit.PteMadeWritable(old, vma.mm, vpn);
  if (k.traits.exclusive_pages && PageAnon(k.s, old) && !PageAnonExclusive(k.s, old)) {
    k.emit.AnonPageMarked(old, vma.mm, vpn, MARK_EXCLUSIVE);
  }
  return FAULT_MINOR;
}

/** Whether who writes may keep the page: because the kernel remembers so, or by what it can find out. */
function may_reuse_page(k: Kernel, pfn: number): boolean {
  if (PageKsm(k.s, pfn)) return false;
  if (k.traits.exclusive_pages) return PageAnonExclusive(k.s, pfn) || wp_can_reuse_anon_folio(k, pfn);
  if (PageLocked(k.s, pfn)) return false;
  k.emit.PageLocked(pfn);
  const reuse = can_share_swap_page(k, pfn);
  unlock_page(k, pfn);
  return reuse;
}

/** A page that its mapping and the swap cache refer to, and a batch of another CPU or two. */
const FEW_REFERENCES = 3;

/**
 * `mm/memory.c:wp_can_reuse_anon_folio()`: nobody refers to the page but its mapping. For that this CPU empties its batches,
 * and the swap cache lets go of it.
 */
function wp_can_reuse_anon_folio(k: Kernel, pfn: number): boolean {
  if (page_count(k.s, pfn) > FEW_REFERENCES) return false;
  if (!PageLRU(k.s, pfn)) lru_add_drain(k);
  if (page_count(k.s, pfn) > (PageSwapCache(k.s, pfn) ? 2 : 1) || PageLocked(k.s, pfn)) return false;
  k.emit.PageLocked(pfn);
  folio_free_swap(k, pfn);
  unlock_page(k, pfn);
  return page_count(k.s, pfn) === 1;
}

/** There is no page that was mapped before, as nothing counts the zero page. */
const NO_PAGE = -1;

/**
 * `mm/memory.c:wp_page_copy()`, which is a part of do_wp_page() in 2006: a new page takes the place of the old one. With
 * FAULT_FLAG_UNSHARE nobody is going to write to it.
 */
export function wp_page_copy(k: Kernel, vma: Vma, vpn: number, old: number, unshare = false): number {
  const anon_vma = anon_vma_prepare(k, vma);
  const pfn = alloc_page_vma(k, vma, vpn);
  if (pfn < 0) return FAULT_OOM;
  if (old !== NO_PAGE) {
    get_page(k, old, HOLDER_FAULT);
    k.emit.CowBroken(old, vma.mm, vpn);
    munlock_vma_folio(k, old, vma);
  }
  if (unshare) {
    map_unshared_page(k, pfn, vma, vpn, anon_vma);
    if (PageCleared(k.s, old)) k.emit.PageContentKnown(pfn, CONTENT_ZEROES);
  } else map_anon_page(k, pfn, vma, vpn, anon_vma);
  if (old !== NO_PAGE) page_cache_release(k, old);
  return FAULT_MINOR;
}
