/**
 * Page faults (mm/memory.c). Mappings of whole ranges are in memory_range.ts, writes to read-only mappings in memory_wp.ts, swap
 * entries in memory_swap.ts.
 */
import {
  CONTENT_WRITTEN,
  EFAULT,
  ENOMEM,
  EPERM,
  FAULT_MAJOR,
  FAULT_MINOR,
  FAULT_OOM,
  FAULT_SIGBUS,
  FAULT_SIGSEGV,
  HOLDER_FAULT,
  READ,
  VM_EXEC,
  VM_IO,
  VM_LOCKED,
  VM_PFNMAP,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  WRITE,
  type Vma,
} from '@pagetape/events';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { WAIT_MMAP_READ, waitFor } from '../sched/wait.ts';
import { MM, M_SEM, PTE_DIRTY, PTE_WRITE, PTE_YOUNG, ZERO_PFN } from '../state/layout.ts';
import {
  has_page_table,
  is_zero_pte,
  PageCleared,
  PageDirty,
  PageHWPoison,
  pte_is_file,
  pte_of,
  pte_pfn,
  pte_present,
  pte_to_pgoff,
  shmem_mapping,
} from '../state/read.ts';
import { is_zeroed_part, page_folio, pmd_of } from '../state/huge.ts';
import { do_fault_around } from './fault_around.ts';
import { page_cache_read } from './filemap.ts';
import { populate } from './fremap.ts';
import { access_huge_without_fault, FAULT_FALLBACK, handle_huge_fault } from './huge_memory.ts';
import { do_swap_page } from './memory_swap.ts';
import { do_wp_page, map_anon_page, wp_page_copy, writableBit } from './memory_wp.ts';
import { alloc_page_vma } from './mempolicy.ts';
import { mlock_vma_folio } from './mlock_batch.ts';
import { find_vma, linear_page_index } from './mmap.ts';
import { get_page, page_cache_release } from './page_alloc.ts';
import { anon_vma_prepare } from './rmap.ts';
import { shmem_nopage } from './shmem.ts';
import { mark_page_accessed, mark_page_faulted } from './swap.ts';

/** A fault cannot be finished without sleeping: finish_fault() goes on, with the mmap_sem held. */
export const NEEDS_TO_SLEEP = -1;

/** `mm/memory.c:do_anonymous_page()`: a new zeroed page for a write, the shared zero page for a read. */
function do_anonymous_page(k: Kernel, vma: Vma, vpn: number, access: number): number {
  if (access === READ) {
    k.emit.ZeroPageMapped(vma.mm, vpn, k.traits.zero_page === 'special' ? 1 : 0);
    return FAULT_MINOR;
  }
  const anon_vma = anon_vma_prepare(k, vma);
  const pfn = alloc_page_vma(k, vma, vpn);
  if (pfn < 0) return FAULT_OOM;
  map_anon_page(k, pfn, vma, vpn, anon_vma);
  return FAULT_MINOR;
}

/** `mm/filemap.c:filemap_nopage()` with the random-access hint: it always goes through page_cache_read(). Or -1. */
function filemap_nopage(k: Kernel, file: number, index: number): number {
  const pfn = page_cache_read(k, file, index);
  if (pfn < 0) return -1;
  get_page(k, pfn, HOLDER_FAULT);
  mark_page_faulted(k, pfn);
  return pfn;
}

/** `mm/memory.c:do_no_page()`: a page of a file. */
function do_no_page(k: Kernel, vma: Vma, vpn: number, access: number): number {
  const index = linear_page_index(vma, vpn);
  if (index >= k.s.cold.files[vma.file].pages) return FAULT_SIGBUS;
  const cached = filemap_nopage(k, vma.file, index);
  if (cached < 0) return FAULT_OOM;
  if (!PageHWPoison(k.s, cached)) return map_page_of_file(k, vma, vpn, access, cached);
  page_cache_release(k, cached);
  return FAULT_SIGBUS;
}

/** The end of do_no_page() with the page at hand; a write to a private mapping gets its copy at once. */
function map_page_of_file(k: Kernel, vma: Vma, vpn: number, access: number, cached: number): number {
  if (access === WRITE && (vma.flags & VM_SHARED) === 0) {
    const anon_vma = anon_vma_prepare(k, vma);
    const pfn = alloc_page_vma(k, vma, vpn);
    page_cache_release(k, cached);
    if (pfn < 0) return FAULT_OOM;
    map_anon_page(k, pfn, vma, vpn, anon_vma);
    return FAULT_MINOR;
  }
  const writable = (vma.flags & VM_SHARED) !== 0 ? writableBit(vma) : 0;
  k.emit.FilePageMapped(cached, vma.mm, vpn, access, writable);
  mlock_vma_folio(k, cached, vma);
  // do_shared_fault(): write-back is told at once, not when the mapping goes.
  if (access === WRITE && k.traits.write_fault_dirties && !PageDirty(k.s, cached)) k.emit.PageDirtied(cached, 0);
  return FAULT_MINOR;
}

/** `mm/memory.c:do_file_page()`: the page that the entry names. It counts as a major fault even when it was in memory. */
function* do_file_page(k: Kernel, vma: Vma, vpn: number): Sleeping<number> {
  const index = pte_to_pgoff(pte_of(k.s, vma.mm, vpn));
  const error = yield* populate(k, vma, vpn, 1, index, false);
  if (error === -ENOMEM) return FAULT_OOM;
  return error === 0 ? FAULT_MAJOR : FAULT_SIGBUS;
}

/**
 * `mm/memory.c:do_no_page()` with a nopage() that may sleep. If the file was truncated meanwhile it is asked again; if
 * a thread was faster, its page stays. The kernel makes a private copy before it looks; here it looks first.
 */
function* do_no_page_of_shmem(k: Kernel, { id }: Vma, vpn: number, access: number): Sleeping<number> {
  const { mm, file } = k.s.cold.vmas[id];
  if (access === READ && do_fault_around(k, k.s.cold.vmas[id], vpn)) return FAULT_MINOR;
  const type = { mm, vpn, major: false };
  for (;;) {
    const { truncate_count } = k.s.cold.files[file];
    const pfn = yield* shmem_nopage(k, k.s.cold.vmas[id], type);
    if (pfn < 0) return -pfn;
    const truncated = k.s.cold.files[file].truncate_count !== truncate_count;
    if (!truncated && pte_of(k.s, mm, vpn) === 0) {
      const result = map_page_of_file(k, k.s.cold.vmas[id], vpn, access, pfn);
      return result === FAULT_MINOR && type.major ? FAULT_MAJOR : result;
    }
    page_cache_release(k, pfn);
    if (!truncated) return type.major ? FAULT_MAJOR : FAULT_MINOR;
  }
}

/**
 * `mm/memory.c:__handle_mm_fault()`, all that does not sleep: FAULT_*, or NEEDS_TO_SLEEP. Nothing else runs meanwhile, so
 * the mmap_sem is not taken.
 */
function __handle_mm_fault(k: Kernel, area: Vma, vpn: number, access: number): number {
  let vma = area;
  k.emit.PageFaultRaised(vma.mm, vpn, access);
  if (k.s.topology.huge) {
    const result = handle_huge_fault(k, vma, vpn, access);
    if (result !== FAULT_FALLBACK) return result;
    vma = k.s.cold.vmas[area.id];
  }
  if (!has_page_table(k.s, vma.mm, vpn)) k.emit.PageTableAllocated(vma.mm, vpn);
  const pte = pte_of(k.s, vma.mm, vpn);
  if (pte === 0) {
    if (vma.file === 0) return do_anonymous_page(k, vma, vpn, access);
    return shmem_mapping(k.s, vma.file) ? NEEDS_TO_SLEEP : do_no_page(k, vma, vpn, access);
  }
  if (is_zero_pte(pte)) return access === WRITE ? do_wp_page(k, vma, vpn) : FAULT_MINOR;
  if (!pte_present(pte)) return NEEDS_TO_SLEEP;
  if (access === WRITE && (pte & PTE_WRITE) === 0) return do_wp_page(k, vma, vpn);
  k.emit.PteAccessed(vma.mm, vpn, access);
  return FAULT_MINOR;
}

/** What __handle_mm_fault() could not finish: it may have to sleep. An empty entry is one of shared memory. */
function finish_fault(k: Kernel, vma: Vma, vpn: number, access: number): Sleeping<number> {
  const pte = pte_of(k.s, vma.mm, vpn);
  if (pte === 0) return do_no_page_of_shmem(k, vma, vpn, access);
  if (pte_is_file(pte)) return do_file_page(k, vma, vpn);
  return do_swap_page(k, vma, vpn, access);
}

/** `include/linux/rwsem.h:down_read_trylock()` on the mmap_sem. Returns whether it was taken. */
function down_read_trylock(k: Kernel, mm: number): boolean {
  if (k.s.mms[mm * MM + M_SEM] < 0) return false;
  k.emit.MmapLockTaken(mm, 1);
  return true;
}

/** `include/linux/rwsem.h:down_read()` on the mmap_sem. */
export function* down_read(k: Kernel, mm: number): Sleeping<void> {
  while (!down_read_trylock(k, mm)) {
    k.emit.MmapLockWaited(mm, 1);
    yield waitFor(WAIT_MMAP_READ, mm);
  }
}

/** `arch/x86/mm/fault.c:access_error()`. The hardware can read whatever can be written; kernels of 2006 did not see it so. */
function fault_permitted(k: Kernel, vma: Vma, access: number): boolean {
  const to_read = VM_READ | VM_EXEC | (k.traits.writable_is_readable ? VM_WRITE : 0);
  return (vma.flags & (access === WRITE ? VM_WRITE : to_read)) !== 0;
}

/** Memory that nobody may access keeps its mappings, but the hardware does not see them (_PAGE_PROTNONE). */
function is_protnone(k: Kernel, mm: number, vpn: number): boolean {
  const vma = find_vma(k, mm, vpn);
  return vma === null || (vma.flags & (VM_READ | VM_WRITE | VM_EXEC)) === 0;
}

/** Whether the hardware can do the access by itself; the accessed and dirty bits are set then. */
export function access_without_fault(k: Kernel, mm: number, vpn: number, access: number): boolean {
  const pte = pte_of(k.s, mm, vpn);
  if (!pte_present(pte)) return is_zero_pte(pte) && access === READ && !is_protnone(k, mm, vpn);
  if ((access === WRITE && (pte & PTE_WRITE) === 0) || is_protnone(k, mm, vpn)) return false;
  const { huge } = k.s.topology;
  const pmd = huge ? pmd_of(k.s, mm, vpn) : 0;
  if (pmd !== 0) return access_huge_without_fault(k, mm, vpn, access, pmd);
  const marks = access === WRITE ? PTE_YOUNG | PTE_DIRTY : PTE_YOUNG;
  const fills = huge && access === WRITE && is_zeroed_part(k.s, pte_pfn(pte));
  if ((pte & marks) !== marks || fills) k.emit.PteAccessed(mm, vpn, access);
  if (access === WRITE && PageCleared(k.s, pte_pfn(pte))) k.emit.PageContentKnown(pte_pfn(pte), CONTENT_WRITTEN);
  return true;
}

/** `arch/x86_64/mm/fault.c:do_page_fault()`: one access of the running task that the hardware could not do. Returns FAULT_*. */
export function* do_page_fault(k: Kernel, mm: number, vpn: number, access: number): Sleeping<number> {
  if (!down_read_trylock(k, mm)) yield* down_read(k, mm);
  const vma = find_vma(k, mm, vpn);
  let result = FAULT_SIGSEGV;
  if (vma && vma.start <= vpn && fault_permitted(k, vma, access)) {
    result = __handle_mm_fault(k, vma, vpn, access);
    if (result === NEEDS_TO_SLEEP) result = yield* finish_fault(k, vma, vpn, access);
    k.emit.PageFaultResolved(mm, vpn, result);
  }
  k.emit.MmapLockReleased(mm, 1);
  return result;
}

/** `mm/memory.c:handle_mm_fault()` with the mmap_sem held: a fault that no access of a task raised. Returns FAULT_*. */
export function* handle_mm_fault(k: Kernel, vma: Vma, vpn: number, access: number): Sleeping<number> {
  let result = __handle_mm_fault(k, vma, vpn, access);
  if (result === NEEDS_TO_SLEEP) result = yield* finish_fault(k, vma, vpn, access);
  k.emit.PageFaultResolved(vma.mm, vpn, result);
  return result;
}

/** `mm/memory.c:handle_mm_fault()` with FAULT_FLAG_UNSHARE: the mapping of a page that others may have, too, gets a copy of its own. */
export function unshare_fault(k: Kernel, vma: Vma, vpn: number): number {
  k.emit.PageFaultRaised(vma.mm, vpn, READ);
  const result = wp_page_copy(k, vma, vpn, pte_pfn(pte_of(k.s, vma.mm, vpn)), true);
  k.emit.PageFaultResolved(vma.mm, vpn, result);
  return result;
}

/** What get_user_pages() got, or why not. */
export type UserPage = { readonly pfn: number } | { readonly error: 'EFAULT' | 'ENOMEM' };

/**
 * `mm/memory.c:get_user_pages()` for one page: brings it in as an access would, and takes a reference if `hold`. For a read
 * of memory without a page table the zero page of 2006 stands in, without a fault.
 */
export function* get_user_page(k: Kernel, mm: number, vpn: number, access: number, hold: boolean): Sleeping<UserPage> {
  const vma = find_vma(k, mm, vpn);
  const needed = access === WRITE ? VM_WRITE : VM_READ;
  if (!vma || vma.start > vpn || (vma.flags & (VM_IO | VM_PFNMAP)) !== 0 || (vma.flags & needed) === 0) {
    return { error: 'EFAULT' };
  }
  const may_stand_in = access === READ && (vma.flags & VM_LOCKED) === 0 && vma.file === 0;
  const stand_in = may_stand_in && k.traits.zero_page === 'counted';
  let must_write = access === WRITE;
  for (;;) {
    if (stand_in && !has_page_table(k.s, mm, vpn)) return touched(k, ZERO_PFN, false, hold);
    const pte = pte_of(k.s, mm, vpn);
    if (is_zero_pte(pte) && !must_write) return touched(k, ZERO_PFN, false, hold);
    if (pte_present(pte) && !(must_write && (pte & PTE_WRITE) === 0)) {
      return touched(k, pte_pfn(pte), must_write && (pte & PTE_DIRTY) === 0, hold, true);
    }
    const result = yield* handle_mm_fault(k, k.s.cold.vmas[vma.id], vpn, must_write ? WRITE : READ);
    if (result === FAULT_SIGBUS) return { error: 'EFAULT' };
    if (result === FAULT_OOM) return { error: 'ENOMEM' };
    if (pte_present(pte)) must_write = false;
  }
}

/** The end of follow_page(): marks the page as used, and takes the reference. */
export function touched(k: Kernel, page: number, dirty: boolean, hold: boolean, mark = false): UserPage {
  const pfn = page_folio(k.s, page);
  if (hold) get_page(k, pfn, HOLDER_FAULT);
  if (dirty && !PageDirty(k.s, pfn)) k.emit.PageDirtied(pfn, 0);
  if (mark) mark_page_accessed(k, pfn);
  return { pfn };
}

/**
 * `mm/memory.c:make_pages_present()`: faults a range in, as mlock does. Returns 0 or minus an error number; when only some
 * pages could be had that is -1, which happens to be EPERM.
 */
export function* make_pages_present(k: Kernel, start: number, end: number): Sleeping<number> {
  const { mm } = current(k);
  const first = find_vma(k, mm, start);
  const access = first && (first.flags & VM_WRITE) !== 0 ? WRITE : READ;
  for (let vpn = start; vpn < end; vpn++) {
    const page = yield* get_user_page(k, mm, vpn, access, false);
    if (!('error' in page)) continue;
    if (vpn > start) return -EPERM;
    return page.error === 'EFAULT' ? -EFAULT : -ENOMEM;
  }
  return 0;
}
