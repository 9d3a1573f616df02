/** Where the pages of an address space lie, neighbours at the same place together. */
import type { StateView } from '@pagetape/core';
import { pageNamer } from './names.ts';
import { pagesOfMm, placeOf, type Place } from './places.ts';

/** Pages of a region, in a row, at one place. */
export interface PlacedRun {
  readonly region: string;
  readonly first: number;
  readonly last: number;
  readonly place: Exclude<Place, null>;
}

/** The pages that are somewhere, in the order of their addresses. */
export function placesOfPages(s: StateView, mm: number): PlacedRun[] {
  const name = pageNamer(s);
  const runs: { region: string; first: number; last: number; place: Exclude<Place, null> }[] = [];
  for (const vpn of pagesOfMm(s, mm)) {
    const place = placeOf(s, mm, vpn);
    if (place === null) continue;
    const { region, page } = name(mm, vpn);
    const run = runs.at(-1);
    if (run && run.region === region && run.last === page - 1 && run.place === place) run.last = page;
    else runs.push({ region, first: page, last: page, place });
  }
  return runs;
}

/** "node 1", "swap", "the zero page" */
export function placeText(place: Exclude<Place, null>): string {
  if (typeof place === 'number') return `node ${place}`;
  if (place === 'bad') return 'lost with a bad frame';
  return place === 'zero' ? 'the zero page' : place;
}
