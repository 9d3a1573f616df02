/** Events of the page allocator (mm/page_alloc.c). */
import { defineEvent } from '../define.ts';
import { count, flag, nid, oneOf, pfn } from '../field.ts';
import { REFUSAL } from '../uapi/mm.ts';

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

export const FrameRetired = defineEvent({
  name: 'FrameRetired',
  number: 13,
  of: 'pagetape',
  doc: 'The frame of a bad page is held for ever, with one reference that nobody gives back.',
  fields: [pfn('pfn')],
  cost_ns: 1_000,
});

export const NodeRetired = defineEvent({
  name: 'NodeRetired',
  number: 14,
  of: 'pagetape',
  doc: 'All frames of the node were free, and are held for ever: the node has no memory to hand out any more.',
  fields: [nid('nid')],
  cost_ns: 1_000_000,
});

export const PageLeftOnNode = defineEvent({
  name: 'PageLeftOnNode',
  number: 15,
  of: 'pagetape',
  doc: 'The frame is still in use, for this reason, so its node cannot be taken out of use.',
  fields: [pfn('pfn'), oneOf('reason', REFUSAL)],
});

export const OfflineDeadlinePassed = defineEvent({
  name: 'OfflineDeadlinePassed',
  number: 16,
  of: 'mm/memory_hotplug.c:offline_pages()',
  doc: 'Rounds over busy pages changed nothing for 120 seconds, so the node stays.',
  fields: [nid('nid')],
  cost_ns: 120_000_000_000,
});

export const FramesWithheld = defineEvent({
  name: 'FramesWithheld',
  number: 252,
  of: 'pagetape',
  doc: 'Somebody outside has so many free frames of the zone: those that would have been handed out last.',
  fields: [count('zone'), count('pages')],
  cost_ns: 1_000_000,
});

export const FramesGivenBack = defineEvent({
  name: 'FramesGivenBack',
  number: 253,
  of: 'pagetape',
  doc: 'The frames that somebody outside had can be handed out again.',
  fields: [count('zone'), count('pages')],
  cost_ns: 1_000_000,
});

export const NodeWentOffline = defineEvent({
  name: 'NodeWentOffline',
  number: 254,
  of: 'mm/memory_hotplug.c:offline_pages()',
  doc: 'No frame of the node was in use; none is handed out until the node comes online.',
  fields: [nid('nid')],
  cost_ns: 1_000_000,
});

export const NodeCameOnline = defineEvent({
  name: 'NodeCameOnline',
  number: 255,
  of: 'mm/memory_hotplug.c:online_pages()',
  doc: 'The frames of the node can be handed out again.',
  fields: [nid('nid')],
  cost_ns: 1_000_000,
});
