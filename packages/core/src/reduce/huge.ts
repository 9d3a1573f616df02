/** Reducers of huge pages: their frames, the entries that map all of one, and what becomes of both when they are split. */
import {
  FOLIO_ENTIRE,
  FOLIO_PTES,
  FRAME,
  F_COUNT,
  F_FLAGS,
  F_INDEX,
  F_MAPCOUNT,
  F_MAPPING,
  HUGE,
  HUGE_ORDER,
  LIST_MASK,
  MM,
  M_ANON_RSS,
  M_FILE_RSS,
  M_PTES,
  M_ROOT,
  NR_MAPPED,
  PG_ACTIVE,
  PG_ANON_EXCLUSIVE,
  PG_CLEARED,
  PG_HUGETLB,
  PG_LARGE,
  PG_LAZYFREE,
  PG_DIRTY,
  PG_PARTIAL,
  PG_REFERENCED,
  PG_UPTODATE,
  PG_ZEROED,
  PLACE_HELD,
  PLACE_ISOLATED,
  PLACE_LRU,
  PLACE_TAIL,
  PMD_DIRTY,
  PMD_HUGE,
  PMD_SHIFT,
  PMD_YOUNG,
  PTE_BITS,
  PTE_DIRTY,
  PTE_MIGRATION_READ,
  PTE_MIGRATION_READ_EXCLUSIVE,
  PTE_MIGRATION_WRITE,
  PTE_PRESENT,
  PTE_WRITE,
  PTE_YOUNG,
  PTE_ZERO_PAGE,
  THP_MIGRATION_FAIL,
  THP_MIGRATION_SPLIT,
  THP_MIGRATION_SUCCESS,
} from '../state/layout.ts';
import { is_huge_zero_pmd, is_pmd_migration_entry, pmd_pfn, pmd_present, pmdEntry, pte_in_pmd } from '../state/huge.ts';
import { page_zone } from '../state/read.ts';
import type { State } from '../state/state.ts';
import { invariant } from './assert.ts';
import { countAllocation, dirty } from './frames.ts';
import { makeEntry, makePmdEntry } from './grow.ts';
import { lruAddBefore, placeOf, setPlace, takeFreeHuge } from './lists.ts';

const firstOf = (vpn: number): number => vpn & ~(HUGE - 1);

/** The place of the huge entry that covers a page. */
function hugeEntryOf(state: State, mm: number, vpn: number): number {
  const entry = pmdEntry(state.tables, state.mms, mm * MM + M_ROOT, vpn);
  invariant(entry >= 0 && state.tables[entry] < 0, 'no huge entry for page', vpn, 'of address space', mm);
  return entry;
}

/** The place for a huge entry, where nothing is yet. */
function placeForHuge(state: State, mm: number, vpn: number): number {
  const entry = makePmdEntry(state, mm * MM + M_ROOT, vpn);
  invariant(state.tables[entry] === 0, 'a huge entry where there is one, or a page table: page', vpn, 'of', mm);
  return entry;
}

const hugeEntry = (pfn: number, bits: number): number => PMD_HUGE | ((pfn >>> HUGE_ORDER) << PMD_SHIFT) | bits;

/** Parts of a huge page that have page-table entries of their own. */
function partsMapped({ frames }: State, pfn: number): number {
  if (frames[pfn * FRAME + FOLIO_PTES] === 0) return 0;
  let parts = 0;
  for (let i = 0; i < HUGE; i++) if (frames[(pfn + i) * FRAME + F_MAPCOUNT] > 0) parts++;
  return parts;
}

/** One mapping of the whole more: folio_add_anon_rmap_pmd(). */
function addEntireMap(state: State, pfn: number): void {
  if (state.frames[pfn * FRAME + FOLIO_ENTIRE]++ === 0) state.vmstat[NR_MAPPED] += HUGE - partsMapped(state, pfn);
}

/** One mapping of the whole less: folio_remove_rmap_pmd(). It may leave parts without any. */
function removeEntireMap(state: State, pfn: number): void {
  const at = pfn * FRAME;
  invariant(state.frames[at + FOLIO_ENTIRE] > 0, 'a huge page that is not mapped is unmapped: frame', pfn);
  if (--state.frames[at + FOLIO_ENTIRE] > 0) return;
  const parts = partsMapped(state, pfn);
  state.vmstat[NR_MAPPED] -= HUGE - parts;
  if (parts > 0 && parts < HUGE) state.frames[at + F_FLAGS] |= PG_PARTIAL;
}

/** Pages of hugetlb pools do not count as resident. */
function countHugeRss(state: State, mm: number, pfn: number, change: 1 | -1): void {
  if ((state.frames[pfn * FRAME + F_FLAGS] & PG_HUGETLB) !== 0) return;
  const rss = state.frames[pfn * FRAME + F_MAPPING] < 0 ? M_ANON_RSS : M_FILE_RSS;
  state.mms[mm * MM + rss] += change * HUGE;
}

function HugePageAllocated(state: State, pfn: number, preferred: number, local: number, interleaved: number): void {
  const { frames } = state;
  const zone = page_zone(state, pfn);
  for (let i = 0; i < HUGE; i++) {
    invariant(frames[(pfn + i) * FRAME + F_FLAGS] === 0, 'a frame in use is allocated:', pfn + i);
  }
  takeFreeHuge(state, zone, pfn);
  for (let i = 0; i < HUGE; i++) {
    frames[(pfn + i) * FRAME + F_FLAGS] = PG_LARGE | PG_ZEROED | (i === 0 ? PLACE_HELD : PLACE_TAIL);
  }
  frames[pfn * FRAME + F_COUNT] = 1;
  countAllocation(state, zone, HUGE, preferred, local, interleaved);
}

function HugePageMapped(
  state: State,
  pfn: number,
  mm: number,
  vpn: number,
  writable: number,
  anon_vma: number,
  index: number,
): void {
  const bits = PTE_PRESENT | PTE_YOUNG | (writable !== 0 ? PTE_WRITE | PTE_DIRTY : 0);
  const entry = placeForHuge(state, mm, vpn);
  state.tables[entry] = hugeEntry(pfn, bits);
  for (let i = 0; i < HUGE; i++) {
    state.frames[(pfn + i) * FRAME + F_MAPPING] = -anon_vma;
    state.frames[(pfn + i) * FRAME + F_INDEX] = index + i;
  }
  state.frames[pfn * FRAME + F_FLAGS] |= PG_ANON_EXCLUSIVE;
  addEntireMap(state, pfn);
  countHugeRss(state, mm, pfn, 1);
}

function HugeZeroPageMapped(state: State, mm: number, vpn: number): void {
  const entry = placeForHuge(state, mm, vpn);
  state.tables[entry] = PMD_HUGE | PTE_ZERO_PAGE;
}

function PmdAccessed(state: State, mm: number, vpn: number, access: number): void {
  const entry = hugeEntryOf(state, mm, vpn);
  state.tables[entry] |= access === 0 ? PTE_YOUNG : PTE_YOUNG | PTE_DIRTY;
  if (access !== 0) fillPart(state, state.tables[entry], vpn);
}

/** A part that was written to is no longer known to be zero. */
function fillPart({ frames }: State, pmd: number, vpn: number): void {
  frames[(pmd_pfn(pmd) + (vpn & (HUGE - 1))) * FRAME + F_FLAGS] &= ~PG_ZEROED;
}

function PmdMadeWritable(state: State, mm: number, vpn: number): void {
  const entry = hugeEntryOf(state, mm, vpn);
  state.tables[entry] |= PTE_WRITE | PTE_YOUNG | PTE_DIRTY;
  state.frames[pmd_pfn(state.tables[entry]) * FRAME + F_FLAGS] |= PG_ANON_EXCLUSIVE;
  fillPart(state, state.tables[entry], vpn);
}

function PmdZapped(state: State, pfn: number, mm: number, vpn: number): void {
  const entry = hugeEntryOf(state, mm, vpn);
  const pmd = state.tables[entry];
  state.tables[entry] = 0;
  if (is_huge_zero_pmd(pmd)) return;
  countHugeRss(state, mm, pfn, -1);
  if (pmd_present(pmd)) removeEntireMap(state, pfn);
}

function PmdSplit(state: State, mm: number, vpn: number): void {
  const entry = hugeEntryOf(state, mm, vpn);
  const pmd = state.tables[entry];
  const first = firstOf(vpn);
  state.tables[entry] = 0;
  const leaf = makeEntry(state, 'mms', mm * MM + M_ROOT, first);
  state.mms[mm * MM + M_PTES]++;
  for (let i = 0; i < HUGE; i++) state.tables[leaf + i] = pte_in_pmd(state, pmd, first + i);
  if (is_huge_zero_pmd(pmd)) return;
  const { frames } = state;
  const pfn = pmd_pfn(pmd);
  const at = pfn * FRAME;
  const exclusive = frames[at + F_FLAGS] & PG_ANON_EXCLUSIVE;
  for (let i = 0; i < HUGE; i++) frames[at + i * FRAME + F_FLAGS] |= exclusive;
  if (!pmd_present(pmd)) return;
  if ((pmd & PTE_DIRTY) !== 0) dirty(state, pfn);
  for (let i = 0; i < HUGE; i++) frames[at + i * FRAME + F_MAPCOUNT]++;
  frames[at + FOLIO_PTES] += HUGE;
  frames[at + FOLIO_ENTIRE]--;
  frames[at + F_COUNT] += HUGE - 1;
}

function PmdDuplicated(state: State, from: number, to: number, vpn: number): void {
  const target = placeForHuge(state, to, vpn);
  const source = hugeEntryOf(state, from, vpn);
  const { tables, frames } = state;
  let pmd = tables[source];
  if (is_huge_zero_pmd(pmd)) {
    tables[target] = pmd;
    return;
  }
  const pfn = pmd_pfn(pmd);
  if (is_pmd_migration_entry(pmd)) pmd = (pmd & ~PTE_BITS) | PTE_MIGRATION_READ;
  else pmd &= ~PTE_WRITE;
  tables[source] = pmd;
  frames[pfn * FRAME + F_FLAGS] &= ~PG_ANON_EXCLUSIVE;
  countHugeRss(state, to, pfn, 1);
  if (pmd_present(pmd)) {
    pmd &= ~PTE_YOUNG;
    addEntireMap(state, pfn);
    frames[pfn * FRAME + F_COUNT]++;
  }
  tables[target] = pmd;
}

function PmdMoved(state: State, mm: number, from: number, to: number): void {
  const target = placeForHuge(state, mm, to);
  const source = hugeEntryOf(state, mm, from);
  state.tables[target] = state.tables[source];
  state.tables[source] = 0;
}

function PmdProtected(state: State, mm: number, vpn: number, writable: number): void {
  const entry = hugeEntryOf(state, mm, vpn);
  const pmd = state.tables[entry];
  if (pmd_present(pmd)) state.tables[entry] = (pmd & ~PTE_WRITE) | PTE_YOUNG | (writable !== 0 ? PTE_WRITE : 0);
  else if ((pmd & PTE_BITS) === PTE_MIGRATION_WRITE) {
    state.tables[entry] = (pmd & ~PTE_BITS) | PTE_MIGRATION_READ_EXCLUSIVE;
  }
}

function PmdMigrationEntrySet(
  state: State,
  pfn: number,
  mm: number,
  vpn: number,
  kind: number,
  young: number,
  dirtied: number,
): void {
  const marks = (young !== 0 ? PMD_YOUNG : 0) | (dirtied !== 0 ? PMD_DIRTY : 0);
  const entry = hugeEntryOf(state, mm, vpn);
  state.tables[entry] = hugeEntry(pfn, (PTE_MIGRATION_READ + (kind << 1)) | marks);
  removeEntireMap(state, pfn);
  state.frames[pfn * FRAME + F_COUNT]--;
}

function PmdMigrationEntryRemoved(
  state: State,
  pfn: number,
  mm: number,
  vpn: number,
  writable: number,
  young: number,
  dirtied: number,
): void {
  const bits = (writable !== 0 ? PTE_WRITE : 0) | (young !== 0 ? PTE_YOUNG : 0) | (dirtied !== 0 ? PTE_DIRTY : 0);
  state.tables[hugeEntryOf(state, mm, vpn)] = hugeEntry(pfn, PTE_PRESENT | bits);
  addEntireMap(state, pfn);
  state.frames[pfn * FRAME + F_COUNT]++;
}

/** Marks of a folio that each of its parts has when it is split. */
const SHARED_MARKS = LIST_MASK | PG_REFERENCED | PG_UPTODATE | PG_DIRTY | PG_ACTIVE | PG_LAZYFREE;

/** References of the head beyond its mappings stay with it; on a private list each part has one of its own, on an LRU list none. */
function FolioSplit(state: State, pfn: number): void {
  const { frames } = state;
  const at = pfn * FRAME;
  invariant(frames[at + FOLIO_ENTIRE] === 0, 'a huge page that is mapped whole is split: frame', pfn);
  const place = placeOf(frames, pfn);
  invariant(place === PLACE_ISOLATED || place === PLACE_LRU, 'a huge page that is on no list is split: frame', pfn);
  const others = frames[at + F_COUNT] - frames[at + FOLIO_PTES];
  const marks = frames[at + F_FLAGS] & SHARED_MARKS;
  const zeroed = frames[at + F_FLAGS] & PG_ZEROED;
  const zone = page_zone(state, pfn);
  frames[at + FOLIO_PTES] = 0;
  frames[at + F_FLAGS] &= ~(PG_LARGE | PG_PARTIAL | PG_ZEROED);
  frames[at + F_COUNT] = frames[at + F_MAPCOUNT] + others;
  if (zeroed !== 0) frames[at + F_FLAGS] |= PG_CLEARED;
  for (let tail = pfn + HUGE - 1; tail > pfn; tail--) {
    const own = tail * FRAME;
    const cleared = (frames[own + F_FLAGS] & PG_ZEROED) !== 0 ? PG_CLEARED : 0;
    frames[own + F_FLAGS] = marks | (frames[own + F_FLAGS] & PG_ANON_EXCLUSIVE) | cleared;
    frames[own + F_COUNT] = frames[own + F_MAPCOUNT] + (place === PLACE_LRU ? 0 : 1);
    setPlace(frames, tail, place);
    if (place === PLACE_LRU) lruAddBefore(state, zone, tail, pfn);
  }
}

function HugePagesMigrated({ vmstat }: State, succeeded: number, failed: number, split: number): void {
  vmstat[THP_MIGRATION_SUCCESS] += succeeded;
  vmstat[THP_MIGRATION_FAIL] += failed;
  vmstat[THP_MIGRATION_SPLIT] += split;
}

export const hugeReducers = {
  HugePageAllocated,
  HugePageMapped,
  HugeZeroPageMapped,
  HugePartFilled: ({ frames }: State, pfn: number) => void (frames[pfn * FRAME + F_FLAGS] &= ~PG_ZEROED),
  PmdAccessed,
  PmdMadeWritable,
  PmdZapped,
  PmdSplit,
  PmdDuplicated,
  PmdMoved,
  PmdProtected,
  PmdMigrationEntrySet,
  PmdMigrationEntryRemoved,
  FolioSplit,
  HugePagesMigrated,
};
