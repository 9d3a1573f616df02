/** Moving the pages of an address space from some nodes to others (mm/mempolicy.c): do_migrate_pages() and below. */
import { NotSimulated } from '../errors.ts';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import type { Traits } from '../profiles/traits.ts';
import { down_read } from './memory.ts';
import { node_pairs } from './mempolicy_nodes.ts';
import { check_range, MPOL_MF_DISCONTIG_OK, oops_in, startWalk } from './mempolicy_walk.ts';
import { migrate_to_node } from './mempolicy_queue.ts';
import { vmas_of } from './mmap.ts';
import { lru_cache_disable, lru_cache_enable } from './swap.ts';
import { migrate_pages, putback_lru_pages } from './vmscan.ts';

/** Ends beyond any page that tables reach. */
export const TASK_SIZE_PAGES = 0x7fffffff;
/** IA32_PAGE_OFFSET of x86_64: where the memory of a 32-bit program ends. */
const COMPAT_TASK_SIZE_PAGES = 0xffffe;

/** `include/asm-x86_64/processor.h:TASK_SIZE`: how far the memory of the running task could reach. */
const task_size = (k: Kernel): number => (current(k).compat ? COMPAT_TASK_SIZE_PAGES : TASK_SIZE_PAGES);

/**
 * `mm/mempolicy.c:do_migrate_pages()`: moves the pages of an address space that lie on `from` to the nodes `to`. Memory
 * beyond what the *caller* could have is left alone, whoever owns it. Returns how many the kernel counts as not moved.
 */
export function* do_migrate_pages(
  k: Kernel,
  mm: number,
  from: readonly number[],
  to: readonly number[],
  flags: number,
): Sleeping<number> {
  if (k.traits.engine === 'batched') return yield* without_batches(k, mm, from, to, flags);
  yield* down_read(k, mm);
  const move = k.traits.engine === 'swap' ? evict_nodes : migrate_node_pairs;
  const left = yield* move(k, mm, from, to, flags);
  k.emit.MmapLockReleased(mm, 1);
  return left;
}

/** Kernels that keep pages out of LRU batches meanwhile, and lock the address space only while they look at it. */
function* without_batches(
  k: Kernel,
  mm: number,
  from: readonly number[],
  to: readonly number[],
  flags: number,
): Sleeping<number> {
  lru_cache_disable(k);
  const left = yield* migrate_node_pairs(k, mm, from, to, flags);
  lru_cache_enable(k);
  return left;
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
  const [first] = vmas_of(k, mm);
  if (!first) oops_in(k, walk, 'mm/mempolicy.c:do_migrate_pages()', 'mm->mmap is NULL');
  // What the walk says is not looked at: where it refuses to begin, nothing is moved and the answer is 0.
  yield* check_range(k, walk, first.start, task_size(k));
  const left = yield* evict_and_put_back(k, walk.list);
  k.emit.PagesMigrated(walk.list.length, left.counted);
  return left.counted;
}

/** Evicts a list and puts back what is left. `counted`: by the kernel's own rule; `listed`: pages left on the list. */
export function* evict_and_put_back(k: Kernel, list: readonly number[]): Sleeping<{ counted: number; listed: number }> {
  if (list.length === 0) return { counted: 0, listed: 0 };
  const migrated = yield* migrate_pages(k, list);
  putback_lru_pages(k, migrated.failed);
  putback_lru_pages(k, migrated.moved);
  const listed = putback_lru_pages(k, migrated.list);
  return { counted: k.traits.evicted_page === 'moved-list' ? migrated.result : listed, listed };
}

/**
 * `mm/mempolicy.c:migrate_to_node()`, as each engine has it: moves the pages of an address space from one node to another.
 * Returns how many it counts as not moved, or minus an error number.
 */
export type MigrateToNode = (k: Kernel, mm: number, source: number, dest: number, flags: number) => Sleeping<number>;

const MIGRATE_TO_NODE: Readonly<Partial<Record<Traits['engine'], MigrateToNode>>> = { batched: migrate_to_node };

/** Kernels that copy go by pairs of nodes. The first error ends it; what was moved before stays moved. */
function* migrate_node_pairs(
  k: Kernel,
  mm: number,
  from: readonly number[],
  to: readonly number[],
  flags: number,
): Sleeping<number> {
  const migrate_to_node = MIGRATE_TO_NODE[k.traits.engine];
  if (!migrate_to_node) throw new NotSimulated(`the ${k.traits.engine} engine of migration`);
  let busy = 0;
  for (const { source, dest } of node_pairs(from, to, k.traits.pairs_spare_targets)) {
    k.emit.NodePairPlanned(source, dest);
    const left = yield* migrate_to_node(k, mm, source, dest, flags);
    k.emit.NodePairMigrated(source, dest, left);
    if (left < 0) return left;
    busy += left;
  }
  return busy;
}
