/** Counts on frames agree with those who refer to them. */
import * as L from '../state/layout.ts';
import { folio_nr_pages, folio_test_hugetlb } from '../state/huge.ts';
import { page_count, page_mapcount, PageHWPoison, PagePrivate } from '../state/read.ts';
import type { StateView } from '../state/view.ts';
import type { Census } from './census.ts';
import type { Invariant } from './check.ts';
import { placeName, placeOf } from './places.ts';

/** Who has how many references to a frame. */
function holdersOf(s: StateView, census: Census, pfn: number): readonly (readonly [number, string])[] {
  return [
    [entriesOf(s, census, pfn), 'page-table entries'],
    [census.pmds[pfn], 'huge entries'],
    [census.batches[pfn], 'batches'],
    [census.mlockEntries[pfn], 'mlock entries'],
    [census.cachedFiles[pfn], 'page caches'],
    [census.cachedSlots[pfn], 'swap caches'],
    [placeOf(s, pfn) === L.PLACE_ISOLATED ? 1 : 0, 'isolations'],
    [PagePrivate(s, pfn) ? 1 : 0, 'buffers'],
    [census.pins[pfn], 'pins'],
    [census.lockHolders[pfn], 'lock holders'],
    [pfn === L.ZERO_PFN ? 1 : 0, 'kernel images'],
    [placeOf(s, pfn) === L.PLACE_RETIRED ? 1 : 0, 'retirements'],
    [PageHWPoison(s, pfn) ? 1 : 0, 'that know it is bad'],
  ];
}

/** Entries that map the frame or, of the head of a huge page, any of its parts. */
function entriesOf(s: StateView, { ptes }: Census, pfn: number): number {
  let sum = 0;
  for (let i = folio_nr_pages(s, pfn) - 1; i >= 0; i--) sum += ptes[pfn + i];
  return sum;
}

/** The reference count is the number of holders. A call in flight has references that nobody else knows of. */
export const checkReferences: Invariant = (s, census, report, midway) => {
  for (let pfn = 0; pfn < s.topology.max_pfn; pfn++) {
    const place = placeOf(s, pfn);
    const count = page_count(s, pfn);
    if (place === L.PLACE_TAIL) {
      if (count !== 0) report(`frame ${pfn} is part of a huge page, but counts ${count} references of its own`);
      continue;
    }
    if (place === L.PLACE_FREE && count === 0 && census.ptes[pfn] === 0) continue;
    if (count === 0 && place !== L.PLACE_FREE && !folio_test_hugetlb(s, pfn))
      report(`frame ${pfn} is ${placeName(s, pfn)}, but nobody refers to it`);
    const holders = holdersOf(s, census, pfn);
    const sum = holders.reduce((total, [number]) => total + number, 0);
    if (midway ? count >= sum : count === sum) continue;
    const parts = holders.filter(([number]) => number > 0).map(([number, who]) => `${number} ${who}`);
    report(`frame ${pfn} counts ${count} references, but has ${sum} holders (${parts.join(', ') || 'none'})`);
  }
};

/** The map count is the number of page-table entries that map the frame. */
export const checkMapcounts: Invariant = (s, { ptes }, report) => {
  for (let pfn = 0; pfn < s.topology.max_pfn; pfn++) {
    const mapcount = page_mapcount(s, pfn);
    if (mapcount !== ptes[pfn]) report(`frame ${pfn} counts ${mapcount} mappings, but ${ptes[pfn]} entries map it`);
  }
};
