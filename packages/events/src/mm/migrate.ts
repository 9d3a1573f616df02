/** Events of moving a page's content straight to another frame (mm/vmscan.c of 2.6.16, mm/migrate.c since). */
import { defineEvent } from '../define.ts';
import { count, flag, mm, nid, oneOf, pfn, vpn } from '../field.ts';

/** What stood in a page table while the page was on its way. */
export const RESTORED_FROM = ['swap-entry', 'migration-entry'] as const;
export const FROM_SWAP_ENTRY = 0;
export const FROM_MIGRATION_ENTRY = 1;

export const TargetPageAllocated = defineEvent({
  name: 'TargetPageAllocated',
  number: 222,
  of: 'mm/mempolicy.c:migrate_pages_to(), new_node_page()',
  doc: 'A new frame is the target of a page. The call has it, wanted it on `dest` (-1: by policy), and may not need it.',
  fields: [pfn('pfn'), nid('dest')],
});

export const MappingMoved = defineEvent({
  name: 'MappingMoved',
  number: 223,
  of: 'mm/vmscan.c:migrate_page_remove_references(), mm/migrate.c:migrate_page_move_mapping()',
  doc: 'Frame `to` is the page now: it has its mapping, index and marks, and its place in a cache with the reference.',
  fields: [pfn('pfn'), pfn('to')],
  cost_ns: 300,
});

export const PageContentCopied = defineEvent({
  name: 'PageContentCopied',
  number: 224,
  of: 'mm/vmscan.c:migrate_page_copy(), mm/migrate.c:migrate_page_copy()',
  doc: 'The 4096 bytes of the page were copied to the frame `to`.',
  fields: [pfn('pfn'), pfn('to')],
  cost_ns: 2_000,
});

export const BuffersMoved = defineEvent({
  name: 'BuffersMoved',
  number: 225,
  of: 'fs/buffer.c:buffer_migrate_page()',
  doc: 'The buffers of the page belong to the frame `to`, with their reference.',
  fields: [pfn('pfn'), pfn('to')],
  cost_ns: 200,
});

export const PteRestored = defineEvent({
  name: 'PteRestored',
  number: 226,
  of: 'mm/swapfile.c:remove_vma_swap(), mm/migrate.c:remove_migration_pte()',
  doc: 'An entry that kept the place of the page maps it again: not accessed, not dirty, with a reference.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), oneOf('from', RESTORED_FROM), flag('writable')],
  cost_ns: 250,
});

export const PageMigrated = defineEvent({
  name: 'PageMigrated',
  number: 227,
  of: 'mm/vmscan.c:migrate_pages(), mm/migrate.c:migrate_pages()',
  doc: 'The page is in the frame `to`. Nothing refers to its old frame but the list that it is on.',
  fields: [pfn('pfn'), pfn('to'), count('pass')],
});
