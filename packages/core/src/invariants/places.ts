/** Each frame is in exactly one place, and the lists agree with the frames on them. */
import {
  LRU,
  LRU_ACTIVE,
  LRU_INACTIVE,
  LRU_INACTIVE_ANON,
  LRU_INACTIVE_FILE,
  LRU_UNEVICTABLE,
  ZONE_NAMES,
} from '@pagetape/events';
import * as L from '../state/layout.ts';
import { folio_nr_pages } from '../state/huge.ts';
import { page_lru, page_to_nid, PageActive, PageHWPoison, PageUnevictable } from '../state/read.ts';
import type { ReadonlyInts, StateView } from '../state/view.ts';
import type { Invariant } from './check.ts';

const PLACES = [
  'free',
  'held',
  'in a batch',
  'on an LRU list',
  'isolated',
  'part of the image',
  'retired',
  'part of a huge page',
];

export const placeOf = ({ frames }: StateView, pfn: number): number => frames[pfn * L.FRAME + L.F_FLAGS] & L.PLACE_MASK;
export const placeName = (s: StateView, pfn: number): string => PLACES[placeOf(s, pfn) >>> L.PLACE_SHIFT] ?? 'nowhere';

const nameOfZone = ({ topology }: StateView, z: number): string =>
  `zone ${ZONE_NAMES[topology.zones[z].kind]} of node ${topology.zones[z].node}`;

/** The frames of a list in its order. One that is bent into a ring ends when it is longer than the machine. */
function follow({ frames, topology }: StateView, head: number): number[] {
  const list: number[] = [];
  for (let link = head; link > 0 && link <= topology.max_pfn && list.length <= topology.max_pfn;) {
    list.push(link - 1);
    link = frames[(link - 1) * L.FRAME + L.F_NEXT];
  }
  return list;
}

const freeList = (s: StateView, z: number): number[] => follow(s, s.zones[z * L.ZONE + L.Z_FREE_HEAD]);

/**
 * How often each frame stands in the lists of all zones and nodes. Frames that were never handed out count as free; for the
 * unevictable list, which is not linked, a frame speaks for itself.
 */
function countLists(s: StateView): { readonly free: Int32Array; readonly lru: Int32Array } {
  const free = new Int32Array(s.topology.max_pfn);
  const lru = new Int32Array(s.topology.max_pfn);
  s.topology.zones.forEach(({ start, present }, z) => {
    for (const pfn of freeList(s, z)) free[pfn]++;
    for (let pfn = start + s.zones[z * L.ZONE + L.Z_FRESH]; pfn < start + present; pfn++) free[pfn]++;
  });
  for (const { head } of linkedLists(s)) for (const pfn of follow(s, head)) lru[pfn]++;
  for (let pfn = 0; pfn < s.scalars[L.FRAMES_USED]; pfn++) {
    if (placeOf(s, pfn) === L.PLACE_LRU && page_lru(s, pfn) === LRU_UNEVICTABLE) lru[pfn]++;
  }
  return { free, lru };
}

/** A frame's place bits agree with the lists and batches that have it. */
export const checkPlaces: Invariant = (s, { batches }, report) => {
  const { free, lru } = countLists(s);
  const check = (pfn: number): void => {
    const place = placeOf(s, pfn);
    const expected = [L.PLACE_FREE, L.PLACE_BATCH, L.PLACE_LRU].map((each) => (each === place ? 1 : 0));
    const found = [free[pfn], batches[pfn], lru[pfn]];
    if (found.every((number, i) => number === expected[i])) return;
    const where = `${found[0]} free lists, ${found[1]} batches and ${found[2]} LRU lists`;
    report(`frame ${pfn} is ${placeName(s, pfn)} by its place bits, but stands in ${where}`);
  };
  for (const { start, present } of s.topology.zones) for (let pfn = start; pfn < start + present; pfn++) check(pfn);
  if (placeOf(s, L.ZERO_PFN) !== L.PLACE_IMAGE)
    report(`the zero page is ${placeName(s, L.ZERO_PFN)}, not in the image`);
  for (const { start, present } of s.topology.zones) {
    for (let pfn = start; pfn < start + present; pfn++) {
      if (placeOf(s, pfn) === L.PLACE_IMAGE) report(`frame ${pfn} is part of the image, as only the zero page is`);
    }
  }
};

/** An LRU list: where its ends are and what it is called. The unevictable list has no ends. */
interface LruList {
  readonly of: string;
  readonly lru: number;
  readonly head: number;
  readonly tail: number;
  readonly counted: number;
  readonly owns: (pfn: number) => boolean;
}

/** The lists of a zone, numbered from `first` on in LRU. */
function listsAt(ends: ReadonlyInts, lists: number, counts: number, first: number, rest: Pick<LruList, 'of' | 'owns'>) {
  return (name: string, n: number): LruList => {
    const [head, tail] = [ends[lists + 2 * n], ends[lists + 2 * n + 1]];
    return { ...rest, of: `the ${name} list of ${rest.of}`, lru: first + n, head, tail, counted: ends[counts + n] };
  };
}

/** All lists whose pages are linked. */
function linkedLists(s: StateView): LruList[] {
  const { topology, zones, nodes } = s;
  const ofZones = topology.zones.flatMap(({ start, present }, z) => {
    const rest = { of: nameOfZone(s, z), owns: (pfn: number) => pfn >= start && pfn < start + present };
    return LRU.slice(0, LRU_INACTIVE_ANON).map(
      listsAt(zones, z * L.ZONE + L.Z_LRU, z * L.ZONE + L.Z_NR, LRU_INACTIVE, rest),
    );
  });
  const ofNodes = topology.nodes.flatMap((nid) => {
    const rest = { of: `node ${nid}`, owns: (pfn: number) => page_to_nid(s, pfn) === nid };
    return LRU.slice(LRU_INACTIVE_ANON, LRU_UNEVICTABLE).map(
      listsAt(nodes, nid * L.NODE + L.N_LRU, nid * L.NODE + L.N_NR, LRU_INACTIVE_ANON, rest),
    );
  });
  return [...ofZones, ...ofNodes];
}

/** Lists are linked both ways, end where they say, have as many pages as they say, and pages that say so too. */
export const checkLruLists: Invariant = (s, _census, report) => {
  for (const { of, lru, head, tail, counted, owns } of linkedLists(s)) {
    const list = follow(s, head);
    const last = list.at(-1) ?? -1;
    if (tail - 1 !== last) report(`${of} ends with frame ${last}, but its tail is ${tail - 1}`);
    const pages = list.reduce((sum, pfn) => sum + folio_nr_pages(s, pfn), 0);
    if (counted !== pages) report(`${of} has ${pages} pages, but ${counted} are counted`);
    list.forEach((pfn, i) => {
      const previous = s.frames[pfn * L.FRAME + L.F_PREV] - 1;
      if (previous !== (list[i - 1] ?? -1)) {
        report(`frame ${pfn} on ${of} follows frame ${list[i - 1] ?? -1}, but links back to ${previous}`);
      }
      if (page_lru(s, pfn) !== lru)
        report(`frame ${pfn} on ${of} says that it is on the ${LRU[page_lru(s, pfn)]} list`);
      if (PageActive(s, pfn) !== ((lru & LRU_ACTIVE) !== 0)) report(`frame ${pfn} on ${of} has the wrong PG_active`);
      if (PageUnevictable(s, pfn)) report(`frame ${pfn} on ${of} has PG_unevictable`);
      if (!owns(pfn)) report(`frame ${pfn} on ${of} belongs to another zone`);
    });
  }
};

/** What a node counts of pages that are on no linked list: those of the unevictable list, and isolated ones. */
export const checkCountedPages: Invariant = (s, _census, report) => {
  for (const nid of s.topology.nodes) {
    const found = { unevictable: 0, isolated_anon: 0, isolated_file: 0 };
    for (let pfn = 0; pfn < s.scalars[L.FRAMES_USED]; pfn++) {
      const lru = page_lru(s, pfn);
      if (lru < LRU_INACTIVE_ANON || page_to_nid(s, pfn) !== nid) continue;
      if (placeOf(s, pfn) === L.PLACE_ISOLATED)
        found[lru === LRU_INACTIVE_FILE ? 'isolated_file' : 'isolated_anon'] += folio_nr_pages(s, pfn);
      if (placeOf(s, pfn) !== L.PLACE_LRU || lru !== LRU_UNEVICTABLE) continue;
      found.unevictable++;
      if (!PageUnevictable(s, pfn)) report(`frame ${pfn} on the unevictable list has no PG_unevictable`);
    }
    const at = nid * L.NODE;
    const counted = {
      unevictable: s.nodes[at + L.N_NR + LRU_UNEVICTABLE - LRU_INACTIVE_ANON],
      isolated_anon: s.nodes[at + L.N_ISOLATED],
      isolated_file: s.nodes[at + L.N_ISOLATED + 1],
    };
    for (const name of ['unevictable', 'isolated_anon', 'isolated_file'] as const) {
      if (counted[name] !== found[name])
        report(`node ${nid} counts nr_${name} ${counted[name]}, but has ${found[name]}`);
    }
  }
};

/**
 * A free frame has no marks, no references, no mappings; so has one that is in no zone. One out of use has a
 * reference.
 */
export const checkFreeFrames: Invariant = (s, _census, report) => {
  for (let pfn = 0; pfn < s.topology.max_pfn; pfn++) {
    if (placeOf(s, pfn) === L.PLACE_RETIRED) {
      const fields = Array.from({ length: L.FRAME }, (_, field) => s.frames[pfn * L.FRAME + field]);
      const marked = fields.some(
        (value, field) => field !== L.F_COUNT && value !== (field === L.F_FLAGS ? L.PLACE_RETIRED : 0),
      );
      if (marked) report(`frame ${pfn} is retired, but still has marks or a mapping`);
    }
    if (placeOf(s, pfn) !== L.PLACE_FREE) continue;
    for (let field = 0; field < L.FRAME; field++) {
      const value = s.frames[pfn * L.FRAME + field];
      if (field !== L.F_NEXT && value !== 0) report(`frame ${pfn} is free, but its field ${field} is ${value}, not 0`);
    }
  }
};

/**
 * The frames of a zone that are free, those that somebody outside has, those that are used and those that are out of use
 * are all that it has.
 */
export const checkZones: Invariant = (s, _census, report) => {
  s.topology.zones.forEach(({ start, present }, z) => {
    const at = z * L.ZONE;
    const free = s.zones[at + L.Z_FREE];
    const fresh = s.zones[at + L.Z_FRESH];
    const withheld = s.zones[at + L.Z_WITHHELD];
    const online = s.zones[at + L.Z_PRESENT];
    let [used, retired] = [0, 0]; // of the retired ones, some are bad, but still referred to
    for (let pfn = start; pfn < start + present; pfn++) {
      if (placeOf(s, pfn) === L.PLACE_RETIRED || PageHWPoison(s, pfn)) retired++;
      else if (placeOf(s, pfn) !== L.PLACE_FREE) used++;
    }
    if (free + withheld + used + retired !== present) {
      const rest =
        (retired > 0 ? ` and ${retired} are retired` : '') + (withheld > 0 ? ` and ${withheld} withheld` : '');
      report(`${nameOfZone(s, z)} counts ${free} free frames and uses ${used}${rest}, but has ${present}`);
    }
    if (online !== present && (online !== 0 || free + used > 0)) {
      report(`${nameOfZone(s, z)} is offline with ${free} free frames and ${used} in use`);
    }
    if (fresh < 0 || fresh > present) report(`${nameOfZone(s, z)} handed out ${fresh} of its ${present} frames`);
    if (fresh > 0 && start + fresh > s.scalars[L.FRAMES_USED]) {
      report(
        `frames below ${start + fresh} were handed out, but only those below ${s.scalars[L.FRAMES_USED]} are hashed`,
      );
    }
  });
};
