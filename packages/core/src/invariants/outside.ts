/** What a scenario holds from outside: its lists are linked both ways, end where they say, and have all that is held. */
import * as L from '../state/layout.ts';
import { freedPins, lockedOutside, pinNumbers, seizedSlots } from '../state/outside.ts';
import type { ReadonlyInts, StateView } from '../state/view.ts';
import type { Invariant } from './check.ts';

/** Compares the links back, and the end of the list, with the list as it is found from its head on. */
function checkLinks(
  { scalars }: StateView,
  list: readonly number[],
  of: string,
  ends: number,
  before: (record: number) => number,
  report: (sentence: string) => void,
): void {
  const last = scalars[ends + 1] - 1;
  if (last !== (list.at(-1) ?? -1))
    report(`the list of ${of}s ends with ${list.at(-1) ?? -1}, but its last is ${last}`);
  list.forEach((record, i) => {
    const previous = list[i - 1] ?? -1;
    if (before(record) !== previous) report(`${of} ${record} follows ${previous}, but links back to ${before(record)}`);
  });
}

/** How many records of an array are in use: those whose field at `mark` is not 0. */
function inUse(array: ReadonlyInts, stride: number, mark: number): number {
  let found = 0;
  for (let at = mark; at < array.length; at += stride) if (array[at] !== 0) found++;
  return found;
}

export const checkLockHolders: Invariant = (s, _census, report) => {
  const list = lockedOutside(s);
  checkLinks(s, list, 'lock holder', L.LOCK_HOLDERS, (pfn) => s.holders[pfn * L.HOLDER + L.H_PREV] - 1, report);
  const held = inUse(s.holders, L.HOLDER, L.H_UNTIL);
  if (held !== list.length) report(`${held} frames are locked from outside, but the list has ${list.length}`);
};

/** Numbers of pins that are not in use are free. */
export const checkPins: Invariant = (s, _census, report) => {
  const list = pinNumbers(s);
  checkLinks(s, list, 'pin', L.PINS, (pin) => s.pins[pin * L.PIN + L.P_PREV] - 1, report);
  const placed = inUse(s.pins, L.PIN, L.P_TASK);
  if (placed !== list.length) report(`${placed} pins are placed, but the list has ${list.length}`);
  const freed = freedPins(s).length;
  if (placed + freed !== s.scalars[L.PINS_USED])
    report(`${placed} pins are placed and ${freed} free, but ${s.scalars[L.PINS_USED]} were used`);
};

/** Seized slots are linked one way: they are given back in the order in which they were seized. */
export const checkSeizedSlots: Invariant = (s, _census, report) => {
  const list = seizedSlots(s);
  const last = s.scalars[L.SEIZED + 1];
  if (last !== (list.at(-1) ?? 0))
    report(`the list of seized slots ends with ${list.at(-1) ?? 0}, but its last is ${last}`);
  const linked = inUse(s.seized, 1, 0);
  if (linked !== Math.max(list.length - 1, 0))
    report(`${linked} slots have one that was seized after, but ${list.length} are seized`);
};
