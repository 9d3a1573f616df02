/** Direct page migration without swap: pages are copied, by way of migration entries. */
import { linux_2_6_16 } from './linux_2_6_16.ts';
import type { Traits } from './traits.ts';

export const linux_2_6_18: Traits = {
  ...linux_2_6_16,
  id: 'linux-2.6.18',
  about: 'the release of 20 September 2006, with migration entries, move_pages(2) and vm_ops->migrate()',
  engine: 'direct',
  swap_cached_leaves_swap_entry: true,
  migration_waiter_holds_page: true,
  move_needs_swap: false,
  chunk_pages: 1,
  // Shared memory got a function in 2.6.17.
  migratepage: { ...linux_2_6_16.migratepage, tmpfs: 'migrate_page' },
  cpuset_attach_pins_mm: true,
  cpuset_overrides_mems: true,
  mbind_failure: 'leaks',
  migrate_vmas: 'all-but-last',
  swap_cluster_start: 'exact',
  vmstat: 'zone-counters',
  sys_call_table_entries: { i386: 318, ia32: 318, x86_64: 280, ia64: 279 },
};

/** NUMA without page migration: what would move pages is a stub. */
export const linux_2_6_18_without_migration: Traits = {
  ...linux_2_6_18,
  id: 'linux-2.6.18-nomigration',
  about: 'the same release, built with CONFIG_NUMA and without CONFIG_MIGRATION',
  engine: 'none',
};

/** The loop of migrate_vmas() as 1001c9fb872 repaired it, for 2.6.29. */
export const linux_2_6_18_all_vmas: Traits = {
  ...linux_2_6_18,
  id: 'linux-2.6.18-allvmas',
  about: 'the same release with migrate_vmas() as repaired for 2.6.29: the last area is asked, too',
  migrate_vmas: 'all',
};

/** Memory hot-remove as 0c0e6195896 had it first, for 2.6.24. */
export const linux_2_6_18_hot_remove: Traits = {
  ...linux_2_6_18,
  id: 'linux-2.6.18-hotremove',
  about: 'the same release with offline_pages() as 2.6.24 had it first',
  hot_remove: 'first-form',
};

/** Bad pages moved away as facb6011f39 had it first, for 2.6.33. */
export const linux_2_6_18_soft_offline: Traits = {
  ...linux_2_6_18,
  id: 'linux-2.6.18-softoffline',
  about: 'the same release with soft_offline_page() as 2.6.33 had it first',
  memory_failure: 'first-form',
};
