/** The first release with direct page migration: pages are copied, by way of swap entries. */
import { rc1 } from './swap_v5.ts';
import type { Traits } from './traits.ts';

export const linux_2_6_16: Traits = {
  ...rc1,
  id: 'linux-2.6.16',
  about: 'the release of 20 March 2006, "Direct Migration V9" with its fixes',
  engine: 'hybrid',
  lru_drain: 'before-walk',
  move_needs_swap: true,
  move_takes: 'mapped-once',
  private_list: 'first-first',
  unmap_spares_young: false,
  // 257, though the kernel calls it 256: it counts before it compares.
  chunk_pages: 257,
  migratepage: { ext2: 'buffer_migrate_page', ext3: 'buffer_migrate_page', xfs: 'buffer_migrate_page' },
  mbind_selects_all: false,
  mask_bits_bounded: true,
  bind_takes_lower_zones: true,
  sys_call_table_entries: { i386: 311, ia32: 311, x86_64: 273, ia64: 273 },
  migrate_capability: 'CAP_SYS_NICE',
  move_all_capability: 'CAP_SYS_NICE',
  privileged_moves_all: true,
  numa_maps: 'mapmax',
};

/** The stray semicolon of migrate_pages_to() that fcab6f35130 took out. */
export const linux_2_6_16_semicolon: Traits = {
  ...linux_2_6_16,
  id: 'linux-2.6.16-semicolon',
  about: 'the same release with the stray semicolon that 2.6.16-rc2 to rc4 had: targets are allocated one at a time',
  chunk_pages: 1,
};
