/** Memory that must not leave (mm/mlock.c): mlock(2), munlock(2), mlockall(2), munlockall(2). */
import {
  EAGAIN,
  EFAULT,
  EINVAL,
  ENOMEM,
  MMAN_CONSTANTS,
  VM_HUGETLB,
  VM_IO,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_LOCKONFAULT,
  VM_PFNMAP,
  type Vma,
} from '@pagetape/events';
import { capable, current, type Kernel, type Sleeping } from '../kernel.ts';
import { MM, M_LOCKED } from '../state/layout.ts';
import { pte_of, pte_pfn, pte_present } from '../state/read.ts';
import { __mm_populate } from './gup.ts';
import { make_pages_present } from './memory.ts';
import { mlock_folio, munlock_folio } from './mlock_batch.ts';
import { find_vma, vmas_of } from './mmap.ts';
import { change_vma_flags, for_each_vma_part } from './mprotect.ts';
import { lru_add_drain } from './swap.ts';

const { MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT } = MMAN_CONSTANTS;

/** Whether the running task may lock so many pages more: `mm/mmap.c:mlock_future_ok()`. */
export function may_lock(k: Kernel, mm: number, pages: number): boolean {
  return capable(k, 'CAP_IPC_LOCK') || k.s.mms[mm * MM + M_LOCKED] + pages <= k.traits.memlock_limit_pages;
}

const populates_at_once = (k: Kernel): boolean => k.traits.populates === 'at-once';

/** `mm/mlock.c:mlock_fixup()`: [start, end) of an area gets these flags. Later kernels do not lock what has no pages. */
function* mlock_fixup(k: Kernel, vma: Vma, start: number, end: number, flags: number): Sleeping<number> {
  if (flags === vma.flags || (!populates_at_once(k) && (vma.flags & (VM_IO | VM_PFNMAP | VM_HUGETLB)) !== 0)) return 0;
  const [was, on] = [vma.flags & VM_LOCKED, flags & VM_LOCKED];
  change_vma_flags(k, vma, start, end, flags);
  if (on !== was && k.traits.lru === 'nodes') mlock_vma_pages_range(k, vma.mm, start, end, on !== 0);
  let result = 0;
  if (on !== 0 && (flags & VM_IO) === 0 && populates_at_once(k)) result = yield* make_pages_present(k, start, end);
  if (on !== was) k.emit.LockedPagesCounted(vma.mm, on !== 0 ? end - start : start - end);
  return result === -ENOMEM ? -EAGAIN : result;
}

/** `mm/mlock.c:mlock_vma_pages_range()`: pages that are there are locked or unlocked, and batches are empty then. */
function mlock_vma_pages_range(k: Kernel, mm: number, start: number, end: number, lock: boolean): void {
  lru_add_drain(k);
  for (let vpn = start; vpn < end; vpn++) {
    const pte = pte_of(k.s, mm, vpn);
    if (!pte_present(pte)) continue;
    if (lock) mlock_folio(k, pte_pfn(pte));
    else munlock_folio(k, pte_pfn(pte));
  }
  lru_add_drain(k);
}

/** `mm/mlock.c:sys_mlock()` and sys_munlock(): locks or unlocks a range of pages. Returns 0 or minus an error number. */
export function* sys_mlock(k: Kernel, start: number, pages: number, on: boolean): Sleeping<number> {
  const { mm } = current(k);
  if (on && !may_lock(k, mm, pages)) return -ENOMEM;
  const locked = on ? VM_LOCKED : 0;
  return yield* for_each_vma_part(k, mm, start, start + pages, (vma, from, to) =>
    mlock_fixup(k, vma, from, to, (vma.flags & ~VM_LOCKED_MASK) | locked),
  );
}

/** The end of `mm/mlock.c:do_mlock()` of later kernels, without the mmap_sem: brings the pages in. */
export function* mlock_populate(k: Kernel, start: number, pages: number): Sleeping<number> {
  const error = yield* __mm_populate(k, start, start + pages, false);
  // __mlock_posix_error_return()
  if (error === -EFAULT) return -ENOMEM;
  return error === -ENOMEM ? -EAGAIN : error;
}

/** `mm/mlock.c:sys_mlockall()`. Returns 0 or minus an error number; later kernels bring the pages in afterwards. */
export function* sys_mlockall(k: Kernel, flags: number): Sleeping<number> {
  const known = MCL_CURRENT | MCL_FUTURE | (populates_at_once(k) ? 0 : MCL_ONFAULT);
  if ((flags & (MCL_CURRENT | MCL_FUTURE)) === 0 || (flags & ~known) !== 0) return -EINVAL;
  const { mm } = current(k);
  const total_vm = vmas_of(k, mm).reduce((sum, { start, end }) => sum + end - start, 0);
  const allowed = capable(k, 'CAP_IPC_LOCK') || total_vm <= k.traits.memlock_limit_pages;
  if ((flags & MCL_CURRENT) !== 0 && !allowed) return -ENOMEM;
  return yield* apply_mlockall_flags(k, flags);
}

/**
 * `mm/mlock.c:apply_mlockall_flags()`, called do_mlockall() before: new areas are locked with MCL_FUTURE, all that there are with
 * MCL_CURRENT. Without flags all are unlocked.
 */
export function* apply_mlockall_flags(k: Kernel, flags: number): Sleeping<number> {
  const { mm } = current(k);
  const lock = VM_LOCKED | ((flags & MCL_ONFAULT) !== 0 ? VM_LOCKONFAULT : 0);
  const def_flags = (flags & MCL_FUTURE) !== 0 ? lock : 0;
  if (def_flags !== k.s.cold.mms[mm].def_flags) k.emit.MmDefFlagsSet({ mm, flags: def_flags });
  if ((flags & (MCL_CURRENT | MCL_FUTURE)) === MCL_FUTURE) return 0;
  const to_add = (flags & MCL_CURRENT) !== 0 ? lock : 0;
  for (let at = 0; ;) {
    const vma = find_vma(k, mm, at);
    if (!vma) return 0;
    at = vma.end;
    yield* mlock_fixup(k, vma, vma.start, vma.end, (vma.flags & ~VM_LOCKED_MASK) | to_add);
  }
}
