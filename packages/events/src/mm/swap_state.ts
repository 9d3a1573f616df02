/** Events of the swap cache (mm/swap_state.c). */
import { z } from 'zod';
import { defineColdEvent, defineEvent } from '../define.ts';
import { mm, pfn, slot, vpn } from '../field.ts';
import { swapReadaheadSchema } from './mmap.ts';

export const PageAddedToSwapCache = defineEvent({
  name: 'PageAddedToSwapCache',
  number: 80,
  of: 'mm/swap_state.c:add_to_swap()',
  doc: 'An anonymous page got a swap slot: one reference more, PG_swapcache, PG_uptodate and PG_dirty set.',
  fields: [pfn('pfn'), slot('slot')],
  cost_ns: 200,
});

export const SwapAllocationFailed = defineEvent({
  name: 'SwapAllocationFailed',
  number: 81,
  of: 'mm/swap_state.c:add_to_swap(), mm/shmem.c:shmem_writepage()',
  doc: 'There is no free swap slot for the page.',
  fields: [pfn('pfn')],
  cost_ns: 100,
});

export const SwapCacheLookedUp = defineEvent({
  name: 'SwapCacheLookedUp',
  number: 82,
  of: 'mm/swap_state.c:lookup_swap_cache()',
  doc: 'A fault looked for the copy of a slot in the swap cache, and found this frame (0: none).',
  fields: [mm('mm'), vpn('vpn'), slot('slot'), pfn('pfn')],
  cost_ns: 100,
});

export const PageMarkedReadahead = defineEvent({
  name: 'PageMarkedReadahead',
  number: 79,
  of: 'mm/swap_state.c:swap_vma_readahead(), swap_cluster_readahead()',
  doc: 'The page was read before anybody asked for it (PG_readahead). The mark goes when somebody does.',
  fields: [pfn('pfn')],
  cost_ns: 10,
});

export const SwapReadaheadNoted = defineColdEvent({
  name: 'SwapReadaheadNoted',
  number: 78,
  of: 'mm/swap_state.c:swap_vma_ra_win(), swapin_nr_pages(), swap_cache_get_folio()',
  doc: 'A swap-in of an area, or (0) of tmpfs, says for the next where it was, how many pages it reads, and how many were wanted since.',
  schema: z.strictObject({ vma: z.number().int(), ...swapReadaheadSchema.shape }),
  cost_ns: 10,
});

export const SwapReadStarted = defineEvent({
  name: 'SwapReadStarted',
  number: 83,
  of: 'mm/swap_state.c:read_swap_cache_async()',
  doc: 'A new frame entered the swap cache for a slot, locked, and its content is being read.',
  fields: [pfn('pfn'), slot('slot')],
  cost_ns: 300,
});

export const PageRemovedFromSwapCache = defineEvent({
  name: 'PageRemovedFromSwapCache',
  number: 84,
  of: 'mm/swap_state.c:__delete_from_swap_cache()',
  doc: 'The swap cache forgot the page and dropped its reference. The slot loses a user in an event of its own.',
  fields: [pfn('pfn'), slot('slot')],
  cost_ns: 150,
});

export const SwapCopyDropped = defineEvent({
  name: 'SwapCopyDropped',
  number: 85,
  of: 'mm/swapfile.c:remove_exclusive_swap_page(), free_swap_and_cache()',
  doc: 'Nobody needs the copy in swap any more: the cache forgot the page, which is dirty. The slot loses a user next.',
  fields: [pfn('pfn'), slot('slot')],
  cost_ns: 150,
});
