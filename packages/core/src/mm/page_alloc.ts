/** The page allocator, for pages of the usual size and for huge ones, and the end of references (mm/page_alloc.c, mm/swap.c). */
import { HOLDER_FAULT } from '@pagetape/events';
import { current, numa_node_id, type Kernel } from '../kernel.ts';
import { folio_test_hugetlb, page_folio } from '../state/huge.ts';
import {
  HUGE,
  ZONE,
  Z_FREE,
  Z_FREE_HEAD,
  Z_FRESH,
  Z_LOW,
  Z_MIN,
  Z_PRESENT,
  Z_START,
  Z_WITHHELD,
} from '../state/layout.ts';
import { frameIsFree, page_count, PageKsm } from '../state/read.ts';
import { node_zonelist } from './zonelist.ts';

/** Nodes that an allocation may use; null: all. */
export type Nodemask = readonly number[] | null;

/**
 * The first zone of the list that has a free frame above its mark and what it keeps for others, and is allowed by the mask
 * and to the running task; -1: none. User data may use any zone, so it could use the kind that the list begins with.
 * So it is for a huge page, for which there must be that many frames in a row.
 * Marks are halved for __GFP_HIGH, which nothing that is simulated here asks with.
 */
function get_page_from_freelist(
  k: Kernel,
  zonelist: readonly number[],
  nodemask: Nodemask,
  mark: number,
  pages: number,
): number {
  if (zonelist.length === 0) return -1;
  const { zones, topology } = k.s;
  const allowed = current(k).mems_allowed;
  const classzone = topology.zones[zonelist[0]].kind;
  for (const zone of zonelist) {
    const { node, lowmem_reserve } = topology.zones[zone];
    if (nodemask !== null && !nodemask.includes(node)) continue;
    if (!allowed.includes(node)) continue;
    const kept = zones[zone * ZONE + mark] + lowmem_reserve[classzone];
    if (zones[zone * ZONE + Z_FREE] - (pages - 1) <= kept) continue;
    if (pages === 1 || find_free_block(k, zone) >= 0) return zone;
  }
  return -1;
}

/** The same above the low mark or, when there is none, above the min mark. There is no reclaim and no OOM killer. */
function find_zone(k: Kernel, zonelist: readonly number[], nodemask: Nodemask, pages = 1): number {
  const zone = get_page_from_freelist(k, zonelist, nodemask, Z_LOW, pages);
  return zone >= 0 ? zone : get_page_from_freelist(k, zonelist, nodemask, Z_MIN, pages);
}

/**
 * The first frames of a zone that are free and make a huge page; -1: there are none. The buddy allocator joins free neighbours as
 * this does, but compaction, which moves others out of the way, is not simulated.
 */
export function find_free_block({ s }: Pick<Kernel, 's'>, zone: number): number {
  const { start, present } = s.topology.zones[zone];
  for (let first = Math.ceil(start / HUGE) * HUGE; first + HUGE <= start + present; first += HUGE) {
    let end = first;
    while (end < first + HUGE && frameIsFree(s, end)) end++;
    if (end === first + HUGE) return first;
  }
  return -1;
}

/** Takes the most recently freed frame of a zone, or its first that was never used. */
function take_frame(k: Kernel, zone: number, preferred: number, interleave_hit: boolean): number {
  const { zones } = k.s;
  const at = zone * ZONE;
  const pfn = zones[at + Z_FREE_HEAD] !== 0 ? zones[at + Z_FREE_HEAD] - 1 : zones[at + Z_START] + zones[at + Z_FRESH];
  k.emit.PageAllocated(pfn, preferred, numa_node_id(k), interleave_hit ? 1 : 0);
  return pfn;
}

function refuse_frame(k: Kernel, preferred: number): number {
  k.emit.PageAllocationFailed(preferred);
  return -1;
}

/**
 * `mm/page_alloc.c:__alloc_pages()` of 2006: a frame from the first zone of the list that can give one. `interleaved`: the
 * request counts as an interleave hit when the first zone serves it. Returns the frame, with one reference, or -1.
 */
export function __alloc_pages(k: Kernel, zonelist: readonly number[], interleaved: boolean): number {
  if (zonelist.length === 0) return -1;
  const preferred = k.s.topology.zones[zonelist[0]].node;
  const zone = find_zone(k, zonelist, null);
  return zone < 0 ? refuse_frame(k, preferred) : take_frame(k, zone, preferred, interleaved && zone === zonelist[0]);
}

/** The nodes that have memory: N_MEMORY of `include/linux/nodemask.h`. */
export function node_states_memory(k: Pick<Kernel, 's'>): number[] {
  const { nodes, zones } = k.s.topology;
  return nodes.filter((nid) => zones.some((zone, z) => zone.node === nid && k.s.zones[z * ZONE + Z_PRESENT] > 0));
}

/** Somebody outside takes all that the allocator would give of a node: what each zone has free above its min mark. */
export function hog_node(k: Kernel, nid: number): void {
  const { topology, zones } = k.s;
  topology.zones.forEach(({ node }, zone) => {
    const pages = zones[zone * ZONE + Z_FREE] - zones[zone * ZONE + Z_MIN];
    if (node === nid && pages > 0) k.emit.FramesWithheld(zone, pages);
  });
}

/** Somebody outside gives back what he took of the nodes that `of` names. */
export function unhog_nodes(k: Kernel, of: (nid: number) => boolean): void {
  const { topology, zones } = k.s;
  topology.zones.forEach(({ node }, zone) => {
    const pages = zones[zone * ZONE + Z_WITHHELD];
    const online = zones[zone * ZONE + Z_PRESENT] > 0;
    if (of(node) && online && pages > 0) k.emit.FramesGivenBack(zone, pages);
  });
}

/** Whether somebody outside has memory of the node. */
export const node_is_hogged = ({ s }: Pick<Kernel, 's'>, nid: number): boolean =>
  s.topology.zones.some(({ node }, zone) => node === nid && s.zones[zone * ZONE + Z_WITHHELD] > 0);

/** The node that the request would get if every node had memory to give: `ac->preferred_zoneref` of the allocator. */
function first_allowed_nid(k: Kernel, nid: number, nodemask: Nodemask): number {
  const allowed = nodemask ?? current(k).mems_allowed;
  const { zones } = k.s.topology;
  const zone = node_zonelist(k, nid).find((each) => allowed.includes(zones[each].node));
  return zone === undefined ? nid : zones[zone].node;
}

/**
 * `mm/page_alloc.c:__folio_alloc()`: a frame from the zonelist of a node, filtered by a mask. `interleaved`: the request
 * counts as an interleave hit when `nid` serves it. Returns the frame, with one reference, or -1.
 */
export function __folio_alloc(k: Kernel, nid: number, nodemask: Nodemask, interleaved: boolean): number {
  const preferred = first_allowed_nid(k, nid, nodemask);
  const zone = find_zone(k, node_zonelist(k, nid), nodemask);
  if (zone < 0) return refuse_frame(k, preferred);
  return take_frame(k, zone, preferred, interleaved && k.s.topology.zones[zone].node === nid);
}

/** `mm/page_alloc.c:__alloc_pages_slowpath()` for who is being killed: policies and cpusets do not count, and half of a mark does. */
export function alloc_from_reserves(k: Kernel, nid: number): number {
  const { zones } = k.s;
  const zone = node_zonelist(k, nid).find((each) => zones[each * ZONE + Z_FREE] > zones[each * ZONE + Z_MIN] >> 1);
  return zone === undefined ? refuse_frame(k, nid) : take_frame(k, zone, nid, false);
}

/** The same for a huge page. Its frame is the head. */
export function __folio_alloc_huge(k: Kernel, nid: number, nodemask: Nodemask, interleaved: boolean): number {
  const preferred = first_allowed_nid(k, nid, nodemask);
  const zone = find_zone(k, node_zonelist(k, nid), nodemask, HUGE);
  if (zone < 0) return refuse_frame(k, preferred);
  const pfn = find_free_block(k, zone);
  const hit = interleaved && k.s.topology.zones[zone].node === nid;
  k.emit.HugePageAllocated(pfn, preferred, numa_node_id(k), hit ? 1 : 0);
  return pfn;
}

/** `include/linux/mm.h:get_page()` */
export function get_page(k: Kernel, pfn: number, holder: number): void {
  k.emit.PageReferenceTaken(page_folio(k.s, pfn), holder);
}

/** `mm/swap.c:put_page()`: gives a reference back; the last one frees the frame. */
export function put_page(k: Kernel, page: number, holder: number): void {
  const pfn = page_folio(k.s, page);
  k.emit.PageReferenceDropped(pfn, holder);
  if (page_count(k.s, pfn) === 0) free_folio(k, pfn);
}

/** Nobody refers to the page any more: it is free, or back in its hugetlb pool. */
function free_folio(k: Kernel, pfn: number): void {
  if (folio_test_hugetlb(k.s, pfn)) k.emit.HugetlbPagePooled(pfn);
  else k.emit.PageFreed(pfn);
}

/** `include/linux/pagemap.h:page_cache_release()` of a page that a fault looked up. */
export function page_cache_release(k: Kernel, pfn: number): void {
  put_page(k, pfn, HOLDER_FAULT);
}

/**
 * Frees those of `pfns` whose last reference is gone, as `mm/swap.c:release_pages()` does: gathered by vectors, and each
 * vector from its end. A merged page may be there more than once; it goes with the last.
 */
export function free_unreferenced(k: Kernel, pfns: readonly number[]): void {
  const gone = pfns.filter((pfn, i) => {
    return page_count(k.s, pfn) === 0 && (!PageKsm(k.s, pfn) || pfns.lastIndexOf(pfn) === i);
  });
  // The parts of a huge page come as the page itself, as often as there were.
  const dead = k.s.topology.huge ? [...new Set(gone)] : gone;
  const size = k.traits.pagevec_size;
  for (let from = 0; from < dead.length; from += size) {
    for (let i = Math.min(from + size, dead.length) - 1; i >= from; i--) free_folio(k, dead[i]);
  }
}

/** `mm/swap.c:release_pages()`: drops a reference to each page. */
export function release_pages(k: Kernel, pfns: readonly number[], holder: number): void {
  for (const pfn of pfns) k.emit.PageReferenceDropped(pfn, holder);
  free_unreferenced(k, pfns);
}
