/**
 * The machine as anybody would write it down: plain objects with named members, lists as arrays. It is slow, and
 * there to be read: the reference reducer changes it by the same events that change the typed arrays, and both must
 * agree.
 */
import type { Buffers, LRU, LRU_BATCH, MigrationEntry, MLOCK_REQUEST } from '@pagetape/events';
import type { Draft } from 'immer';
import { STREAMS, type Stream } from '../prng.ts';
import { emptyColdState, type ColdState } from '../state/cold.ts';
import { VMSTAT, ZERO_PFN, type VmstatName } from '../state/layout.ts';
import type { Holder, Pin } from '../state/outside.ts';
import { SWAP_MAP_BAD } from '../state/state.ts';
import { buildTopology, swapAreas, type MachineSpec, type Topology } from '../state/topology.ts';

/**
 * Where a frame that is not free is. `image`: the zero page, which is part of the kernel; `retired`: out of use; `tail`: part of
 * a huge page, where its first frame is.
 */
export type Place = 'held' | 'batch' | 'lru' | 'isolated' | 'image' | 'retired' | 'tail';

/** A page frame that is in use. A free one is in `freed` of its zone, or was never touched. */
export interface ReferenceFrame {
  readonly place: Place;
  readonly count: number;
  readonly mapcount: number;
  /** What it belongs to, 0 for none: a file, or an anon_vma; from MAPPING_KSM on a node of the stable tree. Never both. */
  readonly file: number;
  readonly anon_vma: number;
  /** Page of the file, or linear index of an anonymous page. */
  readonly index: number;
  /** Swap slot while it is in the swap cache; else 0. */
  readonly slot: number;
  /** What its buffers are; null: it has none. */
  readonly buffers: Buffers | null;
  readonly locked: boolean;
  readonly error: boolean;
  readonly referenced: boolean;
  readonly uptodate: boolean;
  readonly dirty: boolean;
  readonly active: boolean;
  readonly reserved: boolean;
  readonly writeback: boolean;
  readonly swapcache: boolean;
  readonly reclaim: boolean;
  /** One mapping has the anonymous page for itself. */
  readonly exclusive: boolean;
  /** The anonymous page may be dropped while it is clean. */
  readonly lazyfree: boolean;
  readonly mlocked: boolean;
  readonly unevictable: boolean;
  /** The list that has the page; or had it last, which is what a page that is isolated from a node counts as. */
  readonly list: ListName;
  /** On the unevictable list: how many areas are known to lock it. */
  readonly mlock_count: number;
  /** Nobody has written to the private memory since it was cleared. */
  readonly cleared: boolean;
  /** Read from swap before anybody asked for it. */
  readonly readahead: boolean;
  /** Part of a huge page to which nobody has written. */
  readonly zeroed: boolean;
  /** Of the first frame of a huge page: what is known of all of it. */
  readonly folio: ReferenceFolio | null;
  /** The frame is bad. */
  readonly bad: boolean;
}

/** A huge page. */
export interface ReferenceFolio {
  /** It is of the hugetlb pools. */
  readonly hugetlb: boolean;
  /** Huge entries that map it, and page-table entries that map parts of it. */
  readonly entire: number;
  readonly ptes: number;
  /** Some parts have lost their last mapping, others have not. */
  readonly partial: boolean;
}

export type ListName = (typeof LRU)[number];
/** Lists of a zone, and those of a node whose pages have an order. */
export type ZoneList = 'inactive' | 'active';
export type NodeList = Exclude<ListName, ZoneList | 'unevictable'>;
export const NODE_LISTS: readonly NodeList[] = ['inactive-anon', 'active-anon', 'inactive-file', 'active-file'];

/** The two lists of a zone. */
export type Lists = Readonly<Record<ZoneList, readonly number[]>>;

/** The batches of a CPU; pages, the oldest first. */
export interface Batches extends Readonly<Record<(typeof LRU_BATCH)[number], readonly number[]>> {
  readonly mlock: readonly { readonly pfn: number; readonly request: (typeof MLOCK_REQUEST)[number] }[];
}

/** A zone. LRU lists have their head first. */
export interface ReferenceZone extends Lists {
  readonly node: number;
  /** ZONE_DMA … */
  readonly kind: number;
  readonly start: number;
  readonly present: number;
  /** Its node is online. */
  readonly online: boolean;
  readonly free_pages: number;
  /** Free frames that somebody outside has: the last ones of those that would be handed out. */
  readonly withheld: number;
  /** Frames that were given back, the latest first: they are taken again from the front. */
  readonly freed: readonly number[];
  /** Frames from `start` on that were handed out at least once. */
  readonly fresh: number;
}

/** How allocations on a node went, as numastat shows it, and the lists of the node. */
export interface ReferenceNode extends Readonly<Record<NodeList, readonly number[]>> {
  /** Pages of the unevictable list, which have no order. */
  readonly unevictable: number;
  readonly isolated_anon: number;
  readonly isolated_file: number;
  readonly hit: number;
  readonly miss: number;
  readonly foreign: number;
  readonly interleave: number;
  readonly local: number;
  readonly other: number;
}

/**
 * A page-table entry: a mapped frame, a swapped-out page, the zero page where nothing counts it, what stands for the mapping
 * of a frame that is being moved, or of a bad one, or what a nonlinear area shows of its file there.
 */
export type Pte =
  | { readonly pfn: number; readonly writable: boolean; readonly young: boolean; readonly dirty: boolean }
  | { readonly slot: number; readonly exclusive: boolean }
  | { readonly zero: true }
  | { readonly moving: number; readonly kind: MigrationEntry; readonly young: boolean; readonly dirty: boolean }
  | { readonly bad: number }
  | { readonly file_page: number };

export interface ReferenceMm {
  readonly users: number;
  readonly locked_pages: number;
  /** mmap_sem: its readers, or -1 for a writer. */
  readonly mmap_sem: number;
  readonly file_rss: number;
  readonly anon_rss: number;
  /** Page tables: the first page of each 512 that have one. */
  readonly tables: Readonly<Record<number, true>>;
  /** Entries by page number. */
  readonly ptes: Readonly<Record<number, Pte>>;
  /** Huge entries, by the first page that they cover. Frames in them are heads. */
  readonly pmds: Readonly<Record<number, Pte>>;
}

export interface ReferenceTask {
  readonly cpu: number;
  /** PF_SWAPWRITE */
  readonly swapwrite: boolean;
  readonly min_flt: number;
  readonly maj_flt: number;
  readonly il_next: number;
  readonly il_prev: number;
  readonly il_weight: number;
}

export interface ReferenceArea {
  readonly base: number;
  readonly max: number;
  readonly lowest_bit: number;
  readonly highest_bit: number;
  readonly cluster_next: number;
  readonly cluster_nr: number;
  readonly inuse: number;
}

export interface ReferenceState {
  /** Virtual nanoseconds. */
  readonly clock: number;
  readonly current: { readonly task: number; readonly cpu: number; readonly op: number };
  /** Number of the newest step. */
  readonly last_op: number;
  /** A step did not return, so the run is over. */
  readonly stopped: boolean;
  /** Callers that do not want pages in batches. */
  readonly lru_disabled: number;
  /** Huge pages in the hugetlb pool of each node, the latest first, and how many are promised to mappings. */
  readonly pools: Readonly<Record<number, readonly number[]>>;
  readonly hugetlb_reserved: number;
  readonly frames: Readonly<Record<number, ReferenceFrame>>;
  readonly zones: readonly ReferenceZone[];
  readonly nodes: Readonly<Record<number, ReferenceNode>>;
  /** By CPU. */
  readonly batches: readonly Batches[];
  readonly mms: Readonly<Record<number, ReferenceMm>>;
  readonly tasks: Readonly<Record<number, ReferenceTask>>;
  /** Frames that cache a file, by page of the file. */
  readonly page_cache: Readonly<Record<number, Readonly<Record<number, number>>>>;
  /** Swap slots that have pages of a file, by page of the file. */
  readonly swap_entries: Readonly<Record<number, Readonly<Record<number, number>>>>;
  /** Frames that hold the copy of a swap slot. */
  readonly swap_cache: Readonly<Record<number, number>>;
  readonly areas: readonly ReferenceArea[];
  /** Users of each swap slot that is not free. */
  readonly slots: Readonly<Record<number, number>>;
  /** Slots whose pages held nothing but zeroes: these were written to the device, or only noted. */
  readonly zeroes: Readonly<Record<number, 'written' | 'noted'>>;
  readonly nr_swap_pages: number;
  /** Requests at the devices, the oldest first. */
  readonly io: readonly { readonly pfn: number; readonly direction: 'read' | 'write' }[];
  /** Page locks, references and swap slots that somebody outside holds, the oldest first. */
  readonly holders: readonly Holder[];
  readonly pins: readonly Pin[];
  readonly seized: readonly number[];
  /** Numbers of pins that became free, the latest first: they are given again from the front. */
  readonly freed_pins: readonly number[];
  /** Requests that are going to fail. */
  readonly io_errors: { readonly read: number; readonly write: number };
  readonly counters: Readonly<Record<VmstatName, number>>;
  /** Numbers drawn from each stream of chance. */
  readonly draws: Readonly<Record<Stream, number>>;
  readonly cold: ColdState;
}

/** What reducers change. */
export type ReferenceDraft = Draft<ReferenceState>;

/** A frame that was just taken: nobody has looked at it yet. */
export const NEW_FRAME: ReferenceFrame = Object.freeze({
  place: 'held',
  count: 1,
  mapcount: 0,
  file: 0,
  anon_vma: 0,
  index: 0,
  slot: 0,
  buffers: null,
  locked: false,
  error: false,
  referenced: false,
  uptodate: false,
  dirty: false,
  active: false,
  reserved: false,
  writeback: false,
  swapcache: false,
  reclaim: false,
  exclusive: false,
  lazyfree: false,
  mlocked: false,
  unevictable: false,
  list: 'inactive',
  mlock_count: 0,
  zeroed: false,
  folio: null,
  cleared: false,
  readahead: false,
  bad: false,
});

/** The value `of` each name, as an object. */
export function table<Name extends string, Value>(names: readonly Name[], of: (name: Name, i: number) => Value) {
  return Object.fromEntries(names.map((name, i) => [name, of(name, i)])) as Record<Name, Value>;
}

/** The machine before its first event. */
export function initialReference(spec: MachineSpec): ReferenceState {
  const topology = buildTopology(spec);
  return {
    clock: 0,
    current: { task: 0, cpu: 0, op: 0 },
    last_op: 0,
    stopped: false,
    lru_disabled: 0,
    pools: {},
    hugetlb_reserved: 0,
    frames: { [ZERO_PFN]: { ...NEW_FRAME, place: 'image', reserved: true, uptodate: true } },
    zones: initialZones(topology),
    nodes: Object.fromEntries(topology.nodes.map((nid) => [nid, initialNode()])),
    batches: topology.cpu_to_node.map(() => ({ inactive: [], active: [], add: [], mlock: [] })),
    mms: {},
    tasks: {},
    page_cache: {},
    swap_entries: {},
    swap_cache: {},
    ...initialSwap(spec),
    io: [],
    holders: [],
    pins: [],
    seized: [],
    freed_pins: [],
    io_errors: { read: 0, write: 0 },
    counters: table(VMSTAT, () => 0),
    draws: table(STREAMS, () => 0),
    cold: emptyColdState(spec.io),
  };
}

function initialNode(): ReferenceNode {
  const counters = { hit: 0, miss: 0, foreign: 0, interleave: 0, local: 0, other: 0 };
  return { ...counters, ...table(NODE_LISTS, () => []), unevictable: 0, isolated_anon: 0, isolated_file: 0 };
}

function initialZones(topology: Topology): ReferenceZone[] {
  return topology.zones.map(({ node, kind, start, present }) => {
    return {
      node,
      kind,
      start,
      present,
      online: true,
      free_pages: present,
      withheld: 0,
      freed: [],
      fresh: 0,
      inactive: [],
      active: [],
    };
  });
}

/** Slots are counted through all areas; the first of each is its header, which nobody may use. */
function initialSwap(spec: MachineSpec): Pick<ReferenceState, 'areas' | 'slots' | 'zeroes' | 'nr_swap_pages'> {
  const areas: ReferenceArea[] = [];
  const slots: Record<number, number> = {};
  let base = 0;
  for (const [n, pages] of swapAreas(spec).entries()) {
    const highest_bit = n < spec.swap.length ? pages : 0;
    const lowest_bit = highest_bit > 0 ? 1 : 0;
    areas.push({ base, max: pages + 1, lowest_bit, highest_bit, cluster_next: 1, cluster_nr: 0, inuse: 0 });
    slots[base] = SWAP_MAP_BAD;
    base += pages + 1;
  }
  return { areas, slots, zeroes: {}, nr_swap_pages: spec.swap.reduce((sum, pages) => sum + pages, 0) };
}
