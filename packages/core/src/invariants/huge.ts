/** Huge pages: all of their frames are parts of one folio, whose counts agree with the entries that map it. */
import { folio_test_large, pmd_of, pmd_pfn } from '../state/huge.ts';
import * as L from '../state/layout.ts';
import { mapping_of, page_index, page_to_nid } from '../state/read.ts';
import { eachHugeEntry } from '../state/walk.ts';
import { numbers } from './census.ts';
import type { Invariant } from './check.ts';
import { placeName, placeOf } from './places.ts';

/** A head is followed by its tails, which have no place of their own, and belong where it does. */
export const checkFolios: Invariant = (s, { ptes, pmds }, report) => {
  if (!s.topology.huge) return;
  for (let pfn = 0; pfn < s.topology.max_pfn; pfn++) {
    const tail = placeOf(s, pfn) === L.PLACE_TAIL;
    if (tail && !folio_test_large(s, pfn & ~(L.HUGE - 1)))
      report(`frame ${pfn} is part of a huge page that is not there`);
    if (tail || !folio_test_large(s, pfn)) continue;
    if (pfn % L.HUGE !== 0) report(`huge page ${pfn} begins where none can`);
    let entries = 0;
    for (let i = 0; i < L.HUGE; i++) {
      entries += ptes[pfn + i];
      const part = pfn + i;
      if (i === 0) continue;
      if (placeOf(s, part) !== L.PLACE_TAIL)
        report(`frame ${part} is part of huge page ${pfn}, but ${placeName(s, part)}`);
      if (page_to_nid(s, part) !== page_to_nid(s, pfn)) report(`huge page ${pfn} lies on two nodes`);
      const apart = mapping_of(s, part) !== mapping_of(s, pfn) || page_index(s, part) !== page_index(s, pfn) + i;
      if (apart && mapping_of(s, pfn) !== 0) report(`frame ${part} belongs elsewhere than huge page ${pfn}`);
    }
    const at = pfn * L.FRAME;
    const [entire, parts] = [s.frames[at + L.FOLIO_ENTIRE], s.frames[at + L.FOLIO_PTES]];
    if (entire !== pmds[pfn]) report(`huge page ${pfn} counts ${entire} mappings of all of it, but has ${pmds[pfn]}`);
    if (parts !== entries) report(`huge page ${pfn} counts ${parts} mappings of parts, but has ${entries}`);
  }
};

/** A huge entry names the head of a huge page, lies in one area, and is where reverse mapping looks for it. */
export const checkHugeEntries: Invariant = (s, _census, report) => {
  for (const mm of numbers(s.cold.mms)) {
    const areas = s.cold.mms[mm].vmas.map((id) => s.cold.vmas[id]);
    eachHugeEntry(s, mm, (first) => {
      const of = `the huge entry at page ${first} of address space ${mm}`;
      const vma = areas.find(({ start, end }) => start <= first && first + L.HUGE <= end);
      if (!vma) return report(`${of} lies in no area, or in two`);
      const pfn = pmd_pfn(pmd_of(s, mm, first));
      if (pfn === 0) return;
      if (!folio_test_large(s, pfn)) return report(`${of} maps frame ${pfn}, which is no huge page`);
      const mapping = mapping_of(s, pfn);
      const owned = mapping < 0 ? vma.anon_vma === -mapping : vma.file === mapping;
      if (!owned || page_index(s, pfn) !== vma.pgoff + (first - vma.start)) {
        report(`${of} maps huge page ${pfn}, from where reverse mapping does not find it`);
      }
    });
  }
};
