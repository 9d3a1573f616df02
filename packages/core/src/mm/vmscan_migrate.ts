/**
 * The engine of mm/vmscan.c that migrates a list of isolated pages, in passes: it evicts them or, where it is given
 * target frames, copies them.
 */
import { HOLDER_ISOLATION } from '@pagetape/events';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { WAIT_PASS, WAIT_PREEMPT, waitFor } from '../sched/wait.ts';
import { PF_SWAPWRITE, TASK, T_FLAGS } from '../state/layout.ts';
import { page_count, PageAnon, PageLocked, PageSwapCache, PageWriteback } from '../state/read.ts';
import { lock_page, trylock_page, wait_on_page_writeback } from './filemap.ts';
import { DONE, FINAL, reasonOf, RETRY_LOCKED, RETRY_NO_SWAP_SLOT, RETRY_WRITEBACK } from './migrate_outcome.ts';
import { put_page } from './page_alloc.ts';
import { add_to_swap } from './swap_state.ts';
import { evict_locked_page, move_to_lru, unlock_and } from './vmscan.ts';
import { migrate_locked_page, MIGRATED } from './vmscan_direct.ts';

/** Passes of a migration are numbered from 0; this is the last one. */
const LAST_PASS = 10;
/** In passes after this one the page lock is waited for. */
const LAST_TRYLOCK_PASS = 2;

/** The lists of a migration, in the order in which the kernel puts pages back. */
export interface MigratedLists {
  /** Pages still on the list of the caller. */
  list: number[];
  /** Evicted pages and frames that were left, where the kernel keeps them apart. */
  moved: number[];
  /** Pages that failed for good, where the kernel keeps them apart. */
  failed: number[];
  /** Failed for good, plus those that wanted another pass in the last one. */
  result: number;
}

/** Target frames, the next one last; null: pages are evicted. */
type Targets = number[] | null;

/** The page has its frame now, which goes to the LRU lists. */
function use_target(k: Kernel, pfn: number, pass: number, targets: number[]): void {
  const to = targets.pop()!;
  k.emit.PageMigrated(pfn, to, pass);
  move_to_lru(k, to);
}

/** Works on a page whose lock is held, and unlocks it. Returns DONE, or why not. */
function work_on_locked_page(k: Kernel, pfn: number, pass: number, targets: Targets): number {
  if (PageWriteback(k.s, pfn)) {
    k.emit.WritebackObserved(pfn);
    return unlock_and(k, pfn, RETRY_WRITEBACK);
  }
  if (PageAnon(k.s, pfn) && !PageSwapCache(k.s, pfn) && !add_to_swap(k, pfn)) {
    return unlock_and(k, pfn, RETRY_NO_SWAP_SLOT | FINAL);
  }
  if (targets === null) return evict_locked_page(k, pfn, pass);
  const outcome = migrate_locked_page(k, pfn, targets[targets.length - 1], pass);
  if (outcome !== MIGRATED) return outcome;
  use_target(k, pfn, pass, targets);
  return DONE;
}

/** Whether everybody else let go of the page, in kernels that look. */
function is_unreferenced(k: Kernel, pfn: number, pass: number): boolean {
  if (!k.traits.unreferenced_is_done || page_count(k.s, pfn) !== 1) return false;
  k.emit.PageFoundUnreferenced(pfn, pass);
  return true;
}

/** What becomes of a page after its turn in a pass. Returns 1 when it wants another pass. */
function file_away(k: Kernel, lists: MigratedLists, pfn: number, pass: number, outcome: number): number {
  if (outcome === DONE) {
    const { evicted_page } = k.traits;
    if (evicted_page === 'stays-on-list') lists.list.push(pfn);
    else if (evicted_page === 'moved-list') lists.moved.push(pfn);
    else put_page(k, pfn, HOLDER_ISOLATION);
    return 0;
  }
  if ((outcome & FINAL) !== 0) {
    k.emit.PageMigrationFailed(pfn, pass, reasonOf(outcome));
    lists.failed.push(pfn);
    return 0;
  }
  k.emit.PageMigrationDeferred(pfn, pass, reasonOf(outcome));
  lists.list.push(pfn);
  return 1;
}

/**
 * One pass over the pages that are on the list. It ends early where the targets are used up. Returns how many pages of
 * those that had a turn want another one.
 */
function* migrate_pass(k: Kernel, lists: MigratedLists, pass: number, targets: Targets): Sleeping<number> {
  const pages = lists.list;
  lists.list = [];
  let retry = 0;
  for (let n = 0; n < pages.length; n++) {
    const pfn = pages[n];
    if (k.contended) yield WAIT_PREEMPT;
    let outcome = DONE;
    if (!is_unreferenced(k, pfn, pass)) {
      if (targets !== null && targets.length === 0) {
        for (; n < pages.length; n++) lists.list.push(pages[n]);
        break;
      }
      const wait = pass > LAST_TRYLOCK_PASS && PageLocked(k.s, pfn);
      if (wait) yield* lock_page(k, pfn);
      if (wait || trylock_page(k, pfn)) {
        if (pass > 0 && PageWriteback(k.s, pfn)) yield* wait_on_page_writeback(k, pfn);
        outcome = work_on_locked_page(k, pfn, pass, targets);
      } else outcome = RETRY_LOCKED;
    }
    retry += file_away(k, lists, pfn, pass, outcome);
  }
  return retry;
}

/**
 * `mm/vmscan.c:migrate_pages()`: evicts isolated pages or copies them to targets, in up to eleven passes. Nothing sleeps
 * between passes; locks are waited for after the third, write-back after the first. Targets that were used are taken off
 * `targets`, from its end.
 */
export function* migrate_pages(
  k: Kernel,
  isolated: readonly number[],
  targets: Targets = null,
): Sleeping<MigratedLists> {
  const task = current(k).pid;
  const swapwrite = (k.s.tasks[task * TASK + T_FLAGS] & PF_SWAPWRITE) !== 0;
  if (!swapwrite) k.emit.SwapWriteGranted(task);
  k.emit.MigrationBatchStarted(isolated.length);
  const lists: MigratedLists = { list: [...isolated], moved: [], failed: [], result: 0 };
  for (let pass = 0; ; pass++) {
    k.emit.MigrationPassStarted(pass, lists.list.length);
    yield waitFor(WAIT_PASS, pass);
    const retry = yield* migrate_pass(k, lists, pass, targets);
    k.emit.MigrationPassEnded(pass, retry, lists.failed.length);
    lists.result = lists.failed.length + retry;
    if (retry === 0 || pass === LAST_PASS) break;
  }
  k.emit.MigrationBatchEnded(lists.result);
  if (!swapwrite) k.emit.SwapWriteRevoked(task);
  // The kernel puts each page at the head of these two.
  lists.failed.reverse();
  lists.moved.reverse();
  if (k.traits.evicted_page === 'moved-list') return lists;
  return { ...lists, list: [...lists.failed, ...lists.list], failed: [] };
}
