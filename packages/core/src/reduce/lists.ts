/** LRU lists and free lists: frames linked through F_NEXT (towards the tail) and F_PREV (towards the head). */
import { LRU_INACTIVE_ANON, LRU_UNEVICTABLE } from '@pagetape/events';
import {
  FRAME,
  F_NEXT,
  F_PREV,
  F_FLAGS,
  FRAMES_USED,
  F_COUNT,
  HUGE,
  PG_LARGE,
  LIST_MASK,
  LIST_SHIFT,
  NODE,
  N_LRU,
  N_NR,
  PLACE_MASK,
  PLACE_RETIRED,
  ZONE,
  Z_FREE,
  Z_FREE_HEAD,
  Z_FRESH,
  Z_LRU,
  Z_NR,
  Z_PRESENT,
  Z_START,
} from '../state/layout.ts';
import type { State } from '../state/state.ts';
import { invariant } from './assert.ts';

export function setPlace(frames: Int32Array, pfn: number, place: number): void {
  const at = pfn * FRAME + F_FLAGS;
  frames[at] = (frames[at] & ~PLACE_MASK) | place;
}

export function placeOf(frames: Int32Array, pfn: number): number {
  return frames[pfn * FRAME + F_FLAGS] & PLACE_MASK;
}

/** Lists count pages: a huge one is many. */
export const pagesOf = (frames: Int32Array, pfn: number): number =>
  (frames[pfn * FRAME + F_FLAGS] & PG_LARGE) === 0 ? 1 : HUGE;

/** Which list has the page. */
export const listOf = (frames: Int32Array, pfn: number): number =>
  (frames[pfn * FRAME + F_FLAGS] & LIST_MASK) >>> LIST_SHIFT;

export function setList(frames: Int32Array, pfn: number, lru: number): void {
  const at = pfn * FRAME + F_FLAGS;
  frames[at] = (frames[at] & ~LIST_MASK) | (lru << LIST_SHIFT);
}

/** Links a frame in before the first of a list, whose head and tail lie in `ends` from `list` on. */
function linkHead(frames: Int32Array, ends: Int32Array, list: number, pfn: number): void {
  const head = ends[list];
  frames[pfn * FRAME + F_NEXT] = head;
  frames[pfn * FRAME + F_PREV] = 0;
  if (head === 0) ends[list + 1] = pfn + 1;
  else frames[(head - 1) * FRAME + F_PREV] = pfn + 1;
  ends[list] = pfn + 1;
}

function linkTail(frames: Int32Array, ends: Int32Array, list: number, pfn: number): void {
  const tail = ends[list + 1];
  frames[pfn * FRAME + F_NEXT] = 0;
  frames[pfn * FRAME + F_PREV] = tail;
  if (tail === 0) ends[list] = pfn + 1;
  else frames[(tail - 1) * FRAME + F_NEXT] = pfn + 1;
  ends[list + 1] = pfn + 1;
}

/** The frame comes before one that is on the list. */
function linkBefore(frames: Int32Array, ends: Int32Array, list: number, pfn: number, next: number): void {
  const prev = frames[next * FRAME + F_PREV];
  frames[pfn * FRAME + F_NEXT] = next + 1;
  frames[pfn * FRAME + F_PREV] = prev;
  frames[next * FRAME + F_PREV] = pfn + 1;
  if (prev === 0) ends[list] = pfn + 1;
  else frames[(prev - 1) * FRAME + F_NEXT] = pfn + 1;
}

function unlink(frames: Int32Array, ends: Int32Array, list: number, pfn: number): void {
  const next = frames[pfn * FRAME + F_NEXT];
  const prev = frames[pfn * FRAME + F_PREV];
  if (prev === 0) ends[list] = next;
  else frames[(prev - 1) * FRAME + F_NEXT] = next;
  if (next === 0) ends[list + 1] = prev;
  else frames[(next - 1) * FRAME + F_PREV] = prev;
  frames[pfn * FRAME + F_NEXT] = 0;
  frames[pfn * FRAME + F_PREV] = 0;
}

/** Where a node has the ends of one of its lists. */
const ofNode = (at: number, lru: number): number => at + N_LRU + 2 * (lru - LRU_INACTIVE_ANON);

/** One page more, or less, on a list of the node of a zone. Returns where the node's record is. */
function countOnNode({ nodes, topology }: State, zone: number, lru: number, change: number): number {
  const at = topology.zones[zone].node * NODE;
  nodes[at + N_NR + (lru - LRU_INACTIVE_ANON)] += change;
  return at;
}

/** The page goes to the head of a list of its zone or of its node. Pages of the unevictable list are not linked. */
export function lruAddHead(state: State, zone: number, lru: number, pfn: number): void {
  const { frames, zones, nodes } = state;
  setList(frames, pfn, lru);
  if (lru < LRU_INACTIVE_ANON) {
    linkHead(frames, zones, zone * ZONE + Z_LRU + 2 * lru, pfn);
    zones[zone * ZONE + Z_NR + lru] += pagesOf(frames, pfn);
    return;
  }
  const at = countOnNode(state, zone, lru, pagesOf(frames, pfn));
  if (lru !== LRU_UNEVICTABLE) linkHead(frames, nodes, ofNode(at, lru), pfn);
}

/** The page goes to the tail. */
export function lruAddTail(state: State, zone: number, lru: number, pfn: number): void {
  const { frames, zones, nodes } = state;
  if (lru < LRU_INACTIVE_ANON) {
    linkTail(frames, zones, zone * ZONE + Z_LRU + 2 * lru, pfn);
    zones[zone * ZONE + Z_NR + lru] += pagesOf(frames, pfn);
  } else linkTail(frames, nodes, ofNode(countOnNode(state, zone, lru, pagesOf(frames, pfn)), lru), pfn);
}

/** What was a part of a page on a list of its node comes before it there. It was counted with the whole. */
export function lruAddBefore({ frames, nodes, topology }: State, zone: number, pfn: number, next: number): void {
  const lru = listOf(frames, next);
  if (lru === LRU_UNEVICTABLE) return;
  linkBefore(frames, nodes, ofNode(topology.zones[zone].node * NODE, lru), pfn, next);
}

/** The page leaves the list that has it. How many areas lock it is forgotten with that. */
export function lruRemove(state: State, zone: number, pfn: number): void {
  const { frames, zones, nodes } = state;
  const lru = listOf(frames, pfn);
  if (lru < LRU_INACTIVE_ANON) {
    unlink(frames, zones, zone * ZONE + Z_LRU + 2 * lru, pfn);
    zones[zone * ZONE + Z_NR + lru] -= pagesOf(frames, pfn);
    return;
  }
  const at = countOnNode(state, zone, lru, -pagesOf(frames, pfn));
  if (lru === LRU_UNEVICTABLE) frames[pfn * FRAME + F_NEXT] = 0;
  else unlink(frames, nodes, ofNode(at, lru), pfn);
}

/** Takes the frame that the allocator chose: the most recently freed one, or the first that was never used. */
export function takeFree(state: State, zone: number, pfn: number): void {
  const { frames, zones, scalars } = state;
  const at = zone * ZONE;
  if (zones[at + Z_FREE_HEAD] === pfn + 1) {
    zones[at + Z_FREE_HEAD] = frames[pfn * FRAME + F_NEXT];
    frames[pfn * FRAME + F_NEXT] = 0;
  } else {
    invariant(pfn === zones[at + Z_START] + zones[at + Z_FRESH], 'the allocator took frame', pfn, 'out of order');
    zones[at + Z_FRESH]++;
    if (pfn >= scalars[FRAMES_USED]) scalars[FRAMES_USED] = pfn + 1;
  }
  zones[at + Z_FREE]--;
}

/**
 * Takes the frames of a huge page. Those that were handed out before leave the list of free frames; where it begins in those
 * that were not, what is below it goes onto that list.
 */
export function takeFreeHuge(state: State, zone: number, pfn: number): void {
  const { frames, zones, scalars } = state;
  const at = zone * ZONE;
  const end = pfn + HUGE;
  const fresh = zones[at + Z_START] + zones[at + Z_FRESH];
  unlinkFree(state, zone, pfn, Math.min(end, fresh));
  for (let below = pfn - 1; below >= fresh; below--) {
    frames[below * FRAME + F_NEXT] = zones[at + Z_FREE_HEAD];
    zones[at + Z_FREE_HEAD] = below + 1;
  }
  zones[at + Z_FRESH] = Math.max(zones[at + Z_FRESH], end - zones[at + Z_START]);
  scalars[FRAMES_USED] = Math.max(scalars[FRAMES_USED], end);
  zones[at + Z_FREE] -= HUGE;
}

/** Takes the frames from `first` up to before `end` out of the list of free frames, all of which are there. */
function unlinkFree({ frames, zones }: State, zone: number, first: number, end: number): void {
  let missing = end - first;
  let before = -1;
  for (let link = zones[zone * ZONE + Z_FREE_HEAD]; missing > 0; link = frames[(link - 1) * FRAME + F_NEXT]) {
    invariant(link !== 0, 'the free list lacks frames from', first, 'to', end);
    const pfn = link - 1;
    if (pfn < first || pfn >= end) {
      before = pfn;
      continue;
    }
    const next = frames[pfn * FRAME + F_NEXT];
    if (before < 0) zones[zone * ZONE + Z_FREE_HEAD] = next;
    else frames[before * FRAME + F_NEXT] = next;
    missing--;
  }
  for (let pfn = first; pfn < end; pfn++) frames[pfn * FRAME + F_NEXT] = 0;
}

/** A loop, because fill() of so few integers takes longer to be called than to be done. */
function clearFrame(frames: Int32Array, pfn: number): void {
  const end = (pfn + 1) * FRAME;
  for (let at = pfn * FRAME; at < end; at++) frames[at] = 0;
}

export function giveFree(state: State, zone: number, pfn: number): void {
  const { frames, zones } = state;
  const at = zone * ZONE;
  clearFrame(frames, pfn);
  frames[pfn * FRAME + F_NEXT] = zones[at + Z_FREE_HEAD];
  zones[at + Z_FREE_HEAD] = pfn + 1;
  zones[at + Z_FREE]++;
}

/** A frame that is on no list goes out of use for ever, with one reference that nobody gives back. */
export function retire({ frames }: State, pfn: number): void {
  clearFrame(frames, pfn);
  frames[pfn * FRAME + F_FLAGS] = PLACE_RETIRED;
  frames[pfn * FRAME + F_COUNT] = 1;
}

/** All frames of a zone, none of which is in use, go out of use for ever. */
export function retireZone(state: State, zone: number): void {
  const { frames, zones, scalars } = state;
  const at = zone * ZONE;
  const end = zones[at + Z_START] + zones[at + Z_PRESENT];
  for (let pfn = zones[at + Z_START]; pfn < end; pfn++) {
    if (placeOf(frames, pfn) === PLACE_RETIRED) continue;
    invariant(frames[pfn * FRAME + F_FLAGS] === 0, 'a frame in use is retired with its node:', pfn);
    retire(state, pfn);
  }
  zones[at + Z_FREE] = 0;
  zones[at + Z_FREE_HEAD] = 0;
  zones[at + Z_FRESH] = zones[at + Z_PRESENT];
  scalars[FRAMES_USED] = Math.max(scalars[FRAMES_USED], end);
}
