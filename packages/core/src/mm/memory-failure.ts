/**
 * Remapping of a bad page: a purpose that the patches name, for which the kernels of 2006 have no function. This is
 * Pagetape's own, made of what they have; the file has the name of the one that later kernels have for it.
 */
import { CHECK, EBUSY, EFAULT } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import {
  frameIsFree,
  page_count,
  pageIsolated,
  PageLocked,
  PageWriteback,
  pte_of,
  pte_pfn,
  pte_present,
} from '../state/read.ts';
import { down_read } from './memory.ts';
import { migrate_one } from './mempolicy_migrate.ts';
import { isolate_lru_page, putback_lru_pages } from './vmscan.ts';

/**
 * Nobody knows the frame any more but the list that it was isolated to; where the kernel frees at once, not even
 * that.
 */
function is_given_up(k: Kernel, pfn: number): boolean {
  if (frameIsFree(k.s, pfn)) return true;
  return pageIsolated(k.s, pfn) && page_count(k.s, pfn) === 1 && !PageLocked(k.s, pfn) && !PageWriteback(k.s, pfn);
}

/**
 * Pagetape's own: isolates the page at an address, evicts or moves it, and holds its frame for ever. The next access
 * finds the content in another frame. Other pages that wait to be freed are left alone. Returns 0; -EFAULT when the address
 * has no page in memory; -EBUSY when the page cannot be had or does not leave its frame: then it is put back, and stays in
 * use.
 */
export function* soft_offline_page(k: Kernel, mm: number, vpn: number): Sleeping<number> {
  yield* down_read(k, mm);
  const pte = pte_of(k.s, mm, vpn);
  const pfn = pte_pfn(pte);
  const isolated = pte_present(pte) && isolate_lru_page(k, pfn) === 1;
  k.emit.MmapLockReleased(mm, 1);
  if (!pte_present(pte)) {
    k.emit.CheckFailed(CHECK.indexOf('address'), EFAULT);
    return -EFAULT;
  }
  if (!isolated) return -EBUSY;
  yield* migrate_one(k, pfn);
  if (is_given_up(k, pfn)) {
    k.emit.FrameRetired(pfn);
    return 0;
  }
  putback_lru_pages(k, [pfn]);
  return -EBUSY;
}
