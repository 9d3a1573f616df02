/** Kernels of today. */
import { MPOL_PREFERRED_MANY, MPOL_WEIGHTED_INTERLEAVE, VM_IO, VM_PFNMAP } from '@pagetape/events';
import { rc1 } from './swap_v5.ts';
import type { Traits } from './traits.ts';

export const linux_6_12: Traits = {
  ...rc1,
  id: 'linux-6.12',
  about: 'Linux 6.12, November 2024, as Debian configures it for x86-64',
  policies: 'nodemasks',
  lru_drain: 'before-walk',
  move_takes: 'mapped-once',
  private_list: 'first-first',
  unmap_spares_young: false,
  privileged_moves_all: true,
  cpusets: 'applied',
  areas_follow_effective_mems: true,
  affinity_outlives_cpuset: true,
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

export const linux_6_1: Traits = {
  ...linux_6_12,
  id: 'linux-6.1',
  about: 'Linux 6.1, December 2022, as Debian configures it for x86-64',
  cgroup_v1: true,
  areas_follow_effective_mems: false,
  affinity_outlives_cpuset: false,
  last_mode: MPOL_PREFERRED_MANY,
  status_lookup: 'follow_page',
  preferred_many_balances: false,
  isolation_failures_count: false,
  mbind_interleave_from_inode: false,
  pagevec_size: 15,
  sys_call_table_entries: { i386: 451, ia32: 451, x86_64: 451, ia64: 0 },
};
