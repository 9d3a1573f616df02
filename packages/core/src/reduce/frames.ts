/** Reducers of page frames: allocation, references, flags. */
import {
  FRAME,
  F_COUNT,
  F_FLAGS,
  F_MAPCOUNT,
  F_MAPPING,
  HUGE,
  NODE,
  NR_DIRTY,
  N_FOREIGN,
  N_HIT,
  N_INTERLEAVE,
  N_LOCAL,
  N_MISS,
  NR_MLOCK,
  N_OTHER,
  PGALLOC,
  PGALLOC_ZONE,
  PGFREE,
  PG_DIRTY,
  PG_LARGE,
  PG_LAZYFREE,
  PG_LOCKED,
  PG_MLOCKED,
  PG_RECLAIM,
  PG_REFERENCED,
  PLACE_FREE,
  PLACE_HELD,
  PLACE_ISOLATED,
  PLACE_LRU,
  PLACE_MASK,
  UNEVICTABLE_PGCLEARED,
  WARNINGS,
  ZONE,
  Z_FREE,
  Z_PRESENT,
  Z_WITHHELD,
} from '../state/layout.ts';
import { mapping_cap_account_dirty, page_zone } from '../state/read.ts';
import type { State } from '../state/state.ts';
import { invariant } from './assert.ts';
import { countIsolated } from './lru.ts';
import { giveFree, lruRemove, placeOf, retire, retireZone, takeFree } from './lists.ts';

export function setFlags(state: State, pfn: number, bits: number): void {
  state.frames[pfn * FRAME + F_FLAGS] |= bits;
}

export function clearFlags(state: State, pfn: number, bits: number): void {
  state.frames[pfn * FRAME + F_FLAGS] &= ~bits;
}

/** Marks a page dirty. From now on its content must be kept. */
export function dirty(state: State, pfn: number): void {
  const at = pfn * FRAME;
  if ((state.frames[at + F_FLAGS] & PG_DIRTY) !== 0) return;
  state.frames[at + F_FLAGS] = (state.frames[at + F_FLAGS] | PG_DIRTY) & ~PG_LAZYFREE;
  if (mapping_cap_account_dirty(state, state.frames[at + F_MAPPING])) state.vmstat[NR_DIRTY]++;
}

export function clean(state: State, pfn: number): void {
  const at = pfn * FRAME;
  invariant((state.frames[at + F_FLAGS] & PG_DIRTY) !== 0, 'a clean page is cleaned: frame', pfn);
  state.frames[at + F_FLAGS] &= ~PG_DIRTY;
  if (mapping_cap_account_dirty(state, state.frames[at + F_MAPPING])) state.vmstat[NR_DIRTY]--;
}

/** Counters that have a page because of its marks, or because it is isolated, have it no more: it is going to be nothing. */
function forget(state: State, pfn: number): void {
  const flags = state.frames[pfn * FRAME + F_FLAGS];
  if ((flags & PG_DIRTY) !== 0) clean(state, pfn);
  if ((flags & PLACE_MASK) === PLACE_ISOLATED) countIsolated(state, pfn, -1);
  if ((flags & PG_MLOCKED) === 0) return;
  state.vmstat[NR_MLOCK]--;
  state.vmstat[UNEVICTABLE_PGCLEARED]++;
}

function PageAllocated(state: State, pfn: number, preferred: number, local: number, interleaved: number): void {
  const { frames } = state;
  const zone = page_zone(state, pfn);
  invariant(frames[pfn * FRAME + F_FLAGS] === 0, 'a frame in use is allocated:', pfn);
  takeFree(state, zone, pfn);
  frames[pfn * FRAME + F_FLAGS] = PLACE_HELD;
  frames[pfn * FRAME + F_COUNT] = 1;
  countAllocation(state, zone, 1, preferred, local, interleaved);
}

/** Counts frames that were handed out together, as one allocation. */
export function countAllocation(
  { nodes, vmstat, topology }: State,
  zone: number,
  pages: number,
  preferred: number,
  local: number,
  interleaved: number,
): void {
  const { node, kind } = topology.zones[zone];
  vmstat[PGALLOC] += pages;
  vmstat[PGALLOC_ZONE + kind] += pages;
  nodes[node * NODE + (node === preferred ? N_HIT : N_MISS)]++;
  if (node !== preferred) nodes[preferred * NODE + N_FOREIGN]++;
  nodes[node * NODE + (node === local ? N_LOCAL : N_OTHER)]++;
  if (interleaved !== 0) nodes[node * NODE + N_INTERLEAVE]++;
}

function PageFreed(state: State, pfn: number): void {
  const { frames, vmstat } = state;
  const zone = page_zone(state, pfn);
  invariant(frames[pfn * FRAME + F_COUNT] === 0, 'a frame with references is freed:', pfn);
  invariant(frames[pfn * FRAME + F_MAPCOUNT] === 0, 'a mapped frame is freed:', pfn);
  const place = placeOf(frames, pfn);
  if (place === PLACE_LRU) lruRemove(state, zone, pfn);
  else invariant(place === PLACE_HELD || place === PLACE_ISOLATED, 'a frame in a batch is freed:', pfn);
  const pages = (frames[pfn * FRAME + F_FLAGS] & PG_LARGE) === 0 ? 1 : HUGE;
  forget(state, pfn);
  for (let i = pages - 1; i >= 0; i--) giveFree(state, zone, pfn + i);
  vmstat[PGFREE] += pages;
}

function FrameRetired(state: State, pfn: number): void {
  const { frames } = state;
  const at = pfn * FRAME;
  const place = placeOf(frames, pfn);
  if (place === PLACE_FREE) takeFree(state, page_zone(state, pfn), pfn);
  else {
    const off_lists = place === PLACE_ISOLATED || place === PLACE_HELD;
    invariant(off_lists && frames[at + F_COUNT] === 1, 'a frame in use is retired:', pfn);
  }
  forget(state, pfn);
  retire(state, pfn);
}

function NodeRetired(state: State, nid: number): void {
  state.topology.zones.forEach(({ node }, zone) => {
    if (node === nid) retireZone(state, zone);
  });
}

/** Frames that are free change hands between the allocator and somebody outside. A negative number gives back. */
function withhold({ zones }: State, zone: number, pages: number): void {
  const at = zone * ZONE;
  zones[at + Z_FREE] -= pages;
  zones[at + Z_WITHHELD] += pages;
  invariant(
    zones[at + Z_FREE] >= 0 && zones[at + Z_WITHHELD] >= 0,
    'frames change hands that are not there: zone',
    zone,
  );
}

/** All frames of the zones of a node, which are free, go out of the allocator's hands, or come back. */
function setOnline(state: State, nid: number, online: boolean): void {
  state.topology.zones.forEach(({ node, present }, zone) => {
    if (node !== nid) return;
    const at = zone * ZONE;
    withhold(state, zone, online ? -state.zones[at + Z_WITHHELD] : state.zones[at + Z_FREE]);
    state.zones[at + Z_PRESENT] = online ? present : 0;
  });
}

function PageReferenceDropped(state: State, pfn: number): void {
  const at = pfn * FRAME + F_COUNT;
  invariant(state.frames[at] > 0, 'a frame without references loses one:', pfn);
  state.frames[at]--;
}

function PageLocked(state: State, pfn: number): void {
  invariant((state.frames[pfn * FRAME + F_FLAGS] & PG_LOCKED) === 0, 'a locked page is locked: frame', pfn);
  setFlags(state, pfn, PG_LOCKED);
}

export function unlock(state: State, pfn: number): void {
  invariant((state.frames[pfn * FRAME + F_FLAGS] & PG_LOCKED) !== 0, 'an unlocked page is unlocked: frame', pfn);
  clearFlags(state, pfn, PG_LOCKED);
}

function PageCleanedForIo(state: State, pfn: number): void {
  clean(state, pfn);
  setFlags(state, pfn, PG_RECLAIM);
}

export const frameReducers = {
  PageAllocated,
  PageFreed,
  FrameRetired,
  NodeRetired,
  NodeWentOffline: (state: State, nid: number) => setOnline(state, nid, false),
  NodeCameOnline: (state: State, nid: number) => setOnline(state, nid, true),
  FramesWithheld: withhold,
  FramesGivenBack: (state: State, zone: number, pages: number) => withhold(state, zone, -pages),
  PageReferencedSet: (state: State, pfn: number) => setFlags(state, pfn, PG_REFERENCED),
  PageReferencedCleared: (state: State, pfn: number) => clearFlags(state, pfn, PG_REFERENCED),
  PageReferenceTaken: (state: State, pfn: number) => void state.frames[pfn * FRAME + F_COUNT]++,
  PageReferenceDropped,
  KernelWarningRaised: (state: State) => void state.vmstat[WARNINGS]++,
  PageLocked,
  PageUnlocked: unlock,
  PageCleanedForIo,
  PageDirtied: dirty,
  OrphanedPageFound: clean,
};
