/** Swap slots (mm/swapfile.c). Slots of all areas are counted through; the first slot of each is its header. */
import type { Kernel } from '../kernel.ts';
import {
  AREA,
  NR_SWAP_PAGES,
  S_BASE,
  S_CLUSTER_NEXT,
  S_CLUSTER_NR,
  S_HIGHEST,
  S_INUSE,
  S_LOWEST,
  S_MAX,
  S_PAGES,
  TOTAL_SWAP_PAGES,
} from '../state/layout.ts';
import { page_count, page_mapcount, page_private, PageLocked, PageSwapCache, PageWriteback } from '../state/read.ts';
import { SWAP_MAP_BAD } from '../state/state.ts';
import { get_page, put_page } from './page_alloc.ts';
import { EBUSY, HOLDER_FAULT } from '@pagetape/events';
import { unlock_page } from './filemap.ts';

/** Slots that are handed out one after the other before a new run of empty ones is looked for. */
const SWAPFILE_CLUSTER = 256;
/** What an unsigned `cluster_next` below zero looks like: beyond every area. */
const WRAPPED = 0xffff_ffff;

/** The first slot at or above `lowest_bit` that ends a run of SWAPFILE_CLUSTER empty ones; -1: there is none. */
function end_of_empty_cluster(k: Kernel, area: number): number {
  const { areas, swap_map } = k.s;
  const at = area * AREA;
  const base = areas[at + S_BASE];
  let offset = areas[at + S_LOWEST];
  let last = offset + SWAPFILE_CLUSTER - 1;
  for (; last <= areas[at + S_HIGHEST]; offset++) {
    if (swap_map[base + offset] !== 0) last = offset + SWAPFILE_CLUSTER;
    else if (offset === last) return offset;
  }
  return -1;
}

/**
 * Where the search of an area begins. After an empty cluster was found it begins two slots too low, until 2.6.17-rc1
 * (9b65ef59d42).
 */
function start_of_search(k: Kernel, area: number): number {
  const { areas } = k.s;
  const at = area * AREA;
  const lowest = areas[at + S_LOWEST];
  let next = areas[at + S_CLUSTER_NEXT];
  if (areas[at + S_CLUSTER_NR] === 0) {
    if (areas[at + S_PAGES] - areas[at + S_INUSE] < SWAPFILE_CLUSTER) return lowest;
    const end = end_of_empty_cluster(k, area);
    if (end < 0) return lowest;
    next = end - SWAPFILE_CLUSTER + (k.traits.swap_cluster_start === 'exact' ? 1 : -1);
    if (next < 0) next = WRAPPED;
  }
  return next > areas[at + S_HIGHEST] ? lowest : next;
}

/** `mm/swapfile.c:scan_swap_map()`: takes a free slot of the area, or returns 0. */
function scan_swap_map(k: Kernel, area: number): number {
  const { areas, swap_map } = k.s;
  const at = area * AREA;
  const base = areas[at + S_BASE];
  let lowest = areas[at + S_LOWEST];
  let highest = areas[at + S_HIGHEST];
  if (highest === 0 || areas[at + S_PAGES] === 0) return 0;
  let offset = start_of_search(k, area);
  while (offset <= highest && swap_map[base + offset] !== 0) offset++;
  if (offset > highest) {
    offset = lowest;
    while (swap_map[base + offset] !== 0) offset++;
  }
  if (offset === lowest) lowest++;
  if (offset === highest) highest--;
  if (areas[at + S_INUSE] + 1 === areas[at + S_PAGES]) {
    lowest = areas[at + S_MAX];
    highest = 0;
  }
  const cluster_nr = (areas[at + S_CLUSTER_NR] || SWAPFILE_CLUSTER) - 1;
  k.emit.SwapSlotAllocated(base + offset, area, offset + 1, cluster_nr, lowest, highest);
  return base + offset;
}

/** `mm/swapfile.c:sys_swapon()` of the device of the machine, which comes after the areas that are in use from the start. */
export function sys_swapon(k: Kernel): number {
  const { areas, topology } = k.s;
  const area = topology.spec.swap.length;
  if (areas[area * AREA + S_PAGES] > 0 || areas[area * AREA + S_INUSE] > 0) return -EBUSY;
  k.emit.SwapAreaEnabled(area);
  return 0;
}

/** Slots of a cluster that a huge page can go to, which begins where such a number of slots does. */
const HUGE_CLUSTER = 512;

/** Whether an area has room for a huge page in one piece: `mm/swapfile.c:cluster_alloc_swap_entry()` of that order finds a free cluster. */
export function has_free_cluster(k: Kernel): boolean {
  const { areas, swap_map } = k.s;
  for (let at = 0; at < areas.length; at += AREA) {
    if (areas[at + S_PAGES] === 0) continue;
    for (let first = HUGE_CLUSTER; first + HUGE_CLUSTER <= areas[at + S_MAX]; first += HUGE_CLUSTER) {
      let end = first;
      while (end < first + HUGE_CLUSTER && swap_map[areas[at + S_BASE] + end] === 0) end++;
      if (end === first + HUGE_CLUSTER) return true;
    }
  }
  return false;
}

/** `mm/swapfile.c:get_swap_page()`: a slot of the first area that has one, with one user; 0: all are full. */
export function get_swap_page(k: Kernel): number {
  if (k.s.scalars[NR_SWAP_PAGES] <= 0) return 0;
  for (let area = 0; area * AREA < k.s.areas.length; area++) {
    const slot = scan_swap_map(k, area);
    if (slot !== 0) return slot;
  }
  return 0;
}

/** `mm/swapfile.c:swap_duplicate()`: one user more. Returns false when the slot is free. */
export function swap_duplicate(k: Kernel, slot: number): boolean {
  if (k.s.swap_map[slot] === 0) return false;
  k.emit.SwapSlotReferenced(slot);
  return true;
}

/** `mm/swapfile.c:swap_free()`: one user less. */
export function swap_free(k: Kernel, slot: number): void {
  k.emit.SwapSlotDereferenced(slot);
}

/** `mm/swapfile.c:vm_swap_full()`: more than half of the swap space is used. */
export function vm_swap_full(k: Kernel): boolean {
  return k.s.scalars[NR_SWAP_PAGES] * 2 < k.s.scalars[TOTAL_SWAP_PAGES];
}

/** `mm/swapfile.c:can_share_swap_page()`: whether the mapping that faulted is the only user of a locked page. */
export function can_share_swap_page(k: Kernel, pfn: number): boolean {
  let users = page_mapcount(k.s, pfn);
  if (users <= 1 && PageSwapCache(k.s, pfn)) users += k.s.swap_map[page_private(k.s, pfn)] - 1;
  return users === 1;
}

/**
 * `mm/swapfile.c:remove_exclusive_swap_page()`: gives the slot of a locked page up, when only the cache and the caller
 * refer to the page and only the cache to the slot. Returns whether it did.
 */
export function remove_exclusive_swap_page(k: Kernel, pfn: number): boolean {
  const { s } = k;
  if (!PageSwapCache(s, pfn) || PageWriteback(s, pfn)) return false;
  const slot = page_private(s, pfn);
  if (page_count(s, pfn) !== 2 || s.swap_map[slot] !== 1) return false;
  k.emit.SwapCopyDropped(pfn, slot);
  swap_free(k, slot);
  return true;
}

/**
 * `mm/swapfile.c:folio_free_swap()`, which took the place of the above: the slot is given up when no entry refers to it, whoever
 * refers to the page.
 */
export function folio_free_swap(k: Kernel, pfn: number): boolean {
  const { s } = k;
  if (!PageSwapCache(s, pfn) || PageWriteback(s, pfn) || s.swap_map[page_private(s, pfn)] !== 1) return false;
  const slot = page_private(s, pfn);
  k.emit.SwapCopyDropped(pfn, slot);
  swap_free(k, slot);
  return true;
}

/** `mm/swapfile.c:free_swap_and_cache()`: a swap entry is gone; the cached copy goes too if nobody else knows it. */
export function free_swap_and_cache(k: Kernel, slot: number): void {
  const { s } = k;
  swap_free(k, slot);
  const pfn = s.swap_cache[slot] - 1;
  if (s.swap_map[slot] !== 1 || pfn < 0 || PageLocked(s, pfn)) return;
  k.emit.PageLocked(pfn);
  get_page(k, pfn, HOLDER_FAULT);
  if (!PageWriteback(s, pfn) && (page_count(s, pfn) === 2 || vm_swap_full(k))) {
    k.emit.SwapCopyDropped(pfn, slot);
    swap_free(k, slot);
  }
  unlock_page(k, pfn);
  put_page(k, pfn, HOLDER_FAULT);
}

/**
 * `mm/swapfile.c:valid_swaphandles()`: the slots to read together with `slot`: its aligned block of 2^page_cluster, from
 * the start of the block up to the first slot that is free, bad or beyond the area.
 */
export function valid_swaphandles(k: Kernel, slot: number): { first: number; slots: number } {
  const { areas, swap_map, topology } = k.s;
  const { page_cluster } = topology.spec;
  if (page_cluster === 0) return { first: slot, slots: 0 };
  let at = 0;
  while (slot >= areas[at + S_BASE] + areas[at + S_MAX]) at += AREA;
  const base = areas[at + S_BASE];
  const block = 1 << page_cluster;
  const start = Math.floor((slot - base) / block) * block;
  const first = start === 0 ? 1 : start;
  let offset = first;
  while (offset < start + block && offset < areas[at + S_MAX] && isReadable(swap_map[base + offset])) offset++;
  return { first: base + first, slots: offset - first };
}

const isReadable = (users: number): boolean => users !== 0 && users !== SWAP_MAP_BAD;
