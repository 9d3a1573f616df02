/**
 * In which order kernels of 6.x try the nodes (mm/page_alloc.c: build_zonelists(), find_next_best_node() since 5.19). Only nodes
 * with memory are in a list, and it is built anew when memory goes or comes. That of 2006 is in state/topology.ts.
 */
import type { Kernel } from '../kernel.ts';
import { ZONE, Z_PRESENT } from '../state/layout.ts';
import { node_distance, type Topology } from '../state/topology.ts';
import { node_states_memory } from './page_alloc.ts';

/** By node id: zone indexes in the order in which user data is allocated for that node. */
type Zonelists = readonly (readonly number[])[];

/** The lists of a machine, by which of its nodes with a dimm are online: they follow from that. */
interface Built {
  readonly dimm_zones: readonly number[];
  readonly lists: Zonelists[];
}

const built = new WeakMap<Topology, Built>();

/** `include/linux/gfp.h:node_zonelist()`: the zones that an allocation for a node tries, in order. */
export function node_zonelist(k: Kernel, nid: number): readonly number[] {
  const { topology, zones } = k.s;
  let known = built.get(topology);
  if (!known) built.set(topology, (known = { dimm_zones: dimm_zones(topology), lists: [] }));
  let online = 0;
  for (const zone of known.dimm_zones) online = online * 2 + (zones[zone * ZONE + Z_PRESENT] > 0 ? 1 : 0);
  known.lists[online] ??= build_all_zonelists(topology, node_states_memory(k));
  return known.lists[online][nid];
}

/** The zones that can go and come back. */
function dimm_zones({ spec, zones }: Topology): number[] {
  const dimms = spec.nodes.filter(({ dimm }) => dimm === true).map(({ id }) => id);
  return zones.map((_, zone) => zone).filter((zone) => dimms.includes(zones[zone].node));
}

/** `mm/page_alloc.c:__build_all_zonelists()`. Nodes that are equally near take turns in being the first, by `node_load`. */
function build_all_zonelists(topology: Topology, memory: readonly number[]): Zonelists {
  const node_load: number[] = [];
  const zonelists: number[][] = [];
  for (const nid of topology.nodes) {
    const order = build_zonelists(topology, memory, nid, node_load);
    zonelists[nid] = order.flatMap((each) => zones_of(topology, each));
  }
  return zonelists;
}

/** `mm/page_alloc.c:build_zonelists()`: the nodes with memory, the best for `local` first. */
function build_zonelists(topology: Topology, memory: readonly number[], local: number, node_load: number[]): number[] {
  const order = memory.filter((nid) => nid === local);
  let previous = local;
  while (order.length < memory.length) {
    const unused = memory.filter((nid) => !order.includes(nid));
    const best = find_next_best_node(topology, unused, local, node_load);
    if (node_distance(topology, local, best) !== node_distance(topology, local, previous)) {
      node_load[best] = (node_load[best] ?? 0) + 1;
    }
    order.push(best);
    previous = best;
  }
  return order;
}

/**
 * `mm/page_alloc.c:find_next_best_node()`: the nearest, a higher number before a lower one. A node without CPUs comes before
 * others that are as near, but only in lists that were built when CPUs had been brought up: those from boot know of none.
 */
function find_next_best_node(
  topology: Topology,
  unused: readonly number[],
  local: number,
  node_load: readonly number[],
): number {
  const { spec, cpu_to_node } = topology;
  const rebuilt = spec.nodes.some(({ dimm }) => dimm === true);
  const score = (nid: number): number => {
    const has_cpus = rebuilt && cpu_to_node.includes(nid);
    return node_distance(topology, local, nid) + (nid < local ? 1 : 0) + (has_cpus ? 1 : 0);
  };
  return unused.reduce((best, nid) => {
    const nearer = score(nid) - score(best) || (node_load[nid] ?? 0) - (node_load[best] ?? 0);
    return nearer < 0 ? nid : best;
  });
}

/** The zones of a node, from the highest down. */
function zones_of({ zones }: Topology, nid: number): number[] {
  const found = zones.map((_, zone) => zone).filter((zone) => zones[zone].node === nid);
  return found.sort((a, b) => zones[b].kind - zones[a].kind);
}
