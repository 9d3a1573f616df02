/** What events do to hugetlb pools. */
import { invariant } from '../reduce/assert.ts';
import { HUGE } from '../state/layout.ts';
import { frameOf, zoneOf } from './frames.ts';
import { partsOf } from './huge.ts';
import { NEW_FRAME, type ReferenceDraft } from './state.ts';
import type { ReferenceReducers } from './types.ts';

/** The huge page leaves its pool, whose latest it is. */
function takeFromPool(draft: ReferenceDraft, pfn: number): void {
  const pool = draft.pools[zoneOf(draft, pfn).node];
  invariant(pool?.[0] === pfn, 'a huge page is taken that is not the head of its pool:', pfn);
  pool.shift();
}

export const hugetlbReducers: ReferenceReducers<
  'HugetlbPagePooled' | 'HugetlbPageTaken' | 'HugetlbPageDissolved' | 'HugetlbPageIsolated' | 'HugetlbPagesReserved'
> = {
  HugetlbPagePooled(draft, { pfn }) {
    for (const part of partsOf(pfn)) draft.frames[part] = { ...NEW_FRAME, place: 'tail', count: 0 };
    const folio = { hugetlb: true, entire: 0, ptes: 0, partial: false };
    draft.frames[pfn] = { ...NEW_FRAME, count: 0, folio };
    (draft.pools[zoneOf(draft, pfn).node] ??= []).unshift(pfn);
  },
  HugetlbPageTaken(draft, { pfn }) {
    takeFromPool(draft, pfn);
    frameOf(draft, pfn).count = 1;
  },
  HugetlbPageDissolved(draft, { pfn }) {
    takeFromPool(draft, pfn);
    const zone = zoneOf(draft, pfn);
    for (const part of partsOf(pfn)) delete draft.frames[part];
    zone.freed = [...partsOf(pfn), ...zone.freed];
    zone.free_pages += HUGE;
    draft.counters.pgfree += HUGE;
  },
  HugetlbPageIsolated(draft, { pfn }) {
    const frame = frameOf(draft, pfn);
    invariant(frame.place === 'held', 'a huge page that somebody has isolated is isolated:', pfn);
    frame.place = 'isolated';
    frame.count++;
  },
  HugetlbPagesReserved: (draft, { pages }) => void (draft.hugetlb_reserved += pages),
};
