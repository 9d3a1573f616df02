/** From the typed arrays of the fast state to the reference's plain objects, so that the two can be compared. */
import { LRU, LRU_BATCH, LRU_UNEVICTABLE, MIGRATION_ENTRY, MLOCK_REQUEST } from '@pagetape/events';
import { STREAMS } from '../prng.ts';
import * as L from '../state/layout.ts';
import {
  is_hwpoison_entry,
  is_migration_entry,
  is_zero_pte,
  migration_entry_supports_ad,
  migration_entry_to_pfn,
  page_buffers,
  page_lru,
  pte_is_file,
  pte_swp_exclusive,
} from '../state/read.ts';
import { pte_in_pmd } from '../state/huge.ts';
import { freedPins, lockHolders, pinsOf, seizedSlots } from '../state/outside.ts';
import type { ReadonlyInts, StateView } from '../state/view.ts';
import type {
  Batches,
  Place,
  Pte,
  ReferenceArea,
  ReferenceFrame,
  ReferenceMm,
  ReferenceNode,
  ReferenceState,
  ReferenceTask,
  ReferenceZone,
} from './state.ts';
import { NODE_LISTS, table } from './state.ts';
import { eachHugeEntry, eachLeaf } from '../state/walk.ts';

/** A fast state as the reference would have it. Nothing of it is shared but the cold tree, which never changes. */
export function referenceOf(s: StateView): ReferenceState {
  const { scalars } = s;
  return {
    clock: s.clock.t,
    current: { task: scalars[L.CURRENT_TASK], cpu: scalars[L.CURRENT_CPU], op: scalars[L.CURRENT_OP] },
    last_op: scalars[L.LAST_OP],
    stopped: scalars[L.STOPPED] !== 0,
    lru_disabled: scalars[L.LRU_DISABLED],
    pools: poolsOf(s),
    hugetlb_reserved: scalars[L.HUGETLB_RESERVED],
    frames: framesOf(s),
    zones: s.topology.zones.map(({ node, kind, start }, z) => ({ node, kind, start, ...zoneOf(s, z) })),
    nodes: Object.fromEntries(s.topology.nodes.map((nid) => [nid, nodeOf(s, nid)])),
    batches: s.topology.cpu_to_node.map((_, cpu) => batchesOf(s, cpu)),
    mms: byKey(s.cold.mms, (mm) => mmOf(s, mm)),
    tasks: byKey(s.cold.tasks, (pid) => taskOf(s, pid)),
    page_cache: byKey(s.cold.files, (file) =>
      indexOf(
        s,
        file,
        (entry) => entry > 0,
        (entry) => entry - 1,
      ),
    ),
    swap_entries: byKey(s.cold.files, (file) =>
      indexOf(
        s,
        file,
        (entry) => entry < 0,
        (entry) => -entry,
      ),
    ),
    swap_cache: nonZero(s.swap_cache, (frame) => frame - 1),
    areas: Array.from({ length: s.areas.length / L.AREA }, (_, n) => areaOf(s, n)),
    slots: nonZero(s.swap_map, (users) => users),
    zeroes: nonZero(s.zeromap, (zeroes) => (zeroes === L.ZEROES_NOTED ? 'noted' : 'written')),
    nr_swap_pages: scalars[L.NR_SWAP_PAGES],
    io: requestsOf(s),
    holders: lockHolders(s),
    pins: pinsOf(s),
    seized: seizedSlots(s),
    freed_pins: freedPins(s),
    io_errors: { read: scalars[L.READ_ERRORS], write: scalars[L.WRITE_ERRORS] },
    counters: table(L.VMSTAT, (_, i) => s.vmstat[i]),
    draws: table(STREAMS, (_, i) => scalars[L.DRAWS + i]),
    cold: s.cold,
  };
}

/** Pools that never had a page are left out. */
function poolsOf(s: StateView): Record<number, number[]> {
  const nodes = s.hugetlb.length === 0 ? [] : s.topology.nodes;
  const filled = nodes.filter((nid) => (s.topology.spec.hugepages?.[s.topology.nodes.indexOf(nid)] ?? 0) > 0);
  return Object.fromEntries(filled.map((nid) => [nid, linked(s, s.hugetlb[nid * L.HUGETLB + L.H_HEAD])]));
}

/** An object with the same numeric keys. */
function byKey<Value>(of: Readonly<Record<number, unknown>>, make: (key: number) => Value): Record<number, Value> {
  return Object.fromEntries(Object.keys(of).map((key) => [key, make(Number(key))]));
}

function nonZero<Value>(array: ReadonlyInts, make: (value: number) => Value): Record<number, Value> {
  const found: Record<number, Value> = {};
  for (let i = 0; i < array.length; i++) if (array[i] !== 0) found[i] = make(array[i]);
  return found;
}

const PLACES: readonly Place[] = ['held', 'batch', 'lru', 'isolated', 'image', 'retired', 'tail'];

function framesOf(s: StateView): Record<number, ReferenceFrame> {
  const frames: Record<number, ReferenceFrame> = {};
  for (let pfn = 0; pfn < s.topology.max_pfn; pfn++) {
    const place = (s.frames[pfn * L.FRAME + L.F_FLAGS] & L.PLACE_MASK) >>> L.PLACE_SHIFT;
    if (place !== 0) frames[pfn] = frameOf(s, pfn, PLACES[place - 1]);
  }
  return frames;
}

function frameOf(s: StateView, pfn: number, place: Place): ReferenceFrame {
  const { frames } = s;
  const at = pfn * L.FRAME;
  const mapping = frames[at + L.F_MAPPING];
  const has = (bit: number): boolean => (frames[at + L.F_FLAGS] & bit) !== 0;
  return {
    place,
    count: frames[at + L.F_COUNT],
    mapcount: frames[at + L.F_MAPCOUNT],
    file: Math.max(mapping, 0),
    anon_vma: mapping < 0 ? -mapping : 0,
    index: frames[at + L.F_INDEX],
    slot: has(L.PG_PRIVATE) || place === 'tail' ? 0 : frames[at + L.F_PRIVATE],
    buffers: page_buffers(s, pfn),
    locked: has(L.PG_LOCKED),
    error: has(L.PG_ERROR),
    referenced: has(L.PG_REFERENCED),
    uptodate: has(L.PG_UPTODATE),
    dirty: has(L.PG_DIRTY),
    active: has(L.PG_ACTIVE),
    reserved: has(L.PG_RESERVED),
    writeback: has(L.PG_WRITEBACK),
    swapcache: has(L.PG_SWAPCACHE),
    reclaim: has(L.PG_RECLAIM),
    exclusive: has(L.PG_ANON_EXCLUSIVE),
    lazyfree: has(L.PG_LAZYFREE),
    mlocked: has(L.PG_MLOCKED),
    unevictable: has(L.PG_UNEVICTABLE),
    list: LRU[page_lru(s, pfn)],
    mlock_count: place === 'lru' && page_lru(s, pfn) === LRU_UNEVICTABLE ? frames[at + L.F_NEXT] : 0,
    zeroed: has(L.PG_ZEROED),
    folio:
      has(L.PG_LARGE) && place !== 'tail'
        ? {
            hugetlb: has(L.PG_HUGETLB),
            entire: frames[at + L.FOLIO_ENTIRE],
            ptes: frames[at + L.FOLIO_PTES],
            partial: has(L.PG_PARTIAL),
          }
        : null,
    cleared: has(L.PG_CLEARED),
    readahead: has(L.PG_READAHEAD),
    bad: has(L.PG_HWPOISON),
  };
}

/** The frames of a list from its head on. A list that is bent into a ring ends when it is longer than the machine. */
function linked({ frames, topology }: StateView, head: number): number[] {
  const list: number[] = [];
  for (let link = head; link > 0 && list.length <= topology.max_pfn; link = frames[(link - 1) * L.FRAME + L.F_NEXT]) {
    list.push(link - 1);
  }
  return list;
}

function zoneOf(s: StateView, z: number): Omit<ReferenceZone, 'node' | 'kind' | 'start'> {
  const { zones } = s;
  const at = z * L.ZONE;
  return {
    present: s.topology.zones[z].present,
    online: zones[at + L.Z_PRESENT] !== 0,
    free_pages: zones[at + L.Z_FREE],
    withheld: zones[at + L.Z_WITHHELD],
    freed: linked(s, zones[at + L.Z_FREE_HEAD]),
    fresh: zones[at + L.Z_FRESH],
    inactive: linked(s, zones[at + L.Z_LRU]),
    active: linked(s, zones[at + L.Z_LRU + 2]),
  };
}

function nodeOf(s: StateView, nid: number): ReferenceNode {
  const { nodes } = s;
  const at = nid * L.NODE;
  return {
    hit: nodes[at + L.N_HIT],
    miss: nodes[at + L.N_MISS],
    foreign: nodes[at + L.N_FOREIGN],
    interleave: nodes[at + L.N_INTERLEAVE],
    local: nodes[at + L.N_LOCAL],
    other: nodes[at + L.N_OTHER],
    ...table(NODE_LISTS, (_, i) => linked(s, nodes[at + L.N_LRU + 2 * i])),
    unevictable: nodes[at + L.N_NR + NODE_LISTS.length],
    isolated_anon: nodes[at + L.N_ISOLATED],
    isolated_file: nodes[at + L.N_ISOLATED + 1],
  };
}

function batchesOf({ cpus }: StateView, cpu: number): Batches {
  const batch = (offset: number): number[] => {
    const at = cpu * L.CPU + offset;
    return Array.from({ length: cpus[at] }, (_, i) => cpus[at + 1 + i]);
  };
  const mlock = batch(L.MLOCK_BATCH).map((entry) => {
    return { pfn: entry >>> L.MLOCK_SHIFT, request: MLOCK_REQUEST[entry & ((1 << L.MLOCK_SHIFT) - 1)] };
  });
  return { ...table(LRU_BATCH, (_, n) => batch(n * L.BATCH)), mlock };
}

function mmOf(s: StateView, mm: number): ReferenceMm {
  const at = mm * L.MM;
  const tables: Record<number, true> = {};
  const ptes: Record<number, Pte> = {};
  eachLeaf(s, s.mms, at + L.M_ROOT, (first, leaf) => {
    tables[first] = true;
    for (let i = 0; i < L.TABLE; i++) {
      const pte = s.tables[leaf * L.TABLE + i];
      if (pte !== 0) ptes[first + i] = pteOf(s, pte);
    }
  });
  const pmds: Record<number, Pte> = {};
  eachHugeEntry(s, mm, (first, pmd) => (pmds[first] = pteOf(s, pte_in_pmd(s, pmd, first))));
  return {
    users: s.mms[at + L.M_USERS],
    locked_pages: s.mms[at + L.M_LOCKED],
    mmap_sem: s.mms[at + L.M_SEM],
    file_rss: s.mms[at + L.M_FILE_RSS],
    anon_rss: s.mms[at + L.M_ANON_RSS],
    tables,
    ptes,
    pmds,
  };
}

function pteOf(s: StateView, pte: number): Pte {
  const number = pte >>> L.PTE_SHIFT;
  if (pte_is_file(pte)) return { file_page: number };
  const has = (bit: number): boolean => (pte & bit) !== 0;
  if (is_migration_entry(pte)) {
    const kind = MIGRATION_ENTRY[((pte & L.PTE_BITS) - L.PTE_MIGRATION_READ) >> 1];
    const marks = migration_entry_supports_ad(s);
    return {
      moving: migration_entry_to_pfn(s, pte),
      kind,
      young: marks && has(L.MIGRATION_YOUNG),
      dirty: marks && has(L.MIGRATION_DIRTY),
    };
  }
  if (is_zero_pte(pte)) return { zero: true };
  if (is_hwpoison_entry(pte)) return { bad: number };
  if (!has(L.PTE_PRESENT)) return { slot: number, exclusive: pte_swp_exclusive(pte) };
  return { pfn: number, writable: has(L.PTE_WRITE), young: has(L.PTE_YOUNG), dirty: has(L.PTE_DIRTY) };
}

function taskOf({ tasks }: StateView, pid: number): ReferenceTask {
  const at = pid * L.TASK;
  return {
    cpu: tasks[at + L.T_CPU],
    swapwrite: (tasks[at + L.T_FLAGS] & L.PF_SWAPWRITE) !== 0,
    min_flt: tasks[at + L.T_MIN_FLT],
    maj_flt: tasks[at + L.T_MAJ_FLT],
    il_next: tasks[at + L.T_IL_NEXT],
    il_prev: tasks[at + L.T_IL_PREV],
    il_weight: tasks[at + L.T_IL_WEIGHT],
  };
}

/** Those entries of the index of a file that `is` names: frames, or swap slots. */
function indexOf(
  s: StateView,
  file: number,
  is: (entry: number) => boolean,
  make: (entry: number) => number,
): Record<number, number> {
  const found: Record<number, number> = {};
  eachLeaf(s, s.files, file * L.FILE + L.X_ROOT, (first, leaf) => {
    for (let i = 0; i < L.TABLE; i++) {
      const entry = s.tables[leaf * L.TABLE + i];
      if (is(entry)) found[first + i] = make(entry);
    }
  });
  return found;
}

function areaOf({ areas }: StateView, area: number): ReferenceArea {
  const at = area * L.AREA;
  return {
    base: areas[at + L.S_BASE],
    max: areas[at + L.S_MAX],
    lowest_bit: areas[at + L.S_LOWEST],
    highest_bit: areas[at + L.S_HIGHEST],
    cluster_next: areas[at + L.S_CLUSTER_NEXT],
    cluster_nr: areas[at + L.S_CLUSTER_NR],
    inuse: areas[at + L.S_INUSE],
  };
}

function requestsOf({ io, scalars }: StateView): ReferenceState['io'] {
  return Array.from({ length: scalars[L.IO_PENDING] }, (_, i) => {
    const request = io[(scalars[L.IO_FIRST] + i) & (io.length - 1)];
    return { pfn: request >>> 1, direction: (request & 1) === 1 ? 'write' : 'read' };
  });
}
