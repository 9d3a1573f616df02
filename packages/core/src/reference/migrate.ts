/** What events do to a page that moves to another frame. */
import { invariant } from '../reduce/assert.ts';
import { HUGE } from '../state/layout.ts';
import { frameOf, refer } from './frames.ts';
import { countMapping, setPte } from './mappings.ts';
import type { ReferenceDraft } from './state.ts';
import type { ReferenceReducers } from './types.ts';

/** Puts `to` where a cache has the page, with the reference of the cache. */
function replaceInCache(draft: ReferenceDraft, pfn: number, to: number): void {
  const { file, index, slot, swapcache } = frameOf(draft, pfn);
  if (!swapcache && file === 0) return;
  const cache = swapcache ? draft.swap_cache : draft.page_cache[file];
  const key = swapcache ? slot : index;
  invariant(cache[key] === pfn, 'a cache does not hold frame', pfn);
  cache[key] = to;
  refer(draft, to, 1);
  refer(draft, pfn, -1);
}

/** What is known of each part of a huge page goes to the parts of another. */
function movePartsOf(draft: ReferenceDraft, pfn: number, to: number): void {
  for (let i = 0; i < HUGE; i++) {
    const part = frameOf(draft, pfn + i);
    const { zeroed, file, anon_vma, index, exclusive } = part;
    frameOf(draft, to + i).zeroed = zeroed;
    part.zeroed = false;
    if (i === 0) continue;
    Object.assign(frameOf(draft, to + i), { file, anon_vma, index, exclusive });
    Object.assign(part, { file: 0, anon_vma: 0, exclusive: false });
  }
}

export const migrateReducers: ReferenceReducers<
  'TargetPageAllocated' | 'MappingMoved' | 'BuffersMoved' | 'PteRestored' | 'FoliosMigrated'
> = {
  FoliosMigrated(draft, { succeeded, failed }) {
    draft.counters.pgmigrate_success += succeeded;
    draft.counters.pgmigrate_fail += failed;
  },
  TargetPageAllocated(draft, { pfn }) {
    const frame = frameOf(draft, pfn);
    invariant(frame.place === 'held', 'a frame on a list becomes a target:', pfn);
    frame.place = 'isolated';
  },
  MappingMoved(draft, { pfn, to }) {
    replaceInCache(draft, pfn, to);
    const frame = frameOf(draft, pfn);
    invariant(frame.mapcount === 0, 'a mapped page leaves its frame:', pfn);
    const { file, anon_vma, index, slot, error, referenced, uptodate, active, dirty, swapcache } = frame;
    const { exclusive, lazyfree, unevictable, cleared, readahead } = frame;
    const own = { exclusive, lazyfree, unevictable, cleared, readahead };
    const marks = { error, referenced, uptodate, active, dirty, swapcache, ...own };
    Object.assign(frameOf(draft, to), { file, anon_vma, index, slot, ...marks });
    Object.assign(frame, { file: 0, anon_vma: 0, slot: 0, active: false, dirty: false, swapcache: false });
    Object.assign(frame, { exclusive: false, lazyfree: false, unevictable: false, cleared: false, readahead: false });
    if (frame.folio) movePartsOf(draft, pfn, to);
  },
  BuffersMoved(draft, { pfn, to }) {
    const { buffers } = frameOf(draft, pfn);
    invariant(buffers !== null, 'buffers of a page without any move:', pfn);
    frameOf(draft, to).buffers = buffers;
    frameOf(draft, pfn).buffers = null;
    refer(draft, to, 1);
    refer(draft, pfn, -1);
  },
  PteRestored(draft, { pfn, mm, vpn }) {
    setPte(draft, mm, vpn, { pfn, writable: false, young: false, dirty: false });
    refer(draft, pfn, 1);
    countMapping(draft, mm, pfn, 1);
  },
};
