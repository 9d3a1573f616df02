/** Events of bad memory (mm/memory-failure.c). */
import { defineEvent } from '../define.ts';
import { mm, pfn, slot, vpn } from '../field.ts';

export const PageHwpoisoned = defineEvent({
  name: 'PageHwpoisoned',
  number: 18,
  of: 'mm/memory-failure.c:memory_failure()',
  doc: 'The frame is known to be bad (PG_hwpoison), and has a reference that nobody gives back, so that it never becomes free.',
  fields: [pfn('pfn')],
  cost_ns: 1_000,
});

export const PageTakenOffLru = defineEvent({
  name: 'PageTakenOffLru',
  number: 17,
  of: 'mm/memory-failure.c:delete_from_lru_cache()',
  doc: 'A bad page left its LRU list for good. Who refers to it goes on to do so.',
  fields: [pfn('pfn')],
  cost_ns: 60,
});

export const HwpoisonEntrySet = defineEvent({
  name: 'HwpoisonEntrySet',
  number: 139,
  of: 'mm/rmap.c:try_to_unmap_one()',
  doc: 'A mapping of a bad page gave way to an entry that says so: who touches it gets SIGBUS. The page is not resident any more.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn')],
  cost_ns: 150,
});

export const HwpoisonEntryZapped = defineEvent({
  name: 'HwpoisonEntryZapped',
  number: 147,
  of: 'mm/memory.c:zap_pte_range()',
  doc: 'The entry of a bad page is gone because its memory is.',
  fields: [mm('mm'), vpn('vpn'), pfn('pfn')],
  cost_ns: 20,
});

export const SwapEntryPoisoned = defineEvent({
  name: 'SwapEntryPoisoned',
  number: 148,
  of: 'mm/swapfile.c:unuse_pte()',
  doc: 'A page could not be brought back from swap into this frame. Its entry says from now on that it is lost; its slot loses a user in an event of its own.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), slot('slot')],
  cost_ns: 150,
});
