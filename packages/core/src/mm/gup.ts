/** Memory that is brought in before anybody uses it (mm/gup.c of 6.x): locked areas, MAP_POPULATE and MADV_POPULATE_*. */
import {
  CONTENT_ZEROES,
  EFAULT,
  EHWPOISON,
  EINTR,
  EINVAL,
  ENOMEM,
  FAULT_OOM,
  FAULT_SIGBUS,
  READ,
  VM_EXEC,
  VM_IO,
  VM_LOCKONFAULT,
  VM_PFNMAP,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  WRITE,
  type Vma,
} from '@pagetape/events';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { signal_pending } from '../kernel/signal.ts';
import { PTE_DIRTY, PTE_WRITE } from '../state/layout.ts';
import { is_hwpoison_entry, is_zero_pte, PageAnon, PageCleared, pte_of, pte_pfn, pte_present } from '../state/read.ts';
import { folio_test_large } from '../state/huge.ts';
import { down_read, handle_mm_fault, touched } from './memory.ts';
import { find_vma, linear_page_index } from './mmap.ts';
import { shmem_holds_zeroes } from './shmem.ts';

const ACCESSIBLE = VM_READ | VM_WRITE | VM_EXEC;
const NO_PAGES = VM_IO | VM_PFNMAP;

/** Whether what the entry shows, or a copy of it, holds nothing but zeroes. */
function holds_zeroes(k: Kernel, vma: Vma, vpn: number, pte: number): boolean {
  if (pte_present(pte) && PageAnon(k.s, pte_pfn(pte))) return PageCleared(k.s, pte_pfn(pte));
  if (vma.file !== 0) return shmem_holds_zeroes(k, vma.file, linear_page_index(vma, vpn));
  return pte === 0 || is_zero_pte(pte);
}

/** A page is there, but no task has written to it. Of a page of a file that matters when it counts as dirty all the same. */
function note_zeroes(k: Kernel, pte: number, access: number): void {
  if (!pte_present(pte)) return;
  const pfn = pte_pfn(pte);
  // Of the parts of a huge page it is known all along.
  const matters = (PageAnon(k.s, pfn) || access === WRITE) && !folio_test_large(k.s, pfn);
  if (matters && !PageCleared(k.s, pfn)) k.emit.PageContentKnown(pfn, CONTENT_ZEROES);
}

/** `mm/gup.c:faultin_page()`, until the page is there for the access. Returns 0 or minus an error number. */
function* faultin_page(k: Kernel, { id, mm }: Vma, vpn: number, access: number): Sleeping<number> {
  for (;;) {
    const pte = pte_of(k.s, mm, vpn);
    if (is_zero_pte(pte) && access === READ) return 0;
    const zeroes = holds_zeroes(k, k.s.cold.vmas[id], vpn, pte);
    if (pte_present(pte) && (access === READ || (pte & PTE_WRITE) !== 0)) {
      touched(k, pte_pfn(pte), access === WRITE && (pte & PTE_DIRTY) === 0, false, true);
      if (zeroes) note_zeroes(k, pte, access);
      return 0;
    }
    const result = yield* handle_mm_fault(k, k.s.cold.vmas[id], vpn, access);
    if (zeroes) note_zeroes(k, pte_of(k.s, mm, vpn), access);
    if (result === FAULT_SIGBUS) return -EFAULT;
    if (result === FAULT_OOM) return -ENOMEM;
  }
}

/**
 * `mm/gup.c:populate_vma_page_range()`: private memory is brought in for writing, so that it gets pages of its own. Pages of an
 * area that is locked on fault come when they are touched.
 */
function* populate_vma_page_range(k: Kernel, vma: Vma, start: number, end: number): Sleeping<number> {
  if ((vma.flags & VM_LOCKONFAULT) !== 0) return 0;
  if ((vma.flags & ACCESSIBLE) === 0) return -EFAULT;
  const access = (vma.flags & (VM_WRITE | VM_SHARED)) === VM_WRITE ? WRITE : READ;
  for (let vpn = start; vpn < end; vpn++) {
    if (signal_pending(k)) return -EINTR;
    const error: number = yield* faultin_page(k, vma, vpn, access);
    if (error !== 0) return error;
  }
  return 0;
}

/** `mm/gup.c:__mm_populate()`: brings in what is mapped in [start, end). Returns 0 or minus an error number. */
export function* __mm_populate(k: Kernel, start: number, end: number, ignore_errors: boolean): Sleeping<number> {
  const { mm } = current(k);
  let error = 0;
  yield* down_read(k, mm);
  for (let at = start; at < end && error === 0;) {
    const vma = find_vma(k, mm, at);
    if (!vma || vma.start >= end) break;
    const from = Math.max(at, vma.start);
    at = Math.min(vma.end, end);
    if ((vma.flags & NO_PAGES) !== 0) continue;
    const got: number = yield* populate_vma_page_range(k, vma, from, at);
    if (!ignore_errors) error = got;
  }
  k.emit.MmapLockReleased(mm, 1);
  return error;
}

/**
 * `mm/gup.c:faultin_page_range()`, with the errors that madvise_populate() makes of its own: ENOMEM where nothing is mapped,
 * EINVAL where the access is not allowed, EHWPOISON where a bad page was lost.
 */
export function* faultin_page_range(k: Kernel, start: number, end: number, access: number): Sleeping<number> {
  const { mm } = current(k);
  for (let vpn = start; vpn < end; vpn++) {
    if (signal_pending(k)) return -EINTR;
    const vma = find_vma(k, mm, vpn);
    if (!vma || vma.start > vpn) return -ENOMEM;
    const needed = access === WRITE ? VM_WRITE : VM_READ;
    if ((vma.flags & NO_PAGES) !== 0 || (vma.flags & needed) === 0) return -EINVAL;
    if (is_hwpoison_entry(pte_of(k.s, mm, vpn))) return -EHWPOISON;
    const error: number = yield* faultin_page(k, vma, vpn, access);
    if (error !== 0) return error;
  }
  return 0;
}
