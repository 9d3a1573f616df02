/** What a scenario holds from outside: page locks, references and swap slots. Each is a list, the oldest first. */
import { UNTIL } from '@pagetape/events';
import {
  H_NEXT,
  H_TRIES,
  H_UNTIL,
  HOLDER,
  LOCK_HOLDERS,
  P_NEXT,
  P_PFN,
  P_TASK,
  P_VPN,
  PIN,
  PINS,
  PINS_FREE,
  PINS_USED,
  SEIZED,
} from './layout.ts';
import type { ReadonlyInts, StateView } from './view.ts';

/** A page lock that somebody outside holds, with a reference. */
export interface Holder {
  readonly pfn: number;
  readonly until: (typeof UNTIL)[number];
  /** Failed tries to come before it lets go; 0 where these do not count. */
  readonly tries: number;
}

/** A reference that a scenario took on the page that a task had at an address. */
export interface Pin {
  readonly pin: number;
  readonly task: number;
  readonly vpn: number;
  readonly pfn: number;
}

/** What the one who holds the lock of a page from outside waits for, UNTIL_WAIT …; -1: nobody outside holds it. */
export function holderUntil({ holders }: StateView, pfn: number): number {
  const at = pfn * HOLDER + H_UNTIL;
  return at < holders.length ? holders[at] - 1 : -1;
}

/** How many failed tries the one who holds the lock of a page still looks on. */
export const holderTries = ({ holders }: StateView, pfn: number): number => holders[pfn * HOLDER + H_TRIES];

/** The number of the next pin. */
export const freePin = ({ scalars }: StateView): number =>
  scalars[PINS_FREE] !== 0 ? scalars[PINS_FREE] - 1 : scalars[PINS_USED];

/** The slot that was seized first of all that are; 0: none is. */
export const firstSeized = ({ scalars }: StateView): number => scalars[SEIZED];

/**
 * The numbers of a list from the link at its head on; `next` is the field that links on. A list that is bent into a ring
 * ends when it is too long.
 */
function follow(records: ReadonlyInts, stride: number, next: number, head: number): number[] {
  const found: number[] = [];
  for (let link = head; link > 0 && found.length * stride < records.length;) {
    found.push(link - 1);
    link = records[(link - 1) * stride + next];
  }
  return found;
}

/** The frames whose locks are held from outside. */
export const lockedOutside = ({ holders, scalars }: StateView): number[] =>
  follow(holders, HOLDER, H_NEXT, scalars[LOCK_HOLDERS]);

/** The numbers of all pins. */
export const pinNumbers = ({ pins, scalars }: StateView): number[] => follow(pins, PIN, P_NEXT, scalars[PINS]);

/** The numbers of pins that became free, the latest first. */
export const freedPins = ({ pins, scalars }: StateView): number[] => follow(pins, PIN, P_NEXT, scalars[PINS_FREE]);

/** The slots that a disturbance has. */
export function seizedSlots({ scalars, seized }: StateView): number[] {
  const found: number[] = [];
  for (let slot = scalars[SEIZED]; slot > 0 && found.length < seized.length; slot = seized[slot]) found.push(slot);
  return found;
}

export function lockHolders(s: StateView): Holder[] {
  return lockedOutside(s).map((pfn) => {
    return { pfn, until: UNTIL[holderUntil(s, pfn)], tries: holderTries(s, pfn) };
  });
}

export function pinAt({ pins }: StateView, pin: number): Pin {
  const at = pin * PIN;
  return { pin, task: pins[at + P_TASK], vpn: pins[at + P_VPN], pfn: pins[at + P_PFN] };
}

/** The numbers of the pins that a task took, 0 for any, through an address from page `first` up to before `end`. */
export function pinsWithin(s: StateView, task: number, first: number, end: number): number[] {
  const { pins } = s;
  const [stride, task_at, vpn_at] = [PIN, P_TASK, P_VPN];
  return pinNumbers(s).filter((pin) => {
    const vpn = pins[pin * stride + vpn_at];
    return vpn >= first && vpn < end && (task === 0 || pins[pin * stride + task_at] === task);
  });
}

export const pinsOf = (s: StateView): Pin[] => pinNumbers(s).map((pin) => pinAt(s, pin));
