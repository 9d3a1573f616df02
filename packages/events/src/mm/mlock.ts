/** Events of locked memory (mm/mlock.c since 5.18): who is on the unevictable list, and how many areas want a page there. */
import { defineEvent } from '../define.ts';
import { count, cpu, flag, oneOf, pfn } from '../field.ts';
import { LRU, MLOCK_REQUEST } from '../uapi/mm.ts';

export const PageAddedToMlockBatch = defineEvent({
  name: 'PageAddedToMlockBatch',
  number: 31,
  of: 'mm/mlock.c:mlock_folio(), mlock_new_folio(), munlock_folio()',
  doc: 'The page waits in the mlock batch of this CPU, with one reference more, for its list to be seen to.',
  fields: [pfn('pfn'), cpu('cpu'), oneOf('request', MLOCK_REQUEST)],
  cost_ns: 20,
});

export const MlockBatchDrained = defineEvent({
  name: 'MlockBatchDrained',
  number: 32,
  of: 'mm/mlock.c:mlock_folio_batch()',
  doc: 'The mlock batch is empty again; it dropped its reference to each of its pages, which may be the last one.',
  fields: [cpu('cpu'), count('pages')],
  cost_ns: 50,
});

export const PageMlocked = defineEvent({
  name: 'PageMlocked',
  number: 33,
  of: 'mm/mlock.c:mlock_folio(), mlock_new_folio()',
  doc: 'The page got PG_mlocked: locked memory maps it from now on.',
  fields: [pfn('pfn')],
  cost_ns: 20,
});

export const PageMunlocked = defineEvent({
  name: 'PageMunlocked',
  number: 34,
  of: 'mm/mlock.c:__munlock_folio()',
  doc: 'The page lost PG_mlocked. It is stranded when it keeps PG_unevictable, as it is on no list that it could leave.',
  fields: [pfn('pfn'), flag('stranded')],
  cost_ns: 20,
});

export const PageMadeUnevictable = defineEvent({
  name: 'PageMadeUnevictable',
  number: 35,
  of: 'mm/mlock.c:__mlock_folio()',
  doc: 'A locked page left this list for the unevictable one, and lost PG_active. One area is known to lock it.',
  fields: [pfn('pfn'), oneOf('lru', LRU)],
  cost_ns: 60,
});

export const PageMadeEvictable = defineEvent({
  name: 'PageMadeEvictable',
  number: 36,
  of: 'mm/mlock.c:__munlock_folio(), __mlock_folio()',
  doc: 'A page that nobody locks any more left the unevictable list for this one.',
  fields: [pfn('pfn'), oneOf('lru', LRU)],
  cost_ns: 60,
});

export const MlockCountChanged = defineEvent({
  name: 'MlockCountChanged',
  number: 37,
  of: 'mm/mlock.c:__mlock_folio(), __mlock_new_folio(), __munlock_folio()',
  doc: 'So many areas are known to lock a page of the unevictable list. There may be more: what was not counted is not missed.',
  fields: [pfn('pfn'), count('count')],
});
