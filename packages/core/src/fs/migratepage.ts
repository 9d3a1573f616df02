/** How the pages of an address space move to other frames: a_ops->migratepage() of its file system. */
import type { Kernel } from '../kernel.ts';
import type { MigratePage } from '../profiles/traits.ts';
import { SWAPPER_SPACE } from '../state/read.ts';

/**
 * The function that the address space has. ext3 has none for files whose data goes through the journal, as transactions hold
 * their buffers.
 */
export function migratepage_of(k: Kernel, mapping: number): MigratePage {
  if (mapping === SWAPPER_SPACE) return 'migrate_page';
  const { fs, buffers } = k.s.cold.files[mapping];
  if (fs === 'ext3' && buffers === 'journal') return 'none';
  return k.traits.migratepage[fs] ?? 'none';
}
