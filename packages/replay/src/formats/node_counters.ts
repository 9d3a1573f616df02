/**
 * What kernels of 6.x count of a node, by the names of /proc/vmstat (mm/vmstat.c). Pages are looked at one by one, as most of
 * these counters are kept for nobody but who reads these files.
 */
import { huge, layout, read, type StateView } from '@pagetape/core';
import { LRU, LRU_INACTIVE_ANON } from '@pagetape/events';

export type NodeCounters = Readonly<Record<string, number>>;

const NUMA: readonly (readonly [name: string, counter: number])[] = [
  ['numa_hit', layout.N_HIT],
  ['numa_miss', layout.N_MISS],
  ['numa_foreign', layout.N_FOREIGN],
  ['numa_interleave', layout.N_INTERLEAVE],
  ['numa_local', layout.N_LOCAL],
  ['numa_other', layout.N_OTHER],
];

/** The counters of a node. */
export function nodeCounters(s: StateView, nid: number): NodeCounters {
  const at = nid * layout.NODE;
  const counters: Record<string, number> = { nr_free_pages: 0, present: 0 };
  s.topology.zones.forEach(({ node }, zone) => {
    if (node !== nid) return;
    counters['nr_free_pages'] += s.zones[zone * layout.ZONE + layout.Z_FREE];
    counters['present'] += s.zones[zone * layout.ZONE + layout.Z_PRESENT];
  });
  LRU.slice(LRU_INACTIVE_ANON).forEach((list, n) => {
    const name = list.replace('-', '_');
    counters[`nr_${name}`] = counters[`nr_zone_${name}`] = s.nodes[at + layout.N_NR + n];
  });
  for (const [name, counter] of NUMA) counters[name] = s.nodes[at + counter];
  counters['nr_isolated_anon'] = s.nodes[at + layout.N_ISOLATED];
  counters['nr_isolated_file'] = s.nodes[at + layout.N_ISOLATED + 1];
  return { ...counters, ...pagesOf(s, nid) };
}

/** Pages of a node by what they are. The zero page is no page of anybody. */
function pagesOf(s: StateView, nid: number): NodeCounters {
  const found = {
    nr_mlock: 0,
    nr_anon_pages: 0,
    nr_mapped: 0,
    nr_file_pages: 0,
    nr_dirty: 0,
    nr_writeback: 0,
    nr_shmem: 0,
    nr_swapcached: 0,
    /** Pages of huge pages that are mapped as a whole, and huge pages of the hugetlb pool. */
    nr_anon_thps: 0,
    hugetlb_total: 0,
  };
  for (let pfn = layout.ZERO_PFN + 1; pfn < s.scalars[layout.FRAMES_USED]; pfn++) {
    if (read.frameIsFree(s, pfn) || read.page_to_nid(s, pfn) !== nid) continue;
    const mapping = read.mapping_of(s, pfn);
    if (read.PageMlocked(s, pfn)) found.nr_mlock++;
    if (huge.folio_test_hugetlb(s, pfn & -layout.HUGE) && huge.folio_test_large(s, pfn)) {
      if (huge.page_folio(s, pfn) === pfn) found.hugetlb_total++;
      continue;
    }
    if (huge.folio_entire_mapcount(s, pfn) > 0 && huge.page_folio(s, pfn) === pfn) found.nr_anon_thps += layout.HUGE;
    if (huge.page_mapcount_of_part(s, pfn) > 0) found[mapping < 0 ? 'nr_anon_pages' : 'nr_mapped']++;
    if (mapping > 0 || read.PageSwapCache(s, pfn)) found.nr_file_pages++;
    if (mapping > 0 && read.shmem_mapping(s, mapping)) found.nr_shmem++;
    if (read.PageDirty(s, pfn) && read.mapping_cap_account_dirty(s, mapping)) found.nr_dirty++;
    if (read.PageWriteback(s, pfn)) found.nr_writeback++;
    if (read.PageSwapCache(s, pfn)) found.nr_swapcached++;
  }
  return { ...found, nr_zone_write_pending: found.nr_dirty + found.nr_writeback };
}

/** The counters of all nodes together. */
export function allCounters(s: StateView): NodeCounters {
  const sums: Record<string, number> = {};
  for (const nid of s.topology.nodes) {
    for (const [name, value] of Object.entries(nodeCounters(s, nid))) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}
