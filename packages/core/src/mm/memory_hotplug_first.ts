/**
 * Memory of a node that goes offline for good, as the first kernel did it that could (mm/memory_hotplug.c of 2.6.24): by
 * frames, with migration entries, and with patience for busy pages up to a deadline.
 */
import { EAGAIN, EBUSY, EINTR, REFUSAL } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { signal_pending } from '../kernel/signal.ts';
import { WAIT_PREEMPT } from '../sched/wait.ts';
import { frameIsFree, frameIsRetired, page_count, PageLRU } from '../state/read.ts';
import { frames_of_node, why_it_stays } from './memory_hotplug.ts';
import { alloc_pages_current } from './mempolicy.ts';
import { migrate_pages } from './migrate_direct.ts';
import { node_is_hogged } from './page_alloc.ts';
import { start_isolate_page_range, undo_isolate_page_range } from './page_isolation.ts';
import { schedule_lru_drain_on_each_cpu } from './swap.ts';
import { isolate_lru_page, putback_lru_pages } from './vmscan.ts';

/** Pages that are taken in hand at a time. */
const NR_OFFLINE_AT_ONCE_PAGES = 256;
/** How often a round may fail. Rounds that leave pages behind do not count. */
const RETRY_MAX = 5;

/** Empties the batches of all CPUs, and what that frees is not handed out either. */
function drain(k: Kernel, nid: number): void {
  schedule_lru_drain_on_each_cpu(k);
  start_isolate_page_range(k, nid);
}

/**
 * `mm/memory_hotplug.c:scan_lru_pages()`: the first frame with a page on an LRU list, 0: none. So a page in frame 0 would be
 * none either; here that frame has the zero page.
 */
function scan_lru_pages(k: Kernel, nid: number): number {
  return frames_of_node(k, nid).find((pfn) => PageLRU(k.s, pfn)) ?? 0;
}

/**
 * `mm/memory_hotplug.c:do_migrate_range()`: moves some pages from a frame on to wherever the running task would get memory. A
 * page that is in use and on no list ends it at once. Returns how many stayed, or minus an error number.
 */
function* do_migrate_range(k: Kernel, nid: number, start: number): Sleeping<number> {
  const source: number[] = [];
  let not_managed = false;
  for (const pfn of frames_of_node(k, nid)) {
    if (pfn < start || page_count(k.s, pfn) === 0 || frameIsRetired(k.s, pfn)) continue;
    if (source.length === NR_OFFLINE_AT_ONCE_PAGES) break;
    if (isolate_lru_page(k, pfn) === 1) source.push(pfn);
    else not_managed = true;
  }
  if (not_managed) {
    putback_lru_pages(k, source);
    return -EBUSY;
  }
  const left = yield* migrate_pages(k, source, { alloc: () => alloc_pages_current(k), dest: () => -1 });
  return left.error || left.pages;
}

const frames_in_use = (k: Kernel, nid: number): number[] =>
  frames_of_node(k, nid).filter((pfn) => !frameIsFree(k.s, pfn) && !frameIsRetired(k.s, pfn));

/** So many rounds that change nothing stand for all up to the deadline, while others run who could let go of a page. */
const IDLE_ROUNDS = 100;

/**
 * The loop of offline_pages(): rounds, until no page of the node is on a list. Busy pages are tried again without a limit
 * but the deadline; when a round changed nothing, and nobody else runs, none up to the deadline does. Returns 0 or minus an
 * error number.
 */
function* migrate_all(k: Kernel, nid: number): Sleeping<number> {
  let retry_max = RETRY_MAX;
  let [before, busy, idle] = [-1, false, 0];
  for (;;) {
    if (signal_pending(k)) return -EINTR;
    if (before >= 0) drain(k, nid);
    const pfn = scan_lru_pages(k, nid);
    if (pfn === 0) return 0;
    const now = frames_in_use(k, nid).length;
    idle = busy && now === before ? idle + 1 : 0;
    if (idle >= (k.under_way.length > 1 ? IDLE_ROUNDS : 1)) {
      k.emit.OfflineDeadlinePassed(nid);
      return -EAGAIN;
    }
    before = now;
    const result: number = yield* do_migrate_range(k, nid, pfn);
    busy = result > 0;
    if (result < 0 && --retry_max === 0) return result;
    if (busy) yield WAIT_PREEMPT;
  }
}

/** `mm/memory_hotplug.c:offline_pages()`, all memory of a node, as remove_memory() calls it. Returns 0 or minus an error number. */
export function* offline_pages(k: Kernel, nid: number): Sleeping<number> {
  if (node_is_hogged(k, nid)) return -EBUSY;
  start_isolate_page_range(k, nid);
  let error = yield* migrate_all(k, nid);
  drain(k, nid);
  const left = frames_in_use(k, nid);
  if (error === 0 && left.length > 0) error = -EBUSY;
  // Frames that go out of use for good are free until then.
  undo_isolate_page_range(k, nid);
  for (const pfn of left) k.emit.PageLeftOnNode(pfn, REFUSAL.indexOf(why_it_stays(k, pfn)));
  if (error === 0) k.emit.NodeRetired(nid);
  return error;
}
