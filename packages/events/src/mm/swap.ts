/** Events of the LRU lists and the per-CPU batches in front of them (mm/swap.c). */
import { defineEvent } from '../define.ts';
import { count, cpu, oneOf, pfn } from '../field.ts';
import { LRU, LRU_BATCH } from '../uapi/mm.ts';

/** Who gave or took a plain reference. */
export const HOLDER = ['isolation', 'pin', 'lock', 'fault', 'batch', 'unmap'] as const;
export const HOLDER_ISOLATION = 0;
export const HOLDER_PIN = 1;
export const HOLDER_LOCK = 2;
export const HOLDER_FAULT = 3;
export const HOLDER_BATCH = 4;

export const PageAddedToLruBatch = defineEvent({
  name: 'PageAddedToLruBatch',
  number: 20,
  of: 'mm/swap.c:lru_cache_add(), lru_cache_add_active(), folio_add_lru()',
  doc: 'The page waits in a batch of this CPU, with one reference more, to be put on an LRU list.',
  fields: [pfn('pfn'), cpu('cpu'), oneOf('lru', LRU_BATCH)],
  cost_ns: 20,
});

export const PageAddedToLru = defineEvent({
  name: 'PageAddedToLru',
  number: 21,
  of: 'mm/swap.c:__pagevec_lru_add(), __pagevec_lru_add_active()',
  doc: 'A page of a batch went to the head of this LRU list of its zone or node. The batch still holds its reference.',
  fields: [pfn('pfn'), cpu('cpu'), oneOf('lru', LRU)],
  cost_ns: 40,
});

export const PageAddedToLruDirectly = defineEvent({
  name: 'PageAddedToLruDirectly',
  number: 214,
  of: 'mm/swap.c:__pagevec_lru_add()',
  doc: 'A page that was read ahead went to the head of the inactive list without waiting in a batch of the CPU.',
  fields: [pfn('pfn')],
  cost_ns: 60,
});

export const LruBatchDrained = defineEvent({
  name: 'LruBatchDrained',
  number: 22,
  of: 'mm/swap.c:release_pages()',
  doc: 'A batch is empty again; it dropped its reference to each of its pages, which may be the last one.',
  fields: [cpu('cpu'), oneOf('lru', LRU_BATCH), count('pages')],
  cost_ns: 50,
});

export const AllCpusDrained = defineEvent({
  name: 'AllCpusDrained',
  number: 23,
  of: 'mm/vmscan.c:lru_add_drain_per_cpu()',
  doc: 'Every CPU was asked to empty its batches; the events of the drains follow, from CPU 0 up.',
  fields: [],
  cost_ns: 20_000,
});

export const PageActivated = defineEvent({
  name: 'PageActivated',
  number: 24,
  of: 'mm/swap.c:activate_page()',
  doc: 'A referenced page on the inactive list went to the head of the active list.',
  fields: [pfn('pfn')],
  cost_ns: 60,
});

export const PageDeactivated = defineEvent({
  name: 'PageDeactivated',
  number: 25,
  of: 'mm/vmscan.c:refill_inactive_zone()',
  doc: 'A page of the active list went to the head of the inactive list.',
  fields: [pfn('pfn')],
  cost_ns: 60,
});

export const PageRotated = defineEvent({
  name: 'PageRotated',
  number: 26,
  of: 'mm/swap.c:rotate_reclaimable_page()',
  doc: 'The write for reclaim ended while the page was on the inactive list: it went to the tail, to be taken next.',
  fields: [pfn('pfn')],
  cost_ns: 60,
});

export const PageActivatedInBatch = defineEvent({
  name: 'PageActivatedInBatch',
  number: 38,
  of: 'mm/swap.c:__lru_cache_activate_folio()',
  doc: 'A referenced page that waits in the batch of this CPU got PG_active: it will go to the active list.',
  fields: [pfn('pfn')],
  cost_ns: 20,
});

export const PageReferencedSet = defineEvent({
  name: 'PageReferencedSet',
  number: 27,
  of: 'mm/swap.c:mark_page_accessed()',
  doc: 'The page got its second-chance bit.',
  fields: [pfn('pfn')],
});

export const PageReferencedCleared = defineEvent({
  name: 'PageReferencedCleared',
  number: 28,
  of: 'mm/rmap.c:page_referenced()',
  doc: 'The page lost its second-chance bit.',
  fields: [pfn('pfn')],
});

export const PageReferenceTaken = defineEvent({
  name: 'PageReferenceTaken',
  number: 29,
  of: 'include/linux/mm.h:get_page()',
  doc: 'Somebody holds the page with one reference more.',
  fields: [pfn('pfn'), oneOf('holder', HOLDER)],
  cost_ns: 5,
});

export const PageReferenceDropped = defineEvent({
  name: 'PageReferenceDropped',
  number: 30,
  of: 'mm/swap.c:put_page()',
  doc: 'Somebody gave a reference back. PageFreed follows when it was the last one.',
  fields: [pfn('pfn'), oneOf('holder', HOLDER)],
  cost_ns: 5,
});

export const LruCacheDisabled = defineEvent({
  name: 'LruCacheDisabled',
  number: 243,
  of: 'mm/swap.c:lru_cache_disable()',
  doc: 'Pages do not wait in batches any more, until as many callers want them to again.',
  fields: [],
  cost_ns: 1_000,
});

export const LruCacheEnabled = defineEvent({
  name: 'LruCacheEnabled',
  number: 244,
  of: 'mm/swap.c:lru_cache_enable()',
  doc: 'A caller of LruCacheDisabled is through.',
  fields: [],
});
