/** Advice of madvise(2) that makes memory bad, to test what the kernel does about it (mm/madvise.c). */
import { EFAULT, ENOMEM, EPERM, MMAN_CONSTANTS, READ } from '@pagetape/events';
import { capable, current, type Kernel, type Sleeping } from '../kernel.ts';
import { folio_test_large, pmd_of } from '../state/huge.ts';
import { HUGE } from '../state/layout.ts';
import { pte_of, pte_pfn, pte_present } from '../state/read.ts';
import { memory_failure, soft_offline_page, type Failed } from './memory-failure_modern.ts';
import { down_read, get_user_page } from './memory.ts';

const { MADV_HWPOISON, MADV_SOFT_OFFLINE } = MMAN_CONSTANTS;

/** Whether the kernel was built with CONFIG_MEMORY_FAILURE, and this is such advice. */
export const injects_error = (k: Kernel, advice: number): boolean =>
  k.traits.memory_failure === 'poisons' && (advice === MADV_HWPOISON || advice === MADV_SOFT_OFFLINE);

/** The pages that the advice is done with when this one is: all of a huge one. */
function pages_of(k: Kernel, mm: number, vpn: number): number {
  const pte = pte_of(k.s, mm, vpn);
  const huge = pmd_of(k.s, mm, vpn) !== 0 || (pte_present(pte) && folio_test_large(k.s, pte_pfn(pte)));
  return k.s.topology.huge && huge ? HUGE : 1;
}

/**
 * `mm/madvise.c:madvise_inject_error()`: brings in each page as a read does, and treats it as bad; of a huge page that is one
 * of its parts. The first error ends it. With it comes whether the caller gets SIGBUS.
 */
export function* madvise_inject_error(k: Kernel, start: number, end: number, advice: number): Sleeping<Failed> {
  const { mm } = current(k);
  if (!capable(k, 'CAP_SYS_ADMIN')) return { error: -EPERM, killed: false };
  let killed = false;
  for (let vpn = start, pages = 1; vpn < end; vpn += pages) {
    yield* down_read(k, mm);
    const page = yield* get_user_page(k, mm, vpn, READ, true);
    k.emit.MmapLockReleased(mm, 1);
    pages = pages_of(k, mm, vpn);
    if ('error' in page) return { error: page.error === 'EFAULT' ? -EFAULT : -ENOMEM, killed };
    let error: number;
    const pte = pte_of(k.s, mm, vpn);
    const pfn = pte_present(pte) ? pte_pfn(pte) : page.pfn;
    if (advice === MADV_SOFT_OFFLINE) error = yield* soft_offline_page(k, pfn);
    else {
      const failed = yield* memory_failure(k, pfn);
      error = failed.error;
      killed ||= failed.killed;
    }
    if (error !== 0) return { error, killed };
  }
  return { error: 0, killed };
}
