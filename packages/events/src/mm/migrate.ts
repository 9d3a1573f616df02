/** Events of moving a page's content straight to another frame, and of the entries that keep its place (mm/migrate.c, mm/rmap.c). */
import { defineEvent } from '../define.ts';
import { count, flag, mm, nid, oneOf, pfn, signed, vpn } from '../field.ts';

/** What a migration entry says of the mapping that it stands for. */
export const MIGRATION_ENTRY = ['read', 'write', 'read-exclusive'] as const;
export type MigrationEntry = (typeof MIGRATION_ENTRY)[number];
export const MIGRATION_ENTRY_READ = 0;
export const MIGRATION_ENTRY_WRITE = 1;
export const MIGRATION_ENTRY_READ_EXCLUSIVE = 2;

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
  of: 'mm/swapfile.c:remove_vma_swap()',
  doc: 'A swap entry that kept the place of the page maps it again: not accessed, not dirty, not writable, with a reference.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn')],
  cost_ns: 250,
});

export const PageMigrated = defineEvent({
  name: 'PageMigrated',
  number: 227,
  of: 'mm/vmscan.c:migrate_pages(), mm/migrate.c:migrate_pages()',
  doc: 'The page is in the frame `to`. Nothing refers to its old frame but the list that it is on.',
  fields: [pfn('pfn'), pfn('to'), count('pass')],
});

export const MigrationEntrySet = defineEvent({
  name: 'MigrationEntrySet',
  number: 228,
  of: 'mm/rmap.c:try_to_unmap_one(), set_migration_pte',
  doc: 'A mapping of the page gave way to an entry that names the page, so that it can be put back. Whoever needs the page waits.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), oneOf('kind', MIGRATION_ENTRY), flag('young'), flag('dirty')],
  cost_ns: 400,
});

export const MigrationEntryRemoved = defineEvent({
  name: 'MigrationEntryRemoved',
  number: 229,
  of: 'mm/migrate.c:remove_migration_pte()',
  doc: 'A migration entry became a mapping of this page again: of the new one, or of the old one when it was not moved.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), flag('writable'), flag('young'), flag('dirty')],
  cost_ns: 300,
});

export const MigrationEntryProtected = defineEvent({
  name: 'MigrationEntryProtected',
  number: 230,
  of: 'mm/mprotect.c:change_pte_range()',
  doc: 'Protection changed while the page is being moved: its mapping will not be writable when it comes back.',
  fields: [mm('mm'), vpn('vpn'), oneOf('kind', MIGRATION_ENTRY)],
  cost_ns: 40,
});

export const MigrationEntryZapped = defineEvent({
  name: 'MigrationEntryZapped',
  number: 231,
  of: 'mm/memory.c:zap_pte_range()',
  doc: 'A migration entry is gone because its memory is. The page that it named goes on moving.',
  fields: [mm('mm'), vpn('vpn'), pfn('pfn')],
  cost_ns: 40,
});

export const MigrationEntryWaited = defineEvent({
  name: 'MigrationEntryWaited',
  number: 232,
  of: 'mm/migrate.c:migration_entry_wait()',
  doc: 'A fault met a migration entry: it waits until the page is unlocked, and the access is tried again.',
  fields: [mm('mm'), vpn('vpn'), pfn('pfn')],
  cost_ns: 200,
});

export const VmaMigrateCalled = defineEvent({
  name: 'VmaMigrateCalled',
  number: 234,
  of: 'mm/migrate.c:migrate_vmas()',
  doc: 'An area has a vm_ops->migrate(), which was called and answered this. Anything but 0 ends the whole call.',
  fields: [mm('mm'), vpn('start'), vpn('end'), signed('answer')],
  cost_ns: 200,
});

export const VmaMigrateNotOffered = defineEvent({
  name: 'VmaMigrateNotOffered',
  number: 235,
  of: 'mm/migrate.c:migrate_vmas()',
  doc: 'The area has a vm_ops->migrate(), but is the last of its address space, which the kernel never asks.',
  fields: [mm('mm'), vpn('start'), vpn('end')],
});

export const FoliosMigrated = defineEvent({
  name: 'FoliosMigrated',
  number: 242,
  of: 'mm/migrate.c:migrate_pages()',
  doc: 'A migration is over, and /proc/vmstat is told: so many pages were moved, so many could not be.',
  fields: [count('succeeded'), count('failed')],
});
