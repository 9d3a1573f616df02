/** Buffers: what ties a cached page to the blocks of its file (fs/buffer.c). */
import { BUFFERS, type Buffers } from '@pagetape/events';
import type { Kernel } from '../kernel.ts';
import { mapping_of, page_buffers, PageWriteback } from '../state/read.ts';

/** `fs/buffer.c:create_empty_buffers()`: a page that is read gets buffers, where its file system uses them. */
export function create_empty_buffers(k: Kernel, pfn: number, buffers: Buffers): void {
  k.emit.BuffersAttached(pfn, BUFFERS.indexOf(buffers));
}

/** `fs/buffer.c:buffer_busy()` of any buffer of the page: somebody needs it. */
export function buffers_busy(k: Kernel, pfn: number): boolean {
  const buffers = page_buffers(k.s, pfn);
  return buffers === 'busy' || (buffers === 'journal' && mapping_of(k.s, pfn) !== 0);
}

/**
 * `fs/buffer.c:try_to_release_page()`, and try_to_free_buffers() below it: frees the buffers of a locked page. Returns
 * whether it could.
 */
export function try_to_release_page(k: Kernel, pfn: number): boolean {
  if (PageWriteback(k.s, pfn) || buffers_busy(k, pfn)) {
    k.emit.BuffersReleaseRefused(pfn);
    return false;
  }
  k.emit.BuffersReleased(pfn);
  return true;
}
