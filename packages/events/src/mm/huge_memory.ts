/** Events of huge pages: 512 frames in a row that are one folio, mapped by one entry a level up (mm/huge_memory.c, mm/rmap.c). */
import { defineEvent } from '../define.ts';
import { anonVma, count, flag, mm, nid, oneOf, pfn, vpn } from '../field.ts';
import { ACCESS } from '../uapi/mm.ts';
import { MIGRATION_ENTRY } from './migrate.ts';

export const HugePageAllocated = defineEvent({
  name: 'HugePageAllocated',
  number: 174,
  of: 'mm/page_alloc.c:rmqueue()',
  doc: 'Free frames in a row from `pfn` on were handed out as one huge page, with one reference. Else as PageAllocated.',
  fields: [pfn('pfn'), nid('preferred'), nid('local'), flag('interleaved')],
  cost_ns: 5_000,
});

export const HugePageMapped = defineEvent({
  name: 'HugePageMapped',
  number: 176,
  of: 'mm/huge_memory.c:__do_huge_pmd_anonymous_page(), mm/hugetlb.c:hugetlb_no_page()',
  doc: 'A new huge page of zeroes was mapped by one entry, accessed and, if it may be written, dirty; the allocation reference is the mapping now.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), flag('writable'), anonVma('anon_vma'), count('index')],
  cost_ns: 100_000,
});

export const HugeZeroPageMapped = defineEvent({
  name: 'HugeZeroPageMapped',
  number: 177,
  of: 'mm/huge_memory.c:set_huge_zero_folio()',
  doc: 'A read of untouched memory got the shared huge zero page, by one entry that nothing counts.',
  fields: [mm('mm'), vpn('vpn')],
  cost_ns: 300,
});

export const HugePartFilled = defineEvent({
  name: 'HugePartFilled',
  number: 77,
  of: 'mm/khugepaged.c:__collapse_huge_page_copy()',
  doc: 'This part of a new huge page got what a small page holds.',
  fields: [pfn('pfn')],
  cost_ns: 1_200,
});

export const PmdAccessed = defineEvent({
  name: 'PmdAccessed',
  number: 178,
  of: 'arch: the memory management unit',
  doc: 'A task used the huge mapping of a page: its accessed bit is set, for a write its dirty bit too, and this part has content.',
  fields: [mm('mm'), vpn('vpn'), oneOf('access', ACCESS)],
  cost_ns: 5,
});

export const PmdMadeWritable = defineEvent({
  name: 'PmdMadeWritable',
  number: 179,
  of: 'mm/huge_memory.c:do_huge_pmd_wp_page()',
  doc: 'A write fault found that nobody else uses the huge page: the mapping became writable, dirty and accessed.',
  fields: [mm('mm'), vpn('vpn')],
  cost_ns: 150,
});

export const PmdZapped = defineEvent({
  name: 'PmdZapped',
  number: 184,
  of: 'mm/huge_memory.c:zap_huge_pmd()',
  doc: 'A huge entry is gone because its memory is, or a copy takes its place: a mapping (a reference stays until the page is released), a migration entry, or the zero page.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn')],
  cost_ns: 500,
});

export const PmdSplit = defineEvent({
  name: 'PmdSplit',
  number: 185,
  of: 'mm/huge_memory.c:__split_huge_pmd()',
  doc: 'A huge entry gave way to a page table with 512 entries, which map the parts of the page, each with a reference. The page stays whole.',
  fields: [mm('mm'), vpn('vpn')],
  cost_ns: 3_000,
});

export const PmdDuplicated = defineEvent({
  name: 'PmdDuplicated',
  number: 186,
  of: 'mm/huge_memory.c:copy_huge_pmd()',
  doc: 'A child got the huge entry of its parent: not accessed, and write-protected in both.',
  fields: [mm('from'), mm('to'), vpn('vpn')],
  cost_ns: 200,
});

export const PmdMoved = defineEvent({
  name: 'PmdMoved',
  number: 187,
  of: 'mm/huge_memory.c:move_huge_pmd()',
  doc: 'A huge entry went as it is to another place of the address space.',
  fields: [mm('mm'), vpn('from'), vpn('to')],
  cost_ns: 200,
});

export const PmdProtected = defineEvent({
  name: 'PmdProtected',
  number: 188,
  of: 'mm/huge_memory.c:change_huge_pmd()',
  doc: 'Protection changed a huge mapping: writable or not, and accessed from now on; or one whose page moves, which comes back read-only.',
  fields: [mm('mm'), vpn('vpn'), flag('writable')],
  cost_ns: 60,
});

export const PmdMigrationEntrySet = defineEvent({
  name: 'PmdMigrationEntrySet',
  number: 189,
  of: 'mm/huge_memory.c:set_pmd_migration_entry()',
  doc: 'A huge mapping of the page gave way to a huge entry that names the page, so that it can be put back.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), oneOf('kind', MIGRATION_ENTRY), flag('young'), flag('dirty')],
  cost_ns: 500,
});

export const PmdMigrationEntryRemoved = defineEvent({
  name: 'PmdMigrationEntryRemoved',
  number: 194,
  of: 'mm/huge_memory.c:remove_migration_pmd()',
  doc: 'A huge migration entry became a huge mapping of this page: of the new one, or of the old one when it was not moved.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), flag('writable'), flag('young'), flag('dirty')],
  cost_ns: 400,
});

export const FolioSplit = defineEvent({
  name: 'FolioSplit',
  number: 195,
  of: 'mm/huge_memory.c:split_huge_page_to_list()',
  doc: 'The huge page became 512 pages. Those behind the first lie where it does: each on its LRU list, or with the caller, who refers to it.',
  fields: [pfn('pfn')],
  cost_ns: 50_000,
});

export const HugePageContentCopied = defineEvent({
  name: 'HugePageContentCopied',
  number: 196,
  of: 'mm/util.c:folio_mc_copy()',
  doc: 'The 2 MiB of the huge page were copied to that at `to`.',
  fields: [pfn('pfn'), pfn('to')],
  cost_ns: 700_000,
});

export const HugePagesMigrated = defineEvent({
  name: 'HugePagesMigrated',
  number: 197,
  of: 'mm/migrate.c:migrate_pages()',
  doc: 'A migration is over that met transparent huge pages, and /proc/vmstat is told of them: moved, not moved, and split on the way.',
  fields: [count('succeeded'), count('failed'), count('split')],
});
