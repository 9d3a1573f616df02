/** What events do to page frames: allocation, references, flags. */
import type { Draft } from 'immer';
import { invariant } from '../reduce/assert.ts';
import { kept_on_disk } from '../state/read.ts';
import { HUGE, PGALLOC_ZONE, VMSTAT } from '../state/layout.ts';
import { countIsolated, takeOffLru } from './lru.ts';
import { NEW_FRAME, type ReferenceDraft, type ReferenceFrame, type ReferenceZone } from './state.ts';
import type { ReferenceReducers } from './types.ts';

export type FrameDraft = Draft<ReferenceFrame>;

export function frameOf(draft: ReferenceDraft, pfn: number): FrameDraft {
  const frame = draft.frames[pfn];
  invariant(frame !== undefined, 'an event is about a free frame:', pfn);
  return frame;
}

export function zoneOf(draft: ReferenceDraft, pfn: number): Draft<ReferenceZone> {
  const zone = draft.zones.find(({ start, present }) => start <= pfn && pfn < start + present);
  invariant(zone !== undefined, 'no zone has frame', pfn);
  return zone;
}

/** Takes the item out of the list, where it must be. */
export function take(list: number[], item: number): void {
  const at = list.indexOf(item);
  invariant(at >= 0, 'a list lacks frame', item);
  list.splice(at, 1);
}

/** What counters have of a page goes with it. */
function forget(draft: ReferenceDraft, pfn: number): void {
  const frame = frameOf(draft, pfn);
  setDirty(draft, frame, false);
  if (frame.place === 'isolated') countIsolated(draft, pfn, -1);
  if (!frame.mlocked) return;
  draft.counters.nr_mlock--;
  draft.counters.unevictable_pgs_cleared++;
}

/** Dirty pages of files on disk are counted, as they are what write-back looks for. */
export function setDirty(draft: ReferenceDraft, frame: FrameDraft, dirty: boolean): void {
  if (frame.dirty === dirty) return;
  frame.dirty = dirty;
  if (dirty) frame.lazyfree = false;
  if (frame.file !== 0 && kept_on_disk(draft.cold.files[frame.file].fs)) draft.counters.nr_dirty += dirty ? 1 : -1;
}

/** The frame that stands for the huge page that this one is part of, or itself. */
export const headOf = (draft: ReferenceDraft, pfn: number): number =>
  frameOf(draft, pfn).place === 'tail' ? pfn - (pfn % HUGE) : pfn;

/** One reference more, or less. */
export function refer(draft: ReferenceDraft, pfn: number, change: 1 | -1): void {
  frameOf(draft, headOf(draft, pfn)).count += change;
}

/** Takes the page lock, or gives it back. */
export function setLocked(draft: ReferenceDraft, pfn: number, locked: boolean): void {
  const frame = frameOf(draft, pfn);
  invariant(frame.locked !== locked, locked ? 'a locked page is locked:' : 'an unlocked page is unlocked:', pfn);
  frame.locked = locked;
}

/** How an allocation went: it counts once, however many pages it was of. */
export function countAllocation(
  draft: ReferenceDraft,
  zone: Draft<ReferenceZone>,
  pages: number,
  { preferred, local, interleaved }: { preferred: number; local: number; interleaved: number },
): void {
  draft.counters.pgalloc += pages;
  draft.counters[VMSTAT[PGALLOC_ZONE + zone.kind]] += pages;
  const node = draft.nodes[zone.node];
  if (zone.node === preferred) node.hit++;
  else {
    node.miss++;
    draft.nodes[preferred].foreign++;
  }
  if (zone.node === local) node.local++;
  else node.other++;
  if (interleaved === 1) node.interleave++;
}

const retired: ReferenceFrame = { ...NEW_FRAME, place: 'retired' };

const allocation: ReferenceReducers<
  | 'PageAllocated'
  | 'PageFreed'
  | 'FrameRetired'
  | 'NodeRetired'
  | 'NodeWentOffline'
  | 'NodeCameOnline'
  | 'FramesWithheld'
  | 'FramesGivenBack'
> = {
  PageAllocated(draft, { pfn, preferred, local, interleaved }) {
    const zone = zoneOf(draft, pfn);
    if (zone.freed[0] === pfn) zone.freed.shift();
    else {
      invariant(pfn === zone.start + zone.fresh, 'the allocator took a frame out of order:', pfn);
      zone.fresh++;
    }
    zone.free_pages--;
    draft.frames[pfn] = { ...NEW_FRAME };
    countAllocation(draft, zone, 1, { preferred, local, interleaved });
  },
  PageFreed(draft, { pfn }) {
    const frame = frameOf(draft, pfn);
    invariant(frame.count === 0 && frame.mapcount === 0, 'a frame in use is freed:', pfn);
    invariant(frame.place !== 'batch' && frame.place !== 'image', 'a frame is freed where it is', frame.place, pfn);
    if (frame.place === 'lru') takeOffLru(draft, pfn);
    forget(draft, pfn);
    const zone = zoneOf(draft, pfn);
    const pages = frame.folio === null ? 1 : HUGE;
    const freed = Array.from({ length: pages }, (_, i) => pfn + i);
    for (const each of freed) delete draft.frames[each];
    zone.freed = [...freed, ...zone.freed];
    zone.free_pages += pages;
    draft.counters.pgfree += pages;
  },
  FrameRetired(draft, { pfn }) {
    const zone = zoneOf(draft, pfn);
    if (draft.frames[pfn]) forget(draft, pfn);
    else {
      take(zone.freed, pfn);
      zone.free_pages--;
    }
    draft.frames[pfn] = { ...retired };
  },
  FramesWithheld(draft, { zone, pages }) {
    draft.zones[zone].free_pages -= pages;
    draft.zones[zone].withheld += pages;
  },
  FramesGivenBack(draft, { zone, pages }) {
    draft.zones[zone].free_pages += pages;
    draft.zones[zone].withheld -= pages;
  },
  NodeWentOffline(draft, { nid }) {
    for (const zone of draft.zones.filter(({ node }) => node === nid)) {
      Object.assign(zone, { online: false, free_pages: 0, withheld: zone.withheld + zone.free_pages });
    }
  },
  NodeCameOnline(draft, { nid }) {
    for (const zone of draft.zones.filter(({ node }) => node === nid)) {
      Object.assign(zone, { online: true, free_pages: zone.withheld, withheld: 0 });
    }
  },
  NodeRetired(draft, { nid }) {
    for (const zone of draft.zones.filter(({ node }) => node === nid)) {
      for (let pfn = zone.start; pfn < zone.start + zone.present; pfn++) draft.frames[pfn] = { ...retired };
      Object.assign(zone, { freed: [], free_pages: 0, fresh: zone.present });
    }
  },
};

const marks: ReferenceReducers<
  | 'PageReferencedSet'
  | 'PageReferencedCleared'
  | 'PageReferenceTaken'
  | 'PageReferenceDropped'
  | 'KernelWarningRaised'
  | 'PageLocked'
  | 'PageUnlocked'
  | 'PageCleanedForIo'
  | 'PageDirtied'
  | 'OrphanedPageFound'
> = {
  PageReferencedSet: (draft, { pfn }) => void (frameOf(draft, pfn).referenced = true),
  PageReferencedCleared: (draft, { pfn }) => void (frameOf(draft, pfn).referenced = false),
  PageReferenceTaken: (draft, { pfn }) => refer(draft, pfn, 1),
  PageReferenceDropped: (draft, { pfn }) => refer(draft, pfn, -1),
  KernelWarningRaised: (draft) => void draft.counters.warn++,
  PageLocked: (draft, { pfn }) => setLocked(draft, pfn, true),
  PageUnlocked: (draft, { pfn }) => setLocked(draft, pfn, false),
  PageCleanedForIo(draft, { pfn }) {
    const frame = frameOf(draft, pfn);
    setDirty(draft, frame, false);
    frame.reclaim = true;
  },
  PageDirtied: (draft, { pfn }) => setDirty(draft, frameOf(draft, pfn), true),
  OrphanedPageFound: (draft, { pfn }) => setDirty(draft, frameOf(draft, pfn), false),
};

export const frameReducers = { ...allocation, ...marks };
