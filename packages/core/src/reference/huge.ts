/** What events do to huge pages: 512 frames, of which the first, the head, stands for all. */
import { ACCESS, MIGRATION_ENTRY } from '@pagetape/events';
import type { Draft } from 'immer';
import { invariant } from '../reduce/assert.ts';
import { HUGE } from '../state/layout.ts';
import { countAllocation, frameOf, setDirty, zoneOf } from './frames.ts';
import { putPartsOnLru } from './lru.ts';
import { mmOf, setPte } from './mappings.ts';
import { NEW_FRAME, type Pte, type ReferenceDraft, type ReferenceFrame } from './state.ts';
import type { ReferenceReducers } from './types.ts';

const firstOf = (vpn: number): number => vpn - (vpn % HUGE);

/** The frames of a huge page, its head first. */
export const partsOf = (head: number): number[] => Array.from({ length: HUGE }, (_, i) => head + i);

function folioOf(draft: ReferenceDraft, head: number): NonNullable<Draft<ReferenceFrame>['folio']> {
  const { folio } = frameOf(draft, head);
  invariant(folio !== null, 'this is no huge page:', head);
  return folio;
}

/** The huge entry that covers a page; `at`: the first page that it covers. */
function pmdOf(draft: ReferenceDraft, mm: number, vpn: number): Draft<Pte> {
  const pmd = mmOf(draft, mm).pmds[firstOf(vpn)];
  invariant(pmd !== undefined, 'no huge entry for page', vpn, 'of address space', mm);
  return pmd;
}

function presentPmd(draft: ReferenceDraft, mm: number, vpn: number): Draft<Extract<Pte, { pfn: number }>> {
  const pmd = pmdOf(draft, mm, vpn);
  invariant('pfn' in pmd, 'nothing is mapped at page', vpn, 'of address space', mm);
  return pmd;
}

function setPmd(draft: ReferenceDraft, mm: number, vpn: number, pmd: Pte): void {
  const space = mmOf(draft, mm);
  const first = firstOf(vpn);
  invariant(!space.pmds[first] && !space.tables[first], 'a huge entry where something is: page', vpn, 'of', mm);
  space.pmds[first] = pmd;
}

const partsMapped = (draft: ReferenceDraft, head: number): number =>
  partsOf(head).filter((pfn) => frameOf(draft, pfn).mapcount > 0).length;

/** One mapping of the whole more, or less. What is unmapped by the last, while other parts are mapped, makes it partial. */
function countEntire(draft: ReferenceDraft, head: number, change: 1 | -1): void {
  const folio = folioOf(draft, head);
  folio.entire += change;
  if (folio.entire !== (change === 1 ? 1 : 0)) return;
  const parts = partsMapped(draft, head);
  draft.counters.nr_mapped += change * (HUGE - parts);
  if (change === -1 && parts > 0 && parts < HUGE) folio.partial = true;
}

/** Pages of hugetlb pools do not count as resident. */
function countResident(draft: ReferenceDraft, mm: number, head: number, change: 1 | -1): void {
  if (!folioOf(draft, head).hugetlb) mmOf(draft, mm).anon_rss += change * HUGE;
}

const setExclusive = (draft: ReferenceDraft, pfns: readonly number[], exclusive: boolean): void => {
  for (const pfn of pfns) frameOf(draft, pfn).exclusive = exclusive;
};

const frames: ReferenceReducers<'HugePageAllocated' | 'FolioSplit' | 'HugePagesMigrated'> = {
  HugePageAllocated(draft, { pfn, preferred, local, interleaved }) {
    const zone = zoneOf(draft, pfn);
    const fresh = zone.start + zone.fresh;
    const skipped = Array.from({ length: Math.max(pfn - fresh, 0) }, (_, i) => fresh + i);
    zone.freed = [...skipped, ...zone.freed.filter((each) => each < pfn || each >= pfn + HUGE)];
    zone.fresh = Math.max(zone.fresh, pfn + HUGE - zone.start);
    zone.free_pages -= HUGE;
    const folio = { hugetlb: false, entire: 0, ptes: 0, partial: false };
    for (const tail of partsOf(pfn)) draft.frames[tail] = { ...NEW_FRAME, place: 'tail', count: 0, zeroed: true };
    draft.frames[pfn] = { ...NEW_FRAME, zeroed: true, folio };
    countAllocation(draft, zone, HUGE, { preferred, local, interleaved });
  },
  FolioSplit(draft, { pfn }) {
    const head = frameOf(draft, pfn);
    const { entire, ptes } = folioOf(draft, pfn);
    invariant(entire === 0, 'a huge page that is mapped whole is split:', pfn);
    const { place, list, locked, count, referenced, uptodate, dirty, active, lazyfree } = head;
    invariant(place === 'isolated' || place === 'lru', 'a huge page that is on no list is split:', pfn);
    for (const tail of partsOf(pfn).slice(1)) {
      const { mapcount, anon_vma, file, index, exclusive, zeroed } = frameOf(draft, tail);
      const own = {
        place,
        list,
        count: mapcount + (place === 'lru' ? 0 : 1),
        mapcount,
        anon_vma,
        file,
        index,
        exclusive,
        cleared: zeroed,
      };
      draft.frames[tail] = { ...NEW_FRAME, ...own, referenced, uptodate, dirty, active, lazyfree };
    }
    if (place === 'lru') putPartsOnLru(draft, pfn);
    Object.assign(head, {
      folio: null,
      zeroed: false,
      cleared: head.zeroed,
      locked,
      count: count - ptes + head.mapcount,
    });
  },
  HugePagesMigrated(draft, { succeeded, failed, split }) {
    draft.counters.thp_migration_success += succeeded;
    draft.counters.thp_migration_fail += failed;
    draft.counters.thp_migration_split += split;
  },
};

const faults: ReferenceReducers<
  'HugePageMapped' | 'HugePartFilled' | 'HugeZeroPageMapped' | 'PmdAccessed' | 'PmdMadeWritable' | 'PmdProtected'
> = {
  HugePageMapped(draft, { pfn, mm, vpn, writable, anon_vma, index }) {
    setPmd(draft, mm, vpn, { pfn, writable: writable === 1, young: true, dirty: writable === 1 });
    for (const [i, part] of partsOf(pfn).entries()) Object.assign(frameOf(draft, part), { anon_vma, index: index + i });
    setExclusive(draft, [pfn], true);
    countEntire(draft, pfn, 1);
    countResident(draft, mm, pfn, 1);
  },
  HugePartFilled: (draft, { pfn }) => void (frameOf(draft, pfn).zeroed = false),
  HugeZeroPageMapped: (draft, { mm, vpn }) => setPmd(draft, mm, vpn, { zero: true }),
  PmdAccessed(draft, { mm, vpn, access }) {
    const pmd = presentPmd(draft, mm, vpn);
    pmd.young = true;
    if (ACCESS[access] !== 'write') return;
    pmd.dirty = true;
    frameOf(draft, pmd.pfn + (vpn % HUGE)).zeroed = false;
  },
  PmdMadeWritable(draft, { mm, vpn }) {
    const pmd = presentPmd(draft, mm, vpn);
    Object.assign(pmd, { writable: true, young: true, dirty: true });
    setExclusive(draft, [pmd.pfn], true);
    frameOf(draft, pmd.pfn + (vpn % HUGE)).zeroed = false;
  },
  PmdProtected(draft, { mm, vpn, writable }) {
    const pmd = pmdOf(draft, mm, vpn);
    if ('pfn' in pmd) Object.assign(pmd, { writable: writable === 1, young: true });
    else if ('moving' in pmd && pmd.kind === 'write') pmd.kind = 'read-exclusive';
  },
};

const entries: ReferenceReducers<'PmdZapped' | 'PmdSplit' | 'PmdDuplicated' | 'PmdMoved'> = {
  PmdZapped(draft, { pfn, mm, vpn }) {
    const pmd = { ...pmdOf(draft, mm, vpn) };
    delete mmOf(draft, mm).pmds[firstOf(vpn)];
    if ('zero' in pmd) return;
    countResident(draft, mm, pfn, -1);
    if ('pfn' in pmd) countEntire(draft, pfn, -1);
  },
  PmdSplit(draft, { mm, vpn }) {
    const pmd = { ...pmdOf(draft, mm, vpn) };
    const first = firstOf(vpn);
    const space = mmOf(draft, mm);
    delete space.pmds[first];
    space.tables[first] = true;
    for (let i = 0; i < HUGE; i++) {
      if ('pfn' in pmd) setPte(draft, mm, first + i, { ...pmd, pfn: pmd.pfn + i });
      else if ('moving' in pmd) setPte(draft, mm, first + i, { ...pmd, moving: pmd.moving + i });
      else setPte(draft, mm, first + i, { zero: true });
    }
    const head = 'pfn' in pmd ? pmd.pfn : 'moving' in pmd ? pmd.moving : -1;
    if (head < 0) return;
    if (frameOf(draft, head).exclusive) setExclusive(draft, partsOf(head), true);
    if (!('pfn' in pmd)) return;
    const frame = frameOf(draft, head);
    if (pmd.dirty) setDirty(draft, frame, true);
    for (const part of partsOf(head)) frameOf(draft, part).mapcount++;
    const folio = folioOf(draft, head);
    folio.ptes += HUGE;
    folio.entire--;
    frame.count += HUGE - 1;
  },
  PmdDuplicated(draft, { from, to, vpn }) {
    const pmd = pmdOf(draft, from, vpn);
    if ('pfn' in pmd) {
      pmd.writable = false;
      setPmd(draft, to, vpn, { ...pmd, young: false });
      countEntire(draft, pmd.pfn, 1);
      frameOf(draft, pmd.pfn).count++;
    } else {
      if ('moving' in pmd) pmd.kind = 'read';
      setPmd(draft, to, vpn, { ...pmd } as Pte);
    }
    if ('zero' in pmd) return;
    const head = 'pfn' in pmd ? pmd.pfn : (pmd as { moving: number }).moving;
    setExclusive(draft, [head], false);
    countResident(draft, to, head, 1);
  },
  PmdMoved(draft, { mm, from, to }) {
    setPmd(draft, mm, to, { ...pmdOf(draft, mm, from) } as Pte);
    delete mmOf(draft, mm).pmds[firstOf(from)];
  },
};

const migration: ReferenceReducers<'PmdMigrationEntrySet' | 'PmdMigrationEntryRemoved'> = {
  PmdMigrationEntrySet(draft, { pfn, mm, vpn, kind, young, dirty }) {
    const entry = { moving: pfn, kind: MIGRATION_ENTRY[kind], young: young === 1, dirty: dirty === 1 };
    mmOf(draft, mm).pmds[firstOf(vpn)] = entry;
    countEntire(draft, pfn, -1);
    frameOf(draft, pfn).count--;
  },
  PmdMigrationEntryRemoved(draft, { pfn, mm, vpn, writable, young, dirty }) {
    const pmd = { pfn, writable: writable === 1, young: young === 1, dirty: dirty === 1 };
    mmOf(draft, mm).pmds[firstOf(vpn)] = pmd;
    countEntire(draft, pfn, 1);
    frameOf(draft, pfn).count++;
  },
};

export const hugeReducers = { ...frames, ...faults, ...entries, ...migration };
