/**
 * What a swap-in of 6.x reads besides (mm/swap_state.c): the more, the more of what it read before was wanted. For private memory that are
 * pages around the address (devices that do not rotate), for files of tmpfs slots around the slot.
 */
import type { SwapReadahead, Vma } from '@pagetape/events';
import type { Kernel } from '../kernel.ts';
import { AREA, S_BASE, S_MAX, TABLE } from '../state/layout.ts';
import { PageReadahead, pte_is_swap, pte_of, pte_slot } from '../state/read.ts';
import type { PolicyArea } from '../state/shared_policy.ts';
import { SWAP_MAP_BAD } from '../state/state.ts';
import { page_cache_release } from './page_alloc.ts';
import { lru_add_drain } from './swap.ts';
import { lookup_swap_cache, read_swap_cache_async } from './swap_state.ts';

const SWAP_RA_ORDER_CEILING = 5;
const SWAP_RA_HITS_MAX = 63;
/** Before the first swap-in it is as if some pages had been wanted. */
const FRESH: SwapReadahead = { at: 0, win: 0, hits: 4 };

const adapts = (k: Kernel): boolean => k.traits.swap_readahead === 'adaptive' && k.s.topology.spec.page_cluster > 0;

/** `mm/swap_state.c:__swapin_nr_pages()`: how many pages are read. `at` and `prev.at` are pages of the area, or slots. */
function __swapin_nr_pages(prev: SwapReadahead, at: number, max_pages: number): number {
  const beside = at === prev.at + 1 || at === prev.at - 1;
  let pages = prev.hits === 0 && !beside ? 1 : 2;
  if (prev.hits > 0) for (pages = 4; pages < prev.hits + 2;) pages *= 2;
  return Math.max(Math.min(pages, max_pages), prev.win >> 1);
}

/** `mm/swap_state.c:swap_cache_get_folio()`: notes whether the page of the area had been read ahead. Returns its frame, or -1. */
export function swap_cache_get_folio(k: Kernel, slot: number, vma: Vma, vpn: number): number {
  const hit = readahead_hit(k, slot);
  const pfn = lookup_swap_cache(k, slot, vma.mm, vpn);
  if (pfn < 0 || !adapts(k)) return pfn;
  const { win, hits } = k.s.cold.vmas[vma.id].swap_readahead ?? FRESH;
  k.emit.SwapReadaheadNoted({ vma: vma.id, at: vpn, win, hits: Math.min(hits + hit, SWAP_RA_HITS_MAX) });
  return pfn;
}

function readahead_hit({ s }: Kernel, slot: number): 0 | 1 {
  const pfn = s.swap_cache[slot] - 1;
  return pfn >= 0 && PageReadahead(s, pfn) ? 1 : 0;
}

/** The same for a page of tmpfs, before it is looked up. */
export function note_shmem_hit(k: Kernel, slot: number): void {
  if (!adapts(k) || readahead_hit(k, slot) === 0) return;
  const noted = k.s.cold.swap_readahead ?? FRESH;
  k.emit.SwapReadaheadNoted({ vma: 0, ...noted, hits: noted.hits + 1 });
}

/** Reads a page that nobody has asked for yet, unless the swap cache has it. */
function read_ahead(k: Kernel, slot: number, area: PolicyArea, vpn: number, asked: boolean): void {
  const cached = k.s.swap_cache[slot] !== 0;
  const pfn = read_swap_cache_async(k, slot, area, vpn);
  if (pfn < 0) return;
  if (!cached && !asked) k.emit.PageMarkedReadahead(pfn);
  page_cache_release(k, pfn);
}

/** `mm/swap_state.c:swap_vma_ra_win()`: pages [start, end) of the area are read; null: the wanted one alone. */
function swap_vma_ra_win(k: Kernel, vma: Vma, vpn: number): { readonly start: number; readonly end: number } | null {
  const { page_cluster } = k.s.topology.spec;
  const prev = k.s.cold.vmas[vma.id].swap_readahead ?? FRESH;
  const win = __swapin_nr_pages(prev, vpn, 1 << Math.min(page_cluster, SWAP_RA_ORDER_CEILING));
  k.emit.SwapReadaheadNoted({ vma: vma.id, at: vpn, win, hits: 0 });
  if (win === 1) return null;
  let left = vpn - ((win - 1) >> 1);
  if (vpn === prev.at + 1) left = vpn;
  else if (prev.at === vpn + 1) left = vpn - win + 1;
  const table = vpn - (vpn % TABLE);
  return { start: Math.max(left, vma.start, table), end: Math.min(left + win, vma.end, table + TABLE) };
}

/** `mm/swap_state.c:swap_vma_readahead()`: each page is placed as its own address says. Returns the wanted frame, with a reference, or -1. */
export function swap_vma_readahead(k: Kernel, slot: number, vma: Vma, vpn: number): number {
  const window = adapts(k) ? swap_vma_ra_win(k, vma, vpn) : null;
  if (window) {
    for (let at = window.start; at < window.end; at++) {
      const pte = pte_of(k.s, vma.mm, at);
      if (pte_is_swap(pte)) read_ahead(k, pte_slot(pte), vma, at, at === vpn);
    }
    lru_add_drain(k);
  }
  return read_swap_cache_async(k, slot, vma, vpn);
}

/** `mm/swap_state.c:swapin_nr_pages()` */
function swapin_nr_pages(k: Kernel, offset: number): number {
  const prev = k.s.cold.swap_readahead ?? FRESH;
  const pages = __swapin_nr_pages(prev, offset, 1 << k.s.topology.spec.page_cluster);
  k.emit.SwapReadaheadNoted({ vma: 0, at: prev.hits === 0 ? offset : prev.at, win: pages, hits: 0 });
  return pages;
}

/**
 * `mm/swap_state.c:swap_cluster_readahead()`: the aligned block of slots around the wanted one; those that are free are passed over. All are
 * placed as the wanted page. Returns its frame, with a reference, or -1.
 */
export function swap_cluster_readahead(k: Kernel, slot: number, area: PolicyArea): number {
  const { areas, swap_map } = k.s;
  let at = 0;
  while (slot >= areas[at + S_BASE] + areas[at + S_MAX]) at += AREA;
  const base = areas[at + S_BASE];
  const pages = adapts(k) ? swapin_nr_pages(k, slot - base) : 1;
  if (pages > 1) {
    const start = (slot - base) & ~(pages - 1);
    for (let n = Math.max(start, 1); n < Math.min(start + pages, areas[at + S_MAX]); n++) {
      const users = swap_map[base + n];
      if (users !== 0 && users !== SWAP_MAP_BAD) read_ahead(k, base + n, area, 0, base + n === slot);
    }
    lru_add_drain(k);
  }
  return read_swap_cache_async(k, slot, area, 0);
}
