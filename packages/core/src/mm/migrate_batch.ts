/**
 * The engine of page migration since 6.3 (mm/migrate.c): a batch of pages is unmapped, then moved; what fails when nothing
 * is waited for is tried again page by page, and then waited for. Kernels before have migrate_singly.ts. What is called a page here may
 * be a huge one, which moves as a whole. Where pages go is in migrate_target.ts, how one is moved in migrate_folio.ts.
 *
 * A page that failed is mapped again where it was, and stays on the list of the caller, who puts it back.
 */
import { ENOMEM } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { waitFor, WAIT_PASS, WAIT_PREEMPT } from '../sched/wait.ts';
import { page_count, PageLocked, PageWriteback } from '../state/read.ts';
import { folio_nr_pages, folio_test_hugetlb, folio_test_partially_mapped, is_thp } from '../state/huge.ts';
import { lock_page, trylock_page, unlock_page, wait_on_page_writeback } from './filemap.ts';
import { move_to_new_folio } from './migrate_folio.ts';
import { DONE, FINAL, reasonOf, RETRY_LOCKED, RETRY_WRITEBACK } from './migrate_outcome.ts';
import {
  count_failed,
  fail,
  finish_moved,
  finish_unreferenced,
  give_up_rest,
  migrate_folio_undo,
  new_run,
  NO_TARGET,
  put_target,
  try_split_folio,
  unmap_folio,
  type Migrated,
  type Run,
} from './migrate_run.ts';
import { migrate_singly } from './migrate_singly.ts';
import type { MigrationTarget } from './migrate_target.ts';

/** Pages of a batch: what one entry of a middle page table maps. */
const NR_MAX_BATCHED_MIGRATION = 512;
/** Passes in which nothing is waited for, then passes in which it is. */
const NR_MAX_MIGRATE_ASYNC_RETRY = 3;
const NR_MAX_MIGRATE_SYNC_RETRY = 7;

/** A pass over a list: who waits, which pages come again, which do not. */
interface Pass {
  readonly number: number;
  readonly sync: boolean;
  readonly splits: boolean;
  readonly again: number[];
  readonly ret: number[];
}

/**
 * `mm/migrate.c:migrate_pages()` with MIGRATE_SYNC: moves isolated pages to frames of the target. The first lack of a frame
 * ends it, after what is unmapped was moved.
 */
export function* migrate_pages(k: Kernel, from: readonly number[], target: MigrationTarget): Sleeping<Migrated> {
  const run = new_run(target);
  const left: number[] = [];
  k.emit.MigrationBatchStarted(from.length);
  const migrate = k.traits.moves_batches ? migrate_batches : migrate_singly;
  const failed = yield* migrate(k, run, from, left);
  const result = left.length === 0 ? 0 : failed;
  k.emit.FoliosMigrated(run.nr_succeeded, run.nr_failed_pages);
  const huge = run.nr_thp_succeeded + run.nr_thp_failed + run.nr_split;
  if (huge > 0) k.emit.HugePagesMigrated(run.nr_thp_succeeded, run.nr_thp_failed, run.nr_split);
  k.emit.MigrationBatchEnded(result);
  return { result, left };
}

/** Batch by batch, and the parts of huge pages that were split each time behind it. Returns how many failed, or minus an error number. */
function* migrate_batches(k: Kernel, run: Run, from: readonly number[], left: number[]): Sleeping<number> {
  const list = k.s.topology.huge ? hugetlb_first(k, from) : from;
  let result = 0;
  for (let at = 0; at < list.length && result >= 0;) {
    const end = end_of_batch(k, list, at);
    const failed: number = yield* migrate_pages_sync(k, run, list.slice(at, end), left);
    if (failed < 0) give_up_rest(k, [...run.split_folios.splice(0), ...list.slice(end)], 0, left);
    else yield* migrate_parts(k, run, left);
    result = failed < 0 ? failed : result + failed;
    at = end;
  }
  return result;
}

/** `mm/migrate.c:migrate_hugetlbs()`: those go first, each by itself, as what one leaves the next may need. */
function hugetlb_first(k: Kernel, from: readonly number[]): number[] {
  const is_huge = (pfn: number): boolean => folio_test_hugetlb(k.s, pfn);
  return [...from.filter(is_huge), ...from.filter((pfn) => !is_huge(pfn))];
}

/** Where the batch ends that begins at `at`: with the folio that makes it full. */
function end_of_batch(k: Kernel, from: readonly number[], at: number): number {
  if (!k.s.topology.huge) return Math.min(at + NR_MAX_BATCHED_MIGRATION, from.length);
  if (folio_test_hugetlb(k.s, from[at])) return at + 1;
  let end = at;
  for (let pages = 0; end < from.length && pages < NR_MAX_BATCHED_MIGRATION; end++) {
    pages += folio_nr_pages(k.s, from[end]);
  }
  return end;
}

/**
 * The pages that huge pages were split into get one try, and nothing that becomes of them ends the call. Those of a huge page counted as
 * one failure already.
 */
function* migrate_parts(k: Kernel, run: Run, left: number[]): Sleeping<void> {
  const parts = run.split_folios.splice(0);
  if (parts.length > 0)
    yield* migrate_pages_batch(k, run, parts, left, { first: 0, last: 1, sync: false, splits: false });
}

/** `mm/migrate.c:migrate_pages_sync()`: all at once without waiting, then what is left one by one. */
function* migrate_pages_sync(k: Kernel, run: Run, folios: number[], left: number[]): Sleeping<number> {
  const { nr_failed_pages, nr_thp_failed, nr_split } = run;
  const rest: number[] = [];
  const result = yield* migrate_pages_batch(k, run, folios, rest, ASYNC);
  if (result < 0) {
    left.push(...rest);
    return result;
  }
  // What comes again has not failed yet; what was split has.
  let failed = run.nr_split - nr_split;
  run.nr_failed_pages = nr_failed_pages;
  run.nr_thp_failed = nr_thp_failed + failed;
  for (const [i, pfn] of rest.entries()) {
    const one: number = yield* migrate_pages_batch(k, run, [pfn], left, SYNC);
    if (one < 0) {
      left.push(...rest.slice(i + 1));
      return one;
    }
    failed += one;
  }
  return failed;
}

/** Which passes a list gets, and whether they wait; whether huge pages may be split on the way. */
interface Passes {
  readonly first: number;
  readonly last: number;
  readonly sync: boolean;
  readonly splits: boolean;
}
const ASYNC: Passes = { first: 0, last: NR_MAX_MIGRATE_ASYNC_RETRY, sync: false, splits: true };
const SYNC: Passes = {
  first: NR_MAX_MIGRATE_ASYNC_RETRY,
  last: NR_MAX_MIGRATE_ASYNC_RETRY + NR_MAX_MIGRATE_SYNC_RETRY,
  sync: true,
  splits: true,
};

/**
 * `mm/migrate.c:migrate_pages_batch()`: unmaps what it can in some passes, then moves it in some more. Pages that were not
 * moved go to `ret`. Returns how many failed, or minus an error number.
 */
function* migrate_pages_batch(
  k: Kernel,
  run: Run,
  list: number[],
  ret: number[],
  { first, last, sync, splits }: Passes,
): Sleeping<number> {
  const before = run.nr_failed;
  let again = list;
  let nomem = false;
  for (let number = first; number < last && again.length > 0 && !nomem; number++) {
    k.emit.MigrationPassStarted(number, again.length);
    yield waitFor(WAIT_PASS, number);
    const pass: Pass = { number, sync, splits, again: [], ret };
    nomem = yield* unmap_pass(k, run, again, pass);
    again = pass.again;
    k.emit.MigrationPassEnded(number, again.length, run.nr_failed - before);
  }
  for (const pfn of again) count_failed(k, run, pfn);
  ret.push(...again);
  yield* move_unmapped(k, run, first, last, ret);
  return nomem ? -ENOMEM : run.nr_failed - before;
}

/** Unmaps the pages of a list. Returns true when a page found no frame to go to; those after it are not looked at. */
function* unmap_pass(k: Kernel, run: Run, pages: readonly number[], pass: Pass): Sleeping<boolean> {
  for (let i = 0; i < pages.length; i++) {
    const pfn = pages[i];
    if (k.contended) yield WAIT_PREEMPT;
    if (page_count(k.s, pfn) === 1) {
      finish_unreferenced(k, run, pfn, pass.number);
      continue;
    }
    if (pass.splits && must_be_split(k, pfn) && try_split_folio(k, run, pfn)) continue;
    const fresh = run.target.get_new_folio(pfn);
    if (fresh < 0) {
      if (pass.splits && is_thp(k.s, pfn) && try_split_folio(k, run, pfn)) continue;
      fail(k, run, pfn, pass.number, NO_TARGET, pass.ret);
      give_up_rest(k, pages.slice(i + 1), pass.number, pass.ret);
      return true;
    }
    k.emit.TargetPageAllocated(fresh, run.target.dest);
    let outcome = DONE;
    if (pass.sync && PageLocked(k.s, pfn)) yield* lock_page(k, pfn);
    else if (!trylock_page(k, pfn)) outcome = RETRY_LOCKED;
    const locked = outcome === DONE;
    if (locked && PageWriteback(k.s, pfn)) {
      if (pass.sync) yield* wait_on_page_writeback(k, pfn);
      else outcome = RETRY_WRITEBACK | FINAL;
    }
    if (outcome === DONE) outcome = migrate_folio_unmap(k, run, pfn, fresh);
    if (outcome !== DONE) give_up(k, run, pfn, fresh, pass, outcome, locked);
  }
  return false;
}

/** A huge page that is mapped in part only is no more worth being moved as one. */
const must_be_split = (k: Kernel, pfn: number): boolean =>
  k.traits.splits_partial_folios && folio_test_partially_mapped(k.s, pfn);

/** A page could not be unmapped: its target is given back, and it comes again in the next pass or never. */
function give_up(k: Kernel, run: Run, pfn: number, fresh: number, pass: Pass, outcome: number, locked: boolean): void {
  if (locked) unlock_page(k, pfn);
  put_target(k, run, fresh);
  const reason = reasonOf(outcome);
  if ((outcome & FINAL) !== 0) return fail(k, run, pfn, pass.number, reason, pass.ret);
  k.emit.PageMigrationDeferred(pfn, pass.number, reason);
  pass.again.push(pfn);
}

/**
 * `mm/migrate.c:migrate_folio_unmap()`. Returns DONE: page and target are locked and wait to be moved; or the reason for another
 * pass.
 */
function migrate_folio_unmap(k: Kernel, run: Run, pfn: number, fresh: number): number {
  const outcome = unmap_folio(k, run, pfn);
  if (outcome !== DONE) return outcome;
  k.emit.PageLocked(fresh);
  run.unmapped.push(pfn);
  run.targets.push(fresh);
  return DONE;
}

/** The second half of `mm/migrate.c:migrate_pages_batch()`: moves what is unmapped, and maps again what cannot be moved. */
function* move_unmapped(k: Kernel, run: Run, first: number, last: number, ret: number[]): Sleeping<void> {
  for (let number = first; number < last && run.unmapped.length > 0; number++) {
    if (number > first) yield waitFor(WAIT_PASS, number);
    else if (k.contended) yield WAIT_PREEMPT;
    const { unmapped, targets } = run;
    run.unmapped = [];
    run.targets = [];
    for (let i = 0; i < unmapped.length; i++) {
      const outcome = move_to_new_folio(k, unmapped[i], targets[i], first > 0);
      if (outcome === DONE) finish_moved(k, run, unmapped[i], targets[i], number);
      else if ((outcome & FINAL) !== 0) undo(k, run, unmapped[i], targets[i], number, outcome, ret);
      else {
        k.emit.PageMigrationDeferred(unmapped[i], number, reasonOf(outcome));
        run.unmapped.push(unmapped[i]);
        run.targets.push(targets[i]);
      }
    }
  }
  for (let i = 0; i < run.unmapped.length; i++) {
    migrate_folio_undo(k, run, run.unmapped[i], run.targets[i]);
    ret.push(run.unmapped[i]);
    count_failed(k, run, run.unmapped[i]);
  }
  run.unmapped = [];
  run.targets = [];
}

/** A page that can never be moved is mapped again where it was. */
function undo(k: Kernel, run: Run, pfn: number, fresh: number, pass: number, outcome: number, ret: number[]): void {
  k.emit.PageMigrationFailed(pfn, pass, reasonOf(outcome));
  migrate_folio_undo(k, run, pfn, fresh);
  ret.push(pfn);
  count_failed(k, run, pfn);
}
