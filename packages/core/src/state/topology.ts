/**
 * What never changes in a run: nodes, zones, CPUs, distances, and the order in which an allocation tries zones.
 * Computed once from the description of the machine (mm/page_alloc.c: build_zonelists(), setup_per_zone_pages_min(),
 * setup_per_zone_lowmem_reserve()).
 */
import type { Traits } from '../profiles/traits.ts';
import { ZONE_HIGHMEM, ZONE_NAMES, ZONE_NORMAL, type Architecture } from '@pagetape/events';

export interface NodeSpec {
  readonly id: number;
  /** Usable frames. */
  readonly pages: number;
  readonly cpus: number;
  /** Its memory can be taken offline and brought back; nothing but user memory lies there. */
  readonly dimm?: boolean;
  /** Frames by zone name, when not all are in one zone; they add up to `pages`. */
  readonly zones?: Readonly<Partial<Record<(typeof ZONE_NAMES)[number], number>>>;
}

/** The machine that a scenario starts from. */
export interface MachineSpec {
  /** Whose numbers and registers system calls by number have; absent: x86_64. Pages have 4 KiB on all. */
  readonly arch?: Architecture;
  readonly nodes: readonly NodeSpec[];
  /** Distances between the nodes in the order of `nodes`; absent: 10 to itself, 20 to others. */
  readonly distance?: readonly (readonly number[])[];
  /** Usable slots of each swap area. */
  readonly swap: readonly number[];
  /** A swap-in reads the aligned block of 2^n slots around the wanted one; 0: only that one. */
  readonly page_cluster: number;
  readonly io: 'now' | 'step' | 'hold' | 'stuck';
  /** Usable slots of the device that swapon(2) begins to use; absent: there is none. It comes after the areas of `swap`. */
  readonly swap_device?: number;
  /** Which hierarchy of control groups is mounted; absent: none, or cpusets as their kernel has them. */
  readonly cgroup?: 'v1' | 'v2';
  /** /sys/kernel/mm/transparent_hugepage/enabled; absent: never. */
  readonly thp?: 'never' | 'madvise' | 'always';
  /** kernel.numa_balancing; absent: 0, off. */
  readonly numa_balancing?: number;
  /** Bytes that a read fault of a file maps at most, around its page; absent: 4096, that page alone. */
  readonly fault_around?: number;
  /** hugetlb pages of each node, in the order of `nodes`; absent: none. */
  readonly hugepages?: readonly number[];
  /** The option mpol of the tmpfs that files lie on, such as `interleave:0-3`; absent: none. */
  readonly tmpfs_mpol?: string;
}

/** What no kernel function of ours does yet. A machine that asks for it is refused, instead of running without it. */
export function notSimulatedSetting(spec: MachineSpec, { policies }: Pick<Traits, 'policies'>): string | null {
  const huge = (spec.thp ?? 'never') !== 'never' || (spec.hugepages?.some((pages) => pages > 0) ?? false);
  if (huge && policies === 'zonelists') return 'the setting thp or hugepages (huge pages) of kernels before 6.x';
  if ((spec.numa_balancing ?? 0) !== 0) return 'the setting numa_balancing';
  return null;
}

/** Slots of each swap area: those in use from the start, and the device. */
export const swapAreas = ({ swap, swap_device }: MachineSpec): number[] =>
  swap_device === undefined ? [...swap] : [...swap, swap_device];

export interface Zone {
  readonly node: number;
  readonly kind: number;
  readonly start: number;
  readonly present: number;
  readonly min: number;
  readonly low: number;
  readonly high: number;
  /** By zone kind: frames that requests which could use a zone of that kind leave for those which could not. */
  readonly lowmem_reserve: readonly number[];
}

export interface Topology {
  readonly spec: MachineSpec;
  /** Node ids, ascending; there may be holes. */
  readonly nodes: readonly number[];
  readonly zones: readonly Zone[];
  /** By node id: zone indexes in the order in which user data is allocated for that node, by kernels of 2006. */
  readonly zonelist: readonly (readonly number[])[];
  /** By node id: the nodes of the zonelist, nearest first. */
  readonly fallback: readonly (readonly number[])[];
  /** By CPU: its node. */
  readonly cpu_to_node: readonly number[];
  /** By section of 2^section_shift frames: the zone. */
  readonly section_zone: Int32Array;
  readonly section_shift: number;
  /** Frame numbers are below this; some may belong to no zone. */
  readonly max_pfn: number;
  /** The machine can have huge pages. */
  readonly huge: boolean;
  /** The highest zone kind that has memory: policies steer only allocations that may use it. */
  readonly policy_zone: number;
}

const LOCAL_DISTANCE = 10;
const REMOTE_DISTANCE = 20;
const SECTIONS_MAX = 4096;

/** Distance between two nodes by their ids. */
export function node_distance(topology: Topology, from: number, to: number): number {
  const { nodes, spec } = topology;
  return distanceBetween(spec, nodes.indexOf(from), nodes.indexOf(to));
}

function distanceBetween(spec: MachineSpec, from: number, to: number): number {
  return spec.distance?.[from]?.[to] ?? (from === to ? LOCAL_DISTANCE : REMOTE_DISTANCE);
}

function zonesOf(node: NodeSpec): { kind: number; pages: number }[] {
  if (!node.zones) return node.pages > 0 ? [{ kind: ZONE_NORMAL, pages: node.pages }] : [];
  const zones = ZONE_NAMES.map((name, kind) => ({ kind, pages: node.zones?.[name] ?? 0 }));
  return zones.filter((zone) => zone.pages > 0);
}

/** Integer square root, for the size of the reserve. */
function int_sqrt(x: number): number {
  let root = Math.floor(Math.sqrt(x));
  while (root * root > x) root--;
  while ((root + 1) * (root + 1) <= x) root++;
  return root;
}

/** Frames that the kernel wants free in all zones together: init_per_zone_pages_min(). */
function minFreePages(lowmem_pages: number): number {
  const kbytes = Math.min(Math.max(int_sqrt(lowmem_pages * 4 * 16), 128), 65_536);
  return kbytes >> 2;
}

function watermarks(kind: number, present: number, min_free_pages: number, lowmem_pages: number) {
  const share = Math.floor((min_free_pages * present) / Math.max(lowmem_pages, 1));
  const min = kind === ZONE_HIGHMEM ? Math.min(Math.max(present >> 10, 32), 128) : share;
  return { min, low: min + (share >> 2), high: min + (share >> 1) };
}

/** sysctl_lowmem_reserve_ratio: by zone kind. */
const LOWMEM_RESERVE_RATIO = [256, 256, 32];

/**
 * `mm/page_alloc.c:setup_per_zone_lowmem_reserve()`: of a zone, by the kind that a request could use: a share of the frames
 * that the node has in the zones above, up to that kind.
 */
function lowmem_reserve(kind: number, node: readonly { kind: number; pages: number }[]): number[] {
  return ZONE_NAMES.map((_, upto) => {
    const above = node.filter((zone) => zone.kind > kind && zone.kind <= upto);
    const pages = above.reduce((sum, zone) => sum + zone.pages, 0);
    return pages === 0 ? 0 : Math.floor(pages / LOWMEM_RESERVE_RATIO[kind]);
  });
}

/** The nodes in the order in which node number `at` falls back on them: find_next_best_node(). */
function fallbackOrder(spec: MachineSpec, at: number, load: number[]): number[] {
  const count = spec.nodes.length;
  const order: number[] = [];
  let remaining = count;
  let previous = -1;
  while (order.length < count) {
    const next = order.length === 0 ? at : nextBestNode(spec, at, order, load);
    const distance = distanceBetween(spec, at, next);
    if (order.length > 0 && distance !== previous) load[next] += remaining;
    previous = distance;
    order.push(next);
    remaining--;
  }
  return order;
}

function nextBestNode(spec: MachineSpec, at: number, used: readonly number[], load: readonly number[]): number {
  const count = spec.nodes.length;
  let best = -1;
  let best_score = 0;
  for (let n = 0; n < count; n++) {
    if (used.includes(n)) continue;
    const nearness = distanceBetween(spec, at, n) + (n < at ? 1 : 0) + (spec.nodes[n].cpus > 0 ? 1 : 0);
    const score = nearness * count * 64 + load[n];
    if (best < 0 || score < best_score) [best, best_score] = [n, score];
  }
  return best;
}

/** By section of frames: 1 where the frames belong to a wanted node. A walk over many pages asks this for each. */
export function sectionsOn(
  { zones, section_zone, section_shift }: Topology,
  wanted: (nid: number) => boolean,
): Uint8Array {
  const sections = new Uint8Array(section_zone.length);
  for (const { node, start, present } of zones) {
    if (wanted(node)) sections.fill(1, start >> section_shift, ((start + present - 1) >> section_shift) + 1);
  }
  return sections;
}

/** Lays out frames and builds zonelists. The zero page is frame 0; the frames of the first zone follow. */
export function buildTopology(spec: MachineSpec): Topology {
  const nodes = spec.nodes.map((node) => node.id);
  const parts = spec.nodes.flatMap((node) => zonesOf(node).map((zone) => ({ ...zone, node: node.id })));
  const lowmem = parts.reduce((sum, zone) => sum + (zone.kind === ZONE_HIGHMEM ? 0 : zone.pages), 0);
  const total = parts.reduce((sum, zone) => sum + zone.pages, 1);
  let section_shift = 6;
  while (total >>> section_shift > SECTIONS_MAX) section_shift++;
  const section = 1 << section_shift;

  const min_free_pages = minFreePages(lowmem);
  const zones: Zone[] = [];
  let start = 1;
  for (const { node, kind, pages } of parts) {
    const marks = watermarks(kind, pages, min_free_pages, lowmem);
    const of_node = parts.filter((part) => part.node === node);
    zones.push({ node, kind, start, present: pages, ...marks, lowmem_reserve: lowmem_reserve(kind, of_node) });
    start = Math.ceil((start + pages) / section) * section;
  }
  const max_pfn = Math.max(start, section);
  const section_zone = new Int32Array(Math.ceil(max_pfn / section)).fill(-1);
  zones.forEach((zone, z) => {
    section_zone.fill(z, zone.start >> section_shift, ((zone.start + zone.present - 1) >> section_shift) + 1);
  });

  const zonelist: number[][] = [];
  const fallback: number[][] = [];
  const load = nodes.map(() => 0);
  nodes.forEach((id, at) => {
    const order = fallbackOrder(spec, at, load).map((n) => nodes[n]);
    fallback[id] = order;
    zonelist[id] = order.flatMap((node) => zonesOfNodeFromHighest(zones, node));
  });
  return {
    spec,
    nodes,
    zones,
    zonelist,
    fallback,
    cpu_to_node: spec.nodes.flatMap((node) => Array.from({ length: node.cpus }, () => node.id)),
    section_zone,
    section_shift,
    max_pfn,
    huge: (spec.thp ?? 'never') !== 'never' || (spec.hugepages?.some((pages) => pages > 0) ?? false),
    policy_zone: zones.reduce((highest, zone) => Math.max(highest, zone.kind), 0),
  };
}

function zonesOfNodeFromHighest(zones: readonly Zone[], node: number): number[] {
  const found = zones.map((_, z) => z).filter((z) => zones[z].node === node);
  return found.sort((a, b) => zones[b].kind - zones[a].kind);
}
