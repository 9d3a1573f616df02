/** Reducers of a page that moves to another frame. */
import {
  FILE,
  FRAME,
  F_COUNT,
  F_FLAGS,
  F_INDEX,
  F_MAPPING,
  F_PRIVATE,
  HUGE,
  PGMIGRATE_FAIL,
  PGMIGRATE_SUCCESS,
  PG_ACTIVE,
  PG_ANON_EXCLUSIVE,
  PG_CLEARED,
  PG_DIRTY,
  PG_ERROR,
  PG_LARGE,
  PG_LAZYFREE,
  PG_PRIVATE,
  PG_READAHEAD,
  PG_REFERENCED,
  PG_SWAPCACHE,
  PG_UNEVICTABLE,
  PG_UPTODATE,
  PG_ZEROED,
  PLACE_HELD,
  PLACE_ISOLATED,
  X_ROOT,
} from '../state/layout.ts';
import { folio_mapcount } from '../state/huge.ts';
import { tableEntry } from '../state/read.ts';
import type { State } from '../state/state.ts';
import { invariant } from './assert.ts';
import { placeOf, setPlace } from './lists.ts';
import { addRmap, countRss, entryOf, present } from './mappings.ts';

/** Marks that the new frame gets, and those of them that the old one has no more. */
const COPIED = PG_ERROR | PG_REFERENCED | PG_UPTODATE;
const MOVED =
  PG_ACTIVE | PG_DIRTY | PG_SWAPCACHE | PG_ANON_EXCLUSIVE | PG_LAZYFREE | PG_UNEVICTABLE | PG_CLEARED | PG_READAHEAD;

/** A target is on a private list, like an isolated page: its reference is that of the call. */
function TargetPageAllocated({ frames }: State, pfn: number): void {
  invariant(placeOf(frames, pfn) === PLACE_HELD, 'a frame on a list becomes a target:', pfn);
  setPlace(frames, pfn, PLACE_ISOLATED);
}

/** Puts `to` where a cache has the page, with the reference of the cache. */
function replaceInCache(state: State, pfn: number, to: number): void {
  const { frames, files, swap_cache, tables } = state;
  const at = pfn * FRAME;
  const mapping = frames[at + F_MAPPING];
  if ((frames[at + F_FLAGS] & PG_SWAPCACHE) !== 0) {
    const slot = frames[at + F_PRIVATE];
    invariant(swap_cache[slot] === pfn + 1, 'frame', pfn, 'does not hold slot', slot);
    swap_cache[slot] = to + 1;
    frames[to * FRAME + F_PRIVATE] = slot;
    frames[at + F_PRIVATE] = 0;
  } else if (mapping > 0) {
    const entry = tableEntry(tables, files, mapping * FILE + X_ROOT, frames[at + F_INDEX]);
    invariant(tables[entry] === pfn + 1, 'frame', pfn, 'is not cached by file', mapping);
    tables[entry] = to + 1;
  } else return;
  frames[to * FRAME + F_COUNT]++;
  frames[at + F_COUNT]--;
}

/** A dirty page stays a dirty page of its file, so that nr_dirty does not change. */
function MappingMoved(state: State, pfn: number, to: number): void {
  const { frames } = state;
  const from = pfn * FRAME;
  const at = to * FRAME;
  invariant(folio_mapcount(state, pfn) === 0, 'a mapped page leaves its frame:', pfn);
  if ((frames[from + F_FLAGS] & PG_LARGE) !== 0) movePartsOf(state, pfn, to);
  replaceInCache(state, pfn, to);
  frames[at + F_MAPPING] = frames[from + F_MAPPING];
  frames[at + F_INDEX] = frames[from + F_INDEX];
  frames[at + F_FLAGS] |= frames[from + F_FLAGS] & (COPIED | MOVED);
  frames[from + F_MAPPING] = 0;
  frames[from + F_FLAGS] &= ~MOVED;
}

/** What is known of each part of a huge page but the first goes to the parts of another. */
function movePartsOf({ frames }: State, pfn: number, to: number): void {
  const marks = PG_ANON_EXCLUSIVE | PG_ZEROED;
  for (let i = 0; i < HUGE; i++) {
    const from = (pfn + i) * FRAME;
    const at = (to + i) * FRAME;
    frames[at + F_FLAGS] = (frames[at + F_FLAGS] & ~marks) | (frames[from + F_FLAGS] & marks);
    frames[from + F_FLAGS] &= ~marks;
    if (i === 0) continue;
    frames[at + F_MAPPING] = frames[from + F_MAPPING];
    frames[at + F_INDEX] = frames[from + F_INDEX];
    frames[from + F_MAPPING] = 0;
  }
}

function BuffersMoved({ frames }: State, pfn: number, to: number): void {
  const from = pfn * FRAME;
  const at = to * FRAME;
  invariant((frames[from + F_FLAGS] & PG_PRIVATE) !== 0, 'buffers of a page without any move: frame', pfn);
  frames[at + F_PRIVATE] = frames[from + F_PRIVATE];
  frames[at + F_FLAGS] |= PG_PRIVATE;
  frames[at + F_COUNT]++;
  frames[from + F_PRIVATE] = 0;
  frames[from + F_FLAGS] &= ~PG_PRIVATE;
  frames[from + F_COUNT]--;
}

function PteRestored(state: State, pfn: number, mm: number, vpn: number): void {
  state.tables[entryOf(state, mm, vpn)] = present(pfn, 0);
  state.frames[pfn * FRAME + F_COUNT]++;
  addRmap(state, pfn);
  countRss(state, mm, pfn, 1);
}

function FoliosMigrated({ vmstat }: State, succeeded: number, failed: number): void {
  vmstat[PGMIGRATE_SUCCESS] += succeeded;
  vmstat[PGMIGRATE_FAIL] += failed;
}

export const migrateReducers = { FoliosMigrated, TargetPageAllocated, MappingMoved, BuffersMoved, PteRestored };
