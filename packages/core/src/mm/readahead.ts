/** Reading pages of a file before anybody asks for each of them (mm/readahead.c). */
import { HOLDER_FAULT } from '@pagetape/events';
import type { Kernel } from '../kernel.ts';
import { find_page } from '../state/read.ts';
import { readpage } from './filemap.ts';
import { alloc_pages_current } from './mempolicy.ts';
import { put_page } from './page_alloc.ts';
import { lru_add_directly } from './swap.ts';

/** Pages that are read ahead at once: 2 MB. */
const CHUNK = 512;

/**
 * `mm/readahead.c:force_page_cache_readahead()`: reads what is not cached of [index, end) of a file, as far as there is
 * memory. The frames of a chunk are allocated before the first is read. They do not wait in the batch of the CPU: the
 * kernel gathers them in a vector of its own, which it empties when it is done; here each goes to its list at once.
 */
export function force_page_cache_readahead(k: Kernel, file: number, index: number, end: number): void {
  const last = Math.min(end, k.s.cold.files[file].pages);
  for (let first = index; first < last; first += CHUNK) read_chunk(k, file, first, Math.min(first + CHUNK, last));
}

/** `mm/readahead.c:__do_page_cache_readahead()` */
function read_chunk(k: Kernel, file: number, first: number, end: number): void {
  const pages: { pfn: number; index: number }[] = [];
  for (let index = first; index < end; index++) {
    if (find_page(k.s, file, index) >= 0) continue;
    const pfn = alloc_pages_current(k);
    if (pfn < 0) break;
    pages.push({ pfn, index });
  }
  for (const { pfn, index } of pages) {
    k.emit.PageAddedToPageCache(pfn, file, index);
    readpage(k, pfn, file, index);
    lru_add_directly(k, pfn);
    put_page(k, pfn, HOLDER_FAULT);
  }
}
