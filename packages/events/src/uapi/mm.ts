/** Numbers of memory management that kernel and tools share (include/linux/mm.h, page-flags.h, mmzone.h of 2.6.16). */

export const PAGE_SHIFT = 12;
export const PAGE_SIZE = 4096;

/** Flags of a vma. */
export const VM_READ = 0x1;
export const VM_WRITE = 0x2;
export const VM_EXEC = 0x4;
export const VM_SHARED = 0x8;
export const VM_MAYWRITE = 0x20;
export const VM_MAYSHARE = 0x80;
export const VM_PFNMAP = 0x400;
export const VM_DENYWRITE = 0x800;
export const VM_LOCKED = 0x2000;
export const VM_IO = 0x4000;
export const VM_SEQ_READ = 0x8000;
export const VM_RAND_READ = 0x10000;
export const VM_DONTCOPY = 0x20000;
export const VM_RESERVED = 0x80000;
export const VM_ACCOUNT = 0x100000;
/** A hugetlb area that was promised no pages, as those of a child. */
export const VM_NORESERVE = 0x200000;
/** A hugetlb area that lost pages to the owner of the memory: HPAGE_RESV_UNMAPPED, which is no such flag in Linux. */
export const VM_RESV_UNMAPPED = 0x200;
export const VM_HUGETLB = 0x400000;
export const VM_NONLINEAR = 0x800000;
/** Equal pages may be merged. In Linux it is 0x80000000, which is negative as an integer here. */
export const VM_MERGEABLE = 0x1000000;
export const VM_WIPEONFORK = 0x2000000;
export const VM_DONTDUMP = 0x4000000;
/** What madvise(2) said of huge pages. In Linux they have the bits that VM_LOCKONFAULT has here, and the one above. */
export const VM_HUGEPAGE = 0x8000000;
export const VM_NOHUGEPAGE = 0x40000000;

/**
 * Shared memory of System V, up to 2.6.14. There it is 0x400, which is VM_PFNMAP since 2.6.15; here it has a bit of
 * its own, so that flags mean the same in all kernels.
 */
export const VM_SHM = 0x10000000;
/** Locked pages are those that were touched. In Linux it has the bit that VM_RESERVED had before. */
export const VM_LOCKONFAULT = 0x20000000;
export const VM_LOCKED_MASK = VM_LOCKED | VM_LOCKONFAULT;

/** What a fault wants to do. */
export const ACCESS = ['read', 'write'] as const;
export const READ = 0;
export const WRITE = 1;

/**
 * LRU lists: the two that a zone has in 2006, and the five that a node has since 2.6.28 (enum lru_list). An active list has the
 * number of its inactive one and a bit more.
 */
export const LRU = [
  'inactive',
  'active',
  'inactive-anon',
  'active-anon',
  'inactive-file',
  'active-file',
  'unevictable',
] as const;
export const LRU_INACTIVE = 0;
export const LRU_ACTIVE = 1; // also the bit
export const LRU_INACTIVE_ANON = 2; // the first list of a node
export const LRU_ACTIVE_ANON = 3;
export const LRU_INACTIVE_FILE = 4;
export const LRU_ACTIVE_FILE = 5;
export const LRU_UNEVICTABLE = 6;

/** Batches in which pages of a CPU wait for an LRU list: one a list in 2006, one for all lists later (lru_add). */
export const LRU_BATCH = ['inactive', 'active', 'add'] as const;
export const LRU_BATCH_ADD = 2;

/** What an entry of the batch of mlock(2) is there for: a page that is locked, one locked from its birth on, one unlocked. */
export const MLOCK_REQUEST = ['lock', 'new', 'unlock'] as const;
export const MLOCK_LOCK = 0;
export const MLOCK_NEW = 1;
export const MLOCK_UNLOCK = 2;

/**
 * Where files are kept. Those of ramfs are only in memory: no a_ops->writepage(). Those of tmpfs are in memory and in
 * swap. Dirty pages of either are not counted, as no write-back looks for them. `disk` is a file system of which nothing is
 * known but that it can write; the others can move pages with their buffers, from 2.6.16.
 */
export const FILE_SYSTEMS = ['disk', 'ramfs', 'ext2', 'ext3', 'xfs', 'tmpfs'] as const;
export type FileSystem = (typeof FILE_SYSTEMS)[number];

/**
 * What the blocks of a cached page are attached to (PG_private), and whether they let go of it. `free`: when asked;
 * `busy`: never; `journal`: not as long as the page belongs to its file, because a transaction holds them.
 */
export const BUFFERS = ['free', 'busy', 'journal'] as const;
export type Buffers = (typeof BUFFERS)[number];

/** Zone kinds, from the lowest. A zonelist for user data goes from the highest down. */
export const ZONE_NAMES = ['DMA', 'DMA32', 'Normal', 'HighMem'] as const;
export const ZONE_DMA = 0;
export const ZONE_DMA32 = 1;
export const ZONE_NORMAL = 2;
export const ZONE_HIGHMEM = 3;

/** Capabilities by their names in include/linux/capability.h. */
export const CAPABILITIES = [
  'CAP_IPC_LOCK',
  'CAP_SYS_ADMIN',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_PTRACE',
  'CAP_SETUID',
  'CAP_SETGID',
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** Why a page that a call looked at was not moved: the one rule that refused it. The ledger counts by these words. */
export const REFUSAL = [
  'not-on-lru',
  'being-freed',
  'shared-file',
  'page-locked',
  'under-writeback',
  'mlocked',
  'recently-used',
  'still-mapped',
  'no-swap-slot',
  'referenced-elsewhere',
  'no-mapping',
  'dirty-again',
  'no-writepage',
  'written-out',
  'write-refused',
  'has-buffers',
  'area-not-migratable',
  'shared',
  'under-migration',
  'no-target-page',
] as const;
export type Refusal = (typeof REFUSAL)[number];
export function refusal(word: Refusal): number {
  return REFUSAL.indexOf(word);
}
