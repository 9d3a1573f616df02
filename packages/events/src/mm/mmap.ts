/** Events of address spaces and their areas (mm/mmap.c, mm/mlock.c, mm/mprotect.c). */
import { z } from 'zod';
import { defineColdEvent, defineEvent, type DeepReadonly } from '../define.ts';
import { mm, signed } from '../field.ts';
import { policySchema } from './mempolicy.ts';

const id = z.number().int();

/** What vm_ops->migrate() of the driver of an area does when it is called. */
export const vmaMigrateSchema = z.strictObject({
  /** What it answers: 0, minus an error number, or a positive number, which nobody expects. */
  answer: id,
  /** It moves the pages of the area by itself. */
  moves: z.boolean(),
});

/** What a swap-in goes by that reads ahead: `vma->swap_readahead_info`, or the like for all of tmpfs. */
export const swapReadaheadSchema = z.strictObject({ at: id, win: id, hits: id });

/**
 * An area of an address space. `start`, `end` (exclusive) and `pgoff` count pages; file, anon_vma 0: none. `opened` tells
 * mappings of one open file apart from those of another: only the former merge.
 */
export const vmaSchema = z.strictObject({
  id,
  mm: id,
  start: id,
  end: id,
  flags: id,
  pgoff: id,
  file: id,
  opened: id,
  anon_vma: id,
  policy: policySchema.nullable(),
  /** Absent: its vm_ops have no migrate(). */
  migrate: z.exactOptional(vmaMigrateSchema),
  /** A nonlinear area: how far the search for pages to unmap has come, in pages (vm_private_data); absent: 0. */
  cursor: z.exactOptional(id),
  /** Of later kernels: where the last swap-in was, how many pages it read, how many of them were wanted since; absent: none yet. */
  swap_readahead: z.exactOptional(swapReadaheadSchema),
});
export type SwapReadahead = DeepReadonly<z.infer<typeof swapReadaheadSchema>>;
export type VmaMigrate = z.infer<typeof vmaMigrateSchema>;
export type Vma = DeepReadonly<z.infer<typeof vmaSchema>>;

export const VmaMapped = defineColdEvent({
  name: 'VmaMapped',
  number: 150,
  of: 'mm/mmap.c:vma_link()',
  doc: 'An address space got a new area.',
  schema: vmaSchema,
  cost_ns: 500,
});

export const VmaUnmapped = defineColdEvent({
  name: 'VmaUnmapped',
  number: 151,
  of: 'mm/mmap.c:remove_vma()',
  doc: 'An area is gone; its pages were zapped before.',
  schema: z.strictObject({ vma: id }),
  cost_ns: 300,
});

export const VmaSplit = defineColdEvent({
  name: 'VmaSplit',
  number: 152,
  of: 'mm/mmap.c:split_vma()',
  doc: 'An area was cut in two at page `at`; the new area is the lower or the upper part.',
  schema: z.strictObject({ vma: id, at: id, fresh: id, below: z.boolean() }),
  cost_ns: 500,
});

export const VmaMerged = defineColdEvent({
  name: 'VmaMerged',
  number: 153,
  of: 'mm/mmap.c:vma_merge()',
  doc: 'An area grew to these bounds; the areas in `gone` are part of it now, and `shrunk` gave it one of its ends.',
  schema: z.strictObject({
    vma: id,
    start: id,
    end: id,
    pgoff: id,
    anon_vma: id,
    gone: z.array(id),
    shrunk: z.strictObject({ vma: id, start: id, end: id, pgoff: id }).nullable(),
  }),
  cost_ns: 500,
});

export const VmaFlagsChanged = defineColdEvent({
  name: 'VmaFlagsChanged',
  number: 154,
  of: 'mm/mprotect.c:mprotect_fixup(), mm/mlock.c:mlock_fixup()',
  doc: 'An area has other VM_* flags.',
  schema: z.strictObject({ vma: id, flags: id }),
  cost_ns: 100,
});

export const MmDefFlagsSet = defineColdEvent({
  name: 'MmDefFlagsSet',
  number: 251,
  of: 'mm/mlock.c:apply_mlockall_flags()',
  doc: 'Areas that the address space gets from now on have these VM_* flags, too.',
  schema: z.strictObject({ mm: id, flags: id }),
  cost_ns: 100,
});

export const LockedPagesCounted = defineEvent({
  name: 'LockedPagesCounted',
  number: 155,
  of: 'mm/mlock.c:mlock_fixup()',
  doc: 'The address space has so many locked pages more (or less).',
  fields: [mm('mm'), signed('pages')],
});

export const MmapLockTaken = defineEvent({
  name: 'MmapLockTaken',
  number: 156,
  of: 'include/linux/rwsem.h:down_read(), down_write()',
  doc: 'The running task holds the mmap_sem of the address space: shared when `change` is 1, alone when it is -1.',
  fields: [mm('mm'), signed('change')],
  cost_ns: 20,
});

export const MmapLockReleased = defineEvent({
  name: 'MmapLockReleased',
  number: 157,
  of: 'include/linux/rwsem.h:up_read(), up_write()',
  doc: 'The running task gave the mmap_sem back.',
  fields: [mm('mm'), signed('change')],
  cost_ns: 20,
});

export const MmapLockWaited = defineEvent({
  name: 'MmapLockWaited',
  number: 158,
  of: 'include/linux/rwsem.h:down_read(), down_write()',
  doc: 'The task began to sleep until the mmap_sem is free for it.',
  fields: [mm('mm'), signed('change')],
  cost_ns: 2_000,
});
