/**
 * Things to watch: a page, a frame, a slot, an LRU list, a counter, an area, a policy. A watch reads a few integers and at most
 * one object of the cold lane after every event, whatever kind it is, so nothing that changes it can be missed.
 */
import { huge, layout, policy_of_area, read, type StateView } from '@pagetape/core';
import { canonicalJson, LRU, LRU_INACTIVE_ANON } from '@pagetape/events';
import { areaOf, frameList, frameMarks } from '../questions/frame.ts';
import { placeOf } from '../report/places.ts';
import { insteadOf, inWords } from '../scenario/suggest.ts';
import type { StateStop } from './stop.ts';
import { pageOf, taskOf, TargetError, wholeNumber } from './target.ts';
import type { Timeline } from './timeline.ts';

/** Integers that a watch reads at most: three of each zone that a node can have; those of an entry, a frame, and its folio. */
export const WATCH_INTEGERS = 12;

export interface Watch {
  /** As the user wrote it, in its full form. */
  readonly name: string;
  /** Writes what is watched in a state, always the same number of integers; 0: all is in `object`. */
  readonly sample: (s: StateView, into: Int32Array) => number;
  /** What is watched of the cold lane. */
  readonly object?: (s: StateView) => unknown;
  /** What is watched, for people. */
  readonly tell: (s: StateView) => string;
}

/** A change of what is watched. */
export interface Change {
  /** Seq of the event that made it. */
  readonly seq: number;
  readonly before: string;
  readonly after: string;
}

/** Stops at each event after which the watched thing is not as before it. */
export function watchStop({ sample, object }: Watch): StateStop {
  let [then, now] = [new Int32Array(WATCH_INTEGERS), new Int32Array(WATCH_INTEGERS)];
  let [was, is]: [unknown, unknown] = [undefined, undefined];
  const begin = (s: StateView): void => {
    sample(s, then);
    was = object?.(s);
  };
  const after = (s: StateView): boolean => {
    let changed = false;
    for (let i = sample(s, now) - 1; i >= 0; i--) if (now[i] !== then[i]) changed = true;
    if (object) {
      is = object(s);
      if (is !== was && canonicalJson(is ?? null) !== canonicalJson(was ?? null)) changed = true;
      was = is;
    }
    if (changed) [then, now] = [now, then];
    return changed;
  };
  return { on: 'state', begin, after };
}

/** Goes on to the next change, or back to the last one before the position. null: there is none, and nothing moved. */
export function runToChange(timeline: Timeline, watch: Watch, direction: 'forward' | 'back'): Change | null {
  const stop = watchStop(watch);
  const seq = direction === 'forward' ? timeline.runTo(stop) : timeline.runBackTo(stop);
  return seq === null ? null : changeAt(timeline, watch);
}

/** What the event of the position did to the watched thing. The timeline stays where it is. */
export function changeAt(timeline: Timeline, watch: Watch): Change {
  const { seq } = timeline;
  timeline.stepBack();
  const before = watch.tell(timeline.state);
  timeline.seek(seq);
  return { seq, before, after: watch.tell(timeline.state) };
}

// --- what can be watched ------------------------------------------------------------------------------------------

/** How each kind of watch is made of the words after its name, in the state where it is set. */
const WATCHES: Readonly<
  Record<string, { readonly takes: string; readonly make: (words: string[], s: StateView) => Watch }>
> = {
  page: { takes: 'TASK REGION+N|ADDRESS', make: watchPage },
  pfn: { takes: 'N', make: watchFrame },
  slot: { takes: 'N', make: watchSlot },
  lru: { takes: 'NODE LIST', make: watchList },
  counter: { takes: 'NAME', make: watchCounter },
  free: { takes: 'NODE', make: watchFree },
  vma: { takes: 'TASK REGION+N|ADDRESS', make: watchArea },
  policy: { takes: 'TASK [REGION+N|ADDRESS]', make: watchPolicy },
  cpuset: { takes: 'PATH', make: watchCpuset },
};

/** The forms of a watch, for a help text. */
export const WATCH_FORMS: readonly string[] = Object.entries(WATCHES).map(([name, { takes }]) => `${name} ${takes}`);
export const WATCH_NAMES: readonly string[] = Object.keys(WATCHES);

/** Makes a watch of a text as `page db heap+3`, or `page db:heap+3`. Names are those of the state. Throws a TargetError. */
export function parseWatch(text: string, s: StateView): Watch {
  const [name = '', ...given] = text.trim().split(/\s+/);
  const words = given.flatMap((word) => /^(?!vpn:)([^:]+):(.+)$/.exec(word)?.slice(1) ?? [word]);
  const kind = Object.hasOwn(WATCHES, name) ? WATCHES[name] : undefined;
  if (!kind)
    throw new TargetError(
      `"${name}" cannot be watched; ${insteadOf(name, WATCH_NAMES, `${inWords(WATCH_NAMES)} can`)}`,
    );
  const most = kind.takes.split(' ').length;
  const least = kind.takes.split(' ').filter((word) => !word.startsWith('[')).length;
  if (words.length < least || words.length > most) throw new TargetError(`write it as: ${name} ${kind.takes}`);
  return kind.make(words, s);
}

/** Fields of a frame that say something of its page: all but the links of lists. */
const FRAME_FIELDS = layout.F_NEXT;

/** Writes what is known of a frame, and of the huge page that it is part of, from `at` on. Returns where it ends. */
function sampleFrame(s: StateView, pfn: number, into: Int32Array, at: number): number {
  const from = pfn * layout.FRAME;
  for (let i = 0; i < FRAME_FIELDS; i++) into[at + i] = pfn < 0 ? 0 : s.frames[from + i];
  const end = at + FRAME_FIELDS;
  if (!s.topology.huge) return end;
  const isLarge = pfn >= 0 && huge.folio_test_large(s, pfn);
  const head = isLarge ? huge.page_folio(s, pfn) * layout.FRAME : 0;
  into[end] = isLarge ? s.frames[head + layout.F_FLAGS] : 0;
  into[end + 1] = isLarge ? s.frames[head + layout.F_COUNT] : 0;
  into[end + 2] = isLarge ? s.frames[head + layout.FOLIO_ENTIRE] : 0;
  into[end + 3] = isLarge ? s.frames[head + layout.FOLIO_PTES] : 0;
  return end + 4;
}

function watchPage([task, address]: string[], s: StateView): Watch {
  const { mm, vpn, name } = pageOf(s, task, address);
  return {
    name: `page ${name}`,
    sample: (now, into) => {
      const pte = read.pte_of(now, mm, vpn);
      into[0] = pte;
      return sampleFrame(now, read.frame_of_pte(now, pte), into, 1);
    },
    tell: (now) => tellPage(now, mm, vpn),
  };
}

function tellPage(s: StateView, mm: number, vpn: number): string {
  const pte = read.pte_of(s, mm, vpn);
  const pfn = read.frame_of_pte(s, pte);
  if (pfn < 0) {
    if (read.pte_is_swap(pte)) return `in swap, slot ${read.pte_slot(pte)}`;
    return s.cold.mms[mm] && placeOf(s, mm, vpn) === 'swap' ? 'in swap' : 'not mapped';
  }
  const marks = [
    [layout.PTE_WRITE, 'writable'],
    [layout.PTE_YOUNG, 'young'],
    [layout.PTE_DIRTY, 'dirty'],
  ] as const;
  const told = read.pte_present(pte)
    ? marks.filter(([bit]) => (pte & bit) !== 0).map(([, mark]) => mark)
    : ['being moved'];
  return `${told.join(' ')}${told.length > 0 ? ', ' : ''}${tellFrame(s, pfn)}`;
}

function watchFrame([number]: string[], s: StateView): Watch {
  const pfn = wholeNumber(number, 'pfn', s.topology.max_pfn - 1);
  return {
    name: `pfn ${pfn}`,
    sample: (now, into) => sampleFrame(now, pfn, into, 0),
    tell: (now) => tellFrame(now, pfn),
  };
}

function tellFrame(s: StateView, pfn: number): string {
  const where = `pfn ${pfn} of node ${read.page_to_nid(s, pfn)}`;
  if (read.frameIsFree(s, pfn)) return `${where}, free`;
  const head = huge.page_folio(s, pfn);
  const mapping = read.mapping_of(s, pfn);
  const marks = frameMarks(s, head);
  return [
    where,
    ...(huge.folio_test_large(s, pfn) ? [`part ${pfn - head} of a huge page`] : []),
    frameList(s, head),
    `count ${read.page_count(s, head)}`,
    `mapped ${read.page_mapcount(s, pfn)}`,
    ...(mapping === 0 ? [] : [mapping > 0 ? `page ${read.page_index(s, pfn)} of file ${mapping}` : 'anonymous']),
    ...(read.PageSwapCache(s, head) ? [`slot ${read.page_private(s, pfn)}`] : []),
    ...(marks.length > 0 ? [`marks: ${marks.join(' ')}`] : []),
  ].join(', ');
}

function watchSlot([number]: string[], s: StateView): Watch {
  const slot = wholeNumber(number, 'slot', s.swap_map.length - 1);
  return {
    name: `slot ${slot}`,
    sample: (now, into) => {
      into[0] = now.swap_map[slot];
      into[1] = now.swap_cache[slot];
      return 2;
    },
    tell: (now) => {
      const cached = now.swap_cache[slot] - 1;
      return `${now.swap_map[slot]} users${cached < 0 ? '' : `, in the swap cache with pfn ${cached}`}`;
    },
  };
}

/** Pages come and go at the ends of a list, so that its length, its head or its tail changes whenever it does. */
function watchList([nodeText, name]: string[], s: StateView): Watch {
  const node = nodeOf(nodeText, s);
  const lru = LRU.findIndex((each) => each === name);
  if (lru < 0) throw new TargetError(`there is no LRU list "${name}"; there are ${inWords(LRU)}`);
  const lists = listsOf(s, node, lru);
  return {
    name: `lru ${node} ${name}`,
    sample: (now, into) => {
      let n = 0;
      for (const { array, places } of lists) for (const place of places) into[n++] = now[array][place];
      return n;
    },
    tell: (now) => lists.map(({ array, places }) => tellList(places.map((place) => now[array][place]))).join('; '),
  };
}

/** Where the number of pages of a list lies, and its head and tail where it is linked: in the zones of a node, or in the node. */
function listsOf(
  s: StateView,
  node: number,
  lru: number,
): { readonly array: 'zones' | 'nodes'; readonly places: number[] }[] {
  if (lru < LRU_INACTIVE_ANON) {
    const { ZONE, Z_NR, Z_LRU } = layout;
    const places = (at: number): number[] => [at + Z_NR + lru, at + Z_LRU + 2 * lru, at + Z_LRU + 2 * lru + 1];
    return zonesOf(s, node).map((z) => ({ array: 'zones', places: places(z * ZONE) }));
  }
  const at = node * layout.NODE;
  const list = lru - LRU_INACTIVE_ANON;
  const head = at + layout.N_LRU + 2 * list;
  const isLinked = LRU[lru] !== 'unevictable';
  return [{ array: 'nodes', places: [at + layout.N_NR + list, ...(isLinked ? [head, head + 1] : [])] }];
}

function tellList([pages, head, tail]: number[]): string {
  if (pages === 0) return 'empty';
  return head === undefined ? `${pages} pages` : `${pages} pages, from pfn ${head - 1} to pfn ${tail - 1}`;
}

function watchCounter([name]: string[]): Watch {
  const n = layout.VMSTAT.findIndex((each) => each === name);
  if (n < 0)
    throw new TargetError(
      `there is no counter "${name}"; ${insteadOf(name, layout.VMSTAT, `there are ${inWords([...layout.VMSTAT])}`)}`,
    );
  return {
    name: `counter ${name}`,
    sample: (now, into) => {
      into[0] = now.vmstat[n];
      return 1;
    },
    tell: (now) => `${now.vmstat[n]}`,
  };
}

function watchFree([nodeText]: string[], s: StateView): Watch {
  const node = nodeOf(nodeText, s);
  const zones = zonesOf(s, node);
  const free = (now: StateView): number =>
    zones.reduce((sum, z) => sum + now.zones[z * layout.ZONE + layout.Z_FREE], 0);
  return {
    name: `free ${node}`,
    sample: (now, into) => {
      into[0] = free(now);
      return 1;
    },
    tell: (now) => `${free(now)} free pages`,
  };
}

const zonesOf = (s: StateView, node: number): number[] =>
  s.topology.zones.flatMap((zone, z) => (zone.node === node ? [z] : []));

function nodeOf(text: string, s: StateView): number {
  const node = wholeNumber(text, 'node', Infinity);
  if (s.topology.nodes.includes(node)) return node;
  throw new TargetError(`the machine has no node ${node}; it has ${inWords(s.topology.nodes.map(String))}`);
}

const nothing = (): number => 0;

const areaAt = (s: StateView, mm: number, vpn: number) => areaOf(s, mm, vpn) ?? null;

/** The area around a page, whichever that is at the time. */
function watchArea([task, address]: string[], s: StateView): Watch {
  const { mm, vpn, name } = pageOf(s, task, address);
  return {
    name: `vma ${name}`,
    sample: nothing,
    object: (now) => areaAt(now, mm, vpn),
    tell: (now) => objectText(areaAt(now, mm, vpn), 'no area'),
  };
}

/** The policy of a task, or that which holds for a page of it. */
function watchPolicy([taskText, address]: string[], s: StateView): Watch {
  if (address === undefined) {
    const { pid, name } = taskOf(s, taskText);
    const policy = (now: StateView): unknown => now.cold.tasks[pid]?.policy ?? null;
    return {
      name: `policy ${name}`,
      sample: nothing,
      object: policy,
      tell: (now) => objectText(policy(now), 'the default'),
    };
  }
  const { mm, vpn, name } = pageOf(s, taskText, address);
  const policy = (now: StateView): unknown => {
    const area = areaAt(now, mm, vpn);
    return area === null ? null : policy_of_area(now, area, vpn);
  };
  return {
    name: `policy ${name}`,
    sample: nothing,
    object: policy,
    tell: (now) => objectText(policy(now), 'that of the task'),
  };
}

/** A cpuset by its path; what a task knows of its own is part of the task. */
function watchCpuset([path]: string[], s: StateView): Watch {
  const key = path === '/' ? '' : path;
  const known = Object.keys(s.cold.cpusets);
  if (!Object.hasOwn(s.cold.cpusets, key)) {
    const there = known.length > 0 ? `there are ${inWords(known.map((each) => each || '/'))}` : 'there are none yet';
    throw new TargetError(`there is no cpuset "${path}" here; ${insteadOf(path, known, there)}`);
  }
  const cpuset = (now: StateView): unknown => now.cold.cpusets[key] ?? null;
  return {
    name: `cpuset ${path}`,
    sample: nothing,
    object: cpuset,
    tell: (now) => objectText(cpuset(now), 'not there'),
  };
}

const objectText = (value: unknown, none: string): string => (value === null ? none : canonicalJson(value));
