/** Counters of the machine and of address spaces that say how many of something there are now. */
import * as L from '../state/layout.ts';
import {
  mapping_cap_account_dirty,
  mapping_of,
  PageDirty,
  PageMlocked,
  PageSwapCache,
  PageWriteback,
} from '../state/read.ts';
import { page_mapcount_of_part } from '../state/huge.ts';
import type { StateView } from '../state/view.ts';
import type { Invariant } from './check.ts';

type Is = (s: StateView, pfn: number) => boolean;

const COUNTED: readonly (readonly [number, string, Is])[] = [
  [L.NR_MAPPED, 'mapped', (s, pfn) => page_mapcount_of_part(s, pfn) > 0],
  [
    L.NR_DIRTY,
    'dirty pages of files',
    (s, pfn) => PageDirty(s, pfn) && mapping_cap_account_dirty(s, mapping_of(s, pfn)),
  ],
  [L.NR_WRITEBACK, 'under write-back', PageWriteback],
  [L.NR_SWAPCACHE, 'in the swap cache', PageSwapCache],
  [L.NR_MLOCK, 'mlocked', PageMlocked],
];

/** These counters count frames. */
export const checkCounters: Invariant = (s, _census, report) => {
  for (const [counter, what, is] of COUNTED) {
    let found = 0;
    for (let pfn = 0; pfn < s.topology.max_pfn; pfn++) if (is(s, pfn)) found++;
    const counted = s.vmstat[counter];
    if (counted !== found) report(`${L.VMSTAT[counter]} is ${counted}, but ${found} frames are ${what}`);
  }
};

/** Resident pages are the entries that map a frame. */
export const checkRss: Invariant = (s, { mms }, report) => {
  for (const [mm, { anon, file }] of mms) {
    const check = (name: string, counted: number, found: number): void => {
      if (counted !== found) report(`address space ${mm} counts ${name} ${counted}, but maps ${found} such pages`);
    };
    check('anon_rss', s.mms[mm * L.MM + L.M_ANON_RSS], anon);
    check('file_rss', s.mms[mm * L.MM + L.M_FILE_RSS], file);
  }
};
