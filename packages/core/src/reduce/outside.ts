/** Reducers of what a scenario holds from outside: page locks, references and swap slots. */
import {
  FRAME,
  F_COUNT,
  HOLDER,
  H_NEXT,
  H_PREV,
  H_TRIES,
  H_UNTIL,
  LOCK_HOLDERS,
  PG_LOCKED,
  PIN,
  PINS,
  PINS_FREE,
  PINS_USED,
  P_NEXT,
  P_PFN,
  P_PREV,
  P_TASK,
  P_VPN,
  SEIZED,
} from '../state/layout.ts';
import { freePin } from '../state/outside.ts';
import type { State } from '../state/state.ts';
import { invariant } from './assert.ts';
import { setFlags, unlock } from './frames.ts';
import { ensure } from './grow.ts';

/** A list of records that are linked both ways. Links are numbers plus one; its ends are at `ends` among the scalars. */
interface List {
  readonly records: 'holders' | 'pins';
  readonly stride: number;
  readonly next: number;
  readonly prev: number;
  readonly ends: number;
}

const HOLDER_LIST: List = { records: 'holders', stride: HOLDER, next: H_NEXT, prev: H_PREV, ends: LOCK_HOLDERS };
const PIN_LIST: List = { records: 'pins', stride: PIN, next: P_NEXT, prev: P_PREV, ends: PINS };

/** Puts a record at the end of the list. */
function append(state: State, { records, stride, next, prev, ends }: List, record: number): void {
  const array = state[records];
  const { scalars } = state;
  const last = scalars[ends + 1];
  array[record * stride + next] = 0;
  array[record * stride + prev] = last;
  if (last === 0) scalars[ends] = record + 1;
  else array[(last - 1) * stride + next] = record + 1;
  scalars[ends + 1] = record + 1;
}

/** Takes a record off the list, and leaves nothing in it. */
function remove(state: State, { records, stride, next, prev, ends }: List, record: number): void {
  const array = state[records];
  const { scalars } = state;
  const after = array[record * stride + next];
  const before = array[record * stride + prev];
  if (before === 0) scalars[ends] = after;
  else array[(before - 1) * stride + next] = after;
  if (after === 0) scalars[ends + 1] = before;
  else array[(after - 1) * stride + prev] = before;
  array.fill(0, record * stride, (record + 1) * stride);
}

function HolderTookLock(state: State, pfn: number, until: number, tries: number): void {
  invariant((state.frames[pfn * FRAME] & PG_LOCKED) === 0, 'a locked page is locked: frame', pfn);
  ensure(state, 'holders', (pfn + 1) * HOLDER);
  state.holders[pfn * HOLDER + H_UNTIL] = until + 1;
  state.holders[pfn * HOLDER + H_TRIES] = tries;
  append(state, HOLDER_LIST, pfn);
  setFlags(state, pfn, PG_LOCKED);
  state.frames[pfn * FRAME + F_COUNT]++;
}

function HolderUnlocked(state: State, pfn: number): void {
  invariant(state.holders[pfn * HOLDER + H_UNTIL] > 0, 'nobody outside has the lock of frame', pfn);
  remove(state, HOLDER_LIST, pfn);
  unlock(state, pfn);
}

function PinPlaced(state: State, pin: number, task: number, vpn: number, pfn: number): void {
  const { scalars } = state;
  invariant(pin === freePin(state), 'a pin has not the next number:', pin);
  ensure(state, 'pins', (pin + 1) * PIN);
  const { pins } = state;
  const at = pin * PIN;
  if (pin === scalars[PINS_USED]) scalars[PINS_USED]++;
  else scalars[PINS_FREE] = pins[at + P_NEXT];
  pins[at + P_TASK] = task;
  pins[at + P_VPN] = vpn;
  pins[at + P_PFN] = pfn;
  append(state, PIN_LIST, pin);
}

function PinRemoved(state: State, pin: number, task: number, vpn: number, pfn: number): void {
  const { pins, scalars } = state;
  const at = pin * PIN;
  const same = pins[at + P_TASK] === task && pins[at + P_VPN] === vpn && pins[at + P_PFN] === pfn;
  invariant(same, 'no such pin: frame', pfn);
  remove(state, PIN_LIST, pin);
  pins[at + P_NEXT] = scalars[PINS_FREE];
  scalars[PINS_FREE] = pin + 1;
}

function SwapSlotSeized({ scalars, seized }: State, slot: number): void {
  const last = scalars[SEIZED + 1];
  invariant(seized[slot] === 0 && last !== slot, 'a seized slot is seized:', slot);
  if (last === 0) scalars[SEIZED] = slot;
  else seized[last] = slot;
  scalars[SEIZED + 1] = slot;
}

function SwapSlotGivenBack({ scalars, seized }: State, slot: number): void {
  invariant(scalars[SEIZED] === slot, 'a slot is given back that was not seized first:', slot);
  scalars[SEIZED] = seized[slot];
  if (seized[slot] === 0) scalars[SEIZED + 1] = 0;
  seized[slot] = 0;
}

export const outsideReducers = {
  HolderTookLock,
  HolderTryCounted: ({ holders }: State, pfn: number) => void holders[pfn * HOLDER + H_TRIES]--,
  HolderUnlocked,
  PinPlaced,
  PinRemoved,
  SwapSlotSeized,
  SwapSlotGivenBack,
};
