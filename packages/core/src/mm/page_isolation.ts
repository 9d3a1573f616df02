/** Free frames that are kept back while the memory of a node is taken out of use (mm/page_isolation.c). */
import type { Kernel } from '../kernel.ts';
import { ZONE, Z_FREE } from '../state/layout.ts';
import { unhog_nodes } from './page_alloc.ts';

/** `mm/page_isolation.c:start_isolate_page_range()`: what is free on the node is not handed out. What gets free later comes to it. */
export function start_isolate_page_range(k: Kernel, nid: number): void {
  k.s.topology.zones.forEach(({ node }, zone) => {
    const pages = k.s.zones[zone * ZONE + Z_FREE];
    if (node === nid && pages > 0) k.emit.FramesWithheld(zone, pages);
  });
}

/** `mm/page_isolation.c:undo_isolate_page_range()`: it is handed out again. Nobody else keeps memory of the node back meanwhile. */
export function undo_isolate_page_range(k: Kernel, nid: number): void {
  unhog_nodes(k, (node) => node === nid);
}
