/** Events of the pools of huge pages that are set aside when the machine starts (mm/hugetlb.c). */
import { defineEvent } from '../define.ts';
import { pfn, signed } from '../field.ts';

export const HugetlbPagePooled = defineEvent({
  name: 'HugetlbPagePooled',
  number: 198,
  of: 'mm/hugetlb.c:enqueue_hugetlb_folio()',
  doc: 'A huge page that nobody refers to lies in the pool of its node, from the first time on as one of hugetlb.',
  fields: [pfn('pfn')],
  cost_ns: 300,
});

export const HugetlbPageTaken = defineEvent({
  name: 'HugetlbPageTaken',
  number: 199,
  of: 'mm/hugetlb.c:dequeue_hugetlb_folio_node_exact()',
  doc: 'The huge page that came last to the pool of its node was taken out of it, with one reference.',
  fields: [pfn('pfn')],
  cost_ns: 300,
});

export const HugetlbPagesReserved = defineEvent({
  name: 'HugetlbPagesReserved',
  number: 209,
  of: 'mm/hugetlb.c:hugetlb_acct_memory()',
  doc: 'So many more huge pages are promised to mappings, or fewer: one less when it is there, one more when it goes again.',
  fields: [signed('pages')],
});

export const HugetlbPageIsolated = defineEvent({
  name: 'HugetlbPageIsolated',
  number: 237,
  of: 'mm/hugetlb.c:isolate_hugetlb()',
  doc: 'The huge page is on the private list of the caller, who holds a reference.',
  fields: [pfn('pfn')],
  cost_ns: 60,
});

export const HugetlbPageDissolved = defineEvent({
  name: 'HugetlbPageDissolved',
  number: 238,
  of: 'mm/hugetlb.c:update_and_free_hugetlb_folio()',
  doc: 'A page that is in its pool goes back to the page allocator: the pool is smaller by it.',
  fields: [pfn('pfn')],
  cost_ns: 5_000,
});
