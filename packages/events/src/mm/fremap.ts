/** Events of nonlinear mappings of files (mm/fremap.c). */
import { z } from 'zod';
import { defineColdEvent, defineEvent } from '../define.ts';
import { count, mm, vpn } from '../field.ts';

const id = z.number().int();

export const VmaMadeNonlinear = defineColdEvent({
  name: 'VmaMadeNonlinear',
  number: 210,
  of: 'mm/fremap.c:sys_remap_file_pages()',
  doc: 'Pages of this area may be anywhere in their file from now on; the file keeps it on a list of such areas.',
  schema: z.strictObject({ vma: id }),
  cost_ns: 500,
});

export const FileOffsetInstalled = defineEvent({
  name: 'FileOffsetInstalled',
  number: 211,
  of: 'mm/fremap.c:install_file_pte(), mm/rmap.c:try_to_unmap_cluster(), mm/memory.c:zap_pte_range()',
  doc: 'An empty entry of a nonlinear area says now which page of the file a fault brings in.',
  fields: [mm('mm'), vpn('vpn'), count('index')],
  cost_ns: 40,
});

export const FileOffsetZapped = defineEvent({
  name: 'FileOffsetZapped',
  number: 212,
  of: 'mm/memory.c:zap_pte_range(), mm/fremap.c:zap_pte()',
  doc: 'An entry that named a page of the file is empty.',
  fields: [mm('mm'), vpn('vpn')],
  cost_ns: 40,
});

export const NonlinearCursorMoved = defineColdEvent({
  name: 'NonlinearCursorMoved',
  number: 213,
  of: 'mm/rmap.c:try_to_unmap_file()',
  doc: 'Up to this page of the area, entries were tried to be unmapped; the next search goes on there.',
  schema: z.strictObject({ vma: id, cursor: id }),
  cost_ns: 100,
});
