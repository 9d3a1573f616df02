/** Events of page locks, the page cache, buffers and I/O on files (mm/filemap.c, mm/truncate.c, fs/buffer.c). */
import { z } from 'zod';
import { defineColdEvent, defineEvent } from '../define.ts';
import { count, file, oneOf, pfn } from '../field.ts';
import { BUFFERS } from '../uapi/mm.ts';

export const PageLocked = defineEvent({
  name: 'PageLocked',
  number: 60,
  of: 'include/linux/page-flags.h:TestSetPageLocked()',
  doc: 'The page lock was free and is taken.',
  fields: [pfn('pfn')],
  cost_ns: 10,
});

export const PageUnlocked = defineEvent({
  name: 'PageUnlocked',
  number: 61,
  of: 'mm/filemap.c:unlock_page()',
  doc: 'The page lock was released; who sleeps on it wakes up.',
  fields: [pfn('pfn')],
  cost_ns: 10,
});

export const PageLockFailed = defineEvent({
  name: 'PageLockFailed',
  number: 62,
  of: 'include/linux/page-flags.h:TestSetPageLocked()',
  doc: 'Somebody else has the page lock, and the caller did not wait.',
  fields: [pfn('pfn')],
  cost_ns: 10,
});

export const PageLockWaited = defineEvent({
  name: 'PageLockWaited',
  number: 63,
  of: 'mm/filemap.c:__lock_page()',
  doc: 'The task began to sleep until the page is unlocked.',
  fields: [pfn('pfn')],
  cost_ns: 2_000,
});

export const WritebackObserved = defineEvent({
  name: 'WritebackObserved',
  number: 64,
  of: 'mm/vmscan.c:migrate_pages()',
  doc: 'The page is being written, and the caller did not wait.',
  fields: [pfn('pfn')],
  cost_ns: 10,
});

export const WritebackWaited = defineEvent({
  name: 'WritebackWaited',
  number: 65,
  of: 'mm/filemap.c:wait_on_page_writeback()',
  doc: 'The task began to sleep until the page is written.',
  fields: [pfn('pfn')],
  cost_ns: 2_000,
});

export const PageAddedToPageCache = defineEvent({
  name: 'PageAddedToPageCache',
  number: 66,
  of: 'mm/filemap.c:add_to_page_cache()',
  doc: 'The page holds a page of a file, with one reference more, and is locked until it is read.',
  fields: [pfn('pfn'), file('file'), count('index')],
  cost_ns: 150,
});

export const PageRemovedFromPageCache = defineEvent({
  name: 'PageRemovedFromPageCache',
  number: 67,
  of: 'mm/filemap.c:__remove_from_page_cache()',
  doc: 'The file forgot the page and dropped its reference.',
  fields: [pfn('pfn'), file('file'), count('index')],
  cost_ns: 150,
});

export const FileRead = defineEvent({
  name: 'FileRead',
  number: 68,
  of: 'mm/filemap.c:page_cache_read()',
  doc: 'A page of a file was read at once; the page is up to date and unlocked.',
  fields: [pfn('pfn'), file('file'), count('index')],
  cost_ns: 50_000,
});

export const FileWritten = defineEvent({
  name: 'FileWritten',
  number: 69,
  of: 'include/linux/fs.h:a_ops->writepage()',
  doc: 'A page of a file was written at once; the page is clean and unlocked.',
  fields: [pfn('pfn'), file('file'), count('index')],
  cost_ns: 50_000,
});

export const BuffersAttached = defineEvent({
  name: 'BuffersAttached',
  number: 70,
  of: 'fs/buffer.c:create_empty_buffers()',
  doc: 'The file system attached buffers to a page: PG_private is set, with one reference more.',
  fields: [pfn('pfn'), oneOf('buffers', BUFFERS)],
  cost_ns: 100,
});

export const BuffersReleased = defineEvent({
  name: 'BuffersReleased',
  number: 71,
  of: 'fs/buffer.c:try_to_free_buffers()',
  doc: 'The buffers of a page are gone, and with them their reference.',
  fields: [pfn('pfn')],
  cost_ns: 100,
});

export const BuffersReleaseRefused = defineEvent({
  name: 'BuffersReleaseRefused',
  number: 72,
  of: 'fs/buffer.c:try_to_release_page()',
  doc: 'The buffers of a page are in use, so it keeps them and their reference.',
  fields: [pfn('pfn')],
  cost_ns: 100,
});

export const PageTruncated = defineEvent({
  name: 'PageTruncated',
  number: 73,
  of: 'mm/truncate.c:truncate_complete_page()',
  doc: 'The page is beyond the new end of its file, neither dirty nor up to date. The page cache forgets it next.',
  fields: [pfn('pfn'), file('file'), count('index')],
  cost_ns: 100,
});

export const FileResized = defineColdEvent({
  name: 'FileResized',
  number: 74,
  of: 'mm/memory.c:vmtruncate()',
  doc: 'The file has another size. Pages beyond it are unmapped and leave the page cache in events of their own.',
  schema: z.strictObject({ file: z.number().int(), pages: z.number().int() }),
  cost_ns: 500,
});
