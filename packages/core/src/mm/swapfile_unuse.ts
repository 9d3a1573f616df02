/**
 * swapoff(2) and try_to_unuse() (mm/swapfile.c): everything that is in a swap area comes back into memory. Kernels of 2006 go by
 * slots, and look for the users of each; later ones go by users, files of tmpfs first.
 */
import {
  EINTR,
  EINVAL,
  EIO,
  ENOMEM,
  EPERM,
  HOLDER_FAULT,
  MARK_EXCLUSIVE,
  SWAP_MAPPING_UNUSED,
  type Vma,
} from '@pagetape/events';
import { NotSimulated } from '../errors.ts';
import { capable, type Kernel, type Sleeping } from '../kernel.ts';
import { mmput } from '../kernel/fork.ts';
import { signal_pending } from '../kernel/signal.ts';
import { AREA, S_BASE, S_INUSE, S_MAX, S_PAGES, TABLE } from '../state/layout.ts';
import { firstSeized, seizedSlots } from '../state/outside.ts';
import {
  has_page_table,
  page_private,
  PageDirty,
  PageHWPoison,
  PageSwapCache,
  PageUptodate,
  pte_is_swap,
  pte_of,
  pte_slot,
  pte_swp_exclusive,
} from '../state/read.ts';
import { lock_page, unlock_page, wait_on_page_locked, wait_on_page_writeback } from './filemap.ts';
import { down_read } from './memory.ts';
import { swapin_readahead } from './memory_swap.ts';
import { mlock_vma_folio } from './mlock_batch.ts';
import { linear_page_index, vmas_of } from './mmap.ts';
import { get_page, page_cache_release } from './page_alloc.ts';
import { swap_writepage } from './page_io.ts';
import { file_of_slot, shmem_getpage, shmem_take_back, swapped_pages } from './shmem.ts';
import { activate_page } from './swap.ts';
import { read_swap_cache_async } from './swap_state.ts';
import { folio_free_swap, swap_free } from './swapfile.ts';

/** `mm/swapfile.c:sys_swapoff()` of the device of the machine. When not all could be brought back the area is used as before. */
export function* sys_swapoff(k: Kernel): Sleeping<number> {
  if (!capable(k, 'CAP_SYS_ADMIN')) return -EPERM;
  const area = k.s.topology.spec.swap.length;
  if (k.s.areas[area * AREA + S_PAGES] === 0) return -EINVAL;
  k.emit.SwapAreaDraining(area);
  give_back_seized(k, area);
  const error = yield* k.traits.swapoff === 'by-slot' ? unuse_slots(k, area) : try_to_unuse(k, area);
  if (error === 0) k.emit.SwapAreaDisabled(area);
  else k.emit.SwapAreaReopened(area);
  return error;
}

const inuse = (k: Kernel, area: number): number => k.s.areas[area * AREA + S_INUSE];

function is_of_area({ s }: Kernel, area: number, slot: number): boolean {
  const base = s.areas[area * AREA + S_BASE];
  return slot > base && slot < base + s.areas[area * AREA + S_MAX];
}

/**
 * Pagetape's own: the memory of whoever took slots from outside comes back, too. The oldest come first, until none is of the area, so
 * older ones of another area are given back with them.
 */
function give_back_seized(k: Kernel, area: number): void {
  while (seizedSlots(k.s).some((slot) => is_of_area(k, area, slot))) {
    const slot = firstSeized(k.s);
    k.emit.SwapSlotGivenBack(slot);
    swap_free(k, slot);
  }
}

/** `mm/swapfile.c:find_next_to_unuse()`: the next slot above `prev` that has users, or 0. */
function find_next_to_unuse({ s }: Kernel, area: number, prev: number): number {
  const base = s.areas[area * AREA + S_BASE];
  for (let offset = prev + 1; offset < s.areas[area * AREA + S_MAX]; offset++) {
    if (s.swap_map[base + offset] !== 0) return offset;
  }
  return 0;
}

/** Address spaces that exist now, ascending. The kernel has a list of those that were ever in swap. */
const all_mms = (k: Kernel): number[] => Object.keys(k.s.cold.mms).map(Number);

/** Calls `visit` with an address space that cannot go meanwhile, and whose areas do not change. */
function* with_mm(k: Kernel, mm: number, visit: () => Sleeping<number>): Sleeping<number> {
  if (!k.s.cold.mms[mm]) return 0;
  k.emit.MmPinned(mm);
  yield* down_read(k, mm);
  const result = yield* visit();
  k.emit.MmapLockReleased(mm, 1);
  yield* mmput(k, mm);
  return result;
}

// --- 2006 -----------------------------------------------------------------------------------------------------------

/** `mm/swapfile.c:try_to_unuse()` of 2006: slot by slot. Frames are placed by the policy of whoever swaps off. */
function* unuse_slots(k: Kernel, area: number): Sleeping<number> {
  const base = k.s.areas[area * AREA + S_BASE];
  while (inuse(k, area) > 0) {
    for (let offset = 0; (offset = find_next_to_unuse(k, area, offset)) !== 0;) {
      if (signal_pending(k)) return -EINTR;
      const pfn = read_swap_cache_async(k, base + offset, null, 0);
      if (pfn >= 0) yield* unuse_slot(k, base + offset, pfn);
      else if (k.s.swap_map[base + offset] !== 0) return -ENOMEM;
    }
  }
  return 0;
}

/**
 * One slot, whose copy the page has. A user that came meanwhile reads it from the device again, to which a changed page is
 * written before it leaves the swap cache.
 */
function* unuse_slot(k: Kernel, slot: number, pfn: number): Sleeping<void> {
  yield* wait_on_page_locked(k, pfn);
  yield* wait_on_page_writeback(k, pfn);
  yield* lock_page(k, pfn);
  yield* wait_on_page_writeback(k, pfn);
  const file = k.s.swap_map[slot] > 1 ? file_of_slot(k, slot) : null;
  if (file) shmem_take_back(k, pfn, file.file, file.index, slot);
  else for (const mm of all_mms(k)) if (k.s.swap_map[slot] > 1) yield* unuse_process(k, mm, slot, pfn);
  if (k.s.swap_map[slot] > 1 && PageDirty(k.s, pfn) && PageSwapCache(k.s, pfn)) {
    k.emit.PageCleanedForIo(pfn);
    swap_writepage(k, pfn);
    yield* lock_page(k, pfn);
    yield* wait_on_page_writeback(k, pfn);
  }
  if (PageSwapCache(k.s, pfn)) {
    k.emit.SwapCopyDropped(pfn, page_private(k.s, pfn));
    swap_free(k, slot);
  }
  if (!PageDirty(k.s, pfn)) k.emit.PageDirtied(pfn, 0);
  if (!file) unlock_page(k, pfn);
  page_cache_release(k, pfn);
}

/** `mm/swapfile.c:unuse_process()`: the entry of the slot in an address space maps the page, if there is one. */
function* unuse_process(k: Kernel, mm: number, slot: number, pfn: number): Sleeping<void> {
  // eslint-disable-next-line require-yield -- the visitors of later kernels sleep
  yield* with_mm(k, mm, function* () {
    each_swap_entry(k, mm, (vma, vpn, pte) => {
      if (pte_slot(pte) !== slot) return false;
      get_page(k, pfn, HOLDER_FAULT);
      k.emit.SwapEntryMapped(pfn, mm, vpn, slot, SWAP_MAPPING_UNUSED, vma.anon_vma, linear_page_index(vma, vpn));
      swap_free(k, slot);
      activate_page(k, pfn);
      return true;
    });
    return 0;
  });
}

/** Calls `visit` for each swap entry in private memory of an address space, until it says that it is done. */
function each_swap_entry(k: Kernel, mm: number, visit: (vma: Vma, vpn: number, pte: number) => boolean): void {
  for (const vma of vmas_of(k, mm)) {
    if (vma.anon_vma === 0) continue;
    for (let vpn = vma.start; vpn < vma.end; vpn++) {
      if (!has_page_table(k.s, mm, vpn)) vpn += TABLE - 1 - (vpn % TABLE);
      else if (pte_is_swap(pte_of(k.s, mm, vpn)) && visit(vma, vpn, pte_of(k.s, mm, vpn))) return;
    }
  }
}

// --- 6.x ------------------------------------------------------------------------------------------------------------

/** `mm/swapfile.c:try_to_unuse()` since 5.1: files, then address spaces, then what only the swap cache has; again if some is left. */
function* try_to_unuse(k: Kernel, area: number): Sleeping<number> {
  while (inuse(k, area) > 0) {
    const error = (yield* shmem_unuse(k, area)) || (yield* unuse_mms(k, area));
    if (error !== 0) return error;
    yield* unuse_swap_cache(k, area);
    if (inuse(k, area) > 0 && signal_pending(k)) return -EINTR;
  }
  return 0;
}

/** `mm/shmem.c:shmem_unuse()`: pages of files are brought back as who wants them does. */
function* shmem_unuse(k: Kernel, area: number): Sleeping<number> {
  for (const file of Object.keys(k.s.cold.files).map(Number)) {
    for (const { index, slot } of swapped_pages(k, file, 0, Infinity)) {
      if (!is_of_area(k, area, slot) || !k.s.cold.files[file]) continue;
      const pfn = yield* shmem_getpage(k, file, index, null);
      if (pfn === -EIO) throw new NotSimulated('swapoff(2) of shared memory that cannot be read');
      if (pfn < 0) return pfn;
      page_cache_release(k, pfn);
    }
  }
  return 0;
}

/** All address spaces, each by `mm/swapfile.c:unuse_mm()`. */
function* unuse_mms(k: Kernel, area: number): Sleeping<number> {
  for (const mm of all_mms(k)) {
    if (signal_pending(k)) return -EINTR;
    const error = yield* with_mm(k, mm, () => unuse_mm(k, mm, area));
    if (error !== 0) return error;
  }
  return 0;
}

/** `mm/swapfile.c:unuse_mm()`: each entry is placed by the policy of its area, as by a fault. */
function* unuse_mm(k: Kernel, mm: number, area: number): Sleeping<number> {
  const entries: { vma: Vma; vpn: number; pte: number }[] = [];
  each_swap_entry(k, mm, (vma, vpn, pte) => {
    if (is_of_area(k, area, pte_slot(pte))) entries.push({ vma, vpn, pte });
    return false;
  });
  for (const { vma, vpn, pte } of entries) {
    if (pte_of(k.s, mm, vpn) !== pte) continue;
    const pfn = swapin_readahead(k, pte_slot(pte), vma, vpn);
    if (pfn < 0 && k.s.swap_map[pte_slot(pte)] === 0) continue;
    if (pfn < 0) return -ENOMEM;
    yield* lock_page(k, pfn);
    yield* wait_on_page_writeback(k, pfn);
    if (pte_of(k.s, mm, vpn) === pte) unuse_pte(k, vma, vpn, pte, pfn);
    folio_free_swap(k, pfn);
    unlock_page(k, pfn);
    page_cache_release(k, pfn);
  }
  return 0;
}

/** `mm/swapfile.c:unuse_pte()`: the mapping looks unused, and may not be written through. What could not be read is lost. */
function unuse_pte(k: Kernel, vma: Vma, vpn: number, pte: number, pfn: number): void {
  const slot = pte_slot(pte);
  if (!PageUptodate(k.s, pfn) || PageHWPoison(k.s, pfn)) {
    k.emit.SwapEntryPoisoned(pfn, vma.mm, vpn, slot);
    return swap_free(k, slot);
  }
  get_page(k, pfn, HOLDER_FAULT);
  k.emit.SwapEntryMapped(pfn, vma.mm, vpn, slot, SWAP_MAPPING_UNUSED, vma.anon_vma, linear_page_index(vma, vpn));
  mlock_vma_folio(k, pfn, vma);
  if (pte_swp_exclusive(pte)) k.emit.AnonPageMarked(pfn, vma.mm, vpn, MARK_EXCLUSIVE);
  swap_free(k, slot);
}

/** The end of try_to_unuse(): slots that nobody uses but the swap cache. */
function* unuse_swap_cache(k: Kernel, area: number): Sleeping<void> {
  const base = k.s.areas[area * AREA + S_BASE];
  for (let offset = 0; (offset = find_next_to_unuse(k, area, offset)) !== 0;) {
    const pfn = k.s.swap_cache[base + offset] - 1;
    if (signal_pending(k)) return;
    if (pfn < 0) continue;
    get_page(k, pfn, HOLDER_FAULT);
    yield* lock_page(k, pfn);
    yield* wait_on_page_writeback(k, pfn);
    folio_free_swap(k, pfn);
    unlock_page(k, pfn);
    page_cache_release(k, pfn);
  }
}
