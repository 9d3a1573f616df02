/** madvise(2) (mm/madvise.c). What becomes of single pages is in madvise_pages.ts. */
import {
  EACCES,
  EAGAIN,
  EINVAL,
  ENOMEM,
  MMAN_CONSTANTS,
  READ,
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_HUGEPAGE,
  VM_HUGETLB,
  VM_IO,
  VM_LOCKED,
  VM_MERGEABLE,
  VM_NOHUGEPAGE,
  VM_NONLINEAR,
  VM_PFNMAP,
  VM_RAND_READ,
  VM_SEQ_READ,
  VM_SHARED,
  VM_WIPEONFORK,
  WRITE,
  type Vma,
} from '@pagetape/events';
import { NotSimulated } from '../errors.ts';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { HUGE } from '../state/layout.ts';
import { faultin_page_range } from './gup.ts';
import { madvise_collapse } from './khugepaged.ts';
import { ksm_merge_area, unmerge_ksm_pages } from './ksm.ts';
import { madvise_cold, madvise_free, madvise_pageout, madvise_willneed } from './madvise_pages.ts';
import { zap_page_range } from './memory_range.ts';
import { down_read } from './memory.ts';
import { find_vma, linear_page_index } from './mmap.ts';
import { change_vma_flags } from './mprotect.ts';
import { shmem_punch_hole } from './truncate.ts';
import { shmem_mapping } from '../state/read.ts';

const {
  MADV_NORMAL,
  MADV_RANDOM,
  MADV_SEQUENTIAL,
  MADV_WILLNEED,
  MADV_DONTNEED,
  MADV_FREE,
  MADV_REMOVE,
  MADV_DONTFORK,
  MADV_DOFORK,
  MADV_DONTDUMP,
  MADV_DODUMP,
  MADV_HUGEPAGE,
  MADV_NOHUGEPAGE,
  MADV_WIPEONFORK,
  MADV_KEEPONFORK,
  MADV_COLD,
  MADV_PAGEOUT,
  MADV_POPULATE_READ,
  MADV_POPULATE_WRITE,
  MADV_DONTNEED_LOCKED,
  MADV_MERGEABLE,
  MADV_UNMERGEABLE,
  MADV_HWPOISON,
  MADV_SOFT_OFFLINE,
  MADV_COLLAPSE,
} = MMAN_CONSTANTS;

/** VM_* bits that some advice gives to areas, and takes from them. */
interface Change {
  readonly set: number;
  readonly clear: number;
  /** Areas with these bits refuse it. */
  readonly unless?: number;
}

const BEHAVIOR: ReadonlyMap<number, Change> = new Map<number, Change>([
  [MADV_NORMAL, { set: 0, clear: VM_RAND_READ | VM_SEQ_READ }],
  [MADV_SEQUENTIAL, { set: VM_SEQ_READ, clear: VM_RAND_READ }],
  [MADV_RANDOM, { set: VM_RAND_READ, clear: VM_SEQ_READ }],
  [MADV_DONTFORK, { set: VM_DONTCOPY, clear: 0 }],
  [MADV_DOFORK, { set: 0, clear: VM_DONTCOPY, unless: VM_IO }],
  [MADV_HUGEPAGE, { set: VM_HUGEPAGE, clear: VM_NOHUGEPAGE }],
  [MADV_NOHUGEPAGE, { set: VM_NOHUGEPAGE, clear: VM_HUGEPAGE }],
  [MADV_WIPEONFORK, { set: VM_WIPEONFORK, clear: 0, unless: VM_SHARED }],
  [MADV_KEEPONFORK, { set: 0, clear: VM_WIPEONFORK }],
  [MADV_DONTDUMP, { set: VM_DONTDUMP, clear: 0 }],
  [MADV_DODUMP, { set: 0, clear: VM_DONTDUMP, unless: VM_IO | VM_PFNMAP }],
]);

const PAGES: ReadonlySet<number> = new Set([
  MADV_WILLNEED,
  MADV_DONTNEED,
  MADV_DONTNEED_LOCKED,
  MADV_FREE,
  MADV_REMOVE,
  MADV_COLD,
  MADV_PAGEOUT,
  MADV_POPULATE_READ,
  MADV_POPULATE_WRITE,
  MADV_COLLAPSE,
]);

/** What mm/ksm.c serves. */
const MERGING: ReadonlySet<number> = new Set([MADV_MERGEABLE, MADV_UNMERGEABLE]);

/** What only kernels with CONFIG_MEMORY_FAILURE know; those that have it serve it elsewhere. */
const BAD_MEMORY: ReadonlySet<number> = new Set([MADV_HWPOISON, MADV_SOFT_OFFLINE]);

const NAMES = new Map(Object.entries(MMAN_CONSTANTS).map(([name, number]) => [number as number, name]));

/** Names of all advice begin so; the flags of mlockall(2) stand in the same table. */
const isAdvice = (advice: number): boolean =>
  (Object.entries(MMAN_CONSTANTS) as [string, number][]).some(([name, n]) => n === advice && name.startsWith('MADV_'));

/** `mm/madvise.c:madvise_need_mmap_write()`: whether areas change. In 2006 every call held the mmap_sem alone. */
export function madvise_need_mmap_write(k: Kernel, advice: number): boolean {
  return k.traits.advice === 'dontneed' || !PAGES.has(advice);
}

/** `mm/madvise.c:do_madvise()`, with the mmap_sem held. Returns 0 or minus an error number. */
export function* do_madvise(k: Kernel, start: number, pages: number, advice: number): Sleeping<number> {
  const all = PAGES.has(advice) || BEHAVIOR.has(advice) || MERGING.has(advice);
  const known = advice === MADV_DONTNEED || (k.traits.advice === 'all' && all);
  if (BAD_MEMORY.has(advice) && k.traits.memory_failure === 'none') return -EINVAL;
  if (!known && isAdvice(advice)) throw new NotSimulated(`madvise ${NAMES.get(advice)}`);
  if (!known) return -EINVAL;
  const end = start + pages;
  if (advice === MADV_POPULATE_READ) return yield* faultin_page_range(k, start, end, READ);
  if (advice === MADV_POPULATE_WRITE) return yield* faultin_page_range(k, start, end, WRITE);
  return yield* madvise_walk_vmas(k, start, end, advice);
}

/** `mm/madvise.c:madvise_walk_vmas()`: area by area. A hole is skipped, and gives ENOMEM at the end. */
function* madvise_walk_vmas(k: Kernel, start: number, end: number, advice: number): Sleeping<number> {
  const { mm } = current(k);
  let unmapped_error = 0;
  for (let at = start; at < end;) {
    const vma = find_vma(k, mm, at);
    if (!vma) return -ENOMEM;
    if (at < vma.start) {
      unmapped_error = -ENOMEM;
      at = vma.start;
      if (at >= end) break;
    }
    const to = Math.min(vma.end, end);
    const error: number = yield* madvise_vma_behavior(k, vma, at, to, advice);
    if (error !== 0) return error;
    at = to;
  }
  return unmapped_error;
}

/** `mm/madvise.c:madvise_vma_behavior()`: the advice for [start, end) of an area. */
function* madvise_vma_behavior(k: Kernel, vma: Vma, start: number, end: number, advice: number): Sleeping<number> {
  switch (advice) {
    case MADV_WILLNEED:
      return madvise_willneed(k, vma, start, end);
    case MADV_COLD:
      return madvise_cold(k, vma, start, end);
    case MADV_PAGEOUT:
      return madvise_pageout(k, vma, start, end);
    case MADV_FREE:
      return madvise_free(k, vma, start, end);
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED:
      return madvise_dontneed(k, vma, start, end, advice === MADV_DONTNEED ? VM_LOCKED : 0);
    case MADV_COLLAPSE:
      return yield* madvise_collapse(k, vma, start, end);
    case MADV_REMOVE:
      return yield* madvise_remove(k, vma, start, end);
    case MADV_MERGEABLE:
      return madvise_update_vma(k, vma, start, end, { set: ksm_merge_area(k, vma), clear: 0 });
    case MADV_UNMERGEABLE:
      return yield* madvise_unmerge(k, vma, start, end);
    default:
      return madvise_update_vma(k, vma, start, end, BEHAVIOR.get(advice) as Change);
  }
}

/**
 * `mm/madvise.c:madvise_remove()`: a hole where the range shows a file of tmpfs, or shared memory. The mmap_sem is given back
 * meanwhile.
 */
function* madvise_remove(k: Kernel, vma: Vma, start: number, end: number): Sleeping<number> {
  if ((vma.flags & VM_LOCKED) !== 0 || vma.file === 0) return -EINVAL;
  const needed = VM_SHARED | k.traits.remove_needs;
  if ((vma.flags & needed) !== needed) return -EACCES;
  if (!shmem_mapping(k.s, vma.file)) throw new NotSimulated('a hole in a file that is not of tmpfs');
  k.emit.MmapLockReleased(vma.mm, 1);
  yield* shmem_punch_hole(k, vma.file, linear_page_index(vma, start), linear_page_index(vma, end));
  yield* down_read(k, vma.mm);
  return 0;
}

/** `mm/ksm.c:ksm_madvise()` with MADV_UNMERGEABLE. Where memory is short that is EAGAIN, as from all advice that changes areas. */
function* madvise_unmerge(k: Kernel, vma: Vma, start: number, end: number): Sleeping<number> {
  if ((vma.flags & VM_MERGEABLE) === 0) return 0;
  const error = yield* unmerge_ksm_pages(k, vma, start, end);
  return error === 0 ? madvise_update_vma(k, vma, start, end, { set: 0, clear: VM_MERGEABLE }) : -EAGAIN;
}

/** Pages of a nonlinear area, wherever in the file they are. */
const EVERY_PAGE = { first_index: 0, last_index: Infinity };

/** `mm/madvise.c:madvise_dontneed()` over a part of an area that may be discarded: its pages go. */
function madvise_dontneed(k: Kernel, vma: Vma, start: number, end: number, locked: number): number {
  if ((vma.flags & VM_HUGETLB) !== 0) return madvise_dontneed_hugetlb(k, vma, start, end);
  if ((vma.flags & (locked | VM_PFNMAP)) !== 0) return -EINVAL;
  zap_page_range(k, vma, start, end, (vma.flags & VM_NONLINEAR) !== 0 ? EVERY_PAGE : null);
  return 0;
}

/** The same of hugetlb memory: of whole huge pages, and from the first address of one on. */
function madvise_dontneed_hugetlb(k: Kernel, vma: Vma, start: number, end: number): number {
  if (k.traits.advice === 'dontneed' || start % HUGE !== 0) return -EINVAL;
  const last = end - (end % HUGE);
  if (last > start) zap_page_range(k, vma, start, last, null);
  return 0;
}

/** `mm/madvise.c:madvise_update_vma()`. Only private memory without a file can be wiped on fork. */
function madvise_update_vma(k: Kernel, vma: Vma, start: number, end: number, change: Change): number {
  const { set, clear, unless = 0 } = change;
  if ((vma.flags & unless) !== 0 || (set === VM_WIPEONFORK && vma.file !== 0)) return -EINVAL;
  const flags = (vma.flags & ~clear) | set;
  return flags === vma.flags ? 0 : change_vma_flags(k, vma, start, end, flags);
}
