/** Reducers of the swap cache, swap slots, the page cache, and the requests that wait at the devices. */
import {
  AREA,
  FILE,
  FRAME,
  F_COUNT,
  F_FLAGS,
  F_INDEX,
  F_MAPPING,
  F_PRIVATE,
  IO_FIRST,
  IO_PENDING,
  NR_SWAPCACHE,
  NR_SWAP_PAGES,
  NR_WRITEBACK,
  PAGE_SECTORS,
  PGPGIN,
  PGPGOUT,
  PG_CLEARED,
  PG_DIRTY,
  PG_ERROR,
  PG_LOCKED,
  PG_PRIVATE,
  PG_READAHEAD,
  PG_RECLAIM,
  PG_SWAPCACHE,
  PG_UPTODATE,
  PG_WRITEBACK,
  PSWPIN,
  PSWPOUT,
  READ_ERRORS,
  SWAP_CACHE_ADD,
  SWAP_CACHE_DEL,
  SWAP_CACHE_FIND_SUCCESS,
  SWAP_CACHE_FIND_TOTAL,
  S_BASE,
  S_CLUSTER_NEXT,
  S_CLUSTER_NR,
  S_HIGHEST,
  S_INUSE,
  S_LOWEST,
  S_MAX,
  S_PAGES,
  TOTAL_SWAP_PAGES,
  WRITE_ERRORS,
  X_NRPAGES,
  X_ROOT,
  X_SWAPPED,
  ZEROES_NOTED,
  ZEROES_WRITTEN,
} from '../state/layout.ts';
import { kept_on_disk, tableEntry } from '../state/read.ts';
import { enableSwapArea, type State } from '../state/state.ts';
import { invariant } from './assert.ts';
import { clean, clearFlags, dirty, setFlags, unlock } from './frames.ts';
import { ensure, makeEntry } from './grow.ts';

const IO_WRITE = 1;

function enqueue(state: State, pfn: number, direction: number): void {
  const { scalars } = state;
  const pending = scalars[IO_PENDING];
  if (pending === state.io.length) unrollRing(state);
  state.io[(scalars[IO_FIRST] + pending) & (state.io.length - 1)] = pfn * 2 + direction;
  scalars[IO_PENDING]++;
}

/** Doubles the ring, with the oldest request first. */
function unrollRing(state: State): void {
  const { io, scalars } = state;
  const first = scalars[IO_FIRST];
  const inOrder = Int32Array.from(io, (_, i) => io[(first + i) & (io.length - 1)]);
  state.io = inOrder;
  scalars[IO_FIRST] = 0;
  ensure(state, 'io', io.length * 2);
}

function dequeue(state: State, pfn: number, direction: number): void {
  const { io, scalars } = state;
  const first = scalars[IO_FIRST];
  invariant(
    scalars[IO_PENDING] > 0 && io[first] === pfn * 2 + direction,
    'a request ends that is not the oldest: frame',
    pfn,
  );
  io[first] = 0;
  scalars[IO_FIRST] = (first + 1) & (io.length - 1);
  scalars[IO_PENDING]--;
}

function enterSwapCache(state: State, pfn: number, slot: number, bits: number): void {
  const at = pfn * FRAME;
  invariant(state.swap_cache[slot] === 0, 'two frames hold slot', slot);
  state.frames[at + F_FLAGS] |= PG_SWAPCACHE | bits;
  state.frames[at + F_PRIVATE] = slot;
  state.frames[at + F_COUNT]++;
  state.swap_cache[slot] = pfn + 1;
  state.vmstat[NR_SWAPCACHE]++;
  state.vmstat[SWAP_CACHE_ADD]++;
}

function PageRemovedFromSwapCache(state: State, pfn: number, slot: number): void {
  const at = pfn * FRAME;
  invariant(state.swap_cache[slot] === pfn + 1, 'frame', pfn, 'does not hold slot', slot);
  state.frames[at + F_FLAGS] &= ~PG_SWAPCACHE;
  state.frames[at + F_PRIVATE] = 0;
  state.frames[at + F_COUNT]--;
  state.swap_cache[slot] = 0;
  state.vmstat[NR_SWAPCACHE]--;
  state.vmstat[SWAP_CACHE_DEL]++;
}

function SwapCopyDropped(state: State, pfn: number, slot: number): void {
  PageRemovedFromSwapCache(state, pfn, slot);
  setFlags(state, pfn, PG_DIRTY);
  clearFlags(state, pfn, PG_RECLAIM);
}

function SwapReadStarted(state: State, pfn: number, slot: number): void {
  enterSwapCache(state, pfn, slot, PG_LOCKED | (holdsZeroes(state, slot) ? PG_CLEARED : 0));
  state.vmstat[PSWPIN]++;
  state.vmstat[PGPGIN] += PAGE_SECTORS;
  enqueue(state, pfn, 0);
}

function SwapCacheLookedUp(state: State, _mm: number, _vpn: number, _slot: number, pfn: number): void {
  state.vmstat[SWAP_CACHE_FIND_TOTAL]++;
  if (pfn === 0) return;
  state.vmstat[SWAP_CACHE_FIND_SUCCESS]++;
  clearFlags(state, pfn, PG_READAHEAD);
}

function SwapAreaEnabled(state: State, area: number): void {
  invariant(state.areas[area * AREA + S_PAGES] === 0, 'a swap area is enabled twice:', area);
  enableSwapArea(state, area);
}

/** Slots of an area count as swap space, or not; those in use come back one by one. */
function countArea({ areas, scalars }: State, area: number, counted: boolean): void {
  const at = area * AREA;
  const pages = areas[at + S_MAX] - 1;
  invariant(areas[at + S_PAGES] === (counted ? 0 : pages), 'a swap area is drained or reopened twice:', area);
  areas[at + S_PAGES] = counted ? pages : 0;
  scalars[NR_SWAP_PAGES] += counted ? pages : -pages;
  scalars[TOTAL_SWAP_PAGES] += counted ? pages : -pages;
}

/** The read is over at once, well or not. */
function SwapPageRead(state: State, pfn: number, slot: number, error: number): void {
  if (holdsZeroes(state, slot)) setFlags(state, pfn, PG_CLEARED);
  state.vmstat[PSWPIN]++;
  state.vmstat[PGPGIN] += PAGE_SECTORS;
  setFlags(state, pfn, error === 0 ? PG_UPTODATE : PG_ERROR);
  if (error !== 0) state.scalars[READ_ERRORS]--;
}

function SwapSlotAllocated(
  state: State,
  slot: number,
  area: number,
  cluster_next: number,
  cluster_nr: number,
  lowest_bit: number,
  highest_bit: number,
): void {
  const { areas, swap_map, scalars } = state;
  const at = area * AREA;
  invariant(swap_map[slot] === 0, 'a slot in use is allocated:', slot);
  swap_map[slot] = 1;
  areas[at + S_CLUSTER_NEXT] = cluster_next;
  areas[at + S_CLUSTER_NR] = cluster_nr;
  areas[at + S_LOWEST] = lowest_bit;
  areas[at + S_HIGHEST] = highest_bit;
  areas[at + S_INUSE]++;
  scalars[NR_SWAP_PAGES]--;
}

function SwapSlotReferenced(state: State, slot: number): void {
  invariant(state.swap_map[slot] > 0, 'a free slot gets another user:', slot);
  state.swap_map[slot]++;
}

function SwapSlotDereferenced(state: State, slot: number): void {
  const { areas, swap_map, scalars } = state;
  invariant(swap_map[slot] > 0, 'a free slot loses a user:', slot);
  if (--swap_map[slot] > 0) return;
  noteZeroes(state, slot, 0);
  let at = 0;
  while (slot >= areas[at + S_BASE] + areas[at + S_MAX]) at += AREA;
  const offset = slot - areas[at + S_BASE];
  if (offset < areas[at + S_LOWEST]) areas[at + S_LOWEST] = offset;
  if (offset > areas[at + S_HIGHEST]) areas[at + S_HIGHEST] = offset;
  areas[at + S_INUSE]--;
  scalars[NR_SWAP_PAGES]++;
}

const holdsZeroes = ({ zeromap }: State, slot: number): boolean => slot < zeromap.length && zeromap[slot] !== 0;

/** What the page of a slot holds. Only where some page held zeroes is that kept. */
function noteZeroes(state: State, slot: number, zeroes: number): void {
  if (zeroes !== 0) ensure(state, 'zeromap', slot + 1);
  if (slot < state.zeromap.length) state.zeromap[slot] = zeroes;
}

function SwapZeroesNoted(state: State, pfn: number, slot: number): void {
  clearFlags(state, pfn, PG_RECLAIM);
  noteZeroes(state, slot, ZEROES_NOTED);
}

function SwapZeroesRead(state: State, pfn: number, slot: number, cached: number): void {
  if (cached !== 0) enterSwapCache(state, pfn, slot, 0);
  setFlags(state, pfn, PG_UPTODATE | PG_CLEARED);
}

function SwapWriteStarted(state: State, pfn: number, slot: number): void {
  noteZeroes(state, slot, (state.frames[pfn * FRAME + F_FLAGS] & PG_CLEARED) !== 0 ? ZEROES_WRITTEN : 0);
  setFlags(state, pfn, PG_WRITEBACK);
  state.vmstat[PSWPOUT]++;
  state.vmstat[PGPGOUT] += PAGE_SECTORS;
  state.vmstat[NR_WRITEBACK]++;
  enqueue(state, pfn, IO_WRITE);
}

function SwapWriteFinished(state: State, pfn: number, error: number): void {
  dequeue(state, pfn, IO_WRITE);
  clearFlags(state, pfn, PG_WRITEBACK | PG_RECLAIM);
  state.vmstat[NR_WRITEBACK]--;
  if (error === 0) return;
  setFlags(state, pfn, PG_ERROR);
  state.scalars[WRITE_ERRORS]--;
}

function SwapReadFinished(state: State, pfn: number, error: number): void {
  dequeue(state, pfn, 0);
  unlock(state, pfn);
  if (error === 0) return setFlags(state, pfn, PG_UPTODATE);
  clearFlags(state, pfn, PG_UPTODATE);
  setFlags(state, pfn, PG_ERROR);
  state.scalars[READ_ERRORS]--;
}

function IoErrorsArmed(state: State, direction: number, requests: number): void {
  state.scalars[direction === IO_WRITE ? WRITE_ERRORS : READ_ERRORS] = requests;
}

function PageAddedToPageCache(state: State, pfn: number, file: number, index: number): void {
  const at = pfn * FRAME;
  const entry = makeEntry(state, 'files', file * FILE + X_ROOT, index);
  invariant(state.tables[entry] === 0, 'two frames hold page', index, 'of file', file);
  state.tables[entry] = pfn + 1;
  state.files[file * FILE + X_NRPAGES]++;
  state.frames[at + F_MAPPING] = file;
  state.frames[at + F_INDEX] = index;
  state.frames[at + F_COUNT]++;
  setFlags(state, pfn, PG_LOCKED);
}

function PageRemovedFromPageCache(state: State, pfn: number, file: number, index: number): void {
  const at = pfn * FRAME;
  const entry = tableEntry(state.tables, state.files, file * FILE + X_ROOT, index);
  invariant(state.tables[entry] === pfn + 1, 'frame', pfn, 'does not hold page', index, 'of file', file);
  state.tables[entry] = 0;
  state.files[file * FILE + X_NRPAGES]--;
  state.frames[at + F_MAPPING] = 0;
  state.frames[at + F_COUNT]--;
}

function PageMovedToSwapCache(state: State, pfn: number, file: number, index: number, slot: number): void {
  PageRemovedFromPageCache(state, pfn, file, index);
  enterSwapCache(state, pfn, slot, PG_DIRTY);
  clearFlags(state, pfn, PG_RECLAIM);
}

function PageMovedFromSwapCache(state: State, pfn: number, file: number, index: number, slot: number): void {
  PageRemovedFromSwapCache(state, pfn, slot);
  PageAddedToPageCache(state, pfn, file, index);
  dirty(state, pfn);
}

/** The place of a page in its file holds the slot, below zero, while no frame caches the page. */
function ShmemEntrySet(state: State, file: number, index: number, slot: number): void {
  const { tables, files } = state;
  const entry = tableEntry(tables, files, file * FILE + X_ROOT, index);
  invariant(entry >= 0 && tables[entry] <= 0, 'a slot for a page that is cached: page', index, 'of file', file);
  files[file * FILE + X_SWAPPED] += (slot === 0 ? 0 : 1) - (tables[entry] === 0 ? 0 : 1);
  tables[entry] = -slot;
}

function ShmemEntryLookedUp(state: State, _file: number, _index: number, _slot: number, pfn: number): void {
  state.vmstat[SWAP_CACHE_FIND_TOTAL]++;
  if (pfn === 0) return;
  state.vmstat[SWAP_CACHE_FIND_SUCCESS]++;
  clearFlags(state, pfn, PG_READAHEAD);
}

function FileWriteRefused(state: State, pfn: number): void {
  dirty(state, pfn);
  clearFlags(state, pfn, PG_RECLAIM);
}

function PageTruncated(state: State, pfn: number): void {
  if ((state.frames[pfn * FRAME + F_FLAGS] & PG_DIRTY) !== 0) clean(state, pfn);
  clearFlags(state, pfn, PG_UPTODATE);
}

function BuffersAttached(state: State, pfn: number, buffers: number): void {
  state.frames[pfn * FRAME + F_PRIVATE] = buffers;
  state.frames[pfn * FRAME + F_COUNT]++;
  setFlags(state, pfn, PG_PRIVATE);
}

function BuffersReleased(state: State, pfn: number): void {
  invariant((state.frames[pfn * FRAME + F_FLAGS] & PG_PRIVATE) !== 0, 'a page without buffers loses them: frame', pfn);
  state.frames[pfn * FRAME + F_PRIVATE] = 0;
  state.frames[pfn * FRAME + F_COUNT]--;
  clearFlags(state, pfn, PG_PRIVATE);
}

/** Pages that are only in memory come into being there; no device reads them. */
function FileRead(state: State, pfn: number, file: number): void {
  if (kept_on_disk(state.cold.files[file].fs)) state.vmstat[PGPGIN] += PAGE_SECTORS;
  setFlags(state, pfn, PG_UPTODATE);
  unlock(state, pfn);
}

function FileWritten(state: State, pfn: number): void {
  state.vmstat[PGPGOUT] += PAGE_SECTORS;
  clearFlags(state, pfn, PG_RECLAIM);
  unlock(state, pfn);
}

export const cacheReducers = {
  PageAddedToSwapCache: (state: State, pfn: number, slot: number) =>
    enterSwapCache(state, pfn, slot, PG_UPTODATE | PG_DIRTY),
  SwapCacheLookedUp,
  SwapReadStarted,
  PageRemovedFromSwapCache,
  SwapCopyDropped,
  SwapAreaEnabled,
  SwapAreaDraining: (state: State, area: number) => countArea(state, area, false),
  SwapAreaReopened: (state: State, area: number) => countArea(state, area, true),
  SwapPageRead,
  PageMarkedReadahead: (state: State, pfn: number) => setFlags(state, pfn, PG_READAHEAD),
  SwapZeroesNoted,
  SwapZeroesRead,
  SwapSlotAllocated,
  SwapSlotReferenced,
  SwapSlotDereferenced,
  SwapWriteStarted,
  SwapWriteFinished,
  SwapReadFinished,
  IoErrorsArmed,
  PageAddedToPageCache,
  PageRemovedFromPageCache,
  PageMovedToSwapCache,
  PageMovedFromSwapCache,
  ShmemEntrySet,
  ShmemEntryLookedUp,
  ShmemPageZeroed: (state: State, pfn: number) => setFlags(state, pfn, PG_UPTODATE),
  FilePageFilled: (state: State, pfn: number) => setFlags(state, pfn, PG_UPTODATE),
  FileWriteRefused,
  PageTruncated,
  BuffersAttached,
  BuffersReleased,
  FileRead,
  FileWritten,
};
