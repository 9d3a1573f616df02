/**
 * /sys/devices/system/node/nodeN/distance: how far each online node is from this one, by ascending node id, with a
 * blank between (`drivers/base/node.c:node_read_distance()`).
 */
import { node_distance, type StateView } from '@pagetape/core';

export function distance({ topology }: StateView, nid: number): string {
  return `${topology.nodes.map((other) => node_distance(topology, nid, other)).join(' ')}\n`;
}
