/** Moving the pages of an address space from some nodes to others (mm/mempolicy.c): do_migrate_pages() and below. */
import { NotSimulated } from '../errors.ts';
import type { Kernel, Sleeping } from '../kernel.ts';
import type { Traits } from '../profiles/traits.ts';
import { CHECK, ENOSYS, type Vma } from '@pagetape/events';
import { down_read } from './memory.ts';
import {
  migrate_away_hybrid,
  migrate_one_hybrid,
  migrate_to_node_hybrid,
  migrate_to_policy_hybrid,
} from './mempolicy_hybrid.ts';
import {
  migrate_away_direct,
  migrate_one_direct,
  migrate_to_node_direct,
  migrate_to_policy_direct,
} from './mempolicy_direct.ts';
import { node_pairs } from './mempolicy_nodes.ts';
import { migrate_to_node } from './mempolicy_queue.ts';
import {
  check_range,
  MPOL_MF_DISCONTIG_OK,
  start_of_first_vma,
  startWalk,
  task_size,
  type Walk,
} from './mempolicy_walk.ts';
import { migrate_vmas } from './migrate_vmas.ts';
import { lru_cache_disable, lru_cache_enable } from './swap.ts';
import { putback_lru_pages } from './vmscan.ts';
import { migrate_pages } from './vmscan_migrate.ts';

/** Moves the pages of an address space from some nodes to others. Returns how many stayed, or minus an error number. */
type MoveNodes = (
  k: Kernel,
  mm: number,
  from: readonly number[],
  to: readonly number[],
  flags: number,
) => Sleeping<number>;

/** How an engine moves pages. Each function puts back what it isolated or was given. */
interface Engine {
  /** do_migrate_pages(). */
  readonly nodes: MoveNodes;
  /** The mmap_sem is held meanwhile; else only while pages are looked for. */
  readonly locked: boolean;
  /** The pages on the list of a walk go where the policy of the area says. Returns how many the kernel counts as not moved. */
  readonly policy: (k: Kernel, walk: Walk, vma: Vma) => Sleeping<number>;
  /** The pages of a list, which lie on this node, go elsewhere. */
  readonly away: (k: Kernel, list: readonly number[], nid: number) => Sleeping<void>;
  /** One isolated page goes to another frame, or to swap. Its old frame is not put back. */
  readonly one: (k: Kernel, pfn: number) => Sleeping<void>;
}

const swap: Engine = {
  nodes: evict_nodes,
  locked: true,
  policy: (k, { list }) => evict_and_put_back(k, list),
  *away(k, list) {
    yield* evict_and_put_back(k, list);
  },
  *one(k, pfn) {
    yield* migrate_pages(k, [pfn]);
  },
};

const hybrid: Engine = {
  nodes: by_pairs(migrate_to_node_hybrid),
  locked: true,
  policy: (k, { list }, vma) => migrate_to_policy_hybrid(k, list, vma),
  away: migrate_away_hybrid,
  one: migrate_one_hybrid,
};

const direct: Engine = {
  nodes: areas_first(by_pairs(migrate_to_node_direct)),
  locked: true,
  policy: migrate_to_policy_direct,
  away: migrate_away_direct,
  one: migrate_one_direct,
};

/** Only the calls of these kernels copy pages; what is Pagetape's own evicts them. */
const batched: Engine = { ...swap, nodes: without_batches(by_pairs(migrate_to_node)), locked: false };

/* eslint-disable require-yield -- stubs have the shape of what they stand for */

/** A kernel without page migration isolates nothing, so there is nothing to put back but what others isolated. */
const none: Engine = {
  *nodes(k) {
    k.emit.CheckFailed(CHECK.indexOf('migration-built-in'), ENOSYS);
    return -ENOSYS;
  },
  locked: false,
  *policy(k, { list }) {
    return putback_lru_pages(k, list);
  },
  *away(k, list) {
    putback_lru_pages(k, list);
  },
  *one() {},
};

/* eslint-enable require-yield */

const ENGINES: Readonly<Record<Traits['engine'], Engine>> = { none, swap, hybrid, direct, batched };

function engine_of(k: Kernel): Engine {
  const engine = ENGINES[k.traits.engine];
  if (!engine) throw new NotSimulated(`the ${k.traits.engine} engine of migration`);
  return engine;
}

/**
 * `mm/mempolicy.c:do_migrate_pages()`: moves the pages of an address space that lie on `from` to the nodes `to`. Memory
 * beyond what the *caller* could have is left alone, whoever owns it. Returns how many the kernel counts as not moved, or
 * minus an error number.
 */
export function* do_migrate_pages(
  k: Kernel,
  mm: number,
  from: readonly number[],
  to: readonly number[],
  flags: number,
): Sleeping<number> {
  const { nodes, locked } = engine_of(k);
  if (!locked) return yield* nodes(k, mm, from, to, flags);
  yield* down_read(k, mm);
  const left = yield* nodes(k, mm, from, to, flags);
  k.emit.MmapLockReleased(mm, 1);
  return left;
}

/** Kernels that keep pages out of LRU batches meanwhile. */
function without_batches(move: MoveNodes): MoveNodes {
  return function* (k, mm, from, to, flags) {
    lru_cache_disable(k);
    const left = yield* move(k, mm, from, to, flags);
    lru_cache_enable(k);
    return left;
  };
}

/** The engine's part of do_mbind(): moves the pages that the new policy of an area misplaces. Returns how many stayed. */
export function* migrate_to_policy(k: Kernel, walk: Walk, vma: Vma): Sleeping<number> {
  if (walk.list.length === 0) return 0;
  const left = yield* engine_of(k).policy(k, walk, vma);
  k.emit.PagesMigrated(walk.list.length, left);
  return left;
}

/** Pagetape's own: moves pages off a node, wherever the engine brings them. */
export function* migrate_away(k: Kernel, list: readonly number[], nid: number): Sleeping<void> {
  if (list.length > 0) yield* engine_of(k).away(k, list, nid);
}

/** Pagetape's own: moves an isolated page out of its frame. Whether that worked, the frame tells. */
export function* migrate_one(k: Kernel, pfn: number): Sleeping<void> {
  yield* engine_of(k).one(k, pfn);
}

/** Kernels that evict: pages on `from` but not on `to` go. Where they come back `to` does not say. */
function* evict_nodes(
  k: Kernel,
  mm: number,
  from: readonly number[],
  to: readonly number[],
  flags: number,
): Sleeping<number> {
  const wanted = (nid: number): boolean => from.includes(nid) && !to.includes(nid);
  const walk = startWalk(k, mm, flags | MPOL_MF_DISCONTIG_OK, { mmap_sem: 1, users: 1 }, wanted);
  const start = start_of_first_vma(k, walk, 'mm/mempolicy.c:do_migrate_pages()');
  // What the walk says is not looked at: where it refuses to begin, nothing is moved and the answer is 0.
  yield* check_range(k, walk, start, task_size(k));
  const left = yield* evict_and_put_back(k, walk.list);
  k.emit.PagesMigrated(walk.list.length, left);
  return left;
}

/** Evicts a list and puts back what is left. Returns how many the kernel counts as not moved. */
function* evict_and_put_back(k: Kernel, list: readonly number[]): Sleeping<number> {
  if (list.length === 0) return 0;
  const migrated = yield* migrate_pages(k, list);
  putback_lru_pages(k, migrated.failed);
  putback_lru_pages(k, migrated.moved);
  const listed = putback_lru_pages(k, migrated.list);
  return k.traits.evicted_page === 'moved-list' ? migrated.result : listed;
}

/** `mm/mempolicy.c:migrate_to_node()`: moves the pages of an address space from one node to another. Returns as do_migrate_pages(). */
export type MigrateToNode = (k: Kernel, mm: number, source: number, dest: number, flags: number) => Sleeping<number>;

/**
 * Kernels that let drivers migrate their areas ask them first. Where one answers anything but 0, no page is looked at; a
 * positive answer is lost.
 */
function areas_first(move: MoveNodes): MoveNodes {
  return function* (k, mm, from, to, flags) {
    const answer = k.traits.migrate_vmas === 'none' ? 0 : yield* migrate_vmas(k, mm, from, to, flags);
    if (answer < 0) k.emit.CheckFailed(CHECK.indexOf('vma-migrate'), -answer);
    return answer === 0 ? yield* move(k, mm, from, to, flags) : Math.min(answer, 0);
  };
}

/** Kernels that copy go by pairs of nodes. The first error ends it; what was moved before stays moved. */
function by_pairs(move: MigrateToNode): MoveNodes {
  return function* (k, mm, from, to, flags) {
    let busy = 0;
    for (const { source, dest } of node_pairs(from, to, k.traits.pairs_spare_targets)) {
      k.emit.NodePairPlanned(source, dest);
      const left = yield* move(k, mm, source, dest, flags);
      k.emit.NodePairMigrated(source, dest, left);
      if (left < 0) return left;
      busy += left;
    }
    return busy;
  };
}
