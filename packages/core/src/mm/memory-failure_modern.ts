/**
 * Bad memory as kernels of 6.x handle it (mm/memory-failure.c). A page that still can be read moves to another frame (soft
 * offline). One that cannot is lost: its mappings give way to entries that say so, and who touches them gets SIGBUS. Either way
 * the frame is not used any more.
 */
import { EBUSY, EHWPOISON, EFAULT, EIO, HOLDER_FAULT } from '@pagetape/events';
import { NotSimulated } from '../errors.ts';
import { current, smp_processor_id, type Kernel, type Sleeping } from '../kernel.ts';
import { PTE_DIRTY, ZERO_PFN } from '../state/layout.ts';
import {
  frameIsFree,
  is_zero_pte,
  kept_on_disk,
  mapping_of,
  page_count,
  page_mapped,
  page_mapping,
  page_private,
  page_to_nid,
  PageAnon,
  PageDirty,
  PageHWPoison,
  PageLRU,
  PageSwapCache,
  PageWriteback,
  pte_of,
  pte_pfn,
  pte_present,
  shmem_mapping,
} from '../state/read.ts';
import { folio_test_hugetlb, folio_test_large, page_folio } from '../state/huge.ts';
import { lock_page, unlock_page, wait_on_page_writeback } from './filemap.ts';
import { split_folio } from './huge_memory.ts';
import { migrate_pages } from './migrate_batch.ts';
import { __folio_alloc, get_page, put_page } from './page_alloc.ts';
import { area_locks, mlock_drain, munlock_folio } from './mlock_batch.ts';
import { has_dirty_mapping, mappers_of, rmap_walk, SWAP_AGAIN, type RmapOne } from './rmap.ts';
import { schedule_lru_drain_on_each_cpu } from './swap.ts';
import { swap_duplicate, swap_free } from './swapfile.ts';
import { mapping_evict_folio, truncate_complete_page } from './truncate.ts';
import { folio_isolate_lru, putback_lru_pages } from './vmscan.ts';

function refuse_hugetlb({ s }: Kernel, pfn: number): void {
  if (folio_test_hugetlb(s, page_folio(s, pfn))) throw new NotSimulated('bad memory in a hugetlb page');
}

/**
 * `mm/memory-failure.c:try_to_split_thp_page()`: of a huge page only the bad part is of interest. The reference of the caller is to that
 * part afterwards, if it could be split. Returns whether the page is a small one now.
 */
function* try_to_split_thp_page(k: Kernel, pfn: number): Sleeping<boolean> {
  if (!folio_test_large(k.s, pfn)) return true;
  const head = page_folio(k.s, pfn);
  yield* lock_page(k, head);
  return split_folio(k, head, pfn);
}

/**
 * `mm/memory-failure.c:soft_offline_page()` of a page in use, to which the caller has a reference that is given back here. Returns
 * 0, -EIO for a page that cannot be handled, such as the zero page, or -EBUSY when it stays.
 */
export function* soft_offline_page(k: Kernel, pfn: number): Sleeping<number> {
  refuse_hugetlb(k, pfn);
  if (PageHWPoison(k.s, pfn)) {
    put_page(k, pfn, HOLDER_FAULT);
    return 0;
  }
  if (!PageLRU(k.s, page_folio(k.s, pfn))) schedule_lru_drain_on_each_cpu(k);
  if (!PageLRU(k.s, page_folio(k.s, pfn))) {
    put_page(k, pfn, HOLDER_FAULT);
    return -EIO;
  }
  if (!(yield* try_to_split_thp_page(k, pfn))) {
    put_page(k, pfn, HOLDER_FAULT);
    return -EBUSY;
  }
  yield* lock_page(k, pfn);
  yield* wait_on_page_writeback(k, pfn);
  const invalidated = PageLRU(k.s, pfn) && !PageSwapCache(k.s, pfn) && mapping_evict_folio(k, pfn);
  unlock_page(k, pfn);
  if (invalidated) {
    put_page(k, pfn, HOLDER_FAULT);
    return page_handle_poison(k, pfn);
  }
  const isolated = folio_isolate_lru(k, pfn);
  put_page(k, pfn, HOLDER_FAULT);
  return isolated ? yield* move_away(k, pfn) : -EBUSY;
}

/**
 * `drivers/base/memory.c:soft_offline_page_store()`: the same by the number of a frame, which the page tables of somebody tell. Returns
 * -EFAULT where they have none.
 */
export function* soft_offline_page_store(k: Kernel, mm: number, vpn: number): Sleeping<number> {
  const pte = pte_of(k.s, mm, vpn);
  if (is_zero_pte(pte)) return -EIO;
  if (!pte_present(pte)) return -EFAULT;
  get_page(k, pte_pfn(pte), HOLDER_FAULT);
  return yield* soft_offline_page(k, pte_pfn(pte));
}

/** The end of soft_offline_in_use_page(): the page goes to another frame, of its own node if there is one. */
function* move_away(k: Kernel, pfn: number): Sleeping<number> {
  const get_new_folio = (): number => __folio_alloc(k, page_to_nid(k.s, pfn), null, false);
  const { result, left } = yield* migrate_pages(k, [pfn], { dest: -1, get_new_folio, temporary: new Set() });
  if (result === 0) return page_handle_poison(k, pfn);
  putback_lru_pages(k, left);
  return result > 0 ? -EBUSY : result;
}

/** `mm/memory-failure.c:page_handle_poison()`: a frame that was just freed goes out of use. */
function page_handle_poison(k: Kernel, pfn: number): number {
  if (!frameIsFree(k.s, pfn)) return -EBUSY;
  k.emit.FrameRetired(pfn);
  return 0;
}

/** What memory_failure() came to: 0 or minus an error number, and whether the running task gets SIGBUS. */
export interface Failed {
  readonly error: number;
  readonly killed: boolean;
}

/**
 * `mm/memory-failure.c:memory_failure()` of a page that the running task is about to use, to which the caller has a reference:
 * from now on the frame keeps it. Nobody else is told before he touches the page.
 */
export function* memory_failure(k: Kernel, pfn: number): Sleeping<Failed> {
  refuse_hugetlb(k, pfn);
  if (!(yield* try_to_split_thp_page(k, pfn))) throw new NotSimulated('bad memory in a huge page that cannot be split');
  if (PageHWPoison(k.s, pfn)) {
    put_page(k, pfn, HOLDER_FAULT);
    return { error: -EHWPOISON, killed: true };
  }
  k.emit.PageHwpoisoned(pfn);
  put_page(k, pfn, HOLDER_FAULT);
  if (pfn === ZERO_PFN) return { error: -EBUSY, killed: false };
  if (!PageLRU(k.s, pfn)) schedule_lru_drain_on_each_cpu(k);
  yield* lock_page(k, pfn);
  if (!PageLRU(k.s, pfn) && !PageWriteback(k.s, pfn)) {
    unlock_page(k, pfn);
    return { error: -EBUSY, killed: false };
  }
  yield* wait_on_page_writeback(k, pfn);
  const killed = hwpoison_user_mappings(k, pfn);
  const error = identify_page_state(k, pfn) ? 0 : -EBUSY;
  unlock_page(k, pfn);
  if (page_count(k.s, pfn) === 1) k.emit.FrameRetired(pfn);
  return { error, killed };
}

/**
 * `mm/memory-failure.c:hwpoison_user_mappings()`: removes all mappings. Returns whether the running task must be told at once,
 * because it maps content that is nowhere else. A clean page of a file on disk can be read again, and one in the swap cache leaves the entries
 * of its slot.
 */
function hwpoison_user_mappings(k: Kernel, pfn: number): boolean {
  if (!page_mapped(k.s, pfn)) return false;
  const { mm } = current(k);
  const concerned = mappers_of(k, pfn).some((vma) => vma.mm === mm);
  const again = can_be_read_again(k, pfn);
  rmap_walk(k, pfn, unmap_poisoned_page, again ? 0 : 1);
  return concerned && PageDirty(k.s, pfn);
}

function can_be_read_again(k: Kernel, pfn: number): boolean {
  const mapping = page_mapping(k.s, pfn);
  if (mapping <= 0 || !kept_on_disk(k.s.cold.files[mapping].fs)) return false;
  return !PageDirty(k.s, pfn) && !has_dirty_mapping(k, pfn);
}

/**
 * The part of `mm/rmap.c:try_to_unmap_one()` for bad pages. Locked memory does not keep it from that. `leaves_entry`: 1, unless the
 * page can be read again.
 */
const unmap_poisoned_page: RmapOne = (k, pfn, vma, vpn, leaves_entry) => {
  const pte = pte_of(k.s, vma.mm, vpn);
  if (!pte_present(pte) || pte_pfn(pte) !== pfn) return SWAP_AGAIN;
  if ((pte & PTE_DIRTY) !== 0 && !PageDirty(k.s, pfn)) k.emit.PageDirtied(pfn, 1);
  if (PageSwapCache(k.s, pfn) && PageAnon(k.s, pfn)) {
    swap_duplicate(k, page_private(k.s, pfn));
    k.emit.PteUnmapped(pfn, vma.mm, vpn, page_private(k.s, pfn));
  } else if (leaves_entry !== 0) k.emit.HwpoisonEntrySet(pfn, vma.mm, vpn);
  else k.emit.PteUnmapped(pfn, vma.mm, vpn, 0);
  if (area_locks(k, vma)) {
    munlock_folio(k, pfn);
    mlock_drain(k, smp_processor_id(k));
  }
  return SWAP_AGAIN;
};

/**
 * `mm/memory-failure.c:identify_page_state()` and the action that it finds: the page leaves its list and, if that is of use, its
 * cache. Dirty pages of the swap cache and all of tmpfs stay there, so that who looks for them is told. Returns whether it worked:
 * somebody else may refer to a page of a cache, or the page may not belong to anything any more.
 */
function identify_page_state(k: Kernel, pfn: number): boolean {
  if (!PageSwapCache(k.s, pfn) && mapping_of(k.s, pfn) === 0) return false;
  if (PageLRU(k.s, pfn)) k.emit.PageTakenOffLru(pfn);
  if (PageSwapCache(k.s, pfn)) {
    if (!PageDirty(k.s, pfn)) delete_from_swap_cache(k, pfn);
  } else if (PageAnon(k.s, pfn)) return true;
  else if (!me_pagecache(k, pfn)) return false;
  const cached = PageSwapCache(k.s, pfn) || mapping_of(k.s, pfn) > 0;
  return page_count(k.s, pfn) <= (cached ? 2 : 1);
}

/** `mm/swap_state.c:delete_from_swap_cache()`: the copy in swap is good. */
function delete_from_swap_cache(k: Kernel, pfn: number): void {
  const slot = page_private(k.s, pfn);
  k.emit.PageRemovedFromSwapCache(pfn, slot);
  swap_free(k, slot);
}

/** `mm/memory-failure.c:me_pagecache_clean()` and truncate_error_folio(): a page of a file. Returns false when it cannot leave. */
function me_pagecache(k: Kernel, pfn: number): boolean {
  const file = mapping_of(k.s, pfn);
  if (shmem_mapping(k.s, file)) return true;
  if (!kept_on_disk(k.s.cold.files[file].fs)) return mapping_evict_folio(k, pfn);
  truncate_complete_page(k, file, pfn);
  return true;
}
