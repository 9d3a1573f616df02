/** What events do to LRU lists, to the batches in front of them, and to locked pages. */
import { LRU, LRU_BATCH, MLOCK_REQUEST } from '@pagetape/events';
import { invariant } from '../reduce/assert.ts';
import { HUGE } from '../state/layout.ts';
import { frameOf, refer, take, zoneOf, type FrameDraft } from './frames.ts';
import type { ListName, ReferenceDraft, ReferenceState } from './state.ts';
import type { ReferenceReducers } from './types.ts';

const zoneHas = (list: ListName): list is 'inactive' | 'active' => list === 'inactive' || list === 'active';

const ACTIVE: Readonly<Partial<Record<ListName, ListName>>> = {
  inactive: 'active',
  'inactive-anon': 'active-anon',
  'inactive-file': 'active-file',
};
const INACTIVE: Readonly<Partial<Record<ListName, ListName>>> = {
  active: 'inactive',
  'active-anon': 'inactive-anon',
  'active-file': 'inactive-file',
};
const isActive = (list: ListName): boolean => INACTIVE[list] !== undefined;

function nodeOf(draft: ReferenceDraft, pfn: number) {
  return draft.nodes[zoneOf(draft, pfn).node];
}

/** The page is on the list from now on: at the head, or at the tail. */
function putOnLru(draft: ReferenceDraft, pfn: number, list: ListName, tail = false): void {
  const frame = frameOf(draft, pfn);
  frame.place = 'lru';
  frame.list = list;
  if (list === 'unevictable') {
    nodeOf(draft, pfn).unevictable++;
    return;
  }
  const pages = zoneHas(list) ? zoneOf(draft, pfn)[list] : nodeOf(draft, pfn)[list];
  if (tail) pages.push(pfn);
  else pages.unshift(pfn);
}

/** The page leaves the list that has it. */
export function takeOffLru(draft: ReferenceDraft, pfn: number): void {
  const frame = frameOf(draft, pfn);
  const { list } = frame;
  invariant(frame.place === 'lru', 'a page on no list leaves one:', pfn);
  frame.mlock_count = 0;
  if (list === 'unevictable') nodeOf(draft, pfn).unevictable--;
  else take(zoneHas(list) ? zoneOf(draft, pfn)[list] : nodeOf(draft, pfn)[list], pfn);
}

/** What were parts of a huge page come before it on its list, the last first. They were counted with the whole. */
export function putPartsOnLru(draft: ReferenceDraft, head: number): void {
  const { list } = frameOf(draft, head);
  const tails = Array.from({ length: HUGE - 1 }, (_, i) => head + HUGE - 1 - i);
  if (list === 'unevictable') nodeOf(draft, head).unevictable += tails.length;
  else {
    const pages = zoneHas(list) ? zoneOf(draft, head)[list] : nodeOf(draft, head)[list];
    pages.splice(pages.indexOf(head), 0, ...tails);
  }
}

function moveTo(draft: ReferenceDraft, pfn: number, list: ListName): void {
  takeOffLru(draft, pfn);
  putOnLru(draft, pfn, list);
}

/** A page that comes to a list of its node is unevictable or not by what list that is. */
function settle(draft: ReferenceDraft, frame: FrameDraft, list: ListName): void {
  const unevictable = list === 'unevictable';
  if (unevictable) frame.active = false;
  if (frame.unevictable !== unevictable) draft.counters[`unevictable_pgs_${unevictable ? 'culled' : 'rescued'}`]++;
  frame.unevictable = unevictable;
}

/** PG_swapbacked: the page would go to swap. */
function isSwapBacked(draft: ReferenceState | ReferenceDraft, frame: FrameDraft): boolean {
  if (frame.anon_vma !== 0) return !frame.lazyfree;
  if (frame.file !== 0) return draft.cold.files[frame.file].fs === 'tmpfs';
  return frame.swapcache || frame.list === 'inactive-anon';
}

/** Pages isolated from a node are counted as what they were when they were isolated. */
export function countIsolated(draft: ReferenceDraft, pfn: number, change: 1 | -1): void {
  const { list, folio } = frameOf(draft, pfn);
  const pages = change * (folio ? HUGE : 1);
  if (list === 'inactive-anon') nodeOf(draft, pfn).isolated_anon += pages;
  else if (list === 'inactive-file') nodeOf(draft, pfn).isolated_file += pages;
}

/** MADV_FREE of a page: it goes to the pages of files, if it is on a list that it can leave. */
export function makeLazyfree(draft: ReferenceDraft, pfn: number): void {
  const frame = frameOf(draft, pfn);
  if (frame.place !== 'lru' || frame.unevictable || frame.lazyfree) return;
  moveTo(draft, pfn, 'inactive-file');
  Object.assign(frame, { active: false, referenced: false, lazyfree: true });
  draft.counters.pglazyfree += frame.folio ? HUGE : 1;
}

const lists: ReferenceReducers<
  | 'PageAddedToLruBatch'
  | 'PageAddedToLru'
  | 'PageAddedToLruDirectly'
  | 'LruBatchDrained'
  | 'LruCacheDisabled'
  | 'LruCacheEnabled'
  | 'PageActivated'
  | 'PageActivatedInBatch'
  | 'PageDeactivated'
  | 'PageRotated'
  | 'PageIsolated'
  | 'PagePutBack'
> = {
  PageAddedToLruBatch(draft, { pfn, cpu, lru }) {
    draft.batches[cpu][LRU_BATCH[lru]].push(pfn);
    const frame = frameOf(draft, pfn);
    frame.place = 'batch';
    frame.count++;
  },
  PageAddedToLru(draft, { pfn, lru }) {
    const frame = frameOf(draft, pfn);
    invariant(frame.place === 'batch', 'a page that is in no batch goes to a list:', pfn);
    putOnLru(draft, pfn, LRU[lru]);
    if (LRU[lru] === 'active') frame.active = true;
    if (!zoneHas(LRU[lru])) settle(draft, frame, LRU[lru]);
  },
  LruCacheDisabled: (draft) => void draft.lru_disabled++,
  LruCacheEnabled: (draft) => void draft.lru_disabled--,
  PageAddedToLruDirectly: (draft, { pfn }) => putOnLru(draft, pfn, 'inactive'),
  LruBatchDrained(draft, { cpu, lru, pages }) {
    const batch = draft.batches[cpu][LRU_BATCH[lru]];
    invariant(batch.length === pages, 'a batch is drained that has', batch.length, 'pages, not', pages);
    for (const pfn of batch) refer(draft, pfn, -1);
    draft.batches[cpu][LRU_BATCH[lru]] = [];
  },
  PageActivated(draft, { pfn }) {
    const frame = frameOf(draft, pfn);
    moveTo(draft, pfn, ACTIVE[frame.list] ?? frame.list);
    frame.active = true;
    draft.counters.pgactivate++;
  },
  PageActivatedInBatch: (draft, { pfn }) => void (frameOf(draft, pfn).active = true),
  PageDeactivated(draft, { pfn }) {
    const frame = frameOf(draft, pfn);
    if (!zoneHas(frame.list)) draft.counters.pgdeactivate += frame.folio ? HUGE : 1;
    moveTo(draft, pfn, INACTIVE[frame.list] ?? frame.list);
    frame.active = false;
  },
  PageRotated(draft, { pfn }) {
    const { list } = frameOf(draft, pfn);
    takeOffLru(draft, pfn);
    putOnLru(draft, pfn, list, true);
    draft.counters.pgrotated++;
  },
  PageIsolated(draft, { pfn, lru }) {
    takeOffLru(draft, pfn);
    const frame = frameOf(draft, pfn);
    frame.place = 'isolated';
    frame.count++;
    if (zoneHas(LRU[lru])) return;
    frame.list = isSwapBacked(draft, frame) ? 'inactive-anon' : 'inactive-file';
    countIsolated(draft, pfn, 1);
  },
  PagePutBack(draft, { pfn, lru }) {
    const frame = frameOf(draft, pfn);
    invariant(frame.place === 'isolated', 'a page that is not isolated is put back:', pfn);
    countIsolated(draft, pfn, -1);
    frame.place = 'held';
    frame.active = !zoneHas(LRU[lru]) && isActive(LRU[lru]);
  },
};

const locked: ReferenceReducers<
  | 'PageAddedToMlockBatch'
  | 'MlockBatchDrained'
  | 'PageMlocked'
  | 'PageMunlocked'
  | 'PageMadeUnevictable'
  | 'PageMadeEvictable'
  | 'MlockCountChanged'
> = {
  PageAddedToMlockBatch(draft, { pfn, cpu, request }) {
    draft.batches[cpu].mlock.push({ pfn, request: MLOCK_REQUEST[request] });
    const frame = frameOf(draft, pfn);
    frame.count++;
    if (MLOCK_REQUEST[request] === 'new') frame.place = 'batch';
  },
  MlockBatchDrained(draft, { cpu, pages }) {
    const { mlock } = draft.batches[cpu];
    invariant(mlock.length === pages, 'a batch is drained that has', mlock.length, 'pages, not', pages);
    for (const { pfn } of mlock) refer(draft, pfn, -1);
    draft.batches[cpu].mlock = [];
  },
  PageMlocked(draft, { pfn }) {
    frameOf(draft, pfn).mlocked = true;
    draft.counters.nr_mlock++;
    draft.counters.unevictable_pgs_mlocked++;
  },
  PageMunlocked(draft, { pfn, stranded }) {
    frameOf(draft, pfn).mlocked = false;
    draft.counters.nr_mlock--;
    draft.counters[`unevictable_pgs_${stranded === 1 ? 'stranded' : 'munlocked'}`]++;
  },
  PageMadeUnevictable(draft, { pfn }) {
    moveTo(draft, pfn, 'unevictable');
    const frame = frameOf(draft, pfn);
    settle(draft, frame, 'unevictable');
    frame.mlock_count = 1;
  },
  PageMadeEvictable(draft, { pfn, lru }) {
    moveTo(draft, pfn, LRU[lru]);
    settle(draft, frameOf(draft, pfn), LRU[lru]);
  },
  MlockCountChanged: (draft, { pfn, count }) => void (frameOf(draft, pfn).mlock_count = count),
};

export const lruReducers = { ...lists, ...locked };
