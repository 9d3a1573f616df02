/**
 * The engine of page migration up to 6.2 (mm/migrate.c): each page is unmapped, moved and mapped again before the next has its turn, in
 * up to ten passes; in the later ones locks and write-back are waited for. The parts of huge pages that were split are moved in the end.
 */
import { ENOMEM } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { waitFor, WAIT_PASS, WAIT_PREEMPT } from '../sched/wait.ts';
import { is_thp } from '../state/huge.ts';
import { page_count, PageLocked, PageWriteback } from '../state/read.ts';
import { lock_page, trylock_page, unlock_page, wait_on_page_writeback } from './filemap.ts';
import { remove_migration_ptes } from './migrate.ts';
import { move_to_new_folio } from './migrate_folio.ts';
import { DONE, FINAL, reasonOf, RETRY_LOCKED, RETRY_WRITEBACK } from './migrate_outcome.ts';
import {
  count_failed,
  fail,
  finish_moved,
  finish_unreferenced,
  give_up_rest,
  NO_TARGET,
  put_target,
  try_split_folio,
  unmap_folio,
  type Run,
} from './migrate_run.ts';

/** A page is tried so often at most. */
const PASSES = 10;
/** In passes after this one locks and write-back are waited for. */
const LAST_TRYLOCK_PASS = 2;

/**
 * The two rounds of `mm/migrate.c:migrate_pages()`. Pages that were not moved go to `left`. Returns how many failed, or minus an error
 * number; of what was split only that nothing is left counts, or that there is no frame for a part.
 */
export function* migrate_singly(k: Kernel, run: Run, from: readonly number[], left: number[]): Sleeping<number> {
  const error = yield* migrate_passes(k, run, from, left);
  const failed = run.nr_failed;
  const parts = run.split_folios.splice(0);
  if (error !== 0) {
    give_up_rest(k, parts, 0, left);
    return error;
  }
  const starved = parts.length === 0 ? 0 : yield* migrate_passes(k, run, parts, left);
  return starved === 0 ? failed : starved;
}

/** All passes over a list. Returns 0, or -ENOMEM when a page found no frame: then no other is tried. */
function* migrate_passes(k: Kernel, run: Run, from: readonly number[], left: number[]): Sleeping<number> {
  const before = run.nr_failed;
  let list = from;
  let error = 0;
  for (let pass = 0; pass < PASSES && list.length > 0 && error === 0; pass++) {
    k.emit.MigrationPassStarted(pass, list.length);
    yield waitFor(WAIT_PASS, pass);
    const again: number[] = [];
    error = yield* migrate_pass(k, run, list, pass, again, left);
    list = again;
    k.emit.MigrationPassEnded(pass, list.length, run.nr_failed - before);
  }
  for (const pfn of list) count_failed(k, run, pfn);
  left.push(...list);
  return error;
}

function* migrate_pass(
  k: Kernel,
  run: Run,
  pages: readonly number[],
  pass: number,
  again: number[],
  left: number[],
): Sleeping<number> {
  for (const [i, pfn] of pages.entries()) {
    if (k.contended) yield WAIT_PREEMPT;
    if (page_count(k.s, pfn) === 1) {
      finish_unreferenced(k, run, pfn, pass);
      continue;
    }
    const fresh = run.target.get_new_folio(pfn);
    if (fresh < 0) {
      if (is_thp(k.s, pfn) && try_split_folio(k, run, pfn)) continue;
      fail(k, run, pfn, pass, NO_TARGET, left);
      give_up_rest(k, pages.slice(i + 1), pass, left);
      return -ENOMEM;
    }
    k.emit.TargetPageAllocated(fresh, run.target.dest);
    const outcome: number = yield* unmap_and_move(k, run, pfn, fresh, pass);
    if (outcome === DONE) continue;
    put_target(k, run, fresh);
    if ((outcome & FINAL) !== 0) fail(k, run, pfn, pass, reasonOf(outcome), left);
    else {
      k.emit.PageMigrationDeferred(pfn, pass, reasonOf(outcome));
      again.push(pfn);
    }
  }
  return 0;
}

/** `mm/migrate.c:unmap_and_move()`: one try of one page. When it is not moved it is mapped again, and the frame is not needed. */
function* unmap_and_move(k: Kernel, run: Run, pfn: number, fresh: number, pass: number): Sleeping<number> {
  const force = pass > LAST_TRYLOCK_PASS;
  if (force && PageLocked(k.s, pfn)) yield* lock_page(k, pfn);
  else if (!trylock_page(k, pfn)) return RETRY_LOCKED;
  if (force) yield* wait_on_page_writeback(k, pfn);
  let outcome = PageWriteback(k.s, pfn) ? RETRY_WRITEBACK : unmap_folio(k, run, pfn);
  if (outcome === DONE) {
    // Others may come upon the migration entries.
    if (k.contended) yield WAIT_PREEMPT;
    k.emit.PageLocked(fresh);
    outcome = move_to_new_folio(k, pfn, fresh, true);
    if (outcome === DONE) {
      finish_moved(k, run, pfn, fresh, pass);
      return DONE;
    }
    remove_migration_ptes(k, pfn, pfn);
    unlock_page(k, fresh);
  }
  unlock_page(k, pfn);
  return outcome;
}
