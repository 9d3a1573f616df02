/** LRU lists and free lists: frames linked through F_NEXT (towards the tail) and F_PREV (towards the head). */
import {
  FRAME,
  F_NEXT,
  F_PREV,
  F_FLAGS,
  FRAMES_USED,
  F_COUNT,
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

export function lruAddHead(state: State, zone: number, lru: number, pfn: number): void {
  const { frames, zones } = state;
  const list = zone * ZONE + Z_LRU + 2 * lru;
  const head = zones[list];
  frames[pfn * FRAME + F_NEXT] = head;
  frames[pfn * FRAME + F_PREV] = 0;
  if (head === 0) zones[list + 1] = pfn + 1;
  else frames[(head - 1) * FRAME + F_PREV] = pfn + 1;
  zones[list] = pfn + 1;
  zones[zone * ZONE + Z_NR + lru]++;
}

export function lruAddTail(state: State, zone: number, lru: number, pfn: number): void {
  const { frames, zones } = state;
  const list = zone * ZONE + Z_LRU + 2 * lru;
  const tail = zones[list + 1];
  frames[pfn * FRAME + F_NEXT] = 0;
  frames[pfn * FRAME + F_PREV] = tail;
  if (tail === 0) zones[list] = pfn + 1;
  else frames[(tail - 1) * FRAME + F_NEXT] = pfn + 1;
  zones[list + 1] = pfn + 1;
  zones[zone * ZONE + Z_NR + lru]++;
}

export function lruRemove(state: State, zone: number, lru: number, pfn: number): void {
  const { frames, zones } = state;
  const list = zone * ZONE + Z_LRU + 2 * lru;
  const next = frames[pfn * FRAME + F_NEXT];
  const prev = frames[pfn * FRAME + F_PREV];
  if (prev === 0) zones[list] = next;
  else frames[(prev - 1) * FRAME + F_NEXT] = next;
  if (next === 0) zones[list + 1] = prev;
  else frames[(next - 1) * FRAME + F_PREV] = prev;
  frames[pfn * FRAME + F_NEXT] = 0;
  frames[pfn * FRAME + F_PREV] = 0;
  zones[zone * ZONE + Z_NR + lru]--;
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

export function giveFree(state: State, zone: number, pfn: number): void {
  const { frames, zones } = state;
  const at = zone * ZONE;
  frames.fill(0, pfn * FRAME, (pfn + 1) * FRAME);
  frames[pfn * FRAME + F_NEXT] = zones[at + Z_FREE_HEAD];
  zones[at + Z_FREE_HEAD] = pfn + 1;
  zones[at + Z_FREE]++;
}

/** A frame that is on no list goes out of use for ever, with one reference that nobody gives back. */
export function retire({ frames }: State, pfn: number): void {
  frames.fill(0, pfn * FRAME, (pfn + 1) * FRAME);
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
