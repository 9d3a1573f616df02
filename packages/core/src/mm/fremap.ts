/** Mappings of a file whose pages are in another order than in the file (mm/fremap.c). */
import { EINVAL, VM_NONLINEAR, VM_SHARED, VM_WRITE, READ, type Vma } from '@pagetape/events';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { PTE_DIRTY } from '../state/layout.ts';
import { has_page_table, PageDirty, pte_is_file, pte_of, pte_pfn, pte_present, shmem_mapping } from '../state/read.ts';
import { filemap_populate } from './filemap.ts';
import { down_read } from './memory.ts';
import { down_write } from './mempolicy_calls.ts';
import { do_mmap_pgoff, find_vma, linear_page_index, next_vma } from './mmap.ts';
import { page_cache_release } from './page_alloc.ts';
import { shmem_populate } from './shmem.ts';

/** `mm/fremap.c:zap_pte()`: empties an entry, with its page table, for another page to be shown there. */
function zap_pte(k: Kernel, mm: number, vpn: number): void {
  if (!has_page_table(k.s, mm, vpn)) k.emit.PageTableAllocated(mm, vpn);
  const pte = pte_of(k.s, mm, vpn);
  if (pte_is_file(pte)) k.emit.FileOffsetZapped(mm, vpn);
  if (!pte_present(pte)) return;
  const pfn = pte_pfn(pte);
  if ((pte & PTE_DIRTY) !== 0 && !PageDirty(k.s, pfn)) k.emit.PageDirtied(pfn, 1);
  k.emit.PteZapped(pfn, mm, vpn);
  page_cache_release(k, pfn);
}

/**
 * `mm/fremap.c:install_page()`: shows a page of a file, whose reference is the mapping's from now on. The entry looks
 * accessed, as all that the area's protection makes do on x86.
 */
export function install_page(k: Kernel, vma: Vma, vpn: number, pfn: number): void {
  zap_pte(k, vma.mm, vpn);
  k.emit.FilePageMapped(pfn, vma.mm, vpn, READ, (vma.flags & VM_WRITE) !== 0 ? 1 : 0);
}

/** `mm/fremap.c:install_file_pte()`: says which page of the file a fault is to bring. */
export function install_file_pte(k: Kernel, mm: number, vpn: number, index: number): void {
  zap_pte(k, mm, vpn);
  k.emit.FileOffsetInstalled(mm, vpn, index);
}

/**
 * vm_ops->populate() of an area: shows pages of its file from `pgoff` on at `vpn`. With `nonblock` what is not in memory is left to
 * faults. Returns 0 or minus an error number; what was mapped before it stays.
 */
export function* populate(
  k: Kernel,
  vma: Vma,
  vpn: number,
  pages: number,
  pgoff: number,
  nonblock: boolean,
): Sleeping<number> {
  if (shmem_mapping(k.s, vma.file)) return yield* shmem_populate(k, vma, vpn, pages, pgoff, nonblock);
  return filemap_populate(k, vma, vpn, pages, pgoff, nonblock);
}

/** The area that the range lies in, if it maps a file that all who map it may change. */
function shared_file_area(k: Kernel, start: number, end: number): Vma | null {
  const vma = find_vma(k, current(k).mm, start);
  const fits = vma !== null && vma.start <= start && end <= vma.end;
  return fits && vma.file !== 0 && (vma.flags & VM_SHARED) !== 0 ? vma : null;
}

const becomes_nonlinear = (vma: Vma | null, start: number, pgoff: number): boolean =>
  vma !== null && pgoff !== linear_page_index(vma, start) && (vma.flags & VM_NONLINEAR) === 0;

/**
 * Whether areas of one file, alike and without a hole between them, have the range: what `mm/mmap.c:remap_file_pages()` of 4.0
 * and later asks.
 */
function one_file_covers(k: Kernel, first: Vma, start: number, end: number): boolean {
  if (first.start > start || first.file === 0 || (first.flags & VM_SHARED) === 0) return false;
  let last: Vma = first;
  while (last.end < end) {
    const next = next_vma(k, last);
    if (!next || next.start !== last.end || next.file !== first.file || next.flags !== first.flags) return false;
    last = next;
  }
  return true;
}

/**
 * `mm/mmap.c:remap_file_pages()`, as nonlinear areas are gone since 4.0: the range becomes an ordinary area of its own that
 * shows the file from `pgoff` on; whoever calls brings its pages in. Returns 0 or minus an error number.
 */
export function* remap_file_pages(k: Kernel, start: number, pages: number, pgoff: number): Sleeping<number> {
  const { mm } = current(k);
  const vma = find_vma(k, mm, start);
  if (!vma || !one_file_covers(k, vma, start, start + pages)) return -EINVAL;
  return yield* do_mmap_pgoff(k, { start, pages, flags: vma.flags, file: vma.file, offset: pgoff });
}

/**
 * `mm/fremap.c:sys_remap_file_pages()`: shows pages of the file from `pgoff` on at `start`. The area is nonlinear from
 * then on, also when it turns out that the file has no such pages. Returns 0 or minus an error number.
 */
export function* sys_remap_file_pages(
  k: Kernel,
  start: number,
  pages: number,
  protection: number,
  pgoff: number,
  nonblock: boolean,
): Sleeping<number> {
  if (protection !== 0) return -EINVAL;
  const { mm } = current(k);
  const end = start + pages;
  yield* down_read(k, mm);
  let change = 1;
  if (becomes_nonlinear(shared_file_area(k, start, end), start, pgoff)) {
    k.emit.MmapLockReleased(mm, 1);
    yield* down_write(k, mm);
    change = -1;
  }
  // While this slept others may have changed the area.
  const vma = shared_file_area(k, start, end);
  if (vma && becomes_nonlinear(vma, start, pgoff)) k.emit.VmaMadeNonlinear({ vma: vma.id });
  const result = vma ? yield* populate(k, k.s.cold.vmas[vma.id], start, pages, pgoff, nonblock) : -EINVAL;
  k.emit.MmapLockReleased(mm, change);
  return result;
}
