/** The page allocator, order 0 only, and the end of references (mm/page_alloc.c, mm/swap.c). */
import { HOLDER_FAULT } from '@pagetape/events';
import { current, numa_node_id, type Kernel } from '../kernel.ts';
import { ZONE, Z_FREE, Z_FREE_HEAD, Z_FRESH, Z_LOW, Z_MIN, Z_START } from '../state/layout.ts';
import { page_count } from '../state/read.ts';

/** The first zone of the list that has a free frame above its mark and is allowed; -1: none. */
function get_page_from_freelist(k: Kernel, zonelist: readonly number[], mark: number): number {
  const { zones, topology } = k.s;
  const allowed = current(k).mems_allowed;
  for (const zone of zonelist) {
    if (!allowed.includes(topology.zones[zone].node)) continue;
    if (zones[zone * ZONE + Z_FREE] > zones[zone * ZONE + mark]) return zone;
  }
  return -1;
}

/**
 * `mm/page_alloc.c:__alloc_pages()`: a frame from the first zone of the list above its low mark, else above its min mark.
 * There is no reclaim and no OOM killer. `interleaved`: the request counts as an interleave hit when the first zone serves
 * it. Returns the frame, with one reference, or -1.
 */
export function __alloc_pages(k: Kernel, zonelist: readonly number[], interleaved: boolean): number {
  if (zonelist.length === 0) return -1;
  const preferred = k.s.topology.zones[zonelist[0]].node;
  let zone = get_page_from_freelist(k, zonelist, Z_LOW);
  if (zone < 0) zone = get_page_from_freelist(k, zonelist, Z_MIN);
  if (zone < 0) {
    k.emit.PageAllocationFailed(preferred);
    return -1;
  }
  const { zones } = k.s;
  const at = zone * ZONE;
  const pfn = zones[at + Z_FREE_HEAD] !== 0 ? zones[at + Z_FREE_HEAD] - 1 : zones[at + Z_START] + zones[at + Z_FRESH];
  k.emit.PageAllocated(pfn, preferred, numa_node_id(k), interleaved && zone === zonelist[0] ? 1 : 0);
  return pfn;
}

/** `include/linux/mm.h:get_page()` */
export function get_page(k: Kernel, pfn: number, holder: number): void {
  k.emit.PageReferenceTaken(pfn, holder);
}

/** `mm/swap.c:put_page()`: gives a reference back; the last one frees the frame. */
export function put_page(k: Kernel, pfn: number, holder: number): void {
  k.emit.PageReferenceDropped(pfn, holder);
  if (page_count(k.s, pfn) === 0) k.emit.PageFreed(pfn);
}

/** `include/linux/pagemap.h:page_cache_release()` of a page that a fault looked up. */
export function page_cache_release(k: Kernel, pfn: number): void {
  put_page(k, pfn, HOLDER_FAULT);
}

/**
 * Frees those of `pfns` whose last reference is gone, as `mm/swap.c:release_pages()` does: gathered by vectors, and each
 * vector from its end.
 */
export function free_unreferenced(k: Kernel, pfns: readonly number[]): void {
  const dead = pfns.filter((pfn) => page_count(k.s, pfn) === 0);
  const size = k.traits.pagevec_size;
  for (let from = 0; from < dead.length; from += size) {
    for (let i = Math.min(from + size, dead.length) - 1; i >= from; i--) k.emit.PageFreed(dead[i]);
  }
}

/** `mm/swap.c:release_pages()`: drops a reference to each page. */
export function release_pages(k: Kernel, pfns: readonly number[], holder: number): void {
  for (const pfn of pfns) k.emit.PageReferenceDropped(pfn, holder);
  free_unreferenced(k, pfns);
}
