/** Events of the page allocator (mm/page_alloc.c). */
import { defineEvent } from '../define.ts';
import { flag, nid, pfn } from '../field.ts';

export const PageAllocated = defineEvent({
  name: 'PageAllocated',
  number: 10,
  of: 'mm/page_alloc.c:buffered_rmqueue()',
  doc: 'A free frame was handed out with one reference. `preferred` heads the zonelist, `local` is the running node.',
  fields: [pfn('pfn'), nid('preferred'), nid('local'), flag('interleaved')],
  cost_ns: 250,
});

export const PageFreed = defineEvent({
  name: 'PageFreed',
  number: 11,
  of: 'mm/page_alloc.c:__free_pages_ok()',
  doc: 'The last reference is gone: the frame left its LRU list, if it was on one, and is free again.',
  fields: [pfn('pfn')],
  cost_ns: 100,
});

export const PageAllocationFailed = defineEvent({
  name: 'PageAllocationFailed',
  number: 12,
  of: 'mm/page_alloc.c:__alloc_pages()',
  doc: 'No zone of the zonelist could give a frame above its min mark. There is no reclaim here.',
  fields: [nid('preferred')],
  cost_ns: 500,
});
