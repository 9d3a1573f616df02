/** Reverse mapping (mm/rmap.c): from a page to the entries that map it. */
import {
  MIGRATION_ENTRY_READ,
  MIGRATION_ENTRY_READ_EXCLUSIVE,
  MIGRATION_ENTRY_WRITE,
  refusal,
  VM_LOCKED,
  VM_MAYSHARE,
  type Vma,
} from '@pagetape/events';
import { smp_processor_id, type Kernel } from '../kernel.ts';
import {
  mapping_of,
  migration_entry_supports_ad,
  page_index,
  page_mapcount,
  page_mapped,
  page_private,
  PageAnon,
  PageAnonExclusive,
  PageDirty,
  PageKsm,
  PageHWPoison,
  PageLocked,
  PageReferenced,
  PageSwapCache,
  pte_of,
  pte_pfn,
  pte_present,
} from '../state/read.ts';
import { folio_mapcount, folio_test_large, page_folio, pmd_of, pmd_pfn, pmd_present } from '../state/huge.ts';
import { HUGE, PTE_DIRTY, PTE_WRITE, PTE_YOUNG } from '../state/layout.ts';
import { area_locks, mlock_drain, mlock_vma_folio, munlock_folio } from './mlock_batch.ts';
import { swap_duplicate } from './swapfile.ts';
import { rmap_walk_ksm } from './ksm.ts';
import { find_mergeable_anon_vma, linear_page_index } from './mmap.ts';

const MLOCKED = refusal('mlocked');
const RECENTLY_USED = refusal('recently-used');

const LOCKED_AND_SHARED = VM_LOCKED | VM_MAYSHARE;

export const SWAP_SUCCESS = 0;
export const SWAP_AGAIN = 1;
export const SWAP_FAIL = 2; // a mapping was recently used
export const SWAP_MLOCK = 3; // a mapping lies in locked memory; Linux of 2006 says SWAP_FAIL for both

/** Areas that may map the page, in the order in which the kernel visits them. */
export function vmas_of_page(k: Kernel, pfn: number): readonly number[] {
  const mapping = mapping_of(k.s, pfn);
  if (mapping < 0) return k.s.cold.anon_vmas[-mapping] ?? [];
  return mapping > 0 ? k.s.cold.files[mapping].i_mmap : [];
}

/** `mm/rmap.c:vma_address()`: where the page would lie in the area, as a page number, or -1. */
export function vma_address(k: Kernel, pfn: number, vma: Vma): number {
  const vpn = vma.start + (page_index(k.s, pfn) - vma.pgoff);
  return vpn >= vma.start && vpn < vma.end ? vpn : -1;
}

/** Where an area has parts of a huge page: its pages from `vpn` on are the `parts` ones of the folio from `part` on. */
export interface PlaceOfFolio {
  readonly vma: Vma;
  readonly vpn: number;
  readonly part: number;
  readonly parts: number;
}

/** The areas that may map a huge page or parts of it, in the order in which the kernel visits them. */
export function places_of_folio(k: Kernel, head: number): PlaceOfFolio[] {
  return vmas_of_page(k, head).flatMap((id) => {
    const vma = k.s.cold.vmas[id];
    const first = vma.start + (page_index(k.s, head) - vma.pgoff);
    const vpn = Math.max(first, vma.start);
    const parts = Math.min(first + HUGE, vma.end) - vpn;
    return parts > 0 ? [{ vma, vpn, part: vpn - first, parts }] : [];
  });
}

/** What a walk does with each place where the page may be mapped. Anything but SWAP_AGAIN ends the walk. */
export type RmapOne = (k: Kernel, pfn: number, vma: Vma, vpn: number, arg: number) => number;

/** `mm/rmap.c:rmap_walk()`, but for nonlinear areas. Returns the last answer. */
export function rmap_walk(k: Kernel, pfn: number, rmap_one: RmapOne, arg = 0): number {
  if (PageKsm(k.s, pfn)) return rmap_walk_ksm(k, pfn, rmap_one, arg);
  for (const id of vmas_of_page(k, pfn)) {
    const vma = k.s.cold.vmas[id];
    const vpn = vma_address(k, pfn, vma);
    const answer = vpn < 0 ? SWAP_AGAIN : rmap_one(k, pfn, vma, vpn, arg);
    if (answer !== SWAP_AGAIN) return answer;
  }
  return SWAP_AGAIN;
}

/** `mm/rmap.c:page_address_in_vma()`: where the page lies in the area, as a page number; -1: it is not of this area. */
export function page_address_in_vma(k: Kernel, pfn: number, vma: Vma): number {
  const mapping = mapping_of(k.s, pfn);
  const belongs = mapping < 0 ? vma.anon_vma === -mapping : mapping > 0 && vma.file === mapping;
  return belongs ? vma_address(k, pfn, vma) : -1;
}

/** `mm/rmap.c:page_check_address()`: the entry at `vpn`, if it maps the page; else 0. */
function page_check_address(k: Kernel, pfn: number, mm: number, vpn: number): number {
  const pte = pte_of(k.s, mm, vpn);
  return pte_present(pte) && pte_pfn(pte) === pfn ? pte : 0;
}

/** The nonlinear areas of the page's file, in which it may be anywhere. */
function nonlinear_areas(k: Kernel, pfn: number): Vma[] {
  const mapping = mapping_of(k.s, pfn);
  return mapping > 0 ? k.s.cold.files[mapping].i_mmap_nonlinear.map((id) => k.s.cold.vmas[id]) : [];
}

/** The areas through which a page is mapped now. */
export function mappers_of(k: Kernel, pfn: number): Vma[] {
  const linear = vmas_of_page(k, pfn).map((id) => k.s.cold.vmas[id]);
  if (folio_test_large(k.s, pfn)) return mappers_of_folio(k, pfn);
  const found = linear.filter((vma) => {
    const vpn = vma_address(k, pfn, vma);
    return vpn >= 0 && page_check_address(k, pfn, vma.mm, vpn) !== 0;
  });
  for (const vma of nonlinear_areas(k, pfn)) {
    let vpn = vma.start;
    while (vpn < vma.end && page_check_address(k, pfn, vma.mm, vpn) === 0) vpn++;
    if (vpn < vma.end) found.push(vma);
  }
  return found;
}

function mappers_of_folio(k: Kernel, head: number): Vma[] {
  const maps = ({ vma, vpn, part, parts }: PlaceOfFolio): boolean => {
    for (let i = 0; i < parts; i++) if (page_check_address(k, head + part + i, vma.mm, vpn + i) !== 0) return true;
    return false;
  };
  return places_of_folio(k, head).flatMap((place) => (maps(place) ? [place.vma] : []));
}

/** Whether a mapping of the page was written through since it was last clean. */
export function has_dirty_mapping(k: Kernel, pfn: number): boolean {
  return rmap_walk(k, pfn, is_dirty_mapping) !== SWAP_AGAIN;
}

const is_dirty_mapping: RmapOne = (k, pfn, { mm }, vpn) =>
  (page_check_address(k, pfn, mm, vpn) & PTE_DIRTY) !== 0 ? SWAP_SUCCESS : SWAP_AGAIN;

/** `mm/rmap.c:anon_vma_prepare()`: gives the area an anon_vma, if it has none. Returns it. */
export function anon_vma_prepare(k: Kernel, vma: Vma): number {
  if (vma.anon_vma !== 0) return vma.anon_vma;
  const anon_vma = find_mergeable_anon_vma(k, vma) || k.s.cold.next.anon_vma;
  k.emit.AnonVmaPrepared({ vma: vma.id, anon_vma });
  return anon_vma;
}

/**
 * `mm/rmap.c:try_to_unmap_one()`: removes one mapping. Fails on locked memory and, in kernels that spare what is in use, on a
 * mapping that was used since the last look, whose accessed bit it clears.
 */
function try_to_unmap_one(k: Kernel, pfn: number, vma: Vma, vpn: number): number {
  const pte = page_check_address(k, pfn, vma.mm, vpn);
  if (pte === 0) return SWAP_AGAIN;
  if ((vma.flags & VM_LOCKED) !== 0) {
    mlock_vma_folio(k, pfn, vma);
    k.emit.UnmapRefused(pfn, vma.mm, vpn, MLOCKED);
    return SWAP_MLOCK;
  }
  if ((pte & PTE_YOUNG) !== 0 && k.traits.unmap_spares_young) {
    k.emit.YoungBitCleared(pfn, vma.mm, vpn);
    k.emit.UnmapRefused(pfn, vma.mm, vpn, RECENTLY_USED);
    return SWAP_FAIL;
  }
  if ((pte & PTE_DIRTY) !== 0 && !PageDirty(k.s, pfn)) k.emit.PageDirtied(pfn, 1);
  const slot = PageAnon(k.s, pfn) ? page_private(k.s, pfn) : 0;
  if (slot !== 0) swap_duplicate(k, slot);
  k.emit.PteUnmapped(pfn, vma.mm, vpn, slot);
  return page_mapped(k.s, pfn) ? SWAP_AGAIN : SWAP_SUCCESS;
}

/**
 * `mm/rmap.c:try_to_unmap()`: removes all mappings of a locked page, and stops at the first that refuses. Mappings that
 * were removed before stay removed. Returns SWAP_SUCCESS, SWAP_AGAIN (one was missed), SWAP_FAIL
 * or SWAP_MLOCK.
 */
export function try_to_unmap(k: Kernel, pfn: number): number {
  let result = rmap_walk(k, pfn, try_to_unmap_one);
  if (result < SWAP_FAIL && page_mapped(k.s, pfn)) result = try_to_unmap_nonlinear(k, pfn);
  return page_mapped(k.s, pfn) ? result : SWAP_SUCCESS;
}

/** CLUSTER_SIZE: as many entries are looked at together. */
const CLUSTER = 32;

/**
 * `mm/rmap.c:try_to_unmap_cluster()`: unmaps what it finds around page `cursor` of a nonlinear area, whatever page that
 * is. Entries that were used since the last look stay, but look unused from now on. Returns how many went.
 */
function try_to_unmap_cluster(k: Kernel, vma: Vma, cursor: number): number {
  const first = Math.floor((vma.start + cursor) / CLUSTER) * CLUSTER;
  let unmapped = 0;
  for (let vpn = Math.max(first, vma.start); vpn < Math.min(first + CLUSTER, vma.end); vpn++) {
    const pte = pte_of(k.s, vma.mm, vpn);
    if (!pte_present(pte)) continue;
    const pfn = pte_pfn(pte);
    if ((pte & PTE_YOUNG) !== 0) {
      k.emit.YoungBitCleared(pfn, vma.mm, vpn);
      continue;
    }
    const index = page_index(k.s, pfn);
    if ((pte & PTE_DIRTY) !== 0 && !PageDirty(k.s, pfn)) k.emit.PageDirtied(pfn, 1);
    k.emit.PteUnmapped(pfn, vma.mm, vpn, 0);
    if (index !== linear_page_index(vma, vpn)) k.emit.FileOffsetInstalled(vma.mm, vpn, index);
    unmapped++;
  }
  return unmapped;
}

function move_cursor(k: Kernel, vma: Vma, cursor: number): void {
  if (cursor_of(k, vma) !== cursor) k.emit.NonlinearCursorMoved({ vma: vma.id, cursor });
}

const cursor_of = (k: Kernel, vma: Vma): number => k.s.cold.vmas[vma.id].cursor ?? 0;

/**
 * The second half of `mm/rmap.c:try_to_unmap_file()`. The kernel cannot find a page in nonlinear areas; it unmaps any pages
 * there, a cluster of each area by turns, as many as the page has mappings. So the page itself may well stay mapped.
 */
function try_to_unmap_nonlinear(k: Kernel, pfn: number, migration = false): number {
  const areas = nonlinear_areas(k, pfn);
  if (areas.length === 0) return SWAP_AGAIN;
  const open = migration ? areas : areas.filter(({ flags }) => (flags & VM_LOCKED) === 0);
  if (open.length === 0) return SWAP_MLOCK;
  const longest = Math.max(...open.map(({ start, end }) => end - start));
  const limit = Math.ceil(longest / CLUSTER) * CLUSTER;
  let wanted = page_mapcount(k.s, pfn);
  let upto = Math.max(...open.map((vma) => cursor_of(k, vma))) || CLUSTER;
  do {
    for (const vma of open) {
      for (let cursor = cursor_of(k, vma); cursor < Math.min(upto, vma.end - vma.start);) {
        wanted -= try_to_unmap_cluster(k, vma, cursor);
        cursor += CLUSTER;
        move_cursor(k, vma, cursor);
        if (wanted <= 0) return SWAP_AGAIN;
      }
      move_cursor(k, vma, upto);
    }
    upto += CLUSTER;
  } while (upto <= limit);
  // The kernel resets the locked areas, too.
  for (const vma of areas) move_cursor(k, vma, 0);
  return SWAP_AGAIN;
}

/**
 * `mm/rmap.c:try_to_unmap_one()` for migration: the mapping gives way to an entry that names the page. Neither recent use
 * nor locked memory forbids it. Where the kernel says so, a page in the swap cache leaves the entry of its slot instead.
 */
function try_to_migrate_one(k: Kernel, pfn: number, vma: Vma, vpn: number): number {
  const pte = page_check_address(k, pfn, vma.mm, vpn);
  if (pte === 0) return SWAP_AGAIN;
  const folio = page_folio(k.s, pfn);
  if ((pte & PTE_DIRTY) !== 0 && !PageDirty(k.s, folio)) k.emit.PageDirtied(folio, 1);
  if (PageHWPoison(k.s, folio)) {
    k.emit.HwpoisonEntrySet(pfn, vma.mm, vpn);
    return page_mapped(k.s, pfn) ? SWAP_AGAIN : SWAP_SUCCESS;
  }
  if (PageSwapCache(k.s, pfn) && k.traits.swap_cached_leaves_swap_entry) {
    const slot = page_private(k.s, pfn);
    swap_duplicate(k, slot);
    k.emit.PteUnmapped(pfn, vma.mm, vpn, slot);
    return page_mapped(k.s, pfn) ? SWAP_AGAIN : SWAP_SUCCESS;
  }
  const readable = PageAnonExclusive(k.s, pfn) ? MIGRATION_ENTRY_READ_EXCLUSIVE : MIGRATION_ENTRY_READ;
  const kind = (pte & PTE_WRITE) !== 0 ? MIGRATION_ENTRY_WRITE : readable;
  const marks = k.traits.migration_keeps_marks && migration_entry_supports_ad(k.s) ? pte : 0;
  const young = (marks & PTE_YOUNG) !== 0 ? 1 : 0;
  const dirty = (marks & PTE_DIRTY) !== 0 ? 1 : 0;
  k.emit.MigrationEntrySet(pfn, vma.mm, vpn, kind, young, dirty);
  if (area_locks(k, vma)) {
    munlock_folio(k, pfn);
    mlock_drain(k, smp_processor_id(k));
  }
  return page_mapped(k.s, pfn) ? SWAP_AGAIN : SWAP_SUCCESS;
}

/**
 * `mm/rmap.c:try_to_unmap()` for migration, which later kernels call try_to_migrate(): all mappings of a locked page give
 * way to migration entries. Those in nonlinear areas leave none: the next access brings the page back. Returns whether nothing maps the page any more.
 */
export function try_to_migrate(k: Kernel, pfn: number): boolean {
  if (folio_test_large(k.s, pfn)) return try_to_migrate_folio(k, pfn);
  rmap_walk(k, pfn, try_to_migrate_one);
  if (page_mapped(k.s, pfn)) try_to_unmap_nonlinear(k, pfn, true);
  return !page_mapped(k.s, pfn);
}

/** The same of a huge page: all of it gives way at once or, where its mapping was split, part by part. */
function try_to_migrate_folio(k: Kernel, head: number): boolean {
  for (const { vma, vpn, part, parts } of places_of_folio(k, head)) {
    const pmd = pmd_of(k.s, vma.mm, vpn);
    if (pmd === 0) {
      for (let i = 0; i < parts; i++) try_to_migrate_one(k, head + part + i, vma, vpn + i);
    } else if (pmd_present(pmd) && pmd_pfn(pmd) === head) set_pmd_migration_entry(k, head, vma.mm, vpn, pmd);
    if (folio_mapcount(k.s, head) === 0) break;
  }
  return folio_mapcount(k.s, head) === 0;
}

/** `mm/huge_memory.c:set_pmd_migration_entry()` */
function set_pmd_migration_entry(k: Kernel, head: number, mm: number, vpn: number, pmd: number): void {
  if ((pmd & PTE_DIRTY) !== 0 && !PageDirty(k.s, head)) k.emit.PageDirtied(head, 1);
  const readable = PageAnonExclusive(k.s, head) ? MIGRATION_ENTRY_READ_EXCLUSIVE : MIGRATION_ENTRY_READ;
  const kind = (pmd & PTE_WRITE) !== 0 ? MIGRATION_ENTRY_WRITE : readable;
  k.emit.PmdMigrationEntrySet(head, mm, vpn, kind, (pmd & PTE_YOUNG) !== 0 ? 1 : 0, (pmd & PTE_DIRTY) !== 0 ? 1 : 0);
}

/**
 * `mm/rmap.c:page_referenced()`: how many of the page's marks of use were set, the page's own and those of its mappings.
 * All are cleared; but the look at a page of a file ends at the first shared area that is locked, which counts as one.
 */
export function page_referenced(k: Kernel, pfn: number): number {
  let referenced = 0;
  if (PageReferenced(k.s, pfn)) {
    k.emit.PageReferencedCleared(pfn);
    referenced++;
  }
  if (!page_mapped(k.s, pfn)) return referenced;
  if (!PageAnon(k.s, pfn) && PageLocked(k.s, pfn)) return referenced + 1;
  rmap_walk(k, pfn, (_k, _pfn, { flags, mm }, vpn) => {
    const locked = (flags & LOCKED_AND_SHARED) === LOCKED_AND_SHARED && !PageAnon(k.s, pfn);
    const young = (page_check_address(k, pfn, mm, vpn) & PTE_YOUNG) !== 0;
    if (young && !locked) k.emit.YoungBitCleared(pfn, mm, vpn);
    if (young || locked) referenced++;
    return locked ? SWAP_SUCCESS : SWAP_AGAIN;
  });
  return referenced;
}
