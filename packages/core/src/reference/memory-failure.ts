/** What events of bad memory do. */
import { invariant } from '../reduce/assert.ts';
import { frameOf, refer } from './frames.ts';
import { takeOffLru } from './lru.ts';
import { countMapping, setPte } from './mappings.ts';
import type { ReferenceReducers } from './types.ts';

export const badMemoryReducers: ReferenceReducers<
  'PageHwpoisoned' | 'PageTakenOffLru' | 'HwpoisonEntrySet' | 'HwpoisonEntryZapped' | 'SwapEntryPoisoned'
> = {
  PageHwpoisoned(draft, { pfn }) {
    const frame = frameOf(draft, pfn);
    invariant(!frame.bad, 'a frame is found bad twice:', pfn);
    frame.bad = true;
    frame.count++;
  },
  PageTakenOffLru(draft, { pfn }) {
    takeOffLru(draft, pfn);
    Object.assign(frameOf(draft, pfn), { place: 'held', active: false, unevictable: false });
  },
  HwpoisonEntrySet(draft, { pfn, mm, vpn }) {
    setPte(draft, mm, vpn, { bad: pfn });
    frameOf(draft, pfn).exclusive = false;
    countMapping(draft, mm, pfn, -1);
    refer(draft, pfn, -1);
  },
  SwapEntryPoisoned: (draft, { pfn, mm, vpn }) => setPte(draft, mm, vpn, { bad: pfn }),
  HwpoisonEntryZapped: (draft, { mm, vpn }) => setPte(draft, mm, vpn, null),
};
