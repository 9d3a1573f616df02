/** What events do to pages that are merged. */
import { CONTENT } from '@pagetape/events';
import { MAPPING_KSM } from '../state/layout.ts';
import { frameOf, refer } from './frames.ts';
import { countMapper, countMapping, presentPte, setPte } from './mappings.ts';
import type { ReferenceReducers } from './types.ts';

export const ksmReducers: ReferenceReducers<
  'PageContentKnown' | 'KsmPteProtected' | 'PageBecameKsm' | 'KsmPageMapped' | 'AnonPageUnshared'
> = {
  PageContentKnown: (draft, { pfn, content }) => void (frameOf(draft, pfn).cleared = CONTENT[content] === 'zeroes'),
  KsmPteProtected(draft, { pfn, mm, vpn }) {
    Object.assign(presentPte(draft, mm, vpn), { writable: false, dirty: false });
    frameOf(draft, pfn).exclusive = false;
  },
  PageBecameKsm: (draft, { pfn, node }) => void (frameOf(draft, pfn).anon_vma = MAPPING_KSM + node),
  KsmPageMapped(draft, { pfn, mm, vpn, old }) {
    setPte(draft, mm, vpn, { pfn, writable: false, young: true, dirty: false });
    refer(draft, pfn, 1);
    countMapper(draft, pfn, 1);
    countMapper(draft, old, -1);
  },
  AnonPageUnshared(draft, { pfn, mm, vpn, anon_vma, index }) {
    setPte(draft, mm, vpn, { pfn, writable: false, young: true, dirty: false });
    Object.assign(frameOf(draft, pfn), { anon_vma, index, exclusive: true });
    countMapping(draft, mm, pfn, 1);
  },
};
