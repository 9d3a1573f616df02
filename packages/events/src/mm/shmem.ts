/** Events of files whose pages go to swap (mm/shmem.c), of policies that belong to files (mm/mempolicy.c), and of write(2). */
import { z } from 'zod';
import { defineColdEvent, defineEvent } from '../define.ts';
import { count, file, pfn, slot } from '../field.ts';
import { policySchema } from './mempolicy.ts';

const id = z.number().int();

export const PageMovedToSwapCache = defineEvent({
  name: 'PageMovedToSwapCache',
  number: 200,
  of: 'mm/swap_state.c:move_to_swap_cache()',
  doc: 'A page of a file left the page cache for the swap cache, dirty: nothing is written yet. Its slot gets a user more next.',
  fields: [pfn('pfn'), file('file'), count('index'), slot('slot')],
  cost_ns: 300,
});

export const PageMovedFromSwapCache = defineEvent({
  name: 'PageMovedFromSwapCache',
  number: 201,
  of: 'mm/swap_state.c:move_from_swap_cache()',
  doc: 'A page left the swap cache for the page cache of its file, dirty. Its slot loses a user next.',
  fields: [pfn('pfn'), file('file'), count('index'), slot('slot')],
  cost_ns: 300,
});

export const ShmemEntrySet = defineEvent({
  name: 'ShmemEntrySet',
  number: 202,
  of: 'mm/shmem.c:shmem_swp_set()',
  doc: 'A page of the file is in this swap slot, of which the file is a user (0: in none).',
  fields: [file('file'), count('index'), slot('slot')],
  cost_ns: 20,
});

export const ShmemEntryLookedUp = defineEvent({
  name: 'ShmemEntryLookedUp',
  number: 203,
  of: 'mm/shmem.c:shmem_getpage()',
  doc: 'A page of the file is needed that is in a slot; the swap cache has this frame for it (0: none).',
  fields: [file('file'), count('index'), slot('slot'), pfn('pfn')],
  cost_ns: 100,
});

export const ShmemPageZeroed = defineEvent({
  name: 'ShmemPageZeroed',
  number: 204,
  of: 'mm/shmem.c:shmem_getpage()',
  doc: 'A hole of the file got a new page, which is zeroed and up to date.',
  fields: [pfn('pfn'), file('file'), count('index')],
  cost_ns: 300,
});

export const FileWriteRefused = defineEvent({
  name: 'FileWriteRefused',
  number: 205,
  of: 'mm/shmem.c:shmem_writepage()',
  doc: 'WRITEPAGE_ACTIVATE: the page cannot be written now. It is dirty again, and stays locked and in its file.',
  fields: [pfn('pfn'), file('file'), count('index')],
  cost_ns: 50,
});

export const SharedPolicySet = defineColdEvent({
  name: 'SharedPolicySet',
  number: 206,
  of: 'mm/mempolicy.c:mpol_set_shared_policy()',
  doc: 'Pages [start, end) of the file have this policy (null: none), whoever maps them, and also while nobody does.',
  schema: z.strictObject({ file: id, start: id, end: id, policy: policySchema.nullable() }),
  cost_ns: 200,
});

export const FileDeleted = defineColdEvent({
  name: 'FileDeleted',
  number: 207,
  of: 'mm/shmem.c:shmem_delete_inode()',
  doc: 'Nobody can reach the file any more; it is gone with its policies. Its pages and slots were given up before.',
  schema: z.strictObject({ file: id }),
  cost_ns: 1_000,
});

export const FilePageFilled = defineEvent({
  name: 'FilePageFilled',
  number: 208,
  of: 'mm/filemap.c:generic_file_buffered_write()',
  doc: 'A new page of a file was written as a whole, so nothing had to be read: it is up to date.',
  fields: [pfn('pfn'), file('file'), count('index')],
  cost_ns: 300,
});
