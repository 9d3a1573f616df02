/** A frame and what it holds know each other: caches, areas through reverse mapping, and migration entries. */
import { VM_NONLINEAR, type Vma } from '@pagetape/events';
import * as L from '../state/layout.ts';
import {
  find_page,
  frame_of_pte,
  mapping_of,
  page_index,
  page_mapcount,
  page_private,
  page_stable_node,
  PageAnonExclusive,
  PageKsm,
  PageLocked,
  PagePrivate,
  PageSwapCache,
  pte_is_file,
} from '../state/read.ts';
import { page_folio } from '../state/huge.ts';
import type { StateView } from '../state/view.ts';
import { eachLeaf } from '../state/walk.ts';
import { numbers } from './census.ts';
import type { Invariant } from './check.ts';
import { placeName, placeOf } from './places.ts';

/** The swap cache has a frame for a slot exactly when the frame says so. */
export const checkSwapCache: Invariant = (s, { cachedSlots }, report) => {
  for (let pfn = 0; pfn < s.topology.max_pfn; pfn++) {
    const slot = PagePrivate(s, pfn) || placeOf(s, pfn) === L.PLACE_TAIL ? 0 : page_private(s, pfn);
    if (!PageSwapCache(s, pfn)) {
      if (cachedSlots[pfn] > 0) report(`the swap cache has frame ${pfn}, which does not have PG_swapcache`);
      if (slot !== 0) report(`frame ${pfn} names slot ${slot}, but does not have PG_swapcache`);
    } else if (s.swap_cache[slot] !== pfn + 1 || cachedSlots[pfn] !== 1) {
      const found = `${(s.swap_cache[slot] ?? 0) - 1}`;
      report(`frame ${pfn} is in the swap cache for slot ${slot}, where the cache has frame ${found}`);
    }
  }
};

/** The page cache has a frame for a page of a file exactly when the frame says so. */
export const checkPageCache: Invariant = (s, { cachedFiles }, report) => {
  const files = numbers(s.cold.files);
  const pages = new Map(files.map((file) => [file, 0]));
  for (let pfn = 0; pfn < s.topology.max_pfn; pfn++) {
    const file = mapping_of(s, pfn);
    const index = page_index(s, pfn);
    if (file <= 0) {
      if (cachedFiles[pfn] > 0) report(`a page cache has frame ${pfn}, which belongs to no file`);
      continue;
    }
    pages.set(file, (pages.get(file) ?? 0) + 1);
    const found = s.cold.files[file] ? find_page(s, file, index) : -1;
    if (found !== pfn) report(`frame ${pfn} is page ${index} of file ${file}, but its cache has frame ${found} there`);
    if (cachedFiles[pfn] > 1) report(`frame ${pfn} is in page caches ${cachedFiles[pfn]} times`);
  }
  for (const file of files) {
    const counted = s.files[file * L.FILE + L.X_NRPAGES];
    if (counted !== pages.get(file)) report(`file ${file} counts ${counted} cached pages, but has ${pages.get(file)}`);
  }
};

/** Whether reverse mapping, starting from the frame, would come to this entry. */
function isFound(s: StateView, pfn: number, vma: Vma, vpn: number): boolean {
  const mapping = mapping_of(s, pfn);
  if (PageKsm(s, pfn)) return isFoundMerged(s, pfn, vma, vpn);
  const owner = mapping < 0 ? vma.anon_vma === -mapping : vma.file === mapping;
  if (owner && (vma.flags & VM_NONLINEAR) !== 0) return true;
  return owner && page_index(s, pfn) === vma.pgoff + (vpn - vma.start);
}

/**
 * Whether rmap_walk_ksm() would come to this entry. A page without a node is one that ksmd could not take apart again for lack of
 * memory: that of its only mapping.
 */
function isFoundMerged(s: StateView, pfn: number, { anon_vma }: Vma, vpn: number): boolean {
  const node = s.cold.ksm?.stable_nodes[page_stable_node(s, pfn)];
  return node ? node.items.some((item) => item.anon_vma === anon_vma && item.vpn === vpn) : page_mapcount(s, pfn) === 1;
}

/** A node of the stable tree has its page where it says, and each place is known to one node at most. */
export const checkStableTree: Invariant = (s, _census, report) => {
  const seen = new Set<string>();
  for (const [node, { items }] of Object.entries(s.cold.ksm?.stable_nodes ?? {})) {
    for (const { mm, vpn } of items) {
      const place = `page ${vpn} of address space ${mm}`;
      if (seen.has(place)) report(`node ${node} of the stable tree knows ${place}, which another one knows, too`);
      seen.add(place);
    }
  }
  for (let pfn = 0; pfn < s.topology.max_pfn; pfn++) {
    const node = page_stable_node(s, pfn);
    if (node === 0) continue;
    const has = s.cold.ksm?.stable_nodes[node]?.pfn ?? pfn;
    if (has !== pfn) report(`frame ${pfn} is merged, but its node ${node} has frame ${has}`);
    if (PageAnonExclusive(s, pfn)) report(`frame ${pfn} is merged, but has PG_anon_exclusive`);
  }
};

/** Every entry lies in an area, and reverse mapping finds it: else a page could never be unmapped. */
export const checkReverseMapping: Invariant = (s, _census, report) => {
  for (const mm of numbers(s.cold.mms)) {
    const areas = s.cold.mms[mm].vmas.map((id) => s.cold.vmas[id]).filter((vma) => vma !== undefined);
    eachLeaf(s, s.mms, mm * L.MM + L.M_ROOT, (first, leaf) => {
      for (let i = 0; i < L.TABLE; i++) {
        const pte = s.tables[leaf * L.TABLE + i];
        if (pte === 0) continue;
        const vpn = first + i;
        const vma = areas.find(({ start, end }) => start <= vpn && vpn < end);
        const of = `page ${vpn} of address space ${mm}`;
        if (!vma) report(`${of} has an entry, but lies in no area`);
        if (vma && pte_is_file(pte) && (vma.flags & VM_NONLINEAR) === 0)
          report(`${of} names a page of a file, but lies in area ${vma.id}, which is not nonlinear`);
        const pfn = frame_of_pte(s, pte);
        if (!vma || pfn <= L.ZERO_PFN || pfn >= s.topology.max_pfn) continue;
        if (placeOf(s, pfn) === L.PLACE_FREE) report(`${of} maps frame ${pfn}, which is free`);
        else if (!isFound(s, pfn, vma, vpn)) {
          const frame = `frame ${pfn} (mapping ${mapping_of(s, pfn)}, index ${page_index(s, pfn)})`;
          const area = `area ${vma.id} (file ${vma.file}, anon_vma ${vma.anon_vma}, pgoff ${vma.pgoff})`;
          report(`${of} maps ${frame}, from where reverse mapping does not find it in ${area}`);
        }
      }
    });
  }
};

/** A page that one mapping has for itself is anonymous, and has no other mapping, and no entry of its slot stands for one. */
export const checkExclusivePages: Invariant = (
  s,
  { ptes, migrationPtes, pmds, migrationPmds, swapPtes, exclusivePtes },
  report,
) => {
  for (let pfn = 0; pfn < s.topology.max_pfn; pfn++) {
    if (!PageAnonExclusive(s, pfn)) continue;
    const slots = PageSwapCache(s, pfn) ? swapPtes[page_private(s, pfn)] : 0;
    const head = page_folio(s, pfn);
    const users = ptes[pfn] + migrationPtes[pfn] + pmds[head] + migrationPmds[head] + slots;
    if (mapping_of(s, pfn) >= 0) report(`frame ${pfn} has PG_anon_exclusive, but is not anonymous`);
    else if (users > 1) report(`frame ${pfn} has PG_anon_exclusive, but ${users} mappings`);
  }
  for (let slot = 0; slot < exclusivePtes.length; slot++) {
    if (exclusivePtes[slot] === 0 || swapPtes[slot] === 1) continue;
    report(`an entry has slot ${slot} for itself, but ${swapPtes[slot]} entries name it`);
  }
};

/** Migration entries stand for a page only while its mover has its lock, and has taken it off the LRU lists. */
export const checkMigrationEntries: Invariant = (s, { migrationPtes, migrationPmds }, report) => {
  for (let page = 0; page < s.topology.max_pfn; page++) {
    const entries = migrationPtes[page] + migrationPmds[page];
    if (entries === 0) continue;
    const pfn = page_folio(s, page);
    if (!PageLocked(s, pfn)) report(`${entries} migration entries name frame ${pfn}, which is not locked`);
    const place = placeOf(s, pfn);
    if (place === L.PLACE_ISOLATED || place === L.PLACE_HELD) continue;
    report(`${entries} migration entries name frame ${pfn}, which is ${placeName(s, pfn)}`);
  }
};
