/** The LRU lists of zones and of nodes, and the batches of CPUs in which pages wait for one. */
import { layout, read, type StateView } from '@pagetape/core';
import { LRU, LRU_BATCH, LRU_INACTIVE_ANON, LRU_UNEVICTABLE } from '@pagetape/events';

/** A list with pages. */
export interface LruList {
  readonly node: number;
  readonly list: string;
  /** Head first. Those that cannot be evicted are linked in no order: by number. */
  readonly pfns: readonly number[];
}

/** The lists that have pages: those of zones, then those of nodes. */
export function lruLists(s: StateView): LruList[] {
  const found: LruList[] = [];
  const tell = (node: number, list: string, pfns: readonly number[]): void => {
    if (pfns.length > 0) found.push({ node, list, pfns });
  };
  s.topology.zones.forEach(({ node }, zone) => {
    LRU.slice(0, LRU_INACTIVE_ANON).forEach((list, lru) => {
      tell(node, list, linked(s, s.zones[zone * layout.ZONE + layout.Z_LRU + 2 * lru]));
    });
  });
  for (const nid of s.topology.nodes) {
    LRU.slice(LRU_INACTIVE_ANON, LRU_UNEVICTABLE).forEach((list, n) => {
      tell(nid, list, linked(s, s.nodes[nid * layout.NODE + layout.N_LRU + 2 * n]));
    });
    if (s.nodes[nid * layout.NODE + layout.N_NR + LRU_UNEVICTABLE - LRU_INACTIVE_ANON] > 0) {
      tell(nid, 'unevictable', unevictable(s, nid));
    }
  }
  return found;
}

function linked(s: StateView, head: number): number[] {
  const found: number[] = [];
  for (let next = head; next !== 0; next = s.frames[(next - 1) * layout.FRAME + layout.F_NEXT]) found.push(next - 1);
  return found;
}

function unevictable(s: StateView, nid: number): number[] {
  const found: number[] = [];
  for (let pfn = 0; pfn < s.scalars[layout.FRAMES_USED]; pfn++) {
    const listed = read.PageLRU(s, pfn) && read.page_lru(s, pfn) === LRU_UNEVICTABLE;
    if (listed && read.page_to_nid(s, pfn) === nid) found.push(pfn);
  }
  return found;
}

/** A batch of a CPU with pages, the oldest first. */
export interface LruBatch {
  readonly cpu: number;
  readonly list: string;
  readonly pfns: readonly number[];
}

export function lruBatches(s: StateView): LruBatch[] {
  return s.topology.cpu_to_node.flatMap((_, cpu) =>
    [...LRU_BATCH, 'mlock'].flatMap((list, n) => {
      const at = cpu * layout.CPU + n * layout.BATCH;
      const shift = list === 'mlock' ? layout.MLOCK_SHIFT : 0;
      const pfns = Array.from({ length: s.cpus[at] }, (_unused, i) => s.cpus[at + 1 + i] >>> shift);
      return pfns.length > 0 ? [{ cpu, list, pfns }] : [];
    }),
  );
}
