/** Moving lists of pages to frames that are allocated for them, a chunk at a time (mm/mempolicy.c of 2.6.16). */
import { CHECK, ENODEV, ENOMEM, HOLDER_ISOLATION, refusal, type Vma } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { page_to_nid } from '../state/read.ts';
import { alloc_page_vma, alloc_pages_node } from './mempolicy.ts';
import { oops_in, walk_node } from './mempolicy_walk.ts';
import { put_page } from './page_alloc.ts';
import { putback_lru_pages } from './vmscan.ts';
import { migrate_pages } from './vmscan_migrate.ts';

const NO_TARGET_PAGE = refusal('no-target-page');

/** Where a target comes from: a frame with a reference, or -1; and the node that it is wanted on, or -1: by policy. */
interface Source {
  readonly dest: number;
  readonly alloc: () => number;
}

/** Frames on a node, as long as it has room. */
const on_node = (k: Kernel, dest: number): Source => ({ dest, alloc: () => alloc_pages_node(k, dest) });

/**
 * Frames as the area's policy places its first pages, one after the other. Which page gets which frame is not known yet,
 * so its own address cannot be used.
 */
function by_policy(k: Kernel, vma: Vma): Source {
  let offset = 0;
  return { dest: -1, alloc: () => alloc_page_vma(k, vma, vma.start + offset++) };
}

/** Adds targets for so many pages, the newest last. Returns false when there was no memory for all. */
function allocate_targets(k: Kernel, { dest, alloc }: Source, pages: number, targets: number[]): boolean {
  while (targets.length < pages) {
    const pfn = alloc();
    if (pfn < 0) return false;
    k.emit.TargetPageAllocated(pfn, dest);
    targets.push(pfn);
  }
  return true;
}

/** Gives targets back that nobody needed. */
function free_targets(k: Kernel, targets: readonly number[]): void {
  for (const pfn of targets) put_page(k, pfn, HOLDER_ISOLATION);
}

/** What is left of a list: pages in the order of the kernel's list, and 0 or -ENOMEM. */
interface Left {
  readonly pages: readonly number[];
  readonly error: number;
}

/**
 * `mm/mempolicy.c:migrate_pages_to()`: moves pages to new frames. Frames are allocated for a chunk of the list, and for the
 * next one when all are used. Each page takes the frame that was allocated last, so within a chunk the first page gets
 * the last frame. Without memory for a chunk it ends; what was moved before stays moved.
 */
function* migrate_pages_to(k: Kernel, pages: readonly number[], source: Source): Sleeping<Left> {
  const targets: number[] = [];
  let list = pages;
  let failed: number[] = [];
  let error = 0;
  do {
    if (!allocate_targets(k, source, Math.min(list.length, k.traits.chunk_pages), targets)) {
      for (const pfn of list) k.emit.PageMigrationFailed(pfn, 0, NO_TARGET_PAGE);
      error = -ENOMEM;
      break;
    }
    const lists = yield* migrate_pages(k, list, targets);
    putback_lru_pages(k, lists.moved);
    failed = [...lists.failed, ...failed];
    list = lists.list;
  } while (targets.length === 0 && list.length > 0);
  free_targets(k, targets);
  return { pages: [...failed, ...list], error };
}

/**
 * `mm/mempolicy.c:migrate_to_node()` of 2.6.16. What the walk says is not looked at: without swap nothing is moved, and the
 * answer is 0.
 */
export function* migrate_to_node_hybrid(
  k: Kernel,
  mm: number,
  source: number,
  dest: number,
  flags: number,
): Sleeping<number> {
  const { walk, result } = yield* walk_node(k, mm, source, flags);
  if (result === -ENODEV) k.emit.CheckFailed(CHECK.indexOf('swap-needed'), ENODEV);
  if (walk.list.length === 0) {
    k.emit.PagesMigrated(0, 0);
    return 0;
  }
  if (!k.s.topology.nodes.includes(dest)) {
    oops_in(k, walk, 'include/linux/gfp.h:alloc_pages_node()', `NODE_DATA(${dest}) is NULL`);
  }
  const left = yield* migrate_pages_to(k, walk.list, on_node(k, dest));
  putback_lru_pages(k, left.pages);
  k.emit.PagesMigrated(walk.list.length, left.pages.length);
  return left.error || left.pages.length;
}

/** The engine's part of do_mbind() of 2.6.16: an error of the allocation counts as pages that stayed, which there are then. */
export function* migrate_to_policy_hybrid(k: Kernel, list: readonly number[], vma: Vma): Sleeping<number> {
  const { pages } = yield* migrate_pages_to(k, list, by_policy(k, vma));
  return putback_lru_pages(k, pages);
}

/** Pagetape's own: pages of a node go to the nearest other one. */
export function* migrate_away_hybrid(k: Kernel, list: readonly number[], nid: number): Sleeping<void> {
  const dest = k.s.topology.fallback[nid].find((other) => other !== nid) ?? nid;
  const { pages } = yield* migrate_pages_to(k, list, on_node(k, dest));
  putback_lru_pages(k, pages);
}

/** Pagetape's own: a page goes to another frame of its node, as long as that has room. */
export function* migrate_one_hybrid(k: Kernel, pfn: number): Sleeping<void> {
  const targets: number[] = [];
  if (allocate_targets(k, on_node(k, page_to_nid(k.s, pfn)), 1, targets)) yield* migrate_pages(k, [pfn], targets);
  free_targets(k, targets);
}
