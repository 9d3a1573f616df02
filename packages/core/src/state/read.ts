/** Reading single facts out of the hot arrays, with the names that the kernel uses. */
import {
  BUFFERS,
  LRU_ACTIVE,
  LRU_INACTIVE_ANON,
  LRU_INACTIVE_FILE,
  LRU_UNEVICTABLE,
  type Buffers,
  type FileSystem,
} from '@pagetape/events';
import {
  F_COUNT,
  F_FLAGS,
  F_INDEX,
  F_MAPCOUNT,
  F_MAPPING,
  F_PRIVATE,
  FRAME,
  LIST_MASK,
  LIST_SHIFT,
  MAPPING_KSM,
  MIGRATION_FRAMES,
  PG_ACTIVE,
  PG_ANON_EXCLUSIVE,
  PG_CLEARED,
  PG_HWPOISON,
  PG_LAZYFREE,
  PG_DIRTY,
  PG_LOCKED,
  PG_MLOCKED,
  PG_PRIVATE,
  PG_READAHEAD,
  PG_RECLAIM,
  PG_REFERENCED,
  PG_RESERVED,
  PG_SWAPCACHE,
  PG_UNEVICTABLE,
  PG_UPTODATE,
  PG_WRITEBACK,
  PLACE_BATCH,
  PLACE_FREE,
  PLACE_ISOLATED,
  PLACE_LRU,
  PLACE_MASK,
  PLACE_RETIRED,
  PTE_BITS,
  PTE_FILE,
  PTE_HWPOISON,
  PTE_MIGRATION_READ,
  PTE_MIGRATION_READ_EXCLUSIVE,
  PTE_MIGRATION_WRITE,
  PTE_PRESENT,
  PTE_SHIFT,
  PTE_SWAP,
  PTE_SWAP_EXCLUSIVE,
  PTE_ZERO_PAGE,
  TABLE,
  SPAN,
  TABLE_BITS,
  M_ROOT,
  MM,
  FILE,
  X_ROOT,
} from './layout.ts';
import type { File } from './cold.ts';
import { pmd_of, pte_in_pmd } from './huge.ts';
import type { ReadonlyInts, StateView } from './view.ts';

const flags = (s: StateView, pfn: number): number => s.frames[pfn * FRAME + F_FLAGS];

export const PageLocked = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_LOCKED) !== 0;
export const PageReferenced = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_REFERENCED) !== 0;
export const PageUptodate = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_UPTODATE) !== 0;
export const PageDirty = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_DIRTY) !== 0;
export const PageActive = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_ACTIVE) !== 0;
export const PageReserved = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_RESERVED) !== 0;
export const PagePrivate = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_PRIVATE) !== 0;
export const PageWriteback = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_WRITEBACK) !== 0;
export const PageSwapCache = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_SWAPCACHE) !== 0;
export const PageAnonExclusive = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_ANON_EXCLUSIVE) !== 0;
export const PageLazyFree = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_LAZYFREE) !== 0;
export const PageMlocked = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_MLOCKED) !== 0;
export const PageUnevictable = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_UNEVICTABLE) !== 0;
export const PageReadahead = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_READAHEAD) !== 0;
export const PageCleared = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_CLEARED) !== 0;
export const PageHWPoison = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_HWPOISON) !== 0;
export const PageReclaim = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PG_RECLAIM) !== 0;
export const PageLRU = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PLACE_MASK) === PLACE_LRU;
export const pageInBatch = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PLACE_MASK) === PLACE_BATCH;
export const pageIsolated = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PLACE_MASK) === PLACE_ISOLATED;
export const frameIsFree = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PLACE_MASK) === PLACE_FREE;
export const frameIsRetired = (s: StateView, pfn: number): boolean => (flags(s, pfn) & PLACE_MASK) === PLACE_RETIRED;

/** The list that has a page: one of LRU. Of a page that is isolated from a node, the inactive list that it counts as. */
export const page_lru = (s: StateView, pfn: number): number => (flags(s, pfn) & LIST_MASK) >>> LIST_SHIFT;

/**
 * `include/linux/mm_inline.h:folio_is_file_lru()` with the opposite answer, PG_swapbacked: whether the page would go to swap.
 * Nothing says so of one that lost its mapping but where it came from.
 */
export function PageSwapBacked(s: StateView, pfn: number): boolean {
  const mapping = mapping_of(s, pfn);
  if (mapping < 0) return !PageLazyFree(s, pfn);
  return mapping > 0 ? shmem_mapping(s, mapping) : PageSwapCache(s, pfn) || page_lru(s, pfn) === LRU_INACTIVE_ANON;
}

/**
 * The list for a page that comes to one: the unevictable list while it is locked, else by what the page is
 * (`include/linux/mm_inline.h:folio_lru_list()` after `mm/internal.h:folio_evictable()`).
 */
export function folio_lru_list(s: StateView, pfn: number): number {
  if (PageMlocked(s, pfn)) return LRU_UNEVICTABLE;
  const inactive = PageSwapBacked(s, pfn) ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE;
  return PageActive(s, pfn) ? inactive | LRU_ACTIVE : inactive;
}

/** What the buffers of a page are; null: it has none. */
export const page_buffers = (s: StateView, pfn: number): Buffers | null =>
  PagePrivate(s, pfn) ? BUFFERS[s.frames[pfn * FRAME + F_PRIVATE]] : null;

export const page_count = (s: StateView, pfn: number): number => s.frames[pfn * FRAME + F_COUNT];
export const page_mapcount = (s: StateView, pfn: number): number => s.frames[pfn * FRAME + F_MAPCOUNT];
export const page_index = (s: StateView, pfn: number): number => s.frames[pfn * FRAME + F_INDEX];
/** The swap slot of a page in the swap cache. A page with buffers has something else there. */
export const page_private = (s: StateView, pfn: number): number => s.frames[pfn * FRAME + F_PRIVATE];
/** 0: none; a file; or, also after the last unmap, minus an anon_vma or what page_stable_node() reads. */
export const mapping_of = (s: StateView, pfn: number): number => s.frames[pfn * FRAME + F_MAPPING];
export const PageAnon = (s: StateView, pfn: number): boolean => mapping_of(s, pfn) < 0;
/** Whether it is a merged page. Such a page is anonymous, too. */
export const PageKsm = (s: StateView, pfn: number): boolean => mapping_of(s, pfn) <= -MAPPING_KSM;
/** `mm/ksm.c:page_stable_node()`: the node of the stable tree that a merged page belongs to; 0: it is no merged page. */
export const page_stable_node = (s: StateView, pfn: number): number =>
  PageKsm(s, pfn) ? -mapping_of(s, pfn) - MAPPING_KSM : 0;
export const page_mapped = (s: StateView, pfn: number): boolean => page_mapcount(s, pfn) > 0;

/** What page_mapping() of Linux answers: the swap space, nothing for other anonymous pages, or the file. */
export const SWAPPER_SPACE = -1;
export function page_mapping(s: StateView, pfn: number): number {
  if (PageSwapCache(s, pfn)) return SWAPPER_SPACE;
  const mapping = mapping_of(s, pfn);
  return mapping < 0 ? 0 : mapping;
}

export function page_zone(s: StateView, pfn: number): number {
  const { section_zone, section_shift } = s.topology;
  return section_zone[pfn >>> section_shift];
}
export const page_to_nid = (s: StateView, pfn: number): number => s.topology.zones[page_zone(s, pfn)].node;

export const pte_present = (pte: number): boolean => (pte & PTE_PRESENT) !== 0;
export const pte_pfn = (pte: number): number => pte >>> PTE_SHIFT;
/** `include/linux/swapops.h:is_swap_pte()` of one with a slot. */
export function pte_is_swap(pte: number): boolean {
  const kind = pte & PTE_BITS;
  return kind === PTE_SWAP || kind === PTE_SWAP_EXCLUSIVE;
}
/** `include/linux/pgtable.h:pte_swp_exclusive()` */
export const pte_swp_exclusive = (pte: number): boolean => (pte & PTE_BITS) === PTE_SWAP_EXCLUSIVE;
/** `include/linux/pgtable.h:is_zero_pfn()` of a special entry. */
export const is_zero_pte = (pte: number): boolean => pte === PTE_ZERO_PAGE;
export const pte_slot = (pte: number): number => pte >>> PTE_SHIFT;
export const pte_is_file = (pte: number): boolean => (pte & PTE_BITS) === PTE_FILE;
export const pte_to_pgoff = (pte: number): number => pte >>> PTE_SHIFT;

/** `include/linux/swapops.h:is_hwpoison_entry()` of any entry. */
export const is_hwpoison_entry = (pte: number): boolean => pte !== 0 && (pte & PTE_BITS) === PTE_HWPOISON;
/** `include/linux/swapops.h:hwpoison_entry_to_pfn()` */
export const hwpoison_entry_to_pfn = (pte: number): number => pte >>> PTE_SHIFT;

/** `include/linux/swapops.h:is_migration_entry()` of any entry. */
export function is_migration_entry(pte: number): boolean {
  const kind = pte & PTE_BITS;
  return kind >= PTE_MIGRATION_READ && kind <= PTE_MIGRATION_READ_EXCLUSIVE && (kind & PTE_PRESENT) === 0;
}
/** `include/linux/swapops.h:is_write_migration_entry()` */
export const is_write_migration_entry = (pte: number): boolean => (pte & PTE_BITS) === PTE_MIGRATION_WRITE;
/** `include/linux/swapops.h:migration_entry_to_page()` */
export function migration_entry_to_pfn(s: StateView, pte: number): number {
  const number = pte >>> PTE_SHIFT;
  return migration_entry_supports_ad(s) ? number & (MIGRATION_FRAMES - 1) : number;
}
/** `include/linux/swapops.h:migration_entry_supports_ad()`: it has room for the accessed and the dirty mark. */
export const migration_entry_supports_ad = ({ topology }: StateView): boolean => topology.max_pfn <= MIGRATION_FRAMES;
/** The frame that an entry maps, or whose mapping it stands for; -1: none. */
export function frame_of_pte(s: StateView, pte: number): number {
  if (pte_present(pte)) return pte_pfn(pte);
  return is_migration_entry(pte) ? migration_entry_to_pfn(s, pte) : -1;
}

/**
 * Where the entry of `index` lies in `tables`, or -1 when there is no leaf table for it. The root, a table and a
 * height, lies at `roots[at]` and `roots[at + 1]`.
 */
export function tableEntry(tables: ReadonlyInts, roots: ReadonlyInts, at: number, index: number): number {
  let table = roots[at];
  let level = roots[at + 1];
  if (table === 0 || index >= SPAN[level]) return -1;
  while (--level > 0) {
    table = tables[table * TABLE + ((index >>> (level * TABLE_BITS)) & (TABLE - 1))];
    if (table <= 0) return -1;
  }
  return table * TABLE + (index & (TABLE - 1));
}

/** The page-table entry of a page of an address space; 0 when there is none. A huge entry is told as what it is for the page. */
export function pte_of(s: StateView, mm: number, vpn: number): number {
  const entry = tableEntry(s.tables, s.mms, mm * MM + M_ROOT, vpn);
  if (entry >= 0) return s.tables[entry];
  return s.topology.huge ? pte_in_pmd(s, pmd_of(s, mm, vpn), vpn) : 0;
}

/** Whether the 512 pages around a page have a page table. */
export function has_page_table(s: StateView, mm: number, vpn: number): boolean {
  return tableEntry(s.tables, s.mms, mm * MM + M_ROOT, vpn) >= 0;
}

/** What a file has at `index`: a frame plus one, minus a swap slot, or 0 for nothing. */
function indexEntry(s: StateView, file: number, index: number): number {
  const entry = tableEntry(s.tables, s.files, file * FILE + X_ROOT, index);
  return entry < 0 ? 0 : s.tables[entry];
}

/** The frame that caches a page of a file, or -1: find_get_page() without the reference. */
export const find_page = (s: StateView, file: number, index: number): number =>
  Math.max(indexEntry(s, file, index), 0) - 1;

/** The swap slot that has a page of a file, or 0: mm/shmem.c:shmem_swp_entry(). */
export const shmem_swp_entry = (s: StateView, file: number, index: number): number =>
  Math.max(-indexEntry(s, file, index), 0);

/** Whether an area shows the file: mapping_mapped(). */
export const mapping_mapped = ({ i_mmap, i_mmap_nonlinear }: Pick<File, 'i_mmap' | 'i_mmap_nonlinear'>): boolean =>
  i_mmap.length > 0 || i_mmap_nonlinear.length > 0;

/** Whether the file is one of tmpfs: shmem_mapping(). */
export const shmem_mapping = (s: StateView, file: number): boolean => s.cold.files[file]?.fs === 'tmpfs';

/** Files of these are only in memory, or in swap. */
export const kept_on_disk = (fs: FileSystem): boolean => fs !== 'ramfs' && fs !== 'tmpfs';

/** Whether write-back looks for dirty pages of the mapping, so that they are counted: mapping_cap_account_dirty(). */
export const mapping_cap_account_dirty = (s: StateView, mapping: number): boolean =>
  mapping > 0 && s.cold.files[mapping] !== undefined && kept_on_disk(s.cold.files[mapping].fs);
