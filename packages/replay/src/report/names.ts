/** How people call a page: by the task that has it, the region of its scenario, and its number in the region. */
import { layout, read, type StateView } from '@pagetape/core';
import { livingMms, pagesOfMm } from './places.ts';

/** "db heap" and 3; outside of all regions "db page" and the page number of its address. */
export interface PageName {
  readonly region: string;
  readonly page: number;
}

/** The name of a page of an address space that a task has. */
export type PageNamer = (mm: number, vpn: number) => PageName;

/** Names for the pages of one state. */
export function pageNamer(s: StateView): PageNamer {
  const owners = new Map(livingMms(s).map(({ mm, tasks }) => [mm, tasks[0]]));
  const regions = new Map<number, { readonly start: number; readonly end: number; readonly region: string }[]>();
  for (const [mm, owner] of owners)
    regions.set(
      mm,
      s.cold.regions
        .filter((region) => region.mm === mm)
        .map(({ start, pages, name }) => ({ start, end: start + pages, region: `${owner} ${name}` })),
    );
  return (mm, vpn) => {
    const found = regions.get(mm)?.find(({ start, end }) => vpn >= start && vpn < end);
    if (found) return { region: found.region, page: vpn - found.start };
    return { region: `${owners.get(mm) ?? `mm ${mm}`} page`, page: vpn };
  };
}

/**
 * The name of the page in each of these frames: as the first task has it, else by its file. Frames with a page that is
 * neither's are left out.
 */
export function namesOfFrames(s: StateView, pfns: ReadonlySet<number>): Map<number, PageName> {
  const name = pageNamer(s);
  const found = new Map<number, PageName>();
  for (const { mm } of livingMms(s)) {
    for (const vpn of pagesOfMm(s, mm)) {
      const pfn = frameFor(s, read.pte_of(s, mm, vpn));
      if (pfns.has(pfn) && !found.has(pfn)) found.set(pfn, name(mm, vpn));
    }
  }
  for (const pfn of pfns) {
    const file = s.cold.files[read.mapping_of(s, pfn)];
    if (file && !found.has(pfn)) found.set(pfn, { region: `file ${file.name}`, page: read.page_index(s, pfn) });
  }
  return found;
}

/** The frame with the page of an entry: that which it maps, or that which the swap cache has for it; -1: none. */
function frameFor(s: StateView, pte: number): number {
  if (!read.pte_is_swap(pte)) return read.frame_of_pte(s, pte);
  return s.swap_cache[read.pte_slot(pte)] - 1;
}

/** "db heap 3..5, 9, db log 0": neighbours together, in this order. */
export function rangesText(names: readonly PageName[]): string {
  const texts: string[] = [];
  let region = '';
  for (let from = 0; from < names.length;) {
    let end = from + 1;
    const first = names[from];
    while (end < names.length && follows(names[end - 1], names[end])) end++;
    const text = rangeText(first.page, names[end - 1].page);
    texts.push(first.region === region ? text : `${first.region} ${text}`);
    region = first.region;
    from = end;
  }
  return texts.join(', ');
}

const follows = (a: PageName, b: PageName): boolean => a.region === b.region && b.page === a.page + 1;

/** "3" or "3..5". */
export const rangeText = (first: number, last: number): string => (last > first ? `${first}..${last}` : `${first}`);

/** By region in the order in which they are met, then by page. */
export function inOrder(names: readonly PageName[]): PageName[] {
  const order = [...new Set(names.map(({ region }) => region))];
  return [...names].sort((a, b) => order.indexOf(a.region) - order.indexOf(b.region) || a.page - b.page);
}

/** Whether a frame is the shared zero page, which everybody may map. */
export const isZeroPage = (pfn: number): boolean => pfn === layout.ZERO_PFN;
