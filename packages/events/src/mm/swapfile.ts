/** Events of swap slots (mm/swapfile.c). */
import { defineEvent } from '../define.ts';
import { area, count, slot } from '../field.ts';

export const SwapAreaEnabled = defineEvent({
  name: 'SwapAreaEnabled',
  number: 171,
  of: 'mm/swapfile.c:sys_swapon()',
  doc: 'All slots of the swap area can be handed out from now on.',
  fields: [area('area')],
  cost_ns: 1_000_000,
});

export const SwapSlotAllocated = defineEvent({
  name: 'SwapSlotAllocated',
  number: 90,
  of: 'mm/swapfile.c:scan_swap_map()',
  doc: 'A free slot was handed out with one user; with it, what the allocator of the area remembers for its next search.',
  fields: [
    slot('slot'),
    area('area'),
    count('cluster_next'),
    count('cluster_nr'),
    count('lowest_bit'),
    count('highest_bit'),
  ],
  cost_ns: 100,
});

export const SwapSlotReferenced = defineEvent({
  name: 'SwapSlotReferenced',
  number: 92,
  of: 'mm/swapfile.c:swap_duplicate()',
  doc: 'The slot has one user more.',
  fields: [slot('slot')],
  cost_ns: 20,
});

export const SwapSlotDereferenced = defineEvent({
  name: 'SwapSlotDereferenced',
  number: 93,
  of: 'mm/swapfile.c:swap_free()',
  doc: 'The slot has one user less; without any it is free.',
  fields: [slot('slot')],
  cost_ns: 30,
});

export const SwapSlotSeized = defineEvent({
  name: 'SwapSlotSeized',
  number: 94,
  of: 'pagetape',
  doc: 'A disturbance uses the slot that was just allocated, so that others find less swap space.',
  fields: [slot('slot')],
});

export const SwapSlotGivenBack = defineEvent({
  name: 'SwapSlotGivenBack',
  number: 95,
  of: 'pagetape',
  doc: 'A disturbance lets go of the slot that it seized first of all that it has; the event of swap_free() follows.',
  fields: [slot('slot')],
});

export const SwapAreaDraining = defineEvent({
  name: 'SwapAreaDraining',
  number: 115,
  of: 'mm/swapfile.c:sys_swapoff()',
  doc: 'No slot of the swap area is handed out any more, and it counts as no swap space. What is in it is going to be brought back.',
  fields: [area('area')],
  cost_ns: 1_000,
});

export const SwapAreaDisabled = defineEvent({
  name: 'SwapAreaDisabled',
  number: 116,
  of: 'mm/swapfile.c:sys_swapoff()',
  doc: 'Nothing is in the swap area any more, and nobody uses it.',
  fields: [area('area')],
  cost_ns: 1_000_000,
});

export const SwapAreaReopened = defineEvent({
  name: 'SwapAreaReopened',
  number: 117,
  of: 'mm/swapfile.c:sys_swapoff(), reinsert_swap_info()',
  doc: 'Not all of the swap area could be brought back, so its slots can be handed out as before.',
  fields: [area('area')],
  cost_ns: 1_000,
});
