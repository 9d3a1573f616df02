/**
 * /proc/vmstat: the counters of the whole machine, `name value` a line, in the order of 2.6.16
 * (`mm/page_alloc.c:vmstat_text`). Families have a line a zone kind, from the highest down.
 *
 * Always 0, as this machine has no such thing: NFS pages that await their commit (nr_unstable), slab caches (nr_slab,
 * slabs_scanned), bounce buffers (nr_bounce), and page reclaim with its inode cache (pgrefill_*, pgsteal_*, pgscan_*,
 * pginodesteal, kswapd_*, pageoutrun, allocstall). This era counts no migration: it shows in pswpin and pswpout.
 */
import { layout, type StateView } from '@pagetape/core';

const family = (name: string): string[] => ['high', 'normal', 'dma32', 'dma'].map((zone) => `${name}_${zone}`);

const NAMES: readonly string[] = [
  'nr_dirty',
  'nr_writeback',
  'nr_unstable',
  'nr_page_table_pages',
  'nr_mapped',
  'nr_slab',
  'pgpgin',
  'pgpgout',
  'pswpin',
  'pswpout',
  ...family('pgalloc'),
  'pgfree',
  'pgactivate',
  'pgdeactivate',
  'pgfault',
  'pgmajfault',
  ...family('pgrefill'),
  ...family('pgsteal'),
  ...family('pgscan_kswapd'),
  ...family('pgscan_direct'),
  'pginodesteal',
  'slabs_scanned',
  'kswapd_steal',
  'kswapd_inodesteal',
  'pageoutrun',
  'allocstall',
  'pgrotated',
  'nr_bounce',
];

export function vmstat(s: StateView): string {
  return NAMES.map((name) => `${name} ${valueOf(s, name)}\n`).join('');
}

function valueOf(s: StateView, name: string): number {
  if (name === 'nr_page_table_pages') return pageTables(s);
  const counter = layout.VMSTAT.findIndex((known) => known === name);
  if (counter < 0) return 0;
  // Devices count sectors; the file tells KB.
  const halved = counter === layout.PGPGIN || counter === layout.PGPGOUT;
  return halved ? s.vmstat[counter] >>> 1 : s.vmstat[counter];
}

/** Pages that hold page-table entries, of all address spaces: pte_alloc_map() counts them, the levels above are not. */
function pageTables({ mms }: StateView): number {
  let tables = 0;
  for (let at = 0; at < mms.length; at += layout.MM) tables += mms[at + layout.M_PTES];
  return tables;
}
