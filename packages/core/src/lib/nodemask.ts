/** Sets of nodes mapped onto others (include/linux/nodemask.h, lib/bitmap.c). Sets are lists, ascending. */
import { bitmap_remap } from './bitmap.ts';

const ascending = (nodes: Iterable<number>): number[] => [...new Set(nodes)].sort((a, b) => a - b);

/** `include/linux/nodemask.h:nodes_remap()` */
export const nodes_remap = bitmap_remap;

/** `include/linux/nodemask.h:nodes_fold()`: members modulo `size`. */
export function nodes_fold(nodes: readonly number[], size: number): number[] {
  return size === 0 ? [] : ascending(nodes.map((nid) => nid % size));
}

/** `include/linux/nodemask.h:nodes_onto()`: the n-th of `relmap` for each member n that it has. */
export function nodes_onto(nodes: readonly number[], relmap: readonly number[]): number[] {
  return ascending(nodes.filter((n) => n < relmap.length).map((n) => relmap[n]));
}

/** `include/linux/nodemask.h:next_node_in()`: the member after `nid`, counted round; -1: there is none. */
export function next_node_in(nid: number, nodes: readonly number[]): number {
  return nodes.find((node) => node > nid) ?? nodes[0] ?? -1;
}
