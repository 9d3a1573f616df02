/** Swap I/O (mm/page_io.c), and the device behind it: requests end in the order in which they were made. */
import type { Kernel } from '../kernel.ts';
import { IO_FIRST, IO_PENDING, READ_ERRORS, WRITE_ERRORS, ZEROES_NOTED } from '../state/layout.ts';
import {
  page_private,
  PageActive,
  PageCleared,
  PageDirty,
  PageLocked,
  PageLRU,
  PageReclaim,
  PageUnevictable,
} from '../state/read.ts';
import { unlock_page } from './filemap.ts';
import { lru_cache_add_active } from './swap.ts';
import { remove_exclusive_swap_page } from './swapfile.ts';

/** A request of the device queue: a frame, and whether it is written. */
interface Request {
  readonly pfn: number;
  readonly write: boolean;
}

/** Requests that have not ended, oldest first. */
export function pending_requests(k: Pick<Kernel, 's'>): Request[] {
  const { io, scalars } = k.s;
  const at = (n: number): number => io[(scalars[IO_FIRST] + n) & (io.length - 1)];
  return Array.from({ length: scalars[IO_PENDING] }, (_, n) => ({ pfn: at(n) >>> 1, write: (at(n) & 1) !== 0 }));
}

/** Whether a request for the frame has not ended. The oldest is looked at first: mostly it is the one that is awaited. */
export function is_pending(k: Pick<Kernel, 's'>, pfn: number): boolean {
  const { io, scalars } = k.s;
  const first = scalars[IO_FIRST];
  for (let n = 0; n < scalars[IO_PENDING]; n++) if (io[(first + n) & (io.length - 1)] >>> 1 === pfn) return true;
  return false;
}

/** The oldest request ends; an armed error hits it. */
export function end_oldest_request(k: Kernel): void {
  const { io, scalars } = k.s;
  const request = io[scalars[IO_FIRST]];
  const pfn = request >>> 1;
  if ((request & 1) !== 0) end_swap_bio_write(k, pfn, scalars[WRITE_ERRORS] > 0 ? 1 : 0);
  else k.emit.SwapReadFinished(pfn, scalars[READ_ERRORS] > 0 ? 1 : 0);
}

/** All requests end, in their order. */
export function end_all_requests(k: Kernel): void {
  while (k.s.scalars[IO_PENDING] > 0) end_oldest_request(k);
}

function submitted(k: Kernel): void {
  if (k.s.cold.io_mode === 'now') end_all_requests(k);
}

/** `mm/page_io.c:end_swap_bio_write()`: an error leaves its mark on the page, which is clean all the same up to 2.6.18. */
function end_swap_bio_write(k: Kernel, pfn: number, error: number): void {
  const { s } = k;
  const rotate =
    PageReclaim(s, pfn) &&
    !PageUnevictable(s, pfn) &&
    !PageLocked(s, pfn) &&
    !PageDirty(s, pfn) &&
    !PageActive(s, pfn) &&
    PageLRU(s, pfn);
  k.emit.SwapWriteFinished(pfn, error);
  if (error !== 0 && k.traits.failed_swap_write_dirties && !PageDirty(s, pfn)) k.emit.PageDirtied(pfn, 0);
  if (rotate) k.emit.PageRotated(pfn);
}

/**
 * `mm/page_io.c:swap_writepage()`: starts to write a locked page of the swap cache and unlocks it. When only the cache
 * knows the page and the slot, the slot is given up instead and nothing is written. Nor is it of a page of zeroes, where the kernel
 * can note that; but for one that is written with others as a huge page.
 */
export function swap_writepage(k: Kernel, pfn: number, with_others = false): void {
  if (remove_exclusive_swap_page(k, pfn)) {
    unlock_page(k, pfn);
    return;
  }
  if (k.traits.swap_notes_zeroes && !with_others && PageCleared(k.s, pfn)) {
    k.emit.SwapZeroesNoted(pfn, page_private(k.s, pfn));
    unlock_page(k, pfn);
    return;
  }
  k.emit.SwapWriteStarted(pfn, page_private(k.s, pfn));
  unlock_page(k, pfn);
  submitted(k);
}

/** Whether the page of a slot was not written, as it held nothing but zeroes. */
const is_noted = ({ s }: Kernel, slot: number): boolean => s.zeromap[slot] === ZEROES_NOTED;

/** `mm/page_io.c:swap_read_folio()` from a device that lies in memory, into a frame that is in no cache. */
export function swap_read_at_once(k: Kernel, pfn: number, slot: number): void {
  lru_cache_add_active(k, pfn);
  if (is_noted(k, slot)) k.emit.SwapZeroesRead(pfn, slot, 0);
  else k.emit.SwapPageRead(pfn, slot, k.s.scalars[READ_ERRORS] > 0 ? 1 : 0);
}

/** `mm/page_io.c:swap_readpage()`: a new frame enters the swap cache, locked, and its read is started; or it need not be read. */
export function swap_readpage(k: Kernel, pfn: number, slot: number): void {
  const noted = is_noted(k, slot);
  if (noted) k.emit.SwapZeroesRead(pfn, slot, 1);
  else k.emit.SwapReadStarted(pfn, slot);
  lru_cache_add_active(k, pfn);
  if (!noted) submitted(k);
}
