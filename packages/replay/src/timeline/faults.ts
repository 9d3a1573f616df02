/**
 * Where two machines that reduce the same events part: the event after which a single integer or object of their states is not
 * the same, with its name and both values. That can only be a fault: of memory, or of a reducer that is not the same on both.
 */
import { HOT_ARRAYS, layout, type HotArray, type StateView } from '@pagetape/core';
import { canonicalJson, LRU, LRU_INACTIVE_ANON } from '@pagetape/events';

/** A machine that reduces the events of a tape. What it does beside that is what is looked for. */
export interface Played {
  readonly seq: number;
  readonly view: StateView;
  /** Reduces the events up to this one. May throw where the state is one that the events cannot be reduced in. */
  playTo(seq: number): void;
  /** An independent one in the same state. */
  fork(): Played;
}

/** One place that differs. */
export interface StateDifference {
  /** `frame 12, count` */
  readonly what: string;
  /** Its array, and the integer in it; the cold lane has no integers. */
  readonly array: HotArray | 'cold' | 'clock';
  readonly index: number;
  readonly a: string;
  readonly b: string;
}

export interface FirstStateDifference {
  /** The event after which the states differ. */
  readonly seq: number;
  /** All places that differ after it. */
  readonly differences: readonly StateDifference[];
  /** What the machine threw that could not go on, if one could not. */
  readonly thrown: string | null;
}

/**
 * Finds the first event after which the two states differ; null: there is none. Events are compared in stretches, and event by
 * event where a stretch ends differently. With a stretch of 1 nothing is missed that is made good soon after.
 */
export function firstStateDifference(a: Played, b: Played, last: number, stretch = 1): FirstStateDifference | null {
  const isSame = comparison();
  while (a.seq < last) {
    const [beforeA, beforeB] = stretch > 1 ? [a.fork(), b.fork()] : [a, b];
    const to = Math.min(a.seq + stretch, last);
    const thrown = playBoth(a, b, to);
    if (thrown === null && isSame(a.view, b.view)) continue;
    if (stretch > 1) return firstStateDifference(beforeA, beforeB, to, 1);
    return { seq: to, differences: placesThatDiffer(a.view, b.view), thrown };
  }
  return null;
}

function playBoth(a: Played, b: Played, to: number): string | null {
  a.playTo(to);
  try {
    b.playTo(to);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const bytesOf = (array: Int32Array): Buffer => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
const intsOf = (s: StateView, name: HotArray): Int32Array => s[name] as unknown as Int32Array;

/** Compares states again and again. Trees of the cold lane that were found equal once are not compared again. */
function comparison(): (a: StateView, b: StateView) => boolean {
  let [equalA, equalB]: [unknown, unknown] = [undefined, undefined];
  const isSameTree = (a: StateView['cold'], b: StateView['cold']): boolean => {
    if (a === b || (a === equalA && b === equalB)) return true;
    if (canonicalJson(a) !== canonicalJson(b)) return false;
    [equalA, equalB] = [a, b];
    return true;
  };
  return (a, b) => {
    if (a.clock.t !== b.clock.t) return false;
    for (const name of HOT_ARRAYS) if (bytesOf(intsOf(a, name)).compare(bytesOf(intsOf(b, name))) !== 0) return false;
    return isSameTree(a.cold, b.cold);
  };
}

/** Every integer that differs, by name, then the parts of the cold lane. */
export function placesThatDiffer(a: StateView, b: StateView): StateDifference[] {
  const found: StateDifference[] = [];
  for (const array of HOT_ARRAYS) {
    const length = Math.max(a[array].length, b[array].length);
    for (let index = 0; index < length; index++) {
      const [x, y] = [a[array][index], b[array][index]];
      if (x !== y) found.push({ what: nameOfPlace(array, index), array, index, a: `${x}`, b: `${y}` });
    }
  }
  if (a.clock.t !== b.clock.t)
    found.push({ what: 'virtual time', array: 'clock', index: 0, a: `${a.clock.t}`, b: `${b.clock.t}` });
  for (const part of Object.keys(a.cold) as (keyof StateView['cold'])[]) {
    const [x, y] = [canonicalJson(a.cold[part]), canonicalJson(b.cold[part])];
    if (x !== y) found.push({ what: part, array: 'cold', index: 0, a: x, b: y });
  }
  return found;
}

// --- names of places ----------------------------------------------------------------------------------------------

/** Records of an array: what one is called, and its fields in their order. */
interface Records {
  readonly record: string;
  readonly stride: number;
  readonly fields: readonly string[];
}

const LISTS = LRU.slice(LRU_INACTIVE_ANON);
/** What a node has beside its counters: the ends of its lists, their lengths, and the isolated pages. */
const NODE_LISTS: readonly string[] = [
  ...LISTS.slice(0, -1).flatMap((list) => [`${list} head`, `${list} tail`]),
  ...LISTS.map((list) => `${list} pages`),
  'isolated anon pages',
  'isolated file pages',
];

const RECORDS: Readonly<Partial<Record<HotArray, Records>>> = {
  frames: {
    record: 'frame',
    stride: layout.FRAME,
    fields: ['flags', 'count', 'mapcount', 'mapping', 'index', 'private', 'next', 'previous'],
  },
  zones: {
    record: 'zone',
    stride: layout.ZONE,
    fields: [
      'node',
      'kind',
      'start',
      'present',
      'free',
      'fresh',
      'first free',
      'inactive head',
      'inactive tail',
      'active head',
      'active tail',
      'inactive pages',
      'active pages',
      'min',
      'low',
      'high',
      'withheld',
    ],
  },
  nodes: {
    record: 'node',
    stride: layout.NODE,
    fields: ['hit', 'miss', 'foreign', 'interleave', 'local', 'other', ...NODE_LISTS],
  },
  hugetlb: { record: 'hugetlb pool of node', stride: layout.HUGETLB, fields: ['free', 'first free'] },
  tables: { record: 'table', stride: layout.TABLE, fields: [] },
  mms: {
    record: 'mm',
    stride: layout.MM,
    fields: ['root', 'height', 'file_rss', 'anon_rss', 'users', 'locked pages', 'mmap_sem', 'tables'],
  },
  tasks: {
    record: 'task',
    stride: layout.TASK,
    fields: ['cpu', 'flags', 'min_flt', 'maj_flt', 'il_next', 'il_prev', 'il_weight'],
  },
  files: { record: 'file', stride: layout.FILE, fields: ['root', 'height', 'cached pages', 'swapped pages'] },
  areas: {
    record: 'swap area',
    stride: layout.AREA,
    fields: ['base', 'max', 'lowest_bit', 'highest_bit', 'cluster_next', 'cluster_nr', 'inuse', 'pages'],
  },
  swap_map: { record: 'slot', stride: 1, fields: ['users'] },
  swap_cache: { record: 'slot', stride: 1, fields: ['cached frame'] },
  seized: { record: 'slot', stride: 1, fields: ['seized after it'] },
  holders: { record: 'lock holder of frame', stride: layout.HOLDER, fields: ['until', 'tries', 'next', 'previous'] },
  pins: { record: 'pin', stride: layout.PIN, fields: ['task', 'vpn', 'pfn', 'next', 'previous'] },
};

/** How to call an integer of the hot lane. */
export function nameOfPlace(array: HotArray, index: number): string {
  if (array === 'vmstat') return `counter ${layout.VMSTAT[index] ?? index}`;
  if (array === 'cpus') return nameOfBatch(index);
  const records = RECORDS[array];
  if (!records) return `${array} ${index}`;
  const field = index % records.stride;
  return `${records.record} ${Math.floor(index / records.stride)}, ${records.fields[field] ?? `entry ${field}`}`;
}

const BATCHES = ['inactive', 'active', 'add', 'mlock'];

function nameOfBatch(index: number): string {
  const batch = BATCHES[Math.floor((index % layout.CPU) / layout.BATCH)];
  const at = index % layout.BATCH;
  return `cpu ${Math.floor(index / layout.CPU)}, ${batch} batch, ${at === 0 ? 'length' : `entry ${at - 1}`}`;
}
