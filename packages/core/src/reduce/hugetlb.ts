/** Reducers of hugetlb pools: huge pages that are linked from the record of their node, the latest first. */
import {
  FOLIO_ENTIRE,
  FRAME,
  F_COUNT,
  F_FLAGS,
  F_INDEX,
  F_MAPPING,
  F_NEXT,
  HUGE,
  HUGETLB,
  HUGETLB_RESERVED,
  H_FREE,
  H_HEAD,
  PGFREE,
  PG_HUGETLB,
  PG_LARGE,
  PLACE_HELD,
  PLACE_ISOLATED,
  PLACE_TAIL,
} from '../state/layout.ts';
import { page_to_nid, page_zone } from '../state/read.ts';
import type { State } from '../state/state.ts';
import { invariant } from './assert.ts';
import { giveFree, placeOf, setPlace } from './lists.ts';

function HugetlbPagePooled(state: State, pfn: number): void {
  const { frames, hugetlb } = state;
  const pool = page_to_nid(state, pfn) * HUGETLB;
  const at = pfn * FRAME;
  invariant(frames[at + FOLIO_ENTIRE] === 0, 'a huge page that is mapped goes to a pool: frame', pfn);
  for (let i = 0; i < HUGE; i++) {
    frames[at + i * FRAME + F_FLAGS] = PG_LARGE | (i === 0 ? PG_HUGETLB | PLACE_HELD : PLACE_TAIL);
    frames[at + i * FRAME + F_MAPPING] = 0;
    frames[at + i * FRAME + F_INDEX] = 0;
  }
  frames[at + F_COUNT] = 0;
  frames[at + F_NEXT] = hugetlb[pool + H_HEAD];
  hugetlb[pool + H_HEAD] = pfn + 1;
  hugetlb[pool + H_FREE]++;
}

/** The head of a pool leaves it. */
function takeHead(state: State, pfn: number): void {
  const { frames, hugetlb } = state;
  const pool = page_to_nid(state, pfn) * HUGETLB;
  invariant(hugetlb[pool + H_HEAD] === pfn + 1, 'a huge page is taken that is not the head of its pool: frame', pfn);
  hugetlb[pool + H_HEAD] = frames[pfn * FRAME + F_NEXT];
  frames[pfn * FRAME + F_NEXT] = 0;
  hugetlb[pool + H_FREE]--;
}

function HugetlbPageTaken(state: State, pfn: number): void {
  takeHead(state, pfn);
  state.frames[pfn * FRAME + F_COUNT] = 1;
}

function HugetlbPageDissolved(state: State, pfn: number): void {
  takeHead(state, pfn);
  for (let i = HUGE - 1; i >= 0; i--) giveFree(state, page_zone(state, pfn), pfn + i);
  state.vmstat[PGFREE] += HUGE;
}

function HugetlbPageIsolated({ frames }: State, pfn: number): void {
  invariant(placeOf(frames, pfn) === PLACE_HELD, 'a huge page that somebody has isolated is isolated: frame', pfn);
  setPlace(frames, pfn, PLACE_ISOLATED);
  frames[pfn * FRAME + F_COUNT]++;
}

export const hugetlbReducers = {
  HugetlbPagePooled,
  HugetlbPageTaken,
  HugetlbPageDissolved,
  HugetlbPageIsolated,
  HugetlbPagesReserved: ({ scalars }: State, pages: number) => void (scalars[HUGETLB_RESERVED] += pages),
};
