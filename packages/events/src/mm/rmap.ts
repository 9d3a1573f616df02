/** Events of reverse mapping (mm/rmap.c). */
import { z } from 'zod';
import { defineColdEvent, defineEvent } from '../define.ts';
import { flag, mm, oneOf, pfn, slot, vpn } from '../field.ts';
import { REFUSAL } from '../uapi/mm.ts';

export const PteUnmapped = defineEvent({
  name: 'PteUnmapped',
  number: 110,
  of: 'mm/rmap.c:try_to_unmap_one(), try_to_unmap_cluster()',
  doc: 'A mapping of the page is gone; an anonymous page leaves a swap entry for its slot, a page of a file (slot 0) leaves nothing.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), slot('slot')],
  cost_ns: 400,
});

export const YoungBitCleared = defineEvent({
  name: 'YoungBitCleared',
  number: 111,
  of: 'mm/rmap.c:ptep_clear_flush_young()',
  doc: 'The mapping had been used since the last look; its accessed bit is cleared.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn')],
  cost_ns: 300,
});

export const UnmapRefused = defineEvent({
  name: 'UnmapRefused',
  number: 112,
  of: 'mm/rmap.c:try_to_unmap_one()',
  doc: 'This mapping forbids to unmap the page: it was recently used, or lies in locked memory.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), oneOf('reason', REFUSAL)],
  cost_ns: 50,
});

export const PageDirtied = defineEvent({
  name: 'PageDirtied',
  number: 113,
  of: 'mm/page-writeback.c:set_page_dirty()',
  doc: 'The page has content that no disk has; `pte` says that a dirty mapping told.',
  fields: [pfn('pfn'), flag('pte')],
});

export const AnonVmaPrepared = defineColdEvent({
  name: 'AnonVmaPrepared',
  number: 114,
  of: 'mm/rmap.c:anon_vma_prepare()',
  doc: 'A vma is going to have its first anonymous page: it got an anon_vma, its own or that of a neighbour.',
  schema: z.strictObject({ vma: z.number().int(), anon_vma: z.number().int() }),
  cost_ns: 200,
});
