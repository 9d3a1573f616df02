/**
 * The machine as reducers see it: mutable typed arrays, and the frozen tree of the cold lane, which they replace.
 * Nothing outside `reduce/` may hold a `State`; everybody else gets a `StateView`.
 *
 * A state is linear: only the newest may be reduced. `copyState` makes an independent one.
 */
import { emptyColdState, type ColdState } from './cold.ts';
import {
  AREA,
  CPU,
  F_FLAGS,
  FRAME,
  FRAMES_USED,
  HUGETLB,
  NODE,
  NR_SWAP_PAGES,
  PG_RESERVED,
  PG_UPTODATE,
  PLACE_IMAGE,
  SCALARS,
  S_BASE,
  S_CLUSTER_NEXT,
  S_CLUSTER_NR,
  S_HIGHEST,
  S_LOWEST,
  S_MAX,
  S_PAGES,
  TABLE,
  TABLES_USED,
  TOTAL_SWAP_PAGES,
  VMSTAT,
  ZERO_PFN,
  ZONE,
  Z_FREE,
  Z_HIGH,
  Z_KIND,
  Z_LOW,
  Z_MIN,
  Z_NODE,
  Z_PRESENT,
  Z_START,
  F_COUNT,
} from './layout.ts';
import { buildTopology, swapAreas, type MachineSpec, type Topology } from './topology.ts';

/** Names of the arrays of the hot lane, in the order in which hashes and checkpoints read them. */
export const HOT_ARRAYS = [
  'scalars',
  'vmstat',
  'zones',
  'nodes',
  'cpus',
  'frames',
  'tables',
  'mms',
  'tasks',
  'files',
  'areas',
  'swap_map',
  'swap_cache',
  'io',
  'holders',
  'pins',
  'seized',
  'hugetlb',
  'zeromap',
] as const;
export type HotArray = (typeof HOT_ARRAYS)[number];

export interface State extends Record<HotArray, Int32Array> {
  readonly topology: Topology;
  readonly clock: { t: number };
  cold: ColdState;
}

/** The machine before the first event. */
export function initialState(spec: MachineSpec): State {
  const topology = buildTopology(spec);
  const slots = swapAreas(spec).reduce((sum, pages) => sum + pages + 1, 0);
  const state: State = {
    topology,
    clock: { t: 0 },
    cold: emptyColdState(spec.io),
    scalars: new Int32Array(SCALARS),
    vmstat: new Int32Array(VMSTAT.length),
    zones: new Int32Array(topology.zones.length * ZONE),
    nodes: new Int32Array((Math.max(...topology.nodes, 0) + 1) * NODE),
    cpus: new Int32Array(topology.cpu_to_node.length * CPU),
    frames: new Int32Array(topology.max_pfn * FRAME),
    tables: new Int32Array(0),
    mms: new Int32Array(0),
    tasks: new Int32Array(0),
    files: new Int32Array(0),
    areas: new Int32Array(swapAreas(spec).length * AREA),
    swap_map: new Int32Array(slots),
    swap_cache: new Int32Array(slots),
    io: new Int32Array(64),
    holders: new Int32Array(0),
    pins: new Int32Array(0),
    seized: new Int32Array(slots),
    zeromap: new Int32Array(0),
    hugetlb: new Int32Array(spec.hugepages ? (Math.max(...topology.nodes, 0) + 1) * HUGETLB : 0),
  };
  fillZones(state);
  fillSwapAreas(state);
  state.frames[ZERO_PFN * FRAME + F_FLAGS] = PG_RESERVED | PG_UPTODATE | PLACE_IMAGE;
  state.frames[ZERO_PFN * FRAME + F_COUNT] = 1;
  state.scalars[TABLES_USED] = 1;
  state.scalars[FRAMES_USED] = ZERO_PFN + 1;
  return state;
}

function fillZones({ topology, zones }: State): void {
  topology.zones.forEach((zone, z) => {
    const at = z * ZONE;
    zones[at + Z_NODE] = zone.node;
    zones[at + Z_KIND] = zone.kind;
    zones[at + Z_START] = zone.start;
    zones[at + Z_PRESENT] = zone.present;
    zones[at + Z_FREE] = zone.present;
    zones[at + Z_MIN] = zone.min;
    zones[at + Z_LOW] = zone.low;
    zones[at + Z_HIGH] = zone.high;
  });
}

/** All areas are laid out; the device, which comes last, has no usable slots before somebody swaps on. */
function fillSwapAreas({ topology, areas, scalars, swap_map }: State): void {
  let base = 0;
  swapAreas(topology.spec).forEach((pages, n) => {
    const at = n * AREA;
    areas[at + S_BASE] = base;
    areas[at + S_MAX] = pages + 1;
    areas[at + S_CLUSTER_NEXT] = 1;
    swap_map[base] = SWAP_MAP_BAD;
    if (n < topology.spec.swap.length) enableSwapArea({ areas, scalars }, n);
    base += pages + 1;
  });
}

/** All slots of an area but its header can be handed out from now on. */
export function enableSwapArea({ areas, scalars }: Pick<State, 'areas' | 'scalars'>, area: number): void {
  const at = area * AREA;
  const pages = areas[at + S_MAX] - 1;
  areas[at + S_PAGES] = pages;
  areas[at + S_CLUSTER_NEXT] = 1;
  areas[at + S_CLUSTER_NR] = 0;
  areas[at + S_LOWEST] = pages > 0 ? 1 : 0;
  areas[at + S_HIGHEST] = pages;
  scalars[NR_SWAP_PAGES] += pages;
  scalars[TOTAL_SWAP_PAGES] += pages;
}

/** The header of an area, which is never handed out (include/linux/swap.h). */
export const SWAP_MAP_BAD = 0x8000;

/** Integers of an array that may be other than zero. */
export function usedOf(state: State, name: HotArray): number {
  const { length } = state[name];
  if (name === 'frames') return Math.min(state.scalars[FRAMES_USED] * FRAME, length);
  if (name === 'tables') return Math.min(state.scalars[TABLES_USED] * TABLE, length);
  return length;
}

/** An independent state with the same content. What was never used stays untouched in the copy, too. */
export function copyState(from: State): State {
  const to: State = { ...from, clock: { t: from.clock.t } };
  for (const name of HOT_ARRAYS) {
    to[name] = new Int32Array(from[name].length);
    to[name].set(from[name].subarray(0, usedOf(from, name)));
  }
  return to;
}
