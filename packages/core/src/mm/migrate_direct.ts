/**
 * Page migration as mm/migrate.c of 2.6.18 does it: each page gets a new frame, migration entries keep its places in page
 * tables meanwhile, and its content is copied. Swap is not needed.
 */
import { ENOMEM, refusal } from '@pagetape/events';
import { try_to_release_page } from '../fs/buffer.ts';
import { migratepage_of } from '../fs/migratepage.ts';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { WAIT_PASS, WAIT_PREEMPT, waitFor } from '../sched/wait.ts';
import { PF_SWAPWRITE, TASK, T_FLAGS } from '../state/layout.ts';
import {
  page_count,
  page_mapped,
  page_mapping,
  PageAnon,
  PageDirty,
  PageLocked,
  PagePrivate,
  PageWriteback,
} from '../state/read.ts';
import { lock_page, trylock_page, wait_on_page_writeback } from './filemap.ts';
import { folio_expected_refs, remove_migration_ptes, writeout } from './migrate.ts';
import {
  DONE,
  FINAL,
  reasonOf,
  RETRY_HAS_BUFFERS,
  RETRY_LOCKED,
  RETRY_NO_MAPPING,
  RETRY_REFERENCED,
  RETRY_STILL_MAPPED,
  RETRY_WRITEBACK,
} from './migrate_outcome.ts';
import { try_to_migrate } from './rmap.ts';
import { move_to_lru, putback_lru_pages, unlock_and } from './vmscan.ts';

/** A page is tried so often at most. */
const PASSES = 10;
/** In passes after this one locks and write-back are waited for. */
const LAST_TRYLOCK_PASS = 2;

const NO_TARGET_PAGE = refusal('no-target-page');

/** Where the targets of pages come from, and who wants to know what came of a page: new_page_t. */
export interface NewPage {
  /** A frame for the page, with a reference, or -1. */
  readonly alloc: (pfn: number) => number;
  /** The node that it is wanted on; -1: by policy. */
  readonly dest: (pfn: number) => number;
  /** Takes the outcome of a turn of the page, and the frame that it got. */
  readonly tell?: (pfn: number, outcome: number, to: number) => void;
  /** Pagetape's own: pages stay isolated, whatever becomes of them. */
  readonly keeps_pages?: boolean;
}

/** `mm/migrate.c:migrate_page_move_mapping()`: puts the target in the place of a page that nobody else refers to. */
function migrate_page_move_mapping(k: Kernel, to: number, pfn: number): number {
  if (page_count(k.s, pfn) !== folio_expected_refs(k, pfn)) {
    return page_mapping(k.s, pfn) === 0 && !PageAnon(k.s, pfn) ? RETRY_NO_MAPPING : RETRY_REFERENCED;
  }
  k.emit.MappingMoved(pfn, to);
  return DONE;
}

/** `mm/migrate.c:migrate_page()`: moves a page without buffers. */
function migrate_page(k: Kernel, to: number, pfn: number): number {
  const refused = migrate_page_move_mapping(k, to, pfn);
  if (refused === DONE) k.emit.PageContentCopied(pfn, to);
  return refused;
}

/** `fs/buffer.c:buffer_migrate_page()`: moves a page with its buffers, whoever uses them. */
function buffer_migrate_page(k: Kernel, to: number, pfn: number): number {
  const has_buffers = PagePrivate(k.s, pfn);
  const refused = migrate_page_move_mapping(k, to, pfn);
  if (refused !== DONE) return refused;
  if (has_buffers) k.emit.BuffersMoved(pfn, to);
  k.emit.PageContentCopied(pfn, to);
  return DONE;
}

/** `mm/migrate.c:fallback_migrate_page()`, for file systems that have no function of their own. */
function fallback_migrate_page(k: Kernel, to: number, pfn: number, mapping: number): number {
  if (PageDirty(k.s, pfn)) return writeout(k, pfn, mapping);
  if (PagePrivate(k.s, pfn) && !try_to_release_page(k, pfn)) return RETRY_HAS_BUFFERS;
  return migrate_page(k, to, pfn);
}

/** `mm/migrate.c:move_to_new_page()`. The kernel locks the target, too; nobody knows it yet. */
function move_to_new_page(k: Kernel, to: number, pfn: number): number {
  const mapping = page_mapping(k.s, pfn);
  if (mapping === 0) return migrate_page(k, to, pfn);
  switch (migratepage_of(k, mapping)) {
    case 'migrate_page':
      return migrate_page(k, to, pfn);
    case 'buffer_migrate_page':
      return buffer_migrate_page(k, to, pfn);
    case 'none':
      return fallback_migrate_page(k, to, pfn, mapping);
  }
}

/**
 * Locks a page with whatever waiting that takes: `mm/migrate.c:unmap_and_move()` does so in later passes. Write-back is over
 * then, too.
 */
function* lock_and_wait(k: Kernel, pfn: number): Sleeping<void> {
  yield* lock_page(k, pfn);
  yield* wait_on_page_writeback(k, pfn);
}

/** Sets migration entries for a page that is locked, unless it is being written: then it is unlocked. */
function unmap(k: Kernel, pfn: number): number {
  if (PageWriteback(k.s, pfn)) {
    k.emit.WritebackObserved(pfn);
    return unlock_and(k, pfn, RETRY_WRITEBACK);
  }
  try_to_migrate(k, pfn);
  return DONE;
}

/** Moves a page that is locked and should have no mappings any more, maps the one or the other frame, and unlocks it. */
function move_and_unlock(k: Kernel, to: number, pfn: number): number {
  const outcome = page_mapped(k.s, pfn) ? RETRY_STILL_MAPPED : move_to_new_page(k, to, pfn);
  remove_migration_ptes(k, pfn, outcome === DONE ? to : pfn);
  return unlock_and(k, pfn, outcome);
}

/** A list that is being migrated, and how it goes. */
interface Job {
  readonly source: NewPage;
  /** Pages still on the list. */
  list: number[];
  /** Pages that failed for good. */
  failed: number;
  /** Pages that want another pass after this one. */
  retry: number;
  /** Pages on the list that everybody else was found to have let go of. */
  readonly unreferenced: Set<number>;
}

/** A frame for a page, whether it can be moved or not; -1: there is none. */
function allocate_target(k: Kernel, { source }: Job, pfn: number): number {
  const to = source.alloc(pfn);
  if (to >= 0) k.emit.TargetPageAllocated(to, source.dest(pfn));
  return to;
}

/** Everybody else let go of the page. It stays on the list to the end, as if it had no turn. */
function found_unreferenced(k: Kernel, job: Job, pfn: number, to: number, pass: number): void {
  k.emit.PageFoundUnreferenced(pfn, pass);
  job.unreferenced.add(pfn);
  job.list.push(pfn);
  move_to_lru(k, to);
  job.source.tell?.(pfn, DONE, to);
}

/** The page needs no other turn. If it was moved, its old frame is freed with the batch that it goes to now. */
function leave_list(k: Kernel, job: Job, pfn: number, to: number, pass: number, outcome: number): void {
  if (outcome === DONE) k.emit.PageMigrated(pfn, to, pass);
  else {
    k.emit.PageMigrationFailed(pfn, pass, reasonOf(outcome));
    job.failed++;
  }
  if (!job.source.keeps_pages) move_to_lru(k, pfn);
}

/** The end of `mm/migrate.c:unmap_and_move()`. A target that was not needed is freed with the batch that it goes to. */
function finish_turn(k: Kernel, job: Job, pfn: number, to: number, pass: number, outcome: number): void {
  if (outcome === DONE || (outcome & FINAL) !== 0) leave_list(k, job, pfn, to, pass, outcome);
  else {
    k.emit.PageMigrationDeferred(pfn, pass, reasonOf(outcome));
    job.list.push(pfn);
    job.retry++;
  }
  move_to_lru(k, to);
  job.source.tell?.(pfn, outcome, to);
}

/** One pass over the pages that are on the list. Returns false when there was no frame for one. */
function* migrate_pass(k: Kernel, job: Job, pass: number): Sleeping<boolean> {
  const force = pass > LAST_TRYLOCK_PASS;
  const pages = job.list;
  job.list = [];
  job.retry = 0;
  for (let n = 0; n < pages.length; n++) {
    const pfn = pages[n];
    if (k.contended) yield WAIT_PREEMPT;
    const to = allocate_target(k, job, pfn);
    if (to < 0) {
      job.list = [...job.list, ...pages.slice(n)];
      return false;
    }
    if (page_count(k.s, pfn) === 1) {
      found_unreferenced(k, job, pfn, to, pass);
      continue;
    }
    const waits = force && (PageLocked(k.s, pfn) || PageWriteback(k.s, pfn));
    if (waits) yield* lock_and_wait(k, pfn);
    let outcome = waits || trylock_page(k, pfn) ? unmap(k, pfn) : RETRY_LOCKED;
    if (outcome === DONE) {
      // Others may come upon the migration entries.
      if (k.contended) yield WAIT_PREEMPT;
      outcome = move_and_unlock(k, to, pfn);
    }
    finish_turn(k, job, pfn, to, pass, outcome);
  }
  return true;
}

/** What is left of a list. */
export interface Left {
  /** Pages that were not moved. */
  readonly pages: number;
  /** 0, or -ENOMEM when the engine ended before its time, because there was no frame for a page. */
  readonly error: number;
}

/** There was no frame for a page: none that is still on the list is tried again. */
function give_up(k: Kernel, job: Job, pass: number): Left {
  const stuck = job.list.filter((pfn) => !job.unreferenced.has(pfn));
  for (const pfn of stuck) k.emit.PageMigrationFailed(pfn, pass, NO_TARGET_PAGE);
  return { pages: job.failed + stuck.length, error: -ENOMEM };
}

/** All passes. What wanted another one in the last of them was not moved either. */
function* migrate_passes(k: Kernel, job: Job): Sleeping<Left> {
  for (let pass = 0; pass < PASSES; pass++) {
    k.emit.MigrationPassStarted(pass, job.list.length);
    yield waitFor(WAIT_PASS, pass);
    const enough = yield* migrate_pass(k, job, pass);
    k.emit.MigrationPassEnded(pass, job.retry, job.failed);
    if (!enough) return give_up(k, job, pass);
    if (job.retry === 0) break;
  }
  return { pages: job.failed + job.retry, error: 0 };
}

/** `mm/migrate.c:migrate_pages()`: moves isolated pages, in up to ten passes, and puts back all that it does not move. */
export function* migrate_pages(k: Kernel, isolated: readonly number[], source: NewPage): Sleeping<Left> {
  const task = current(k).pid;
  const swapwrite = (k.s.tasks[task * TASK + T_FLAGS] & PF_SWAPWRITE) !== 0;
  if (!swapwrite) k.emit.SwapWriteGranted(task);
  k.emit.MigrationBatchStarted(isolated.length);
  const job: Job = { source, list: [...isolated], failed: 0, retry: 0, unreferenced: new Set() };
  const left = yield* migrate_passes(k, job);
  k.emit.MigrationBatchEnded(left.error || left.pages);
  if (!swapwrite) k.emit.SwapWriteRevoked(task);
  if (!source.keeps_pages) putback_lru_pages(k, job.list);
  return left;
}
