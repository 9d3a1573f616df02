/** What a frame is in a state, in words: who has it, and what keeps it. */
import { layout, lockHolders, pinsOf, read, type StateView } from '@pagetape/core';
import { LRU, VM_LOCKED } from '@pagetape/events';
import { pageNamer, rangesText } from '../report/names.ts';
import { livingMms, pagesOfMm } from '../report/places.ts';
import { count } from '../report/words.ts';

const PLACES: Readonly<Record<number, string>> = {
  [layout.PLACE_FREE]: 'free',
  [layout.PLACE_HELD]: 'on no list',
  [layout.PLACE_BATCH]: 'in a batch of a CPU, on its way to an LRU list',
  [layout.PLACE_ISOLATED]: 'isolated by a call',
  [layout.PLACE_IMAGE]: 'part of the kernel image',
  [layout.PLACE_RETIRED]: 'out of use',
};

const FLAGS = {
  locked: layout.PG_LOCKED,
  error: layout.PG_ERROR,
  referenced: layout.PG_REFERENCED,
  uptodate: layout.PG_UPTODATE,
  dirty: layout.PG_DIRTY,
  active: layout.PG_ACTIVE,
  reserved: layout.PG_RESERVED,
  'with buffers': layout.PG_PRIVATE,
  'under write-back': layout.PG_WRITEBACK,
  'in the swap cache': layout.PG_SWAPCACHE,
  'to be reclaimed': layout.PG_RECLAIM,
  mlocked: layout.PG_MLOCKED,
  unevictable: layout.PG_UNEVICTABLE,
} as const;

/** Where a frame is, of all places that it can be in. */
export function frameList(s: StateView, pfn: number): string {
  const place = s.frames[pfn * layout.FRAME + layout.F_FLAGS] & layout.PLACE_MASK;
  return place === layout.PLACE_LRU ? `on the ${LRU[read.page_lru(s, pfn)]} list` : PLACES[place];
}

/** The marks of a frame. */
export function frameMarks(s: StateView, pfn: number): string[] {
  const flags = s.frames[pfn * layout.FRAME + layout.F_FLAGS];
  return Object.entries(FLAGS).flatMap(([name, bit]) => ((flags & bit) !== 0 ? [name] : []));
}

/** The pages of tasks that are in a frame: each mapping of it. */
export function mappingsOf(s: StateView, pfn: number): { readonly mm: number; readonly vpn: number }[] {
  let left = read.page_mapcount(s, pfn);
  const found: { mm: number; vpn: number }[] = [];
  for (const { mm } of livingMms(s)) {
    if (left <= 0) break;
    for (const vpn of pagesOfMm(s, mm)) {
      if (read.frame_of_pte(s, read.pte_of(s, mm, vpn)) !== pfn) continue;
      found.push({ mm, vpn });
      left--;
    }
  }
  return found;
}

/** What there is to say of a frame, a line each. */
export function frameFacts(s: StateView, pfn: number): string[] {
  const name = pageNamer(s);
  const mappings = mappingsOf(s, pfn);
  const locked = mappings.filter(({ mm, vpn }) => ((areaOf(s, mm, vpn)?.flags ?? 0) & VM_LOCKED) !== 0);
  const marks = frameMarks(s, pfn);
  const holder = lockHolders(s).find((each) => each.pfn === pfn);
  const file = s.cold.files[read.mapping_of(s, pfn)];
  return [
    `frame ${pfn} of node ${read.page_to_nid(s, pfn)}, ${frameList(s, pfn)}`,
    `${count(read.page_count(s, pfn), 'reference')}${read.pageIsolated(s, pfn) ? ', one of them of the isolation' : ''}; ${count(read.page_mapcount(s, pfn), 'mapping')}` +
      (mappings.length > 0 ? `: ${rangesText(mappings.map(({ mm, vpn }) => name(mm, vpn)))}` : ''),
    ...(marks.length > 0 ? [`marks: ${marks.join(', ')}`] : []),
    ...(file ? [`page ${read.page_index(s, pfn)} of the file ${file.name} (${file.fs})`] : []),
    ...(locked.length > 0 ? [`locked in memory by ${rangesText(locked.map(({ mm, vpn }) => name(mm, vpn)))}`] : []),
    ...(holder ? [`its lock is held from outside, until ${holder.until}`] : []),
    ...pinsOf(s)
      .filter((pin) => pin.pfn === pfn)
      .map(({ task }) => `held by a reference of ${s.cold.tasks[task]?.name ?? 'a task that has ended'}`),
  ];
}

/** The area that a page lies in. */
export function areaOf(s: StateView, mm: number, vpn: number) {
  const ids = s.cold.mms[mm]?.vmas ?? [];
  return ids.map((id) => s.cold.vmas[id]).find(({ start, end }) => start <= vpn && vpn < end);
}
