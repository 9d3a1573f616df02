/** madvise(2), MADV_DONTNEED only (mm/madvise.c). */
import { EINVAL, ENOMEM, VM_HUGETLB, VM_LOCKED, VM_NONLINEAR, VM_PFNMAP } from '@pagetape/events';
import { current, type Kernel } from '../kernel.ts';
import { zap_page_range } from './memory_range.ts';
import { find_vma, next_vma } from './mmap.ts';

/** Pages of a nonlinear area, wherever in the file they are. */
const EVERY_PAGE = { first_index: 0, last_index: Infinity };

/** `mm/madvise.c:madvise_dontneed()` over a range. A hole is skipped, and gives ENOMEM at the end. */
export function madvise_dontneed(k: Kernel, start: number, pages: number): number {
  const { mm } = current(k);
  const end = start + pages;
  let unmapped_error = 0;
  let at = start;
  for (let vma = find_vma(k, mm, start); at < end; vma = next_vma(k, vma)) {
    if (!vma) return -ENOMEM;
    if (at < vma.start) {
      unmapped_error = -ENOMEM;
      at = vma.start;
      if (at >= end) break;
    }
    if ((vma.flags & (VM_LOCKED | VM_HUGETLB | VM_PFNMAP)) !== 0) return -EINVAL;
    const to = Math.min(vma.end, end);
    zap_page_range(k, vma, at, to, (vma.flags & VM_NONLINEAR) !== 0 ? EVERY_PAGE : null);
    at = to;
  }
  return unmapped_error;
}
