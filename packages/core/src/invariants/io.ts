/** Requests at the devices, and the pages that wait for them. */
import { PageLocked, PageWriteback } from '../state/read.ts';
import type { Invariant } from './check.ts';

/** A page is locked for the read that is pending, or by somebody outside, or by a call in flight. */
export const checkLocks: Invariant = (s, { reads, lockHolders }, report, midway) => {
  for (let pfn = 0; pfn < s.topology.max_pfn; pfn++) {
    const owners = reads[pfn] + lockHolders[pfn];
    const who = `${reads[pfn]} pending reads and ${lockHolders[pfn]} lock holders`;
    if (owners > 1) report(`frame ${pfn} has ${who}, but only one can have its lock`);
    if (owners > 0 && !PageLocked(s, pfn)) report(`frame ${pfn} has ${who}, but is not locked`);
    if (owners === 0 && !midway && PageLocked(s, pfn)) report(`frame ${pfn} is locked, but nobody has its lock`);
  }
};

/** A page is under write-back exactly while one write of it is pending. */
export const checkWriteback: Invariant = (s, { writes }, report) => {
  for (let pfn = 0; pfn < s.topology.max_pfn; pfn++) {
    const expected = PageWriteback(s, pfn) ? 1 : 0;
    if (writes[pfn] === expected) continue;
    report(`frame ${pfn} is ${expected ? '' : 'not '}under write-back, but ${writes[pfn]} writes of it are pending`);
  }
};
