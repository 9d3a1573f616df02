/**
 * Pages of locked memory (mm/mlock.c since 5.18). Each has PG_mlocked and, as soon as a list has it, lies on the unevictable list of
 * its node, which knows how many areas lock it. What happens to its list waits in a batch of the CPU.
 *
 * Huge pages of locked areas are not kept apart here, though the kernel does so while they are mapped as a whole.
 *
 * The count may be too low: areas that locked a page while it was isolated are not in it. Who unlocks it then makes the page
 * evictable too early, as the kernel does, where reclaim finds out.
 */
import { MLOCK_LOCK, MLOCK_NEW, MLOCK_UNLOCK, VM_IO, VM_LOCKED, VM_PFNMAP, type Vma } from '@pagetape/events';
import { smp_processor_id, type Kernel } from '../kernel.ts';
import { folio_test_large } from '../state/huge.ts';
import { CPU, F_NEXT, FRAME, LRU_DISABLED, MLOCK_BATCH, MLOCK_SHIFT } from '../state/layout.ts';
import { folio_lru_list, page_lru, PageLRU, PageMlocked, PageUnevictable } from '../state/read.ts';
import { free_unreferenced } from './page_alloc.ts';

/** Areas whose pages are not for the LRU at all: VM_SPECIAL. */
const VM_SPECIAL = VM_IO | VM_PFNMAP;

/** Whether pages that the area maps are locked: never in kernels that do not keep them apart. */
export const area_locks = (k: Kernel, { flags }: Vma): boolean =>
  (flags & (VM_LOCKED | VM_SPECIAL)) === VM_LOCKED && k.traits.lru === 'nodes';

function add_to_batch(k: Kernel, pfn: number, request: number): void {
  const cpu = smp_processor_id(k);
  k.emit.PageAddedToMlockBatch(pfn, cpu, request);
  const full = k.s.cpus[cpu * CPU + MLOCK_BATCH] === k.traits.pagevec_size;
  if (full || k.s.scalars[LRU_DISABLED] > 0) mlock_drain(k, cpu);
}

/** `mm/mlock.c:mlock_folio()` of a page that is on a list, or will be. Huge pages are left where they are. */
export function mlock_folio(k: Kernel, pfn: number): void {
  if (folio_test_large(k.s, pfn)) return;
  if (!PageMlocked(k.s, pfn)) k.emit.PageMlocked(pfn);
  add_to_batch(k, pfn, MLOCK_LOCK);
}

/** `mm/mlock.c:mlock_new_folio()` of a page that has not been on a list: the batch will take it to one. */
export function mlock_new_folio(k: Kernel, pfn: number): void {
  k.emit.PageMlocked(pfn);
  add_to_batch(k, pfn, MLOCK_NEW);
}

/** `mm/mlock.c:munlock_folio()` */
export function munlock_folio(k: Kernel, pfn: number): void {
  if (folio_test_large(k.s, pfn)) return;
  add_to_batch(k, pfn, MLOCK_UNLOCK);
}

/** `mm/internal.h:mlock_vma_folio()`: an area maps the page from now on. */
export function mlock_vma_folio(k: Kernel, pfn: number, vma: Vma): void {
  if (area_locks(k, vma)) mlock_folio(k, pfn);
}

/** `mm/internal.h:munlock_vma_folio()`: an area maps the page no more. */
export function munlock_vma_folio(k: Kernel, pfn: number, vma: Vma): void {
  if (area_locks(k, vma)) munlock_folio(k, pfn);
}

/** `mm/mlock.c:mlock_drain_local()` where a CPU is named: the requests of its batch are done, in their order. */
export function mlock_drain(k: Kernel, cpu: number): void {
  const at = cpu * CPU + MLOCK_BATCH;
  const pages = k.s.cpus[at];
  if (pages === 0) return;
  const pfns = new Set<number>();
  for (let i = 1; i <= pages; i++) {
    const entry = k.s.cpus[at + i];
    const pfn = entry >>> MLOCK_SHIFT;
    const request = entry & ((1 << MLOCK_SHIFT) - 1);
    if (request === MLOCK_LOCK) __mlock_folio(k, pfn);
    else if (request === MLOCK_NEW) __mlock_new_folio(k, pfn, cpu);
    else __munlock_folio(k, pfn);
    pfns.add(pfn);
  }
  k.emit.MlockBatchDrained(cpu, pages);
  free_unreferenced(k, [...pfns]);
}

const mlock_count = (k: Kernel, pfn: number): number => k.s.frames[pfn * FRAME + F_NEXT];

/** `mm/mlock.c:__mlock_folio()`: a page that is on no list is left to whoever brings it to one. */
function __mlock_folio(k: Kernel, pfn: number): void {
  if (!PageLRU(k.s, pfn)) return;
  if (!PageMlocked(k.s, pfn)) {
    if (PageUnevictable(k.s, pfn)) k.emit.PageMadeEvictable(pfn, folio_lru_list(k.s, pfn));
  } else if (PageUnevictable(k.s, pfn)) k.emit.MlockCountChanged(pfn, mlock_count(k, pfn) + 1);
  else k.emit.PageMadeUnevictable(pfn, page_lru(k.s, pfn));
}

/** `mm/mlock.c:__mlock_new_folio()` */
function __mlock_new_folio(k: Kernel, pfn: number, cpu: number): void {
  k.emit.PageAddedToLru(pfn, cpu, folio_lru_list(k.s, pfn));
  if (PageMlocked(k.s, pfn)) k.emit.MlockCountChanged(pfn, 1);
}

/** `mm/mlock.c:__munlock_folio()`: the page is unlocked when nobody is known who locks it, too. */
function __munlock_folio(k: Kernel, pfn: number): void {
  const on_lru = PageLRU(k.s, pfn);
  if (on_lru && PageUnevictable(k.s, pfn)) {
    const others = Math.max(mlock_count(k, pfn) - 1, 0);
    if (others !== mlock_count(k, pfn)) k.emit.MlockCountChanged(pfn, others);
    if (others > 0) return;
  }
  if (PageMlocked(k.s, pfn)) k.emit.PageMunlocked(pfn, !on_lru && PageUnevictable(k.s, pfn) ? 1 : 0);
  if (on_lru && PageUnevictable(k.s, pfn)) k.emit.PageMadeEvictable(pfn, folio_lru_list(k.s, pfn));
}
