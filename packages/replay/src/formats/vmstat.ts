/**
 * /proc/vmstat: the counters of the whole machine, `name value` a line, in the order of the kernel
 * (`mm/page_alloc.c:vmstat_text` of 2.6.16, `mm/vmstat.c:vmstat_text` of 2.6.18).
 *
 * Always 0, as this machine has no such thing: NFS pages that await their commit (nr_unstable), slab caches (nr_slab,
 * slabs_scanned), bounce buffers (nr_bounce), and page reclaim with its inode cache (pgrefill_*, pgsteal_*, pgscan_*,
 * pginodesteal, kswapd_*, pageoutrun, allocstall). These kernels count no migration: that of the first ones shows in pswpin
 * and pswpout, that of 2.6.18 in the allocations of nodes.
 *
 * Kernels of 6.x have about two hundred lines, by how they were built; here are those of what the machine has, in their order.
 */
import { layout, read, type StateView, type Traits } from '@pagetape/core';
import { allCounters, nodeCounters } from './node_counters.ts';

const ZONES = ['dma', 'dma32', 'normal', 'high'] as const;

/** A counter that has a line a zone kind. */
type Family = (name: string) => string[];
const fromLowest: Family = (name) => ZONES.map((zone) => `${name}_${zone}`);
const fromHighest: Family = (name) => fromLowest(name).reverse();

const words = (text: string): string[] => text.split(' ');

/** The counters of events, which are the same in all of these kernels; zones go one way or the other. */
const events = (family: Family): string[] => [
  ...words('pgpgin pgpgout pswpin pswpout'),
  ...family('pgalloc'),
  ...words('pgfree pgactivate pgdeactivate pgfault pgmajfault'),
  ...words('pgrefill pgsteal pgscan_kswapd pgscan_direct').flatMap(family),
  ...words('pginodesteal slabs_scanned kswapd_steal kswapd_inodesteal pageoutrun allocstall pgrotated'),
];

/** What nodes count in 6.x, as far as this machine has it: what zones count first, then the allocations, then the rest. */
const NODE_COUNTERS: readonly string[] = [
  ...words('nr_free_pages nr_zone_inactive_anon nr_zone_active_anon nr_zone_inactive_file nr_zone_active_file'),
  ...words('nr_zone_unevictable nr_zone_write_pending nr_mlock'),
  ...words('numa_hit numa_miss numa_foreign numa_interleave numa_local numa_other'),
  ...words('nr_inactive_anon nr_active_anon nr_inactive_file nr_active_file nr_unevictable'),
  ...words('nr_isolated_anon nr_isolated_file nr_anon_pages nr_mapped nr_file_pages nr_dirty nr_writeback nr_shmem'),
  ...words('nr_page_table_pages nr_swapcached'),
];

const NAMES: Readonly<Record<Traits['vmstat'], readonly string[]>> = {
  'page-states': [
    ...words('nr_dirty nr_writeback nr_unstable nr_page_table_pages nr_mapped nr_slab'),
    ...events(fromHighest),
    'nr_bounce',
  ],
  'zone-counters': [
    ...words('nr_anon_pages nr_mapped nr_file_pages nr_slab nr_page_table_pages'),
    ...words('nr_dirty nr_writeback nr_unstable nr_bounce'),
    ...words('numa_hit numa_miss numa_foreign numa_interleave numa_local numa_other'),
    ...events(fromLowest),
  ],
  'node-counters': [
    ...NODE_COUNTERS,
    ...words('pgpgin pgpgout pswpin pswpout pgalloc_dma pgalloc_dma32 pgalloc_normal'),
    ...words('pgfree pgactivate pgdeactivate pglazyfree pgfault pgmajfault pgrotated pgmigrate_success pgmigrate_fail'),
    ...words('thp_migration_success thp_migration_fail thp_migration_split'),
    ...words('unevictable_pgs_culled unevictable_pgs_scanned unevictable_pgs_rescued unevictable_pgs_mlocked'),
    ...words('unevictable_pgs_munlocked unevictable_pgs_cleared unevictable_pgs_stranded'),
  ],
};

export function vmstat(s: StateView, { vmstat: text }: Traits): string {
  const values = countersOf(s, text);
  return NAMES[text].map((name) => `${name} ${values[name] ?? valueOf(s, name)}\n`).join('');
}

function countersOf(s: StateView, text: Traits['vmstat']): Readonly<Record<string, number>> {
  if (text === 'node-counters') return allCounters(s);
  return text === 'zone-counters' ? zoneCounters(s) : {};
}

/** /sys/devices/system/node/nodeN/vmstat of 6.x: of a node what it counts, in the order of /proc/vmstat. */
export function nodeVmstat(s: StateView, nid: number): string {
  const counters = nodeCounters(s, nid);
  return NODE_COUNTERS.map((name) => `${name} ${counters[name] ?? 0}\n`).join('');
}

function valueOf(s: StateView, name: string): number {
  if (name === 'nr_page_table_pages') return pageTables(s);
  const counter = layout.VMSTAT.findIndex((known) => known === name);
  if (counter < 0) return 0;
  // Devices count sectors; the file tells KB.
  const halved = counter === layout.PGPGIN || counter === layout.PGPGOUT;
  return halved ? s.vmstat[counter] >>> 1 : s.vmstat[counter];
}

/** What zones count from 2.6.18 on: anonymous pages apart from others, and allocations, which only nodes showed before. */
function zoneCounters(s: StateView): Readonly<Record<string, number>> {
  let [nr_anon_pages, nr_mapped, nr_file_pages] = [0, 0, 0];
  for (let pfn = 0; pfn < s.scalars[layout.FRAMES_USED]; pfn++) {
    const anon = read.PageAnon(s, pfn);
    if (read.page_mapped(s, pfn) && anon) nr_anon_pages++;
    else if (read.page_mapped(s, pfn)) nr_mapped++;
    if (read.PageSwapCache(s, pfn) || read.mapping_of(s, pfn) > 0) nr_file_pages++;
  }
  const sum = (counter: number): number =>
    s.topology.nodes.reduce((total, nid) => total + s.nodes[nid * layout.NODE + counter], 0);
  return {
    nr_anon_pages,
    nr_mapped,
    nr_file_pages,
    numa_hit: sum(layout.N_HIT),
    numa_miss: sum(layout.N_MISS),
    numa_foreign: sum(layout.N_FOREIGN),
    numa_interleave: sum(layout.N_INTERLEAVE),
    numa_local: sum(layout.N_LOCAL),
    numa_other: sum(layout.N_OTHER),
  };
}

/** Pages that hold page-table entries, of all address spaces: pte_alloc_map() counts them, the levels above are not. */
function pageTables({ mms }: StateView): number {
  let tables = 0;
  for (let at = 0; at < mms.length; at += layout.MM) tables += mms[at + layout.M_PTES];
  return tables;
}
