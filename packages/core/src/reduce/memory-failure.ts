/** Reducers of bad memory. */
import {
  FRAME,
  F_COUNT,
  F_FLAGS,
  PG_ACTIVE,
  PG_ANON_EXCLUSIVE,
  PG_HWPOISON,
  PG_UNEVICTABLE,
  PLACE_HELD,
  PLACE_LRU,
  PTE_HWPOISON,
  PTE_SHIFT,
} from '../state/layout.ts';
import { page_zone } from '../state/read.ts';
import type { State } from '../state/state.ts';
import { invariant } from './assert.ts';
import { clearFlags, setFlags } from './frames.ts';
import { lruRemove, placeOf, setPlace } from './lists.ts';
import { countRss, entryOf, removeRmap } from './mappings.ts';

function PageHwpoisoned(state: State, pfn: number): void {
  invariant((state.frames[pfn * FRAME + F_FLAGS] & PG_HWPOISON) === 0, 'a frame is found bad twice:', pfn);
  setFlags(state, pfn, PG_HWPOISON);
  state.frames[pfn * FRAME + F_COUNT]++;
}

function PageTakenOffLru(state: State, pfn: number): void {
  invariant(placeOf(state.frames, pfn) === PLACE_LRU, 'a frame on no list is taken off one:', pfn);
  lruRemove(state, page_zone(state, pfn), pfn);
  setPlace(state.frames, pfn, PLACE_HELD);
  clearFlags(state, pfn, PG_ACTIVE | PG_UNEVICTABLE);
}

function HwpoisonEntrySet(state: State, pfn: number, mm: number, vpn: number): void {
  state.tables[entryOf(state, mm, vpn)] = (pfn << PTE_SHIFT) | PTE_HWPOISON;
  clearFlags(state, pfn, PG_ANON_EXCLUSIVE);
  countRss(state, mm, pfn, -1);
  removeRmap(state, pfn);
  state.frames[pfn * FRAME + F_COUNT]--;
}

function SwapEntryPoisoned(state: State, pfn: number, mm: number, vpn: number): void {
  state.tables[entryOf(state, mm, vpn)] = (pfn << PTE_SHIFT) | PTE_HWPOISON;
}

export const badMemoryReducers = {
  PageHwpoisoned,
  PageTakenOffLru,
  HwpoisonEntrySet,
  SwapEntryPoisoned,
  HwpoisonEntryZapped: (state: State, mm: number, vpn: number) => void (state.tables[entryOf(state, mm, vpn)] = 0),
};
