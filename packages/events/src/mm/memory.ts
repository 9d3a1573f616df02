/** Events of page tables and page faults (mm/memory.c). */
import { defineEvent } from '../define.ts';
import { anonVma, count, flag, mm, oneOf, pfn, slot, vpn } from '../field.ts';
import { ACCESS } from '../uapi/mm.ts';

/** How a fault ended, as VM_FAULT_* says. */
export const FAULT = ['minor', 'major', 'oom', 'sigbus', 'sigsegv'] as const;
export const FAULT_MINOR = 0;
export const FAULT_MAJOR = 1;
export const FAULT_OOM = 2;
export const FAULT_SIGBUS = 3;
export const FAULT_SIGSEGV = 4;

export const PteAccessed = defineEvent({
  name: 'PteAccessed',
  number: 120,
  of: 'arch: the memory management unit',
  doc: 'A task used a present mapping: its accessed bit is set, for a write its dirty bit too.',
  fields: [mm('mm'), vpn('vpn'), oneOf('access', ACCESS)],
  cost_ns: 5,
});

export const PageFaultRaised = defineEvent({
  name: 'PageFaultRaised',
  number: 121,
  of: 'mm/memory.c:__handle_mm_fault()',
  doc: 'The running task needs this page and has no mapping that permits the access.',
  fields: [mm('mm'), vpn('vpn'), oneOf('access', ACCESS)],
  cost_ns: 300,
});

export const PageFaultResolved = defineEvent({
  name: 'PageFaultResolved',
  number: 122,
  of: 'arch/x86_64/mm/fault.c:do_page_fault()',
  doc: 'The fault is over; the task counts a minor or a major one, or gets a signal.',
  fields: [mm('mm'), vpn('vpn'), oneOf('result', FAULT)],
  cost_ns: 100,
});

export const PageTableAllocated = defineEvent({
  name: 'PageTableAllocated',
  number: 123,
  of: 'mm/memory.c:__pte_alloc()',
  doc: 'The 512 pages around this one have a page table now.',
  fields: [mm('mm'), vpn('vpn')],
  cost_ns: 200,
});

export const PageTableFreed = defineEvent({
  name: 'PageTableFreed',
  number: 124,
  of: 'mm/memory.c:free_pgtables()',
  doc: 'No vma is left in the 512 pages around this one; their page table is gone.',
  fields: [mm('mm'), vpn('vpn')],
  cost_ns: 100,
});

export const ZeroPageMapped = defineEvent({
  name: 'ZeroPageMapped',
  number: 125,
  of: 'mm/memory.c:do_anonymous_page()',
  doc: 'A read of untouched memory got the shared zero page, read-only. Unless the entry is special, it counts as a reference and a mapping.',
  version: 2,
  fields: [mm('mm'), vpn('vpn'), flag('special')],
  before: [{ version: 1, fields: [mm('mm'), vpn('vpn')], upcast: (values) => [...values, 0] }],
  cost_ns: 200,
});

export const AnonPageMapped = defineEvent({
  name: 'AnonPageMapped',
  number: 126,
  of: 'mm/memory.c:do_anonymous_page(), do_wp_page(), do_no_page()',
  doc: 'A new anonymous page was mapped, dirty and accessed; the allocation reference is the mapping now.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), flag('writable'), anonVma('anon_vma'), count('index')],
  cost_ns: 600,
});

export const FilePageMapped = defineEvent({
  name: 'FilePageMapped',
  number: 127,
  of: 'mm/memory.c:do_no_page(), mm/fremap.c:install_page()',
  doc: 'A page of a file was mapped; the reference of the lookup is the mapping now.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), oneOf('access', ACCESS), flag('writable')],
  cost_ns: 300,
});

/** A mapping of a page that came from swap: not used yet, used for a read, the same but writable, or written through. */
export const SWAP_MAPPING = ['unused', 'read', 'writable', 'written'] as const;
export const SWAP_MAPPING_UNUSED = 0;
export const SWAP_MAPPING_READ = 1;
export const SWAP_MAPPING_WRITABLE = 2;
export const SWAP_MAPPING_WRITTEN = 3;

export const SwapEntryMapped = defineEvent({
  name: 'SwapEntryMapped',
  number: 128,
  of: 'mm/memory.c:do_swap_page()',
  doc: 'A swap entry became a mapping of the frame that holds the copy; the reference of the lookup is the mapping now.',
  version: 2,
  fields: [
    pfn('pfn'),
    mm('mm'),
    vpn('vpn'),
    slot('slot'),
    oneOf('as', SWAP_MAPPING),
    anonVma('anon_vma'),
    count('index'),
  ],
  before: [
    {
      version: 1,
      fields: [pfn('pfn'), mm('mm'), vpn('vpn'), slot('slot'), flag('writable'), anonVma('anon_vma'), count('index')],
      upcast: ([page, space, at, from, writable, ...rest]) => [page, space, at, from, writable === 0 ? 1 : 3, ...rest],
    },
  ],
  cost_ns: 400,
});

export const PteMadeWritable = defineEvent({
  name: 'PteMadeWritable',
  number: 129,
  of: 'mm/memory.c:do_wp_page()',
  doc: 'A write fault found that nobody else uses the page: the mapping became writable, dirty and accessed.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn')],
  cost_ns: 150,
});

export const CowBroken = defineEvent({
  name: 'CowBroken',
  number: 130,
  of: 'mm/memory.c:do_wp_page()',
  doc: 'A write fault left the old page, which loses this mapping; AnonPageMapped puts the copy in its place.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn')],
  cost_ns: 700,
});

export const PteDuplicated = defineEvent({
  name: 'PteDuplicated',
  number: 131,
  of: 'mm/memory.c:copy_one_pte()',
  doc: 'A child got a mapping of its parent: not accessed, and for private memory write-protected in both.',
  fields: [mm('from'), mm('to'), vpn('vpn'), flag('protect'), flag('clean')],
  cost_ns: 60,
});

/** What a kernel knows of an anonymous page: one mapping has it for itself; or its content need not be kept. */
export const ANON_MARK = ['exclusive', 'lazyfree'] as const;
export const MARK_EXCLUSIVE = 0;
export const MARK_LAZYFREE = 1;

export const AnonPageMarked = defineEvent({
  name: 'AnonPageMarked',
  number: 248,
  of: 'include/linux/page-flags.h:SetPageAnonExclusive(), mm/swap.c:folio_mark_lazyfree()',
  doc: 'The mapping has the anonymous page for itself; or (lazyfree) page and mapping look unused and clean, and it may be dropped as long as they do.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), oneOf('mark', ANON_MARK)],
  cost_ns: 10,
});

export const PteMoved = defineEvent({
  name: 'PteMoved',
  number: 249,
  of: 'mm/mremap.c:move_ptes()',
  doc: 'A page-table entry went as it is to another page of the address space.',
  fields: [mm('mm'), vpn('from'), vpn('to')],
  cost_ns: 40,
});

export const PteZapped = defineEvent({
  name: 'PteZapped',
  number: 132,
  of: 'mm/memory.c:zap_pte_range(), mm/fremap.c:zap_pte()',
  doc: 'A mapping of the page is gone because its memory is; a reference stays until the page is released.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn')],
  cost_ns: 60,
});

export const SwapEntryZapped = defineEvent({
  name: 'SwapEntryZapped',
  number: 133,
  of: 'mm/memory.c:zap_pte_range()',
  doc: 'A swap entry is gone because its memory is; its slot loses a user in an event of its own.',
  fields: [mm('mm'), vpn('vpn'), slot('slot')],
  cost_ns: 40,
});

export const PteProtected = defineEvent({
  name: 'PteProtected',
  number: 134,
  of: 'mm/mprotect.c:change_pte_range()',
  doc: 'Protection changed a present mapping: writable or not. It looks accessed from now on, as x86 protections do.',
  fields: [mm('mm'), vpn('vpn'), flag('writable')],
  cost_ns: 40,
});

export const WalkStarted = defineEvent({
  name: 'WalkStarted',
  number: 135,
  of: 'mm/mempolicy.c:check_range()',
  doc: 'A walk over page tables begins, from a page up to one before `end`, for pages that a call may move.',
  fields: [mm('mm'), vpn('start'), vpn('end'), count('flags')],
  cost_ns: 500,
});

export const WalkFinished = defineEvent({
  name: 'WalkFinished',
  number: 136,
  of: 'mm/mempolicy.c:check_range()',
  doc: 'The walk is over: how many mappings it looked at, and how many pages it isolated.',
  fields: [mm('mm'), count('examined'), count('isolated')],
});

export const ReadaheadStarted = defineEvent({
  name: 'ReadaheadStarted',
  number: 137,
  of: 'mm/memory.c:swapin_readahead(), mm/shmem.c:shmem_swapin()',
  doc: 'A swap-in reads this many slots from `slot` on, because neighbours in swap are expected to be needed too.',
  fields: [slot('slot'), count('slots')],
  cost_ns: 100,
});

export const MajorFaultCounted = defineEvent({
  name: 'MajorFaultCounted',
  number: 138,
  of: 'mm/memory.c:do_swap_page(), mm/shmem.c:shmem_getpage()',
  doc: 'The fault had to read from the device, whatever comes of it.',
  fields: [mm('mm'), vpn('vpn')],
});
