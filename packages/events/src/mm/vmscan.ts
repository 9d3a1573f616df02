/** Events of isolation, put-back and eviction (mm/vmscan.c). */
import { defineEvent } from '../define.ts';
import { count, oneOf, pfn, pid, signed } from '../field.ts';
import { LRU, REFUSAL } from '../uapi/mm.ts';

export const CongestionIgnored = defineEvent({
  name: 'CongestionIgnored',
  number: 216,
  of: 'mm/vmscan.c:may_write_to_queue()',
  doc: 'The page may be written although the queue of its device is congested: the task has PF_SWAPWRITE.',
  fields: [pfn('pfn')],
});

export const PAGEOUT = ['keep', 'activate', 'success', 'clean'] as const;
export const PAGE_KEEP = 0;
export const PAGE_ACTIVATE = 1;
export const PAGE_SUCCESS = 2;
export const PAGE_CLEAN = 3;

export const PageIsolated = defineEvent({
  name: 'PageIsolated',
  number: 40,
  of: 'mm/vmscan.c:isolate_lru_page()',
  doc: 'The page left its LRU list for the private list of the caller, who holds a reference.',
  fields: [pfn('pfn'), oneOf('lru', LRU)],
  cost_ns: 60,
});

export const PageIsolationFailed = defineEvent({
  name: 'PageIsolationFailed',
  number: 41,
  of: 'mm/vmscan.c:isolate_lru_page()',
  doc: 'The page could not be taken: it is on no LRU list, even after a drain, or is being freed.',
  fields: [pfn('pfn'), oneOf('reason', REFUSAL)],
  cost_ns: 60,
});

export const PageSkipped = defineEvent({
  name: 'PageSkipped',
  number: 42,
  of: 'mm/mempolicy.c:migrate_page_add()',
  doc: 'The walk met a page on a node that the call wants to empty, and did not select it.',
  fields: [pfn('pfn'), oneOf('reason', REFUSAL)],
  cost_ns: 10,
});

export const PagePutBack = defineEvent({
  name: 'PagePutBack',
  number: 43,
  of: 'mm/vmscan.c:move_to_lru()',
  doc: 'An isolated page left the private list for a batch, which will take it to this list; then the isolation lets go.',
  fields: [pfn('pfn'), oneOf('lru', LRU)],
  cost_ns: 30,
});

export const KernelWarningRaised = defineEvent({
  name: 'KernelWarningRaised',
  number: 44,
  of: 'include/asm-generic/bug.h:WARN_ON()',
  doc: 'The kernel logged a warning: migrate_page_add() met a page that is on no LRU list.',
  fields: [pfn('pfn')],
  cost_ns: 1_000,
});

export const SwapWriteGranted = defineEvent({
  name: 'SwapWriteGranted',
  number: 45,
  of: 'mm/vmscan.c:migrate_pages()',
  doc: 'PF_SWAPWRITE: the task may write to a congested device.',
  fields: [pid('task')],
});

export const SwapWriteRevoked = defineEvent({
  name: 'SwapWriteRevoked',
  number: 46,
  of: 'mm/vmscan.c:migrate_pages()',
  doc: 'PF_SWAPWRITE was taken back by the call that set it.',
  fields: [pid('task')],
});

export const MigrationBatchStarted = defineEvent({
  name: 'MigrationBatchStarted',
  number: 47,
  of: 'mm/vmscan.c:migrate_pages()',
  doc: 'A list of isolated pages is going to be worked on, in passes.',
  fields: [count('pages')],
});

export const MigrationPassStarted = defineEvent({
  name: 'MigrationPassStarted',
  number: 48,
  of: 'mm/vmscan.c:migrate_pages()',
  doc: 'A pass over the pages that are still on the list begins.',
  fields: [count('pass'), count('pages')],
  cost_ns: 50,
});

export const MigrationPassEnded = defineEvent({
  name: 'MigrationPassEnded',
  number: 49,
  of: 'mm/vmscan.c:migrate_pages()',
  doc: 'The pass is over; `retry` pages want another one, `failed` pages have failed for good since the first pass.',
  fields: [count('pass'), count('retry'), count('failed')],
});

export const MigrationBatchEnded = defineEvent({
  name: 'MigrationBatchEnded',
  number: 50,
  of: 'mm/vmscan.c:migrate_pages()',
  doc: 'No more passes. `result` is what the function returned.',
  fields: [signed('result')],
});

export const PageMigrationDeferred = defineEvent({
  name: 'PageMigrationDeferred',
  number: 51,
  of: 'mm/vmscan.c:migrate_pages()',
  doc: 'The page stays on the list for another pass, for this reason.',
  fields: [pfn('pfn'), count('pass'), oneOf('reason', REFUSAL)],
});

export const PageMigrationFailed = defineEvent({
  name: 'PageMigrationFailed',
  number: 52,
  of: 'mm/vmscan.c:migrate_pages()',
  doc: 'The page has failed for good, for this reason; no later pass tries it.',
  fields: [pfn('pfn'), count('pass'), oneOf('reason', REFUSAL)],
});

export const PageEvicted = defineEvent({
  name: 'PageEvicted',
  number: 53,
  of: 'mm/vmscan.c:swap_page()',
  doc: 'Nothing refers to the page but the list that it is on: its content is in swap or in its file.',
  fields: [pfn('pfn'), count('pass')],
});

export const PageReclaimRefused = defineEvent({
  name: 'PageReclaimRefused',
  number: 59,
  of: 'mm/vmscan.c:shrink_folio_list()',
  doc: 'Somebody asked for the page to be put out, and it was not, for this reason. It goes back to a list.',
  fields: [pfn('pfn'), oneOf('reason', REFUSAL)],
});

export const PageFoundUnreferenced = defineEvent({
  name: 'PageFoundUnreferenced',
  number: 54,
  of: 'mm/vmscan.c:migrate_pages()',
  doc: 'Everybody else let go of the page meanwhile, so there is nothing left to do for it.',
  fields: [pfn('pfn'), count('pass')],
});

export const PageoutAttempted = defineEvent({
  name: 'PageoutAttempted',
  number: 55,
  of: 'mm/vmscan.c:pageout()',
  doc: 'A dirty page was to be written; this came of it.',
  fields: [pfn('pfn'), oneOf('outcome', PAGEOUT)],
  cost_ns: 100,
});

export const PageRemovalRefused = defineEvent({
  name: 'PageRemovalRefused',
  number: 56,
  of: 'mm/vmscan.c:remove_mapping()',
  doc: 'The page could not leave its cache: somebody refers to it, or it is dirty again, or it has no mapping.',
  fields: [pfn('pfn'), oneOf('reason', REFUSAL)],
  cost_ns: 30,
});

export const OrphanedPageFound = defineEvent({
  name: 'OrphanedPageFound',
  number: 57,
  of: 'mm/vmscan.c:pageout()',
  doc: 'A dirty page without a mapping lost its buffers; it is clean now. The kernel logged "orphaned page".',
  fields: [pfn('pfn')],
  cost_ns: 1_000,
});
