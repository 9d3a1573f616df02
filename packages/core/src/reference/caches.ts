/** What events do to the swap cache, swap slots, the page cache, and the requests that wait at the devices. */
import { BUFFERS, IO_DIRECTION } from '@pagetape/events';
import { invariant } from '../reduce/assert.ts';
import { kept_on_disk } from '../state/read.ts';
import { PAGE_SECTORS } from '../state/layout.ts';
import { frameOf, setDirty, setLocked } from './frames.ts';
import type { ReferenceDraft } from './state.ts';
import type { ReferenceReducers } from './types.ts';

function enterSwapCache(draft: ReferenceDraft, pfn: number, slot: number): void {
  invariant(draft.swap_cache[slot] === undefined, 'two frames hold slot', slot);
  draft.swap_cache[slot] = pfn;
  const frame = frameOf(draft, pfn);
  frame.swapcache = true;
  frame.slot = slot;
  frame.count++;
  draft.counters.nr_swapcache++;
  draft.counters.swap_cache_add++;
}

function leaveSwapCache(draft: ReferenceDraft, pfn: number, slot: number): void {
  invariant(draft.swap_cache[slot] === pfn, 'frame', pfn, 'does not hold slot', slot);
  delete draft.swap_cache[slot];
  const frame = frameOf(draft, pfn);
  frame.swapcache = false;
  frame.slot = 0;
  frame.count--;
  draft.counters.nr_swapcache--;
  draft.counters.swap_cache_del++;
}

/** The oldest request ends; it must be this one. */
function endRequest(draft: ReferenceDraft, pfn: number, direction: 'read' | 'write'): void {
  const oldest = draft.io.shift();
  invariant(oldest?.pfn === pfn && oldest.direction === direction, 'a request ends out of order: frame', pfn);
}

const swapCache: ReferenceReducers<
  | 'PageAddedToSwapCache'
  | 'SwapCacheLookedUp'
  | 'PageMarkedReadahead'
  | 'SwapReadStarted'
  | 'PageRemovedFromSwapCache'
  | 'SwapCopyDropped'
> = {
  PageAddedToSwapCache(draft, { pfn, slot }) {
    enterSwapCache(draft, pfn, slot);
    const frame = frameOf(draft, pfn);
    frame.uptodate = true;
    frame.dirty = true;
  },
  SwapCacheLookedUp(draft, { pfn }) {
    draft.counters.swap_cache_find_total++;
    if (pfn === 0) return;
    draft.counters.swap_cache_find_success++;
    frameOf(draft, pfn).readahead = false;
  },
  PageMarkedReadahead: (draft, { pfn }) => void (frameOf(draft, pfn).readahead = true),
  SwapReadStarted(draft, { pfn, slot }) {
    enterSwapCache(draft, pfn, slot);
    if (draft.zeroes[slot]) frameOf(draft, pfn).cleared = true;
    setLocked(draft, pfn, true);
    draft.io.push({ pfn, direction: 'read' });
    draft.counters.pswpin++;
    draft.counters.pgpgin += PAGE_SECTORS;
  },
  PageRemovedFromSwapCache: (draft, { pfn, slot }) => leaveSwapCache(draft, pfn, slot),
  SwapCopyDropped(draft, { pfn, slot }) {
    leaveSwapCache(draft, pfn, slot);
    const frame = frameOf(draft, pfn);
    frame.dirty = true;
    frame.reclaim = false;
  },
};

const slots: ReferenceReducers<
  | 'SwapAreaEnabled'
  | 'SwapAreaDraining'
  | 'SwapAreaReopened'
  | 'SwapSlotAllocated'
  | 'SwapSlotReferenced'
  | 'SwapSlotDereferenced'
> = {
  SwapAreaEnabled(draft, { area: number }) {
    const area = draft.areas[number];
    invariant(area.inuse === 0, 'a swap area in use is enabled:', number);
    area.highest_bit = area.max - 1;
    area.lowest_bit = area.highest_bit > 0 ? 1 : 0;
    Object.assign(area, { cluster_next: 1, cluster_nr: 0 });
    draft.nr_swap_pages += area.max - 1;
  },
  SwapAreaDraining: (draft, { area }) => void (draft.nr_swap_pages -= draft.areas[area].max - 1),
  SwapAreaReopened: (draft, { area }) => void (draft.nr_swap_pages += draft.areas[area].max - 1),
  SwapSlotAllocated(draft, { slot, area: number, cluster_next, cluster_nr, lowest_bit, highest_bit }) {
    invariant(draft.slots[slot] === undefined, 'a slot in use is allocated:', slot);
    draft.slots[slot] = 1;
    const area = draft.areas[number];
    Object.assign(area, { cluster_next, cluster_nr, lowest_bit, highest_bit });
    area.inuse++;
    draft.nr_swap_pages--;
  },
  SwapSlotReferenced(draft, { slot }) {
    invariant(draft.slots[slot] > 0, 'a free slot gets another user:', slot);
    draft.slots[slot]++;
  },
  SwapSlotDereferenced(draft, { slot }) {
    invariant(draft.slots[slot] > 0, 'a free slot loses a user:', slot);
    draft.slots[slot]--;
    if (draft.slots[slot] > 0) return;
    delete draft.slots[slot];
    delete draft.zeroes[slot];
    const area = draft.areas.find(({ base, max }) => slot < base + max);
    invariant(area !== undefined, 'no area has slot', slot);
    area.lowest_bit = Math.min(area.lowest_bit, slot - area.base);
    area.highest_bit = Math.max(area.highest_bit, slot - area.base);
    area.inuse--;
    draft.nr_swap_pages++;
  },
};

const requests: ReferenceReducers<
  | 'SwapWriteStarted'
  | 'SwapWriteFinished'
  | 'SwapReadFinished'
  | 'SwapPageRead'
  | 'SwapZeroesNoted'
  | 'SwapZeroesRead'
  | 'IoErrorsArmed'
> = {
  SwapZeroesNoted(draft, { pfn, slot }) {
    frameOf(draft, pfn).reclaim = false;
    draft.zeroes[slot] = 'noted';
  },
  SwapZeroesRead(draft, { pfn, slot, cached }) {
    if (cached !== 0) enterSwapCache(draft, pfn, slot);
    Object.assign(frameOf(draft, pfn), { uptodate: true, cleared: true });
  },
  SwapWriteStarted(draft, { pfn, slot }) {
    if (frameOf(draft, pfn).cleared) draft.zeroes[slot] = 'written';
    else delete draft.zeroes[slot];
    frameOf(draft, pfn).writeback = true;
    draft.io.push({ pfn, direction: 'write' });
    draft.counters.pswpout++;
    draft.counters.pgpgout += PAGE_SECTORS;
    draft.counters.nr_writeback++;
  },
  SwapWriteFinished(draft, { pfn, error }) {
    endRequest(draft, pfn, 'write');
    const frame = frameOf(draft, pfn);
    frame.writeback = false;
    frame.reclaim = false;
    draft.counters.nr_writeback--;
    if (error === 0) return;
    frame.error = true;
    draft.io_errors.write--;
  },
  SwapReadFinished(draft, { pfn, error }) {
    endRequest(draft, pfn, 'read');
    setLocked(draft, pfn, false);
    const frame = frameOf(draft, pfn);
    frame.uptodate = error === 0;
    if (error === 0) return;
    frame.error = true;
    draft.io_errors.read--;
  },
  SwapPageRead(draft, { pfn, slot, error }) {
    if (draft.zeroes[slot]) frameOf(draft, pfn).cleared = true;
    draft.counters.pswpin++;
    draft.counters.pgpgin += PAGE_SECTORS;
    const frame = frameOf(draft, pfn);
    if (error === 0) frame.uptodate = true;
    else {
      frame.error = true;
      draft.io_errors.read--;
    }
  },
  IoErrorsArmed: (draft, { direction, requests: count }) => void (draft.io_errors[IO_DIRECTION[direction]] = count),
};

const buffers: ReferenceReducers<'BuffersAttached' | 'BuffersReleased'> = {
  BuffersAttached(draft, { pfn, buffers: kind }) {
    const frame = frameOf(draft, pfn);
    frame.buffers = BUFFERS[kind];
    frame.count++;
  },
  BuffersReleased(draft, { pfn }) {
    const frame = frameOf(draft, pfn);
    invariant(frame.buffers !== null, 'a page without buffers loses them:', pfn);
    frame.buffers = null;
    frame.count--;
  },
};

function enterPageCache(draft: ReferenceDraft, pfn: number, file: number, index: number): void {
  invariant(draft.page_cache[file][index] === undefined, 'two frames hold page', index, 'of file', file);
  invariant(draft.swap_entries[file][index] === undefined, 'a page that is in swap is cached:', index, 'of file', file);
  draft.page_cache[file][index] = pfn;
  const frame = frameOf(draft, pfn);
  frame.file = file;
  frame.index = index;
  frame.count++;
  frame.locked = true;
}

function leavePageCache(draft: ReferenceDraft, pfn: number, file: number, index: number): void {
  invariant(draft.page_cache[file][index] === pfn, 'frame', pfn, 'does not hold page', index, 'of file', file);
  delete draft.page_cache[file][index];
  const frame = frameOf(draft, pfn);
  frame.file = 0;
  frame.count--;
}

const shmem: ReferenceReducers<
  | 'PageMovedToSwapCache'
  | 'PageMovedFromSwapCache'
  | 'ShmemEntrySet'
  | 'ShmemEntryLookedUp'
  | 'ShmemPageZeroed'
  | 'FilePageFilled'
  | 'FileWriteRefused'
> = {
  PageMovedToSwapCache(draft, { pfn, file, index, slot }) {
    leavePageCache(draft, pfn, file, index);
    enterSwapCache(draft, pfn, slot);
    const frame = frameOf(draft, pfn);
    frame.dirty = true;
    frame.reclaim = false;
  },
  PageMovedFromSwapCache(draft, { pfn, file, index, slot }) {
    leaveSwapCache(draft, pfn, slot);
    enterPageCache(draft, pfn, file, index);
    frameOf(draft, pfn).dirty = true;
  },
  ShmemEntrySet(draft, { file, index, slot }) {
    if (slot === 0) delete draft.swap_entries[file][index];
    else draft.swap_entries[file][index] = slot;
  },
  ShmemEntryLookedUp(draft, { pfn }) {
    draft.counters.swap_cache_find_total++;
    if (pfn === 0) return;
    draft.counters.swap_cache_find_success++;
    frameOf(draft, pfn).readahead = false;
  },
  ShmemPageZeroed: (draft, { pfn }) => void (frameOf(draft, pfn).uptodate = true),
  FilePageFilled: (draft, { pfn }) => void (frameOf(draft, pfn).uptodate = true),
  FileWriteRefused(draft, { pfn }) {
    const frame = frameOf(draft, pfn);
    setDirty(draft, frame, true);
    frame.reclaim = false;
  },
};

const pageCache: ReferenceReducers<
  'PageAddedToPageCache' | 'PageRemovedFromPageCache' | 'PageTruncated' | 'FileRead' | 'FileWritten'
> = {
  PageAddedToPageCache: (draft, { pfn, file, index }) => enterPageCache(draft, pfn, file, index),
  PageRemovedFromPageCache: (draft, { pfn, file, index }) => leavePageCache(draft, pfn, file, index),
  PageTruncated(draft, { pfn }) {
    const frame = frameOf(draft, pfn);
    setDirty(draft, frame, false);
    frame.uptodate = false;
  },
  FileRead(draft, { pfn, file }) {
    if (kept_on_disk(draft.cold.files[file].fs)) draft.counters.pgpgin += PAGE_SECTORS;
    frameOf(draft, pfn).uptodate = true;
    setLocked(draft, pfn, false);
  },
  FileWritten(draft, { pfn }) {
    draft.counters.pgpgout += PAGE_SECTORS;
    frameOf(draft, pfn).reclaim = false;
    setLocked(draft, pfn, false);
  },
};

export const cacheReducers = { ...swapCache, ...slots, ...requests, ...buffers, ...shmem, ...pageCache };
