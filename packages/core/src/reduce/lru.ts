/** Reducers of LRU lists, of the batches in front of them, and of locked pages. */
import {
  LRU_ACTIVE,
  LRU_INACTIVE,
  LRU_INACTIVE_ANON,
  LRU_INACTIVE_FILE,
  LRU_UNEVICTABLE,
  MLOCK_NEW,
} from '@pagetape/events';
import {
  BATCH,
  BATCH_MAX,
  CPU,
  FRAME,
  F_COUNT,
  F_FLAGS,
  F_NEXT,
  LRU_DISABLED,
  MLOCK_BATCH,
  MLOCK_SHIFT,
  NODE,
  NR_MLOCK,
  N_ISOLATED,
  PGACTIVATE,
  PGDEACTIVATE,
  PGLAZYFREE,
  PGROTATED,
  PG_ACTIVE,
  PG_LAZYFREE,
  PG_MLOCKED,
  PG_REFERENCED,
  PG_UNEVICTABLE,
  PLACE_BATCH,
  PLACE_HELD,
  PLACE_ISOLATED,
  PLACE_LRU,
  UNEVICTABLE_PGCULLED,
  UNEVICTABLE_PGMLOCKED,
  UNEVICTABLE_PGMUNLOCKED,
  UNEVICTABLE_PGRESCUED,
  UNEVICTABLE_PGSTRANDED,
} from '../state/layout.ts';
import { PageSwapBacked, page_to_nid, page_zone } from '../state/read.ts';
import type { State } from '../state/state.ts';
import { invariant } from './assert.ts';
import { listOf, lruAddHead, lruAddTail, lruRemove, pagesOf, placeOf, setList, setPlace } from './lists.ts';

function mark({ frames }: State, pfn: number, bits: number): void {
  frames[pfn * FRAME + F_FLAGS] |= bits;
}

function unmark({ frames }: State, pfn: number, bits: number): void {
  frames[pfn * FRAME + F_FLAGS] &= ~bits;
}

const has = ({ frames }: State, pfn: number, bit: number): boolean => (frames[pfn * FRAME + F_FLAGS] & bit) !== 0;

/** One entry more in the batch at `batch`, which refers to the page. */
function append({ cpus, frames }: State, batch: number, pfn: number, entry: number): void {
  invariant(cpus[batch] < BATCH_MAX, 'a batch is full that takes frame', pfn);
  cpus[batch]++;
  cpus[batch + cpus[batch]] = entry;
  frames[pfn * FRAME + F_COUNT]++;
}

/** The batch at `batch` is empty again; each entry, shifted so far, names a page that loses a reference. */
function empty({ cpus, frames }: State, batch: number, pages: number, shift: number): void {
  invariant(cpus[batch] === pages, 'a batch is drained that has', cpus[batch], 'pages, not', pages);
  cpus[batch] = 0;
  for (let i = batch + 1; i <= batch + pages; i++) {
    frames[(cpus[i] >>> shift) * FRAME + F_COUNT]--;
    cpus[i] = 0;
  }
}

function PageAddedToLruBatch(state: State, pfn: number, cpu: number, lru: number): void {
  invariant(placeOf(state.frames, pfn) === PLACE_HELD, 'a frame on a list goes into a batch:', pfn);
  append(state, cpu * CPU + lru * BATCH, pfn, pfn);
  setPlace(state.frames, pfn, PLACE_BATCH);
}

function PageAddedToLru(state: State, pfn: number, _cpu: number, lru: number): void {
  invariant(placeOf(state.frames, pfn) === PLACE_BATCH, 'a frame that is in no batch goes to a list:', pfn);
  setPlace(state.frames, pfn, PLACE_LRU);
  if (lru === LRU_ACTIVE) mark(state, pfn, PG_ACTIVE);
  lruAddHead(state, page_zone(state, pfn), lru, pfn);
  if (lru >= LRU_INACTIVE_ANON) settle(state, pfn, lru);
}

/** A page that comes to a list of its node is unevictable or not by what list that is. */
function settle(state: State, pfn: number, lru: number): void {
  const was = has(state, pfn, PG_UNEVICTABLE);
  if (lru === LRU_UNEVICTABLE) {
    if (!was) state.vmstat[UNEVICTABLE_PGCULLED]++;
    unmark(state, pfn, PG_ACTIVE);
    mark(state, pfn, PG_UNEVICTABLE);
  } else if (was) {
    state.vmstat[UNEVICTABLE_PGRESCUED]++;
    unmark(state, pfn, PG_UNEVICTABLE);
  }
}

function PageAddedToLruDirectly(state: State, pfn: number): void {
  invariant(placeOf(state.frames, pfn) === PLACE_HELD, 'a frame that is on a list goes to one:', pfn);
  setPlace(state.frames, pfn, PLACE_LRU);
  lruAddHead(state, page_zone(state, pfn), LRU_INACTIVE, pfn);
}

function moveToList(state: State, pfn: number, to: number): void {
  const zone = page_zone(state, pfn);
  invariant(placeOf(state.frames, pfn) === PLACE_LRU, 'a frame on no list changes lists:', pfn);
  lruRemove(state, zone, pfn);
  lruAddHead(state, zone, to, pfn);
}

function PageActivated(state: State, pfn: number): void {
  moveToList(state, pfn, listOf(state.frames, pfn) | LRU_ACTIVE);
  mark(state, pfn, PG_ACTIVE);
  state.vmstat[PGACTIVATE]++;
}

/** Whoever deactivates a page of a zone counts by himself; what takes pages of nodes off their active lists is all of one kind. */
function PageDeactivated(state: State, pfn: number): void {
  const lru = listOf(state.frames, pfn);
  moveToList(state, pfn, lru & ~LRU_ACTIVE);
  unmark(state, pfn, PG_ACTIVE);
  if (lru >= LRU_INACTIVE_ANON) state.vmstat[PGDEACTIVATE] += pagesOf(state.frames, pfn);
}

function PageRotated(state: State, pfn: number): void {
  const zone = page_zone(state, pfn);
  invariant(placeOf(state.frames, pfn) === PLACE_LRU, 'a frame on no list is rotated:', pfn);
  lruRemove(state, zone, pfn);
  lruAddTail(state, zone, listOf(state.frames, pfn), pfn);
  state.vmstat[PGROTATED]++;
}

/** MADV_FREE of a page: it goes to the pages of files, as it needs no swap slot, if it is on a list that it can leave. */
export function makeLazyfree(state: State, pfn: number): void {
  if (placeOf(state.frames, pfn) !== PLACE_LRU || has(state, pfn, PG_UNEVICTABLE | PG_LAZYFREE)) return;
  moveToList(state, pfn, LRU_INACTIVE_FILE);
  unmark(state, pfn, PG_ACTIVE | PG_REFERENCED);
  mark(state, pfn, PG_LAZYFREE);
  state.vmstat[PGLAZYFREE] += pagesOf(state.frames, pfn);
}

/** Isolated pages of nodes are counted as what they are when they are isolated. */
export function countIsolated(state: State, pfn: number, change: number): void {
  const lru = listOf(state.frames, pfn);
  if (lru < LRU_INACTIVE_ANON) return;
  const of_file = lru === LRU_INACTIVE_FILE ? 1 : 0;
  state.nodes[page_to_nid(state, pfn) * NODE + N_ISOLATED + of_file] += change * pagesOf(state.frames, pfn);
}

function PageIsolated(state: State, pfn: number, lru: number): void {
  const { frames } = state;
  invariant(placeOf(frames, pfn) === PLACE_LRU, 'a frame on no list is isolated:', pfn);
  lruRemove(state, page_zone(state, pfn), pfn);
  setPlace(frames, pfn, PLACE_ISOLATED);
  frames[pfn * FRAME + F_COUNT]++;
  if (lru < LRU_INACTIVE_ANON) return;
  setList(frames, pfn, PageSwapBacked(state, pfn) ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE);
  countIsolated(state, pfn, 1);
}

/** On its way to a list of a zone a page loses PG_active; on its way to one of a node it has what the list calls for. */
function PagePutBack(state: State, pfn: number, lru: number): void {
  invariant(placeOf(state.frames, pfn) === PLACE_ISOLATED, 'a frame that is not isolated is put back:', pfn);
  countIsolated(state, pfn, -1);
  setPlace(state.frames, pfn, PLACE_HELD);
  if (lru > LRU_ACTIVE && (lru & LRU_ACTIVE) !== 0) mark(state, pfn, PG_ACTIVE);
  else unmark(state, pfn, PG_ACTIVE);
}

function PageAddedToMlockBatch(state: State, pfn: number, cpu: number, request: number): void {
  append(state, cpu * CPU + MLOCK_BATCH, pfn, (pfn << MLOCK_SHIFT) | request);
  if (request !== MLOCK_NEW) return;
  invariant(placeOf(state.frames, pfn) === PLACE_HELD, 'a frame on a list goes into a batch:', pfn);
  setPlace(state.frames, pfn, PLACE_BATCH);
}

function PageMlocked(state: State, pfn: number): void {
  invariant(!has(state, pfn, PG_MLOCKED), 'a locked page is locked: frame', pfn);
  mark(state, pfn, PG_MLOCKED);
  state.vmstat[NR_MLOCK]++;
  state.vmstat[UNEVICTABLE_PGMLOCKED]++;
}

function PageMunlocked(state: State, pfn: number, stranded: number): void {
  invariant(has(state, pfn, PG_MLOCKED), 'a page that is not locked is unlocked: frame', pfn);
  unmark(state, pfn, PG_MLOCKED);
  state.vmstat[NR_MLOCK]--;
  state.vmstat[stranded !== 0 ? UNEVICTABLE_PGSTRANDED : UNEVICTABLE_PGMUNLOCKED]++;
}

function PageMadeUnevictable(state: State, pfn: number): void {
  moveToList(state, pfn, LRU_UNEVICTABLE);
  settle(state, pfn, LRU_UNEVICTABLE);
  state.frames[pfn * FRAME + F_NEXT] = 1;
}

function PageMadeEvictable(state: State, pfn: number, lru: number): void {
  moveToList(state, pfn, lru);
  settle(state, pfn, lru);
}

function MlockCountChanged({ frames }: State, pfn: number, count: number): void {
  invariant(listOf(frames, pfn) === LRU_UNEVICTABLE, 'lockers are counted of a page that can be evicted: frame', pfn);
  frames[pfn * FRAME + F_NEXT] = count;
}

export const lruReducers = {
  LruCacheDisabled: (state: State) => void state.scalars[LRU_DISABLED]++,
  LruCacheEnabled: (state: State) => void state.scalars[LRU_DISABLED]--,
  PageAddedToLruBatch,
  PageAddedToLru,
  PageAddedToLruDirectly,
  LruBatchDrained: (state: State, cpu: number, lru: number, pages: number) =>
    empty(state, cpu * CPU + lru * BATCH, pages, 0),
  PageActivated,
  PageActivatedInBatch: (state: State, pfn: number) => mark(state, pfn, PG_ACTIVE),
  PageDeactivated,
  PageRotated,
  PageIsolated,
  PagePutBack,
  PageAddedToMlockBatch,
  MlockBatchDrained: (state: State, cpu: number, pages: number) =>
    empty(state, cpu * CPU + MLOCK_BATCH, pages, MLOCK_SHIFT),
  PageMlocked,
  PageMunlocked,
  PageMadeUnevictable,
  PageMadeEvictable,
  MlockCountChanged,
};
