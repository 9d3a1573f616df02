/** What events do to page tables: faults, unmapping, fork, protection. */
import { ACCESS, ANON_MARK, FAULT, MIGRATION_ENTRY, SWAP_MAPPING } from '@pagetape/events';
import type { Draft } from 'immer';
import { invariant } from '../reduce/assert.ts';
import { MAPPING_KSM, TABLE, ZERO_PFN } from '../state/layout.ts';
import { frameOf, headOf, refer } from './frames.ts';
import { makeLazyfree } from './lru.ts';
import type { Pte, ReferenceDraft, ReferenceMm } from './state.ts';
import type { ReferenceReducers } from './types.ts';

type PresentPte = Draft<Extract<Pte, { pfn: number }>>;
type MovingPte = Draft<Extract<Pte, { moving: number }>>;

export function mmOf(draft: ReferenceDraft, mm: number): Draft<ReferenceMm> {
  const found = draft.mms[mm];
  invariant(found !== undefined, 'there is no address space', mm);
  return found;
}

const firstOfTable = (vpn: number): number => vpn - (vpn % TABLE);

/** Writes an entry; its page table must exist. */
export function setPte(draft: ReferenceDraft, mm: number, vpn: number, pte: Pte | null): void {
  const { tables, ptes } = mmOf(draft, mm);
  invariant(tables[firstOfTable(vpn)], 'no page table for page', vpn, 'of address space', mm);
  if (pte) ptes[vpn] = pte;
  else delete ptes[vpn];
}

/** The entry of a page that is mapped. */
export function presentPte(draft: ReferenceDraft, mm: number, vpn: number): PresentPte {
  const pte = mmOf(draft, mm).ptes[vpn];
  invariant(pte !== undefined && 'pfn' in pte, 'nothing is mapped at page', vpn, 'of address space', mm);
  return pte;
}

/** The entry that has the marks of a page: its own, or that of all of a huge page. */
function markedPte(draft: ReferenceDraft, mm: number, vpn: number): PresentPte {
  const pmd = mmOf(draft, mm).pmds[firstOfTable(vpn)];
  if (!pmd) return presentPte(draft, mm, vpn);
  invariant('pfn' in pmd, 'nothing is mapped at page', vpn, 'of address space', mm);
  return pmd;
}

/** The entry of a page that is being moved. */
function movingPte(draft: ReferenceDraft, mm: number, vpn: number): MovingPte {
  const pte = mmOf(draft, mm).ptes[vpn];
  invariant(pte !== undefined && 'moving' in pte, 'nothing is being moved at page', vpn, 'of address space', mm);
  return pte;
}

/** One mapping of the frame more, or less: in its own count, and in that of the machine. */
export function countMapper(draft: ReferenceDraft, pfn: number, change: 1 | -1): void {
  const frame = frameOf(draft, pfn);
  frame.mapcount += change;
  invariant(frame.mapcount >= 0, 'an unmapped page is unmapped:', pfn);
  const { folio } = frameOf(draft, headOf(draft, pfn));
  if (folio) {
    folio.ptes += change;
    if (folio.entire > 0) return;
    if (change === -1 && frame.mapcount === 0 && folio.ptes > 0) folio.partial = true;
  }
  if (frame.mapcount === (change === 1 ? 1 : 0)) draft.counters.nr_mapped += change;
}

/** A page more, or less, is resident in the address space. */
function countResident(draft: ReferenceDraft, mm: number, pfn: number, change: 1 | -1): void {
  if (frameOf(draft, pfn).anon_vma !== 0) mmOf(draft, mm).anon_rss += change;
  else mmOf(draft, mm).file_rss += change;
}

export function countMapping(draft: ReferenceDraft, mm: number, pfn: number, change: 1 | -1): void {
  countMapper(draft, pfn, change);
  countResident(draft, mm, pfn, change);
}

/** The first mapping of an anonymous page says where reverse mapping finds it. */
function mapAnon(draft: ReferenceDraft, mm: number, pfn: number, anon_vma: number, index: number): void {
  const frame = frameOf(draft, pfn);
  if (frame.mapcount === 0 && frame.anon_vma < MAPPING_KSM) Object.assign(frame, { file: 0, anon_vma, index });
  countMapping(draft, mm, pfn, 1);
}

const faults: ReferenceReducers<
  'PteAccessed' | 'PageFaultRaised' | 'PageFaultResolved' | 'MajorFaultCounted' | 'PteMadeWritable' | 'PteProtected'
> = {
  PteAccessed(draft, { mm, vpn, access }) {
    const pte = presentPte(draft, mm, vpn);
    pte.young = true;
    if (ACCESS[access] !== 'write') return;
    pte.dirty = true;
    frameOf(draft, pte.pfn).zeroed = false;
  },
  PageFaultRaised: (draft) => void draft.counters.pgfault++,
  PageFaultResolved(draft, { result }) {
    const task = draft.tasks[draft.current.task];
    if (FAULT[result] === 'minor') task.min_flt++;
    if (FAULT[result] === 'major') task.maj_flt++;
  },
  MajorFaultCounted: (draft) => void draft.counters.pgmajfault++,
  PteMadeWritable(draft, { mm, vpn }) {
    const pte = presentPte(draft, mm, vpn);
    Object.assign(pte, { writable: true, young: true, dirty: true });
    frameOf(draft, pte.pfn).zeroed = false;
  },
  PteProtected(draft, { mm, vpn, writable }) {
    Object.assign(presentPte(draft, mm, vpn), { writable: writable === 1, young: true });
  },
};

const mapping: ReferenceReducers<
  'ZeroPageMapped' | 'AnonPageMapped' | 'FilePageMapped' | 'SwapEntryMapped' | 'PteDuplicated'
> = {
  ZeroPageMapped(draft, { mm, vpn, special }) {
    if (special === 1) return setPte(draft, mm, vpn, { zero: true });
    setPte(draft, mm, vpn, { pfn: ZERO_PFN, writable: false, young: true, dirty: false });
    countMapping(draft, mm, ZERO_PFN, 1);
    refer(draft, ZERO_PFN, 1);
  },
  AnonPageMapped(draft, { pfn, mm, vpn, writable, anon_vma, index }) {
    setPte(draft, mm, vpn, { pfn, writable: writable === 1, young: true, dirty: true });
    mapAnon(draft, mm, pfn, anon_vma, index);
  },
  FilePageMapped(draft, { pfn, mm, vpn, access, writable }) {
    setPte(draft, mm, vpn, { pfn, writable: writable === 1, young: true, dirty: ACCESS[access] === 'write' });
    countMapping(draft, mm, pfn, 1);
  },
  SwapEntryMapped(draft, { pfn, mm, vpn, as, anon_vma, index }) {
    const how = SWAP_MAPPING[as];
    const writable = how === 'writable' || how === 'written';
    setPte(draft, mm, vpn, { pfn, writable, young: how !== 'unused', dirty: how === 'written' });
    mapAnon(draft, mm, pfn, anon_vma, index);
  },
  PteDuplicated(draft, { from, to, vpn, protect, clean }) {
    const pte = mmOf(draft, from).ptes[vpn];
    invariant(pte !== undefined, 'fork copies an empty entry: page', vpn, 'of address space', from);
    if ('zero' in pte || 'bad' in pte || 'file_page' in pte) return setPte(draft, to, vpn, { ...pte });
    if ('slot' in pte) {
      pte.exclusive = false;
      return setPte(draft, to, vpn, { slot: pte.slot, exclusive: false });
    }
    if (protect === 1) frameOf(draft, 'moving' in pte ? pte.moving : pte.pfn).exclusive = false;
    if ('moving' in pte) {
      if (protect === 1) pte.kind = 'read';
      setPte(draft, to, vpn, { ...pte });
      return countResident(draft, to, pte.moving, 1);
    }
    if (protect === 1) pte.writable = false;
    const { pfn, writable, dirty } = pte;
    setPte(draft, to, vpn, { pfn, writable, young: false, dirty: dirty && clean === 0 });
    countMapping(draft, to, pfn, 1);
    refer(draft, pfn, 1);
  },
};

const anonymous: ReferenceReducers<'AnonPageMarked' | 'PteMoved'> = {
  AnonPageMarked(draft, { pfn, mm, vpn, mark }) {
    const frame = frameOf(draft, pfn);
    invariant(frame.anon_vma !== 0, 'a page that is not anonymous is marked as such:', pfn);
    if (ANON_MARK[mark] === 'exclusive') {
      frame.exclusive = true;
      return;
    }
    Object.assign(markedPte(draft, mm, vpn), { young: false, dirty: false });
    frame.dirty = false;
    makeLazyfree(draft, pfn);
  },
  PteMoved(draft, { mm, from, to }) {
    const { ptes } = mmOf(draft, mm);
    const pte = ptes[from];
    invariant(pte !== undefined && !ptes[to], 'an entry moves onto another: page', to, 'of address space', mm);
    setPte(draft, mm, from, null);
    setPte(draft, mm, to, pte);
  },
};

const unmapping: ReferenceReducers<
  | 'PteUnmapped'
  | 'YoungBitCleared'
  | 'CowBroken'
  | 'PteZapped'
  | 'SwapEntryZapped'
  | 'FileOffsetInstalled'
  | 'FileOffsetZapped'
> = {
  PteUnmapped(draft, { pfn, mm, vpn, slot }) {
    const frame = frameOf(draft, pfn);
    setPte(draft, mm, vpn, slot === 0 ? null : { slot, exclusive: frame.exclusive });
    frame.exclusive = false;
    countMapping(draft, mm, pfn, -1);
    refer(draft, pfn, -1);
  },
  YoungBitCleared: (draft, { mm, vpn }) => void (markedPte(draft, mm, vpn).young = false),
  CowBroken(draft, { pfn, mm, vpn }) {
    setPte(draft, mm, vpn, null);
    countMapping(draft, mm, pfn, -1);
    refer(draft, pfn, -1);
  },
  PteZapped(draft, { pfn, mm, vpn }) {
    const counted = !('zero' in mmOf(draft, mm).ptes[vpn]);
    setPte(draft, mm, vpn, null);
    if (counted) countMapping(draft, mm, pfn, -1);
  },
  FileOffsetInstalled: (draft, { mm, vpn, index }) => setPte(draft, mm, vpn, { file_page: index }),
  FileOffsetZapped: (draft, { mm, vpn }) => setPte(draft, mm, vpn, null),
  SwapEntryZapped: (draft, { mm, vpn }) => setPte(draft, mm, vpn, null),
};

const migration: ReferenceReducers<
  'MigrationEntrySet' | 'MigrationEntryRemoved' | 'MigrationEntryProtected' | 'MigrationEntryZapped'
> = {
  MigrationEntrySet(draft, { pfn, mm, vpn, kind, young, dirty }) {
    setPte(draft, mm, vpn, { moving: pfn, kind: MIGRATION_ENTRY[kind], young: young === 1, dirty: dirty === 1 });
    countMapper(draft, pfn, -1);
    refer(draft, pfn, -1);
  },
  MigrationEntryRemoved(draft, { pfn, mm, vpn, writable, young, dirty }) {
    setPte(draft, mm, vpn, { pfn, writable: writable === 1, young: young === 1, dirty: dirty === 1 });
    countMapper(draft, pfn, 1);
    refer(draft, pfn, 1);
  },
  MigrationEntryProtected(draft, { mm, vpn, kind }) {
    movingPte(draft, mm, vpn).kind = MIGRATION_ENTRY[kind];
  },
  MigrationEntryZapped(draft, { mm, vpn, pfn }) {
    setPte(draft, mm, vpn, null);
    countResident(draft, mm, pfn, -1);
  },
};

const spaces: ReferenceReducers<
  | 'PageTableAllocated'
  | 'PageTableFreed'
  | 'LockedPagesCounted'
  | 'MmapLockTaken'
  | 'MmapLockReleased'
  | 'MmPinned'
  | 'MmReleased'
> = {
  PageTableAllocated(draft, { mm, vpn }) {
    const { tables } = mmOf(draft, mm);
    invariant(!tables[firstOfTable(vpn)], 'a second page table for page', vpn, 'of address space', mm);
    tables[firstOfTable(vpn)] = true;
  },
  PageTableFreed(draft, { mm, vpn }) {
    const { tables, ptes } = mmOf(draft, mm);
    const first = firstOfTable(vpn);
    for (let at = first; at < first + TABLE; at++) invariant(!ptes[at], 'a page table in use is freed: page', at);
    delete tables[first];
  },
  LockedPagesCounted: (draft, { mm, pages }) => void (mmOf(draft, mm).locked_pages += pages),
  MmapLockTaken: (draft, { mm, change }) => void (mmOf(draft, mm).mmap_sem += change),
  MmapLockReleased: (draft, { mm, change }) => void (mmOf(draft, mm).mmap_sem -= change),
  MmPinned: (draft, { mm }) => void mmOf(draft, mm).users++,
  MmReleased: (draft, { mm }) => void mmOf(draft, mm).users--,
};

export const mappingReducers = { ...faults, ...mapping, ...anonymous, ...unmapping, ...migration, ...spaces };
