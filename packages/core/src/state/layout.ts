/**
 * The hot lane: where each integer of the machine lies. Every array is an Int32Array of records with a fixed stride;
 * a field is an offset into its record. Fields that are used together lie together.
 *
 * Zero is the state of what was never used: a frame is free, a table entry empty, a link absent. So a machine of any
 * size starts as untouched zero pages. Links to frames and tables hold the number plus one, 0 meaning none.
 */

// --- frames: one record a page frame, index pfn * FRAME -----------------------------------------------------------
export const FRAME = 8;
export const F_FLAGS = 0; // PG_* bits, and the place of the frame above them
export const F_COUNT = 1; // references
export const F_MAPCOUNT = 2; // page-table entries that map the frame
export const F_MAPPING = 3; // 0: none; > 0: a file; < 0: minus an anon_vma, or a stable node. Stays after the last unmap, as in Linux
export const F_INDEX = 4; // page offset in the file, or the linear index of an anonymous page
export const F_PRIVATE = 5; // swap slot while PG_SWAPCACHE is set; number in BUFFERS while PG_PRIVATE is
export const F_NEXT = 6; // towards the tail of the LRU list or of the free list: pfn + 1; or how many areas are known to lock it
export const F_PREV = 7; // towards the head: pfn + 1

/** The mapping of a merged page (PAGE_MAPPING_KSM): minus its node of the stable tree, below all anon_vmas. */
export const MAPPING_KSM = 1 << 30;

export const PG_LOCKED = 1 << 0;
export const PG_ERROR = 1 << 1;
export const PG_REFERENCED = 1 << 2;
export const PG_UPTODATE = 1 << 3;
export const PG_DIRTY = 1 << 4;
export const PG_HWPOISON = 1 << 5; // the frame is bad
export const PG_ACTIVE = 1 << 6;
export const LIST_SHIFT = 7; // the list that has a page of PLACE_LRU: one of LRU
export const LIST_MASK = 7 << LIST_SHIFT; // of one isolated from a node, what it counts as: an inactive list
export const PG_RESERVED = 1 << 10;
export const PG_PRIVATE = 1 << 11;
export const PG_WRITEBACK = 1 << 12;
export const PG_MLOCKED = 1 << 13; // locked memory maps it
export const PG_UNEVICTABLE = 1 << 14; // it is on the unevictable list, or was before it was isolated
export const PG_SWAPCACHE = 1 << 15;
export const PG_RECLAIM = 1 << 17;
export const PG_ANON_EXCLUSIVE = 1 << 18; // one mapping has the anonymous page for itself, as far as the kernel knows
export const PG_LAZYFREE = 1 << 19; // an anonymous page without PG_swapbacked: it may be dropped while it is clean
export const PG_LARGE = 1 << 27; // a frame of a huge page
export const PG_ZEROED = 1 << 28; // part of a huge page to which nobody has written yet
export const PG_HUGETLB = 1 << 29; // of the head: a page of the hugetlb pools
export const PG_PARTIAL = 1 << 30; // of the head: some parts have lost their last mapping, others have not

export const PG_READAHEAD = 1 << 21; // read from swap before anybody asked for it
export const PG_CLEARED = 1 << 20; // private memory to which nobody has written since it was cleared

/** Each frame is in exactly one place. PG_lru of Linux is PLACE_LRU. */
export const PLACE_SHIFT = 24;
export const PLACE_MASK = 7 << PLACE_SHIFT;
export const PLACE_FREE = 0 << PLACE_SHIFT;
export const PLACE_HELD = 1 << PLACE_SHIFT; // allocated and on no list: its holders know it
export const PLACE_BATCH = 2 << PLACE_SHIFT; // in a per-CPU batch
export const PLACE_LRU = 3 << PLACE_SHIFT;
export const PLACE_ISOLATED = 4 << PLACE_SHIFT; // on the private list of a call
export const PLACE_IMAGE = 5 << PLACE_SHIFT; // part of the kernel image: the zero page
export const PLACE_RETIRED = 6 << PLACE_SHIFT; // out of use for ever: a bad page, or memory of a node that was removed
export const PLACE_TAIL = 7 << PLACE_SHIFT; // part of a huge page, but not its first frame

/**
 * A huge page is HUGE frames in a row, the first of which, the head, has a number that HUGE divides; so any frame of it knows
 * the head. The head has what the kernel knows of a folio: flags, references, the place on lists. Every frame has
 * what is known of a part: F_MAPCOUNT counts its own page-table entries, F_MAPPING and F_INDEX say where it belongs,
 * PG_ANON_EXCLUSIVE and PG_ZEROED are its own. Two counts of the folio lie in the first tail.
 */
export const HUGE_ORDER = 9;
export const HUGE = 1 << HUGE_ORDER;
export const FOLIO_ENTIRE = FRAME + F_PRIVATE; // from the head's record on: entries one level up that map all of it
export const FOLIO_PTES = FRAME + F_NEXT; // page-table entries that map parts of it, all together

/** The zero page is the first frame of the machine. */
export const ZERO_PFN = 0;

// --- zones: index zone * ZONE -------------------------------------------------------------------------------------
export const ZONE = 17;
export const Z_NODE = 0;
export const Z_KIND = 1; // ZONE_DMA …
export const Z_START = 2; // first pfn
export const Z_PRESENT = 3; // 0 while its node is offline: nothing of it is handed out then
export const Z_FREE = 4; // frames that the allocator may hand out
export const Z_FRESH = 5; // frames from Z_START on that were handed out at least once
export const Z_FREE_HEAD = 6; // most recently freed frame: pfn + 1
export const Z_LRU = 7; // head and tail of the inactive, then of the active list: pfn + 1
export const Z_NR = 11; // pages on the inactive, then on the active list
export const Z_MIN = 13; // watermarks
export const Z_LOW = 14;
export const Z_HIGH = 15;
/**
 * Free frames that the allocator may not hand out, because somebody outside has them: those that it would hand out last.
 * So they stay the same frames, whatever is taken and given back meanwhile.
 */
export const Z_WITHHELD = 16;

// --- nodes: allocation counters, and the LRU lists of later kernels, index nid * NODE --------------------------------
export const NODE = 21;
export const N_HIT = 0;
export const N_MISS = 1;
export const N_FOREIGN = 2;
export const N_INTERLEAVE = 3;
export const N_LOCAL = 4;
export const N_OTHER = 5;
/**
 * Head and tail of the four lists from inactive-anon on: pfn + 1. Pages of the unevictable list are not linked: F_NEXT says
 * how many areas are known to lock each.
 */
export const N_LRU = 6;
export const N_NR = 14; // pages on each of the five lists
export const N_ISOLATED = 19; // isolated pages: of the swap-backed kind, and of files

// --- nodes: hugetlb pools, index nid * HUGETLB; empty where the machine has none --------------------------------------
export const HUGETLB = 2;
export const H_FREE = 0; // huge pages in the pool
export const H_HEAD = 1; // the one that came last: pfn + 1; F_NEXT of each leads to the one before

// --- CPUs: LRU batches, by LRU_BATCH, and that of mlock(2), index cpu * CPU ---------------------------------------------------------------------------
export const BATCH_MAX = 31;
export const BATCH = BATCH_MAX + 1; // number of pages, then the pages, oldest first
export const MLOCK_BATCH = 3 * BATCH; // its entries are pfn << MLOCK_SHIFT and a request
export const MLOCK_SHIFT = 2;
export const CPU = 4 * BATCH;

// --- tables: page tables and page caches, 512 entries each, index table * TABLE -------------------------------------
export const TABLE_BITS = 9;
export const TABLE = 1 << TABLE_BITS;
/** Levels of 512 entries that cover 31 bits of index. */
export const MAX_HEIGHT = 4;
/** Indexes that a tree covers, by its height. */
export const SPAN: readonly number[] = [0, 512, 262_144, 134_217_728, 68_719_476_736];

/**
 * A page-table entry. Present: PTE_PRESENT, the marks below, and pfn << PTE_SHIFT. Else (entry >> 1) & 7 says what it is:
 * PTE_SWAP with a slot above it, a migration entry with the frame that is being moved, PTE_HWPOISON with a bad frame, PTE_FILE
 * with the page of the file that a nonlinear area shows there, or PTE_ZERO_PAGE alone. That one maps the zero page, but is no page to vm_normal_page() and so
 * to whoever walks page tables: nothing counts it.
 */
export const PTE_SHIFT = 4;
export const PTE_PRESENT = 1;
export const PTE_WRITE = 2;
export const PTE_YOUNG = 4;
export const PTE_DIRTY = 8;
export const PTE_HWPOISON = 0 << 1; // with the number of a bad frame, which is never 0; this and those below: without PTE_PRESENT
export const PTE_SWAP = 1 << 1;
export const PTE_MIGRATION_READ = 2 << 1;
export const PTE_MIGRATION_WRITE = 3 << 1;
export const PTE_MIGRATION_READ_EXCLUSIVE = 4 << 1; // of an anonymous page that nobody shares
export const PTE_SWAP_EXCLUSIVE = 5 << 1; // a swap entry of a page that nobody shares
export const PTE_FILE = 6 << 1;
export const PTE_ZERO_PAGE = 7 << 1;
export const PTE_BITS = 15;

/**
 * A huge page is mapped by one entry in the table above, where others have the number of a leaf table. Such a huge entry is
 * below zero, so that a walk that looks for a leaf table finds none. It has PMD_HUGE, the low bits of a page-table entry (all
 * kinds but those of swap, and PTE_FILE), the marks of a migration entry, and the number of the head divided by HUGE.
 */
export const PMD_HUGE = 1 << 31;
export const PMD_YOUNG = 1 << 30; // MIGRATION_YOUNG of a huge entry
export const PMD_DIRTY = 1 << 29; // MIGRATION_DIRTY of it
export const PMD_SHIFT = PTE_SHIFT;
export const PMD_FRAMES = PMD_DIRTY - 1;

/**
 * A migration entry keeps the marks of its mapping in the two highest bits, on machines of so few frames that their
 * numbers do not need them. On larger ones the marks are lost, as in Linux where a swap entry has no room for them.
 */
export const MIGRATION_YOUNG = 1 << 30;
export const MIGRATION_DIRTY = 1 << 31;
export const MIGRATION_FRAMES = 1 << 26;

// --- address spaces: index mm * MM --------------------------------------------------------------------------------
export const MM = 8;
export const M_ROOT = 0; // top table and height of the page tables
export const M_FILE_RSS = 2;
export const M_ANON_RSS = 3;
export const M_USERS = 4;
export const M_LOCKED = 5; // locked pages
export const M_SEM = 6; // mmap_sem: readers, or -1 for a writer
export const M_PTES = 7; // leaf tables

// --- tasks: index pid * TASK --------------------------------------------------------------------------------------
export const TASK = 8;
export const T_CPU = 0;
export const T_FLAGS = 1;
export const T_MIN_FLT = 2;
export const T_MAJ_FLT = 3;
export const T_IL_NEXT = 4; // next node of an interleave without an address
export const T_IL_PREV = 5; // later kernels keep the node that was last taken instead,
export const T_IL_WEIGHT = 6; // and how many pages it is still good for
export const PF_SWAPWRITE = 0x01000000;

// --- files: index file * FILE -------------------------------------------------------------------------------------
export const FILE = 4;
export const X_ROOT = 0; // top table and height of the page cache; entries are pfn + 1, or minus a swap slot
export const X_NRPAGES = 2; // cached pages
export const X_SWAPPED = 3; // pages in swap

// --- swap areas: index area * AREA, and per slot one integer in swap_map and swap_cache -----------------------------
export const AREA = 8;
export const S_BASE = 0; // number of its slot 0, the header, among all slots
export const S_MAX = 1; // slots with the header
export const S_LOWEST = 2; // lowest_bit
export const S_HIGHEST = 3; // highest_bit
export const S_CLUSTER_NEXT = 4;
export const S_CLUSTER_NR = 5;
export const S_INUSE = 6;
export const S_PAGES = 7; // usable slots

// By slot, in `zeromap`, which grows when it is needed: what the page of the slot held when it went there.
export const ZEROES_WRITTEN = 1; // zeroes, which the device has
export const ZEROES_NOTED = 2; // zeroes, of which the device knows nothing

// --- what a scenario holds from outside: three lists, the oldest first, whose ends are in LOCK_HOLDERS, PINS and SEIZED --
/** By frame, index pfn * HOLDER: who holds its lock. The array grows as far as frames are locked from outside. */
export const HOLDER = 4;
export const H_UNTIL = 0; // 0: nobody outside has the lock; else the number in UNTIL plus one
export const H_TRIES = 1; // failed tries to come before the holder lets go
export const H_NEXT = 2; // who came after: pfn + 1
export const H_PREV = 3; // who came before: pfn + 1
/** By number, index pin * PIN: the reference that a task took on the page which it had at an address. */
export const PIN = 5;
export const P_TASK = 0; // 0: the record is free
export const P_VPN = 1;
export const P_PFN = 2;
export const P_NEXT = 3; // the pin that came after: pin + 1; of a free record, the record that became free before it
export const P_PREV = 4; // the pin that came before: pin + 1
// By slot, in `seized`: the slot that was seized after it; 0 for the last. Slot 0 is a header, which nobody gets.

// --- single numbers -------------------------------------------------------------------------------------------------
export const CURRENT_TASK = 0;
export const CURRENT_CPU = 1;
export const CURRENT_OP = 2;
export const IO_FIRST = 3; // position of the oldest request in the ring
export const IO_PENDING = 4;
export const READ_ERRORS = 5; // requests that are going to fail
export const WRITE_ERRORS = 6;
export const NR_SWAP_PAGES = 7; // free slots of all areas
export const TOTAL_SWAP_PAGES = 8;
export const TABLES_USED = 9; // tables ever used; table 0 stands for none
export const TABLES_FREE = 10; // first of the freed tables, which are linked by their first entry
export const FRAMES_USED = 11; // frames below this were touched: what hashes and copies read
export const LAST_OP = 12; // number of the newest step
export const STOPPED = 13; // 1: a step did not return, so the run is over
export const LRU_DISABLED = 14; // callers that do not want pages in batches
export const DRAWS = 16; // draws from each stream of chance
export const LOCK_HOLDERS = 22; // first and last: pfn + 1
export const PINS = 24; // first and last: pin + 1
export const SEIZED = 26; // first and last: slot
export const PINS_USED = 28; // pins ever used
export const PINS_FREE = 29; // the record that became free last: pin + 1
export const HUGETLB_RESERVED = 30; // huge pages that are promised to mappings
export const SCALARS = 32;

// --- counters of the whole machine, as /proc/vmstat and the swap cache statistics name them --------------------------
export const VMSTAT = [
  'pgfault',
  'pgmajfault',
  'pswpin',
  'pswpout',
  'pgalloc',
  'pgfree',
  'pgactivate',
  'pgdeactivate',
  'pgrotated',
  'nr_mapped',
  'nr_dirty',
  'nr_writeback',
  'nr_swapcache',
  'swap_cache_add',
  'swap_cache_del',
  'swap_cache_find_success',
  'swap_cache_find_total',
  'warn',
  'pgalloc_dma',
  'pgalloc_dma32',
  'pgalloc_normal',
  'pgalloc_high',
  'pgpgin',
  'pgpgout',
  'pgmigrate_success',
  'pgmigrate_fail',
  'nr_mlock',
  'unevictable_pgs_culled',
  'unevictable_pgs_rescued',
  'unevictable_pgs_mlocked',
  'unevictable_pgs_munlocked',
  'unevictable_pgs_cleared',
  'unevictable_pgs_stranded',
  'pglazyfree',
  'thp_migration_success',
  'thp_migration_fail',
  'thp_migration_split',
] as const;
export type VmstatName = (typeof VMSTAT)[number];
export const PGFAULT = 0;
export const PGMAJFAULT = 1;
export const PSWPIN = 2;
export const PSWPOUT = 3;
export const PGALLOC = 4;
export const PGFREE = 5;
export const PGACTIVATE = 6;
export const PGDEACTIVATE = 7;
export const PGROTATED = 8;
export const NR_MAPPED = 9;
export const NR_DIRTY = 10;
export const NR_WRITEBACK = 11;
export const NR_SWAPCACHE = 12;
export const SWAP_CACHE_ADD = 13;
export const SWAP_CACHE_DEL = 14;
export const SWAP_CACHE_FIND_SUCCESS = 15;
export const SWAP_CACHE_FIND_TOTAL = 16;
export const WARNINGS = 17;
export const PGALLOC_ZONE = 18; // by zone kind: the parts of pgalloc
export const PGPGIN = 22; // sectors that devices read
export const PGPGOUT = 23; // sectors that they wrote
export const PGMIGRATE_SUCCESS = 24;
export const PGMIGRATE_FAIL = 25;
export const NR_MLOCK = 26;
export const UNEVICTABLE_PGCULLED = 27;
export const UNEVICTABLE_PGRESCUED = 28;
export const UNEVICTABLE_PGMLOCKED = 29;
export const UNEVICTABLE_PGMUNLOCKED = 30;
export const UNEVICTABLE_PGCLEARED = 31;
export const UNEVICTABLE_PGSTRANDED = 32;
export const PGLAZYFREE = 33;
export const THP_MIGRATION_SUCCESS = 34;
export const THP_MIGRATION_FAIL = 35;
export const THP_MIGRATION_SPLIT = 36;

/** Sectors of 512 bytes in a page: what a request of one page adds to pgpgin or pgpgout (submit_bio()). */
export const PAGE_SECTORS = 8;
