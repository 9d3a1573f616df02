/** The profiles: each is a row. */
import {
  MPOL_INTERLEAVE,
  MPOL_PREFERRED_MANY,
  MPOL_WEIGHTED_INTERLEAVE,
  VM_DENYWRITE,
  VM_HUGETLB,
  VM_IO,
  VM_LOCKED,
  VM_PFNMAP,
  VM_RESERVED,
  VM_SHM,
} from '@pagetape/events';
import type { Traits } from './traits.ts';

const seed: Traits = {
  id: 'swap-v5-seed',
  about: 'commit 39743889aaf, "Swap Migration V5: sys_migrate_pages interface", 8 January 2006',
  policies: 'zonelists',
  mask_bits_bounded: false,
  last_mode: MPOL_INTERLEAVE,
  preferred_many_balances: false,
  isolation_failures_count: false,
  mbind_interleave_from_inode: false,
  pagevec_size: 14,
  max_numnodes: 64,
  engine: 'swap',
  pairs_spare_targets: false,
  evicted_page: 'stays-on-list',
  unreferenced_is_done: false,
  lone_orphan_is_done: false,
  swap_cached_leaves_swap_entry: false,
  migration_keeps_marks: false,
  migration_waiter_holds_page: false,
  exclusive_pages: false,
  walk_skips_reserved: false,
  not_migratable: VM_LOCKED | VM_IO | VM_HUGETLB | VM_PFNMAP,
  reserved_first_vma_refused: false,
  unmapped_page_eligible: true,
  mbind_selects_all: false,
  target_cpuset_checked: false,
  policy_outside_cpuset: 'dropped',
  cpuset_migrates: false,
  sys_call_table_entries: { i386: 295, ia32: 295, x86_64: 257, ia64: 270 },
  setresuid: 'plain',
  migrate_capability: 'CAP_SYS_ADMIN',
  move_all_capability: 'CAP_SYS_RESOURCE',
  numa_maps: 'MaxRef',
  status_lookup: 'none',
};

const posted: Traits = {
  ...seed,
  id: 'swap-v5-posted',
  about: 'the series "Swap Migration V5" as posted on 31 October 2005 against 2.6.14-rc5-mm1',
  evicted_page: 'freed-at-once',
  lone_orphan_is_done: true,
  not_migratable: VM_LOCKED | VM_IO | VM_RESERVED | VM_DENYWRITE | VM_SHM,
  reserved_first_vma_refused: true,
  unmapped_page_eligible: false,
};

const rc1: Traits = {
  ...seed,
  id: 'swap-v5-rc1',
  about: 'the tag v2.6.16-rc1 on x86, 17 January 2006',
  evicted_page: 'moved-list',
  unreferenced_is_done: true,
  walk_skips_reserved: true,
  not_migratable: VM_LOCKED | VM_IO | VM_HUGETLB | VM_PFNMAP | VM_RESERVED,
  mbind_selects_all: true,
  target_cpuset_checked: true,
  cpuset_migrates: true,
  policy_outside_cpuset: 'refused',
  numa_maps: 'maxref',
};

const linux_6_12: Traits = {
  ...rc1,
  id: 'linux-6.12',
  about: 'Linux 6.12, November 2024, as Debian configures it for x86-64',
  policies: 'nodemasks',
  status_lookup: 'folio_walk',
  engine: 'batched',
  migration_keeps_marks: true,
  pairs_spare_targets: true,
  mask_bits_bounded: true,
  last_mode: MPOL_WEIGHTED_INTERLEAVE,
  preferred_many_balances: true,
  isolation_failures_count: true,
  mbind_interleave_from_inode: true,
  pagevec_size: 31,
  max_numnodes: 1024,
  not_migratable: VM_IO | VM_PFNMAP,
  mbind_selects_all: false,
  migrate_capability: 'CAP_SYS_NICE',
  move_all_capability: 'CAP_SYS_NICE',
  setresuid: 'checked',
  numa_maps: 'kernelpagesize',
  sys_call_table_entries: { i386: 463, ia32: 463, x86_64: 463, ia64: 0 },
};

const linux_6_1: Traits = {
  ...linux_6_12,
  id: 'linux-6.1',
  about: 'Linux 6.1, December 2022, as Debian configures it for x86-64',
  last_mode: MPOL_PREFERRED_MANY,
  status_lookup: 'follow_page',
  preferred_many_balances: false,
  isolation_failures_count: false,
  mbind_interleave_from_inode: false,
  pagevec_size: 15,
  sys_call_table_entries: { i386: 451, ia32: 451, x86_64: 451, ia64: 0 },
};

export const DEFAULT_PROFILE = 'swap-v5-seed';

export const PROFILES: Readonly<Record<string, Traits>> = Object.freeze({
  [seed.id]: seed,
  [posted.id]: posted,
  [rc1.id]: rc1,
  [linux_6_1.id]: linux_6_1,
  [linux_6_12.id]: linux_6_12,
});
