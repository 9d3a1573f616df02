/** Where the pages go that mm/migrate.c of 2.6.18 moves: to a node, or where a policy says (mm/mempolicy.c). */
import type { Vma } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { pageIsolated, PageAnon, page_to_nid } from '../state/read.ts';
import { alloc_page_vma, alloc_pages_node } from './mempolicy.ts';
import { oops_in, walk_node, type Walk } from './mempolicy_walk.ts';
import { migrate_pages, type NewPage } from './migrate_direct.ts';
import { page_address_in_vma } from './rmap.ts';

/** `mm/mempolicy.c:new_node_page()`: frames on a node, as long as it has room. */
const new_node_page = (k: Kernel, nid: number): NewPage => ({ alloc: () => alloc_pages_node(k, nid), dest: () => nid });

/**
 * `mm/mempolicy.c:migrate_to_node()` of 2.6.18. What the walk says is not looked at.
 */
export function* migrate_to_node_direct(
  k: Kernel,
  mm: number,
  source: number,
  dest: number,
  flags: number,
): Sleeping<number> {
  const { walk } = yield* walk_node(k, mm, source, flags);
  const { list } = walk;
  if (list.length > 0 && !k.s.topology.nodes.includes(dest)) {
    oops_in(k, walk, 'include/linux/gfp.h:alloc_pages_node()', `NODE_DATA(${dest}) is NULL`);
  }
  const left = list.length === 0 ? { pages: 0, error: 0 } : yield* migrate_pages(k, list, new_node_page(k, dest));
  k.emit.PagesMigrated(list.length, left.pages);
  return left.error || left.pages;
}

/**
 * The page number from which an interleave of the area is counted for a page that does not lie in it: that of the address
 * -EFAULT, cut to 32 bits.
 */
const meaningless_vpn = ({ pgoff, start }: Vma): number => ((pgoff - start - 1) >>> 0) - pgoff + start;

/**
 * `mm/mempolicy.c:new_vma_page()`: a frame as the policy of the *first* area of the range places the page. In it pages of other
 * areas have no address. For an anonymous one the kernel does not notice, for one of a file it stops.
 */
function new_vma_page(k: Kernel, walk: Walk, vma: Vma, pfn: number): number {
  const vpn = page_address_in_vma(k, pfn, vma);
  if (vpn >= 0) return alloc_page_vma(k, vma, vpn);
  if (PageAnon(k.s, pfn)) return alloc_page_vma(k, vma, meaningless_vpn(vma));
  const list = walk.list.filter((each) => pageIsolated(k.s, each));
  return oops_in(k, { ...walk, list }, 'mm/rmap.c:vma_address()', `BUG: frame ${pfn} is not of the first area`);
}

/** The engine's part of do_mbind() of 2.6.18. Where frames lack, that counts as pages that stayed, which there are then. */
export function* migrate_to_policy_direct(k: Kernel, walk: Walk, vma: Vma): Sleeping<number> {
  const source = { alloc: (pfn: number) => new_vma_page(k, walk, vma, pfn), dest: () => -1 };
  const left = yield* migrate_pages(k, walk.list, source);
  return left.pages;
}

/** Pagetape's own: pages of a node go to the nearest other one. */
export function* migrate_away_direct(k: Kernel, list: readonly number[], nid: number): Sleeping<void> {
  const dest = k.s.topology.fallback[nid].find((other) => other !== nid) ?? nid;
  yield* migrate_pages(k, list, new_node_page(k, dest));
}

/** Pagetape's own: a page goes to another frame of its node, as long as that has room. It is not put back. */
export function* migrate_one_direct(k: Kernel, pfn: number): Sleeping<void> {
  yield* migrate_pages(k, [pfn], { ...new_node_page(k, page_to_nid(k.s, pfn)), keeps_pages: true });
}
