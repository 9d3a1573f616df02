/** mlock(2) and munlock(2) (mm/mlock.c). */
import { EAGAIN, ENOMEM, VM_IO, VM_LOCKED, type Vma } from '@pagetape/events';
import { capable, current, type Kernel, type Sleeping } from '../kernel.ts';
import { MM, M_LOCKED } from '../state/layout.ts';
import { make_pages_present } from './memory.ts';
import { change_vma_flags, for_each_vma_part } from './mprotect.ts';

/** RLIMIT_MEMLOCK of a task that nobody gave more: 32 kB. */
const MEMLOCK_LIMIT_PAGES = 8;

/** Whether the running task may lock so many pages more. */
export function may_lock(k: Kernel, mm: number, pages: number): boolean {
  return capable(k, 'CAP_IPC_LOCK') || k.s.mms[mm * MM + M_LOCKED] + pages <= MEMLOCK_LIMIT_PAGES;
}

/** `mm/mlock.c:mlock_fixup()` */
function* mlock_fixup(k: Kernel, vma: Vma, start: number, end: number, on: boolean): Sleeping<number> {
  const flags = on ? vma.flags | VM_LOCKED : vma.flags & ~VM_LOCKED;
  if (flags === vma.flags) return 0;
  change_vma_flags(k, vma, start, end, flags);
  let result = 0;
  if (on && (flags & VM_IO) === 0) result = yield* make_pages_present(k, start, end);
  k.emit.LockedPagesCounted(vma.mm, on ? end - start : start - end);
  return result === -ENOMEM ? -EAGAIN : result;
}

/** `mm/mlock.c:sys_mlock()` and sys_munlock(): locks or unlocks a range of pages. Returns 0 or minus an error number. */
export function* sys_mlock(k: Kernel, start: number, pages: number, on: boolean): Sleeping<number> {
  const { mm } = current(k);
  if (on && !may_lock(k, mm, pages)) return -ENOMEM;
  return yield* for_each_vma_part(k, mm, start, start + pages, (vma, from, to) => mlock_fixup(k, vma, from, to, on));
}
