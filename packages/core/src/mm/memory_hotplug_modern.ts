/**
 * Memory of a node that goes offline and comes back, as kernels of 6.x do it (mm/memory_hotplug.c): by frames, whoever
 * has them. Pages go to other nodes, whatever their policies say; the cpusets and policies are changed afterwards.
 */
import { EACCES, EBUSY, EINTR, EINVAL } from '@pagetape/events';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { signal_pending } from '../kernel/signal.ts';
import { waitFor, WAIT_OTHERS } from '../sched/wait.ts';
import { LAST_OP } from '../state/layout.ts';
import { cpuset_hotplug, effective_below } from '../kernel/cgroup/cpuset.ts';
import { frameIsFree, frameIsRetired, PageHWPoison, PageLRU } from '../state/read.ts';
import { frames_of_node } from './memory_hotplug.ts';
import { migrate_pages } from './migrate_batch.ts';
import { folio_alloc_like } from './migrate_target.ts';
import { node_is_hogged, node_states_memory } from './page_alloc.ts';
import { start_isolate_page_range, undo_isolate_page_range } from './page_isolation.ts';
import { lru_cache_disable, lru_cache_enable } from './swap.ts';
import { folio_isolate_lru, putback_lru_pages } from './vmscan.ts';

/** Only memory that nothing but user memory lies in can be taken offline. */
const is_dimm = (k: Kernel, nid: number): boolean =>
  k.s.topology.spec.nodes.some(({ id, dimm }) => id === nid && dimm === true);

/** `mm/memory_hotplug.c:do_migrate_range()`: moves pages to any other node with memory. Returns how many stayed. */
function* do_migrate_range(k: Kernel, nid: number, pages: readonly number[]): Sleeping<number> {
  const others = node_states_memory(k).filter((each) => each !== nid);
  const isolated = pages.filter((pfn) => folio_isolate_lru(k, pfn));
  const temporary = new Set<number>();
  const get_new_folio = (pfn: number): number => folio_alloc_like(k, pfn, nid, others, temporary);
  const { left } = yield* migrate_pages(k, isolated, { dest: -1, get_new_folio, temporary });
  putback_lru_pages(k, left);
  return pages.length - isolated.length + left.length;
}

/**
 * The loop of offline_pages(): moves pages off a node until none is left. Those that cannot be moved are tried again without limit,
 * until a signal comes. When a round moved nothing it is of no use to try again before somebody else has done something.
 */
function* scan_movable_pages(k: Kernel, nid: number): Sleeping<number> {
  for (;;) {
    if (signal_pending(k)) return -EINTR;
    start_isolate_page_range(k, nid);
    const pages = frames_of_node(k, nid).filter((pfn) => PageLRU(k.s, pfn));
    if (pages.length === 0) return 0;
    const steps = k.s.scalars[LAST_OP];
    const stayed = yield* do_migrate_range(k, nid, pages);
    if (stayed === pages.length && k.s.scalars[LAST_OP] === steps) yield waitFor(WAIT_OTHERS, nid);
  }
}

/** Somebody has frames of the node that cannot be moved. */
function is_unmovable({ s }: Kernel, pfn: number): boolean {
  return !frameIsFree(s, pfn) && !frameIsRetired(s, pfn) && !PageHWPoison(s, pfn);
}

/** `mm/memory_hotplug.c:offline_pages()`, all memory of a node. Returns 0 or minus an error number. */
export function* offline_pages(k: Kernel, nid: number): Sleeping<number> {
  if (current(k).euid !== 0) return -EACCES;
  if (!is_dimm(k, nid)) return -EINVAL;
  if (!node_states_memory(k).includes(nid)) return 0;
  if (node_is_hogged(k, nid)) return -EBUSY;
  lru_cache_disable(k);
  let error = yield* scan_movable_pages(k, nid);
  lru_cache_enable(k);
  start_isolate_page_range(k, nid);
  if (error === 0 && frames_of_node(k, nid).some((pfn) => is_unmovable(k, pfn))) error = -EBUSY;
  if (error !== 0) {
    undo_isolate_page_range(k, nid);
    return error;
  }
  const before = effective_below(k, '');
  k.emit.NodeWentOffline(nid);
  yield* cpuset_hotplug(k, before);
  return 0;
}

/** `mm/memory_hotplug.c:online_pages()`, all memory of a node. Memory that is online stays as it is. */
export function* online_pages(k: Kernel, nid: number): Sleeping<number> {
  if (!is_dimm(k, nid) || node_states_memory(k).includes(nid)) return 0;
  const before = effective_below(k, '');
  k.emit.NodeCameOnline(nid);
  yield* cpuset_hotplug(k, before);
  return 0;
}
