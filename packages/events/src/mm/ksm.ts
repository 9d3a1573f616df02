/** Events of kernel samepage merging (mm/ksm.c): equal pages of areas that ask for it become one, which nobody can write to. */
import { z } from 'zod';
import { defineColdEvent, defineEvent } from '../define.ts';
import { anonVma, count, mm, oneOf, pfn, vpn } from '../field.ts';

const id = z.number().int();

export const KsmEntered = defineColdEvent({
  name: 'KsmEntered',
  number: 86,
  of: 'mm/ksm.c:__ksm_enter()',
  doc: 'An area of the address space may be merged for the first time: ksmd looks at it, after all that it knew before.',
  schema: z.strictObject({ mm: id }),
  cost_ns: 200,
});

export const KsmLeft = defineColdEvent({
  name: 'KsmLeft',
  number: 87,
  of: 'mm/ksm.c:scan_get_next_rmap_item()',
  doc: 'The daemon found no area of the address space that may be merged, and forgets it.',
  schema: z.strictObject({ mm: id }),
  cost_ns: 200,
});

export const StableNodeSet = defineColdEvent({
  name: 'StableNodeSet',
  number: 88,
  of: 'mm/ksm.c:stable_tree_insert(), folio_migrate_ksm()',
  doc: 'The merged page of a node of the stable tree is in this frame: the node is new, or its page moved. `content` is a word for what it holds.',
  schema: z.strictObject({ node: id, pfn: id, content: z.string() }),
  cost_ns: 200,
});

export const StableNodeRemoved = defineColdEvent({
  name: 'StableNodeRemoved',
  number: 89,
  of: 'mm/ksm.c:remove_node_from_stable_tree()',
  doc: 'The merged page of the node is gone, so the node goes too, and with it what it knew of mappings.',
  schema: z.strictObject({ node: id }),
  cost_ns: 200,
});

export const RmapItemAppended = defineColdEvent({
  name: 'RmapItemAppended',
  number: 91,
  of: 'mm/ksm.c:stable_tree_append()',
  doc: 'The daemon ksmd knows that the page of the node is mapped here. Reverse mapping finds it so, and visits the newest first.',
  schema: z.strictObject({ node: id, mm: id, vpn: id, anon_vma: id }),
  cost_ns: 200,
});

export const RmapItemRemoved = defineColdEvent({
  name: 'RmapItemRemoved',
  number: 96,
  of: 'mm/ksm.c:remove_rmap_item_from_tree()',
  doc: 'The daemon ksmd found that the page of the node is mapped here no more.',
  schema: z.strictObject({ node: id, mm: id, vpn: id }),
  cost_ns: 200,
});

/** What is known of the content of a page of private memory: nothing but zeroes, or what a task wrote there. */
export const CONTENT = ['zeroes', 'written'] as const;
export const CONTENT_ZEROES = 0;
export const CONTENT_WRITTEN = 1;

export const PageContentKnown = defineEvent({
  name: 'PageContentKnown',
  number: 107,
  of: 'pagetape',
  doc: 'A page of private memory was brought in for a task that has not written to it, or that task has written to it now.',
  fields: [pfn('pfn'), oneOf('content', CONTENT)],
});

export const KsmPteProtected = defineEvent({
  name: 'KsmPteProtected',
  number: 97,
  of: 'mm/ksm.c:write_protect_page()',
  doc: 'A mapping of an anonymous page can no longer be written through, nor has it the page for itself; its mark of dirt went to the page.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn')],
  cost_ns: 400,
});

export const PageBecameKsm = defineEvent({
  name: 'PageBecameKsm',
  number: 98,
  of: 'mm/ksm.c:folio_set_stable_node()',
  doc: 'The anonymous page belongs to no anon_vma any more, but to this node of the stable tree.',
  fields: [pfn('pfn'), count('node')],
  cost_ns: 100,
});

export const KsmPageMapped = defineEvent({
  name: 'KsmPageMapped',
  number: 99,
  of: 'mm/ksm.c:replace_page()',
  doc: 'A merged page took the place of an equal one in a mapping. The reference of that mapping to the page `old` stays until it is put.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), pfn('old')],
  cost_ns: 600,
});

export const AnonPageUnshared = defineEvent({
  name: 'AnonPageUnshared',
  number: 105,
  of: 'mm/memory.c:wp_page_copy() with FAULT_FLAG_UNSHARE',
  doc: 'A copy of a page was mapped without being written to: it can be read only and is not dirty, but the mapping has it for itself.',
  fields: [pfn('pfn'), mm('mm'), vpn('vpn'), anonVma('anon_vma'), count('index')],
  cost_ns: 600,
});
