/** What /sys/devices/system/node tells (drivers/base/node.c). A pure function: asking changes nothing. */
import { bitmap_scnlistprintf } from '../../lib/bitmap.ts';
import { node_states_memory } from '../../mm/page_alloc.ts';
import { frameIsRetired } from '../../state/read.ts';
import type { Zone } from '../../state/topology.ts';
import type { StateView } from '../../state/view.ts';

/** `drivers/base/node.c:node_state_attr`: which nodes are in each state, as lists. Normal memory stays where it is. */
export function node_states(s: StateView): Readonly<Record<string, string>> {
  const { nodes, spec, cpu_to_node, zones } = s.topology;
  const has_memory = node_states_memory({ s }).filter((nid) =>
    zones.some((zone) => zone.node === nid && isInUse(s, zone)),
  );
  const movable = spec.nodes.filter(({ dimm }) => dimm).map(({ id }) => id);
  return {
    possible: bitmap_scnlistprintf(nodes),
    online: bitmap_scnlistprintf(nodes),
    has_normal_memory: bitmap_scnlistprintf(has_memory.filter((nid) => !movable.includes(nid))),
    has_memory: bitmap_scnlistprintf(has_memory),
    has_cpu: bitmap_scnlistprintf(nodes.filter((nid) => cpu_to_node.includes(nid))),
  };
}

/** Not all memory of the zone was taken out of use. */
function isInUse(s: StateView, { start, present }: Zone): boolean {
  for (let pfn = start; pfn < start + present; pfn++) if (!frameIsRetired(s, pfn)) return true;
  return false;
}
