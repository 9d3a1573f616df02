/** Events of swap I/O (mm/page_io.c) and of the end of write-back (mm/filemap.c). */
import { defineEvent } from '../define.ts';
import { count, flag, oneOf, pfn, slot } from '../field.ts';

/** Which way a request goes. */
export const IO_DIRECTION = ['read', 'write'] as const;

export const PageCleanedForIo = defineEvent({
  name: 'PageCleanedForIo',
  number: 100,
  of: 'mm/vmscan.c:pageout()',
  doc: 'PG_dirty was cleared and PG_reclaim set, because the page is going to be written.',
  fields: [pfn('pfn')],
  cost_ns: 20,
});

export const SwapWriteStarted = defineEvent({
  name: 'SwapWriteStarted',
  number: 101,
  of: 'mm/page_io.c:swap_writepage()',
  doc: 'The page is under write-back to its slot; the request waits at the device.',
  fields: [pfn('pfn'), slot('slot')],
  cost_ns: 1_500,
});

export const SwapWriteFinished = defineEvent({
  name: 'SwapWriteFinished',
  number: 102,
  of: 'mm/page_io.c:end_swap_bio_write()',
  doc: 'The oldest request, a write, has ended; after an error the page carries PG_error and is clean all the same.',
  fields: [pfn('pfn'), flag('error')],
  cost_ns: 40_000,
});

export const SwapReadFinished = defineEvent({
  name: 'SwapReadFinished',
  number: 103,
  of: 'mm/page_io.c:end_swap_bio_read()',
  doc: 'The oldest request, a read, has ended: the page is up to date, or carries PG_error, and is unlocked.',
  fields: [pfn('pfn'), flag('error')],
  cost_ns: 40_000,
});

export const SwapPageRead = defineEvent({
  name: 'SwapPageRead',
  number: 109,
  of: 'mm/page_io.c:swap_read_folio()',
  doc: 'A device that lies in memory was read at once into a frame that does not enter the swap cache.',
  fields: [pfn('pfn'), slot('slot'), flag('error')],
  cost_ns: 2_000,
});

export const SwapZeroesNoted = defineEvent({
  name: 'SwapZeroesNoted',
  number: 75,
  of: 'mm/page_io.c:swap_zeromap_folio_set()',
  doc: 'The page holds nothing but zeroes. Its slot says so from now on, and nothing is written.',
  fields: [pfn('pfn'), slot('slot')],
  cost_ns: 400,
});

export const SwapZeroesRead = defineEvent({
  name: 'SwapZeroesRead',
  number: 76,
  of: 'mm/page_io.c:swap_read_folio_zeromap()',
  doc: 'The slot says that its page holds zeroes, so the frame was cleared and nothing is read. It is in the swap cache, or not.',
  fields: [pfn('pfn'), slot('slot'), flag('cached')],
  cost_ns: 400,
});

export const IoErrorsArmed = defineEvent({
  name: 'IoErrorsArmed',
  number: 104,
  of: 'pagetape',
  doc: 'A disturbance lets the next requests of one direction fail.',
  fields: [oneOf('direction', IO_DIRECTION), count('requests')],
});

export const IoSettled = defineEvent({
  name: 'IoSettled',
  number: 106,
  of: 'pagetape',
  doc: 'The step is over, so the requests that still wait end now.',
  fields: [count('requests')],
});
