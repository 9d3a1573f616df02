/**
 * /sys/devices/system/node/nodeN/meminfo: the memory of a node in KB, in the text of 2.6.16, which begins with an empty
 * line (`drivers/base/node.c:node_read_meminfo()`).
 *
 * Always 0, as this machine has no such thing: Slab and the huge pages. Dirty, Writeback and Mapped are the pages of
 * the node that are so. The kernels of this era add up the counters of the node's *CPUs*, whichever pages those
 * touched, and print 0 for a sum below; over all nodes both ways come to the numbers of /proc/vmstat.
 */
import { layout, read, type StateView } from '@pagetape/core';
import { PAGE_SIZE, ZONE_HIGHMEM } from '@pagetape/events';

/** Pages of some zones. */
interface ZoneSums {
  total: number;
  free: number;
  active: number;
  inactive: number;
}

export function meminfo(s: StateView, nid: number): string {
  const all = sumZones(s, (zone) => zone.node === nid);
  const high = sumZones(s, (zone) => zone.node === nid && zone.kind === ZONE_HIGHMEM);
  const { dirty, writeback, mapped } = pageStates(s, nid);
  const lines: readonly (readonly [label: string, pages: number])[] = [
    ['MemTotal', all.total],
    ['MemFree', all.free],
    ['MemUsed', all.total - all.free],
    ['Active', all.active],
    ['Inactive', all.inactive],
    ['HighTotal', high.total],
    ['HighFree', high.free],
    ['LowTotal', all.total - high.total],
    ['LowFree', all.free - high.free],
    ['Dirty', dirty],
    ['Writeback', writeback],
    ['Mapped', mapped],
    ['Slab', 0],
  ];
  const text = lines.map(([label, pages]) => line(nid, label, (pages * PAGE_SIZE) / 1024)).join('');
  return `\n${text}${hugetlb_report_node_meminfo(nid)}`;
}

/** Values are right-aligned in one column, whatever the length of the label. */
function line(nid: number, label: string, kbytes: number): string {
  return `Node ${nid} ${`${label}:`.padEnd(14)}${`${kbytes}`.padStart(8)} kB\n`;
}

/** `mm/hugetlb.c:hugetlb_report_node_meminfo()`: these two count huge pages, not KB. */
function hugetlb_report_node_meminfo(nid: number): string {
  return `Node ${nid} HugePages_Total:     0\nNode ${nid} HugePages_Free:      0\n`;
}

function sumZones({ topology, zones }: StateView, wanted: (zone: { node: number; kind: number }) => boolean): ZoneSums {
  const sums: ZoneSums = { total: 0, free: 0, active: 0, inactive: 0 };
  topology.zones.forEach((zone, z) => {
    if (!wanted(zone)) return;
    const at = z * layout.ZONE;
    sums.total += zones[at + layout.Z_PRESENT];
    sums.free += zones[at + layout.Z_FREE];
    sums.inactive += zones[at + layout.Z_NR];
    sums.active += zones[at + layout.Z_NR + 1];
  });
  return sums;
}

/** Pages of a node that count in nr_dirty, nr_writeback and nr_mapped. */
function pageStates(s: StateView, nid: number): { dirty: number; writeback: number; mapped: number } {
  const states = { dirty: 0, writeback: 0, mapped: 0 };
  for (let pfn = 0; pfn < s.scalars[layout.FRAMES_USED]; pfn++) {
    const mapped = read.page_mapped(s, pfn);
    if (!mapped && !read.PageDirty(s, pfn) && !read.PageWriteback(s, pfn)) continue;
    if (read.page_to_nid(s, pfn) !== nid) continue;
    if (mapped) states.mapped++;
    if (read.PageWriteback(s, pfn)) states.writeback++;
    if (read.PageDirty(s, pfn) && read.mapping_cap_account_dirty(s, read.mapping_of(s, pfn))) states.dirty++;
  }
  return states;
}
