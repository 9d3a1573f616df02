/**
 * Taking a memory node out of use by migrating everything off it: a purpose that the patches name. The kernels of
 * 2006 have no function for it, so this is Pagetape's own, made of what they have. It does what an administrator
 * could have done then: migrate each process off the node, as MPOL_MF_MOVE_ALL does, and evict the pages that no
 * process maps. Kernels that copy move them to the nearest other node that has room.
 *
 * Later kernels (mm/memory_hotplug.c) go by frames instead, and try again until all is free or a signal comes. This
 * tries each page once by each way that leads to it, and says of all that is left why it stays. What was evicted
 * stays evicted.
 */
import { EBUSY, MPOL_MF_MOVE_ALL, REFUSAL, VM_LOCKED, type Refusal } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { mmput } from '../kernel/fork.ts';
import { NR_SWAP_PAGES, ZONE, Z_FRESH } from '../state/layout.ts';
import {
  frameIsFree,
  frameIsRetired,
  mapping_of,
  page_count,
  page_mapcount,
  page_mapped,
  page_mapping,
  PageAnon,
  PageDirty,
  pageInBatch,
  PageLocked,
  PageLRU,
  PagePrivate,
  PageSwapCache,
  PageWriteback,
} from '../state/read.ts';
import { down_read } from './memory.ts';
import { migrate_away } from './mempolicy_migrate.ts';
import { check_range, MPOL_MF_DISCONTIG_OK, startWalk, TASK_SIZE_PAGES } from './mempolicy_walk.ts';
import { vmas_of } from './mmap.ts';
import { node_is_hogged } from './page_alloc.ts';
import { mappers_of } from './rmap.ts';
import { schedule_lru_drain_on_each_cpu } from './swap.ts';
import { isolate_lru_page } from './vmscan.ts';

/** The frames of a node that were ever handed out, ascending. */
export function frames_of_node(k: Kernel, nid: number): number[] {
  return k.s.topology.zones.flatMap(({ node, start }, z) =>
    node === nid ? Array.from({ length: k.s.zones[z * ZONE + Z_FRESH] }, (_, n) => start + n) : [],
  );
}

/**
 * Evicts the pages of an address space that lie on the node, wherever they are shared. Areas that migrate_pages(2)
 * does not enter are not entered here either. Returns the pages that it took in hand.
 */
function* empty_mm(k: Kernel, mm: number, nid: number): Sleeping<readonly number[]> {
  const holds = { mmap_sem: 1, users: 1 } as const;
  const walk = startWalk(k, mm, MPOL_MF_MOVE_ALL | MPOL_MF_DISCONTIG_OK, holds, (node) => node === nid);
  k.emit.MmPinned(mm);
  yield* down_read(k, mm);
  const [first] = vmas_of(k, mm);
  if (first) {
    yield* check_range(k, walk, first.start, TASK_SIZE_PAGES);
    yield* migrate_away(k, walk.list, nid);
  }
  k.emit.MmapLockReleased(mm, 1);
  yield* mmput(k, mm);
  return walk.list;
}

/** Empties all address spaces, each once, in the order of the process ids. Returns the pages that it took in hand. */
function* empty_all_mms(k: Kernel, nid: number): Sleeping<ReadonlySet<number>> {
  const tried = new Set<number>();
  const done = new Set<number>();
  for (const pid of Object.keys(k.s.cold.tasks)) {
    const mm = k.s.cold.tasks[Number(pid)]?.mm ?? 0;
    if (mm === 0 || done.has(mm)) continue;
    done.add(mm);
    for (const pfn of yield* empty_mm(k, mm, nid)) tried.add(pfn);
  }
  return tried;
}

/** Evicts pages of the node that nobody maps: of files, and of the swap cache. The list is made as a walk makes it. */
function* empty_caches(k: Kernel, nid: number, tried: ReadonlySet<number>): Sleeping<void> {
  schedule_lru_drain_on_each_cpu(k);
  const list: number[] = [];
  for (const pfn of frames_of_node(k, nid)) {
    if (!PageLRU(k.s, pfn) || page_mapped(k.s, pfn) || tried.has(pfn)) continue;
    if (isolate_lru_page(k, pfn) === 1) list.unshift(pfn);
  }
  yield* migrate_away(k, list, nid);
  if (list.length > 0) schedule_lru_drain_on_each_cpu(k);
}

/** References that are no mapping, no cache, no buffers and no batch: somebody holds the page. */
function extra_references(k: Kernel, pfn: number): number {
  const { s } = k;
  const cached = PageSwapCache(s, pfn) || mapping_of(s, pfn) > 0;
  const known = [cached, PagePrivate(s, pfn), pageInBatch(s, pfn)].filter((holds) => holds).length;
  return page_count(s, pfn) - page_mapcount(s, pfn) - known;
}

/** Why a page could not leave a node, as its state tells it: the first rule of these that it meets. */
export function why_it_stays(k: Kernel, pfn: number): Refusal {
  const { s } = k;
  const kept = mappers_of(k, pfn).filter(({ flags }) => (flags & k.traits.not_migratable) !== 0);
  if (kept.some(({ flags }) => (flags & VM_LOCKED) !== 0)) return 'mlocked';
  if (kept.length > 0) return 'area-not-migratable';
  if (PageLocked(s, pfn)) return 'page-locked';
  if (PageWriteback(s, pfn)) return 'under-writeback';
  if (extra_references(k, pfn) > 0) return 'referenced-elsewhere';
  if (!PageLRU(s, pfn)) return 'not-on-lru';
  if (PageAnon(s, pfn))
    return !PageSwapCache(s, pfn) && s.scalars[NR_SWAP_PAGES] <= 0 ? 'no-swap-slot' : 'still-mapped';
  if (page_mapping(s, pfn) === 0) return 'no-mapping';
  const fs = PageDirty(s, pfn) && s.cold.files[mapping_of(s, pfn)]?.fs;
  if (fs === 'ramfs') return 'no-writepage';
  if (fs === 'tmpfs' && s.scalars[NR_SWAP_PAGES] <= 0) return 'no-swap-slot';
  if (PagePrivate(s, pfn)) return 'has-buffers';
  return page_mapped(s, pfn) ? 'still-mapped' : 'dirty-again';
}

/**
 * Pagetape's own: takes the memory of a node out of use. Returns 0 when nothing was left on the node; none of its
 * frames is handed out from then on, though its number stays valid in masks. Else -EBUSY, with a PageLeftOnNode for
 * each page that is left, and the node goes on to be used.
 */
export function* remove_node(k: Kernel, nid: number): Sleeping<number> {
  const tried = yield* empty_all_mms(k, nid);
  yield* empty_caches(k, nid, tried);
  const left = frames_of_node(k, nid).filter((pfn) => !frameIsFree(k.s, pfn) && !frameIsRetired(k.s, pfn));
  for (const pfn of left) k.emit.PageLeftOnNode(pfn, REFUSAL.indexOf(why_it_stays(k, pfn)));
  if (left.length > 0 || node_is_hogged(k, nid)) return -EBUSY;
  k.emit.NodeRetired(nid);
  return 0;
}
