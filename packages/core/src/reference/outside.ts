/** What events do to what a scenario holds from outside: page locks, references and swap slots. */
import { UNTIL } from '@pagetape/events';
import { invariant } from '../reduce/assert.ts';
import { refer, setLocked } from './frames.ts';
import type { ReferenceReducers } from './types.ts';

const locks: ReferenceReducers<'HolderTookLock' | 'HolderTryCounted' | 'HolderUnlocked'> = {
  HolderTookLock(draft, { pfn, until, tries }) {
    draft.holders.push({ pfn, until: UNTIL[until], tries });
    setLocked(draft, pfn, true);
    refer(draft, pfn, 1);
  },
  HolderTryCounted(draft, { pfn }) {
    const holder = draft.holders.find((each) => each.pfn === pfn);
    if (holder) holder.tries--;
  },
  HolderUnlocked(draft, { pfn }) {
    const at = draft.holders.findIndex((holder) => holder.pfn === pfn);
    invariant(at >= 0, 'nobody outside has the lock of frame', pfn);
    draft.holders.splice(at, 1);
    setLocked(draft, pfn, false);
  },
};

const pins: ReferenceReducers<'PinPlaced' | 'PinRemoved'> = {
  PinPlaced(draft, pin) {
    const number = draft.freed_pins.shift() ?? draft.pins.length;
    invariant(number === pin.pin, 'a pin has not the next number:', pin.pin);
    draft.pins.push({ ...pin });
  },
  PinRemoved(draft, { pin, task, vpn, pfn }) {
    const at = draft.pins.findIndex((each) => each.pin === pin);
    const found = draft.pins[at];
    invariant(found?.task === task && found.vpn === vpn && found.pfn === pfn, 'no such pin: frame', pfn);
    draft.pins.splice(at, 1);
    draft.freed_pins.unshift(pin);
  },
};

const slots: ReferenceReducers<'SwapSlotSeized' | 'SwapSlotGivenBack'> = {
  SwapSlotSeized(draft, { slot }) {
    invariant(!draft.seized.includes(slot), 'a seized slot is seized:', slot);
    draft.seized.push(slot);
  },
  SwapSlotGivenBack(draft, { slot }) {
    invariant(draft.seized[0] === slot, 'a slot is given back that was not seized first:', slot);
    draft.seized.shift();
  },
};

export const outsideReducers = { ...locks, ...pins, ...slots };
