/** A read fault of a file also maps pages around it that are cached (mm/memory.c since 3.15). */
import { HOLDER_FAULT, PAGE_SHIFT, READ, VM_SHARED, VM_WRITE, type Vma } from '@pagetape/events';
import type { Kernel } from '../kernel.ts';
import { TABLE } from '../state/layout.ts';
import { find_page, PageHWPoison, PageLocked, pte_of, PageUptodate } from '../state/read.ts';
import { mlock_vma_folio } from './mlock_batch.ts';
import { get_page } from './page_alloc.ts';

/** Pages that a fault maps at most; 1: only its own. */
const fault_around_pages = (k: Kernel): number => (k.s.topology.spec.fault_around ?? 0) >> PAGE_SHIFT;

/**
 * `mm/memory.c:do_fault_around()`: maps cached pages of the aligned window around `vpn`, as far as they lie in the area and in
 * its page table. Returns whether the page that was wanted is among them.
 */
export function do_fault_around(k: Kernel, vma: Vma, vpn: number): boolean {
  const pages = fault_around_pages(k);
  if (pages <= 1) return false;
  const table = Math.floor(vpn / TABLE) * TABLE;
  const window = Math.floor(vpn / pages) * pages;
  const first = Math.max(window, vma.start, table);
  const last = Math.min(window + pages, vma.end, table + TABLE);
  for (let at = first; at < last; at++) filemap_map_page(k, vma, at);
  return pte_of(k.s, vma.mm, vpn) !== 0;
}

/** One page of `mm/filemap.c:filemap_map_pages()`: it must be cached, up to date, not locked and not bad. */
function filemap_map_page(k: Kernel, vma: Vma, vpn: number): void {
  if (pte_of(k.s, vma.mm, vpn) !== 0) return;
  const pfn = find_page(k.s, vma.file, vma.pgoff + (vpn - vma.start));
  if (pfn < 0 || PageLocked(k.s, pfn) || !PageUptodate(k.s, pfn) || PageHWPoison(k.s, pfn)) return;
  get_page(k, pfn, HOLDER_FAULT);
  const writable = (vma.flags & VM_SHARED) !== 0 && (vma.flags & VM_WRITE) !== 0;
  k.emit.FilePageMapped(pfn, vma.mm, vpn, READ, writable ? 1 : 0);
  mlock_vma_folio(k, pfn, vma);
}
