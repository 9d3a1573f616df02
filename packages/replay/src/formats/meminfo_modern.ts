/**
 * /sys/devices/system/node/nodeN/meminfo in the text of 6.x (`drivers/base/node.c:node_read_meminfo()`), with the lines of a
 * kernel that knows transparent huge pages and swaps. A line that only some builds have (ShadowCallStack, Unaccepted) is not there.
 *
 * Always 0, as this machine has no such thing: slab caches, kernel stacks and bounce buffers. Page tables lie in no frame of a node
 * here, so that they are 0, too.
 */
import { layout, type StateView } from '@pagetape/core';
import { PAGE_SIZE } from '@pagetape/events';
import { nodeCounters, type NodeCounters } from './node_counters.ts';

/** Labels, and the counters that make up each. */
const LINES: readonly (readonly [label: string, pages: (n: NodeCounters) => number])[] = [
  ['MemTotal', (n) => n['present']],
  ['MemFree', (n) => n['nr_free_pages']],
  ['MemUsed', (n) => n['present'] - n['nr_free_pages']],
  ['SwapCached', (n) => n['nr_swapcached']],
  ['Active', (n) => n['nr_active_anon'] + n['nr_active_file']],
  ['Inactive', (n) => n['nr_inactive_anon'] + n['nr_inactive_file']],
  ['Active(anon)', (n) => n['nr_active_anon']],
  ['Inactive(anon)', (n) => n['nr_inactive_anon']],
  ['Active(file)', (n) => n['nr_active_file']],
  ['Inactive(file)', (n) => n['nr_inactive_file']],
  ['Unevictable', (n) => n['nr_unevictable']],
  ['Mlocked', (n) => n['nr_mlock']],
  ['Dirty', (n) => n['nr_dirty']],
  ['Writeback', (n) => n['nr_writeback']],
  ['FilePages', (n) => n['nr_file_pages']],
  ['Mapped', (n) => n['nr_mapped']],
  ['AnonPages', (n) => n['nr_anon_pages']],
  ['Shmem', (n) => n['nr_shmem']],
];

const NONE = (
  'KernelStack PageTables SecPageTables NFS_Unstable Bounce WritebackTmp KReclaimable Slab SReclaimable SUnreclaim ' +
  'ShmemHugePages ShmemPmdMapped FileHugePages FilePmdMapped'
).split(' ');

export function meminfo_modern(s: StateView, nid: number): string {
  const counters = nodeCounters(s, nid);
  const kbytes = (pages: number): number => (pages * PAGE_SIZE) / 1024;
  const lines = LINES.map(([label, pages]) => line(nid, label, kbytes(pages(counters))));
  const none = NONE.map((label) => line(nid, label, 0));
  const at = NONE.indexOf('ShmemHugePages');
  none.splice(at, 0, line(nid, 'AnonHugePages', kbytes(counters['nr_anon_thps'])));
  return [...lines, ...none, hugetlb_report_node_meminfo(s, nid, counters['hugetlb_total'])].join('');
}

function line(nid: number, label: string, kbytes: number): string {
  return `Node ${nid} ${`${label}:`.padEnd(16)}${`${kbytes}`.padStart(8)} kB\n`;
}

/** `mm/hugetlb.c:hugetlb_report_node_meminfo()`: these count huge pages. */
function hugetlb_report_node_meminfo({ hugetlb }: StateView, nid: number, total: number): string {
  const free = hugetlb[nid * layout.HUGETLB + layout.H_FREE] ?? 0;
  const lines: [string, number][] = [
    ['HugePages_Total:', total],
    ['HugePages_Free: ', free],
    ['HugePages_Surp: ', 0],
  ];
  return lines.map(([label, n]) => `Node ${nid} ${label} ${`${n}`.padStart(5)}\n`).join('');
}
