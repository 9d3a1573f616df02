/** Reducers of page-table entries: faults, unmapping, fork, protection. */
import { MARK_EXCLUSIVE } from '@pagetape/events';
import {
  FRAME,
  F_COUNT,
  F_FLAGS,
  F_INDEX,
  F_MAPCOUNT,
  F_MAPPING,
  FOLIO_ENTIRE,
  FOLIO_PTES,
  MAPPING_KSM,
  MIGRATION_DIRTY,
  MIGRATION_YOUNG,
  MM,
  M_ANON_RSS,
  M_FILE_RSS,
  M_LOCKED,
  M_PTES,
  M_ROOT,
  M_SEM,
  NR_MAPPED,
  PGFAULT,
  PGMAJFAULT,
  PG_ANON_EXCLUSIVE,
  PG_DIRTY,
  PG_LARGE,
  PG_PARTIAL,
  PG_ZEROED,
  CURRENT_TASK,
  PTE_BITS,
  PTE_DIRTY,
  PTE_FILE,
  PTE_MIGRATION_READ,
  PTE_PRESENT,
  PTE_SHIFT,
  PTE_SWAP,
  PTE_SWAP_EXCLUSIVE,
  PTE_WRITE,
  PTE_YOUNG,
  PTE_ZERO_PAGE,
  TASK,
  T_MAJ_FLT,
  T_MIN_FLT,
  ZERO_PFN,
} from '../state/layout.ts';
import { page_folio, pmdEntry } from '../state/huge.ts';
import {
  is_migration_entry,
  is_zero_pte,
  migration_entry_supports_ad,
  migration_entry_to_pfn,
  pte_swp_exclusive,
  tableEntry,
} from '../state/read.ts';
import type { State } from '../state/state.ts';
import { invariant } from './assert.ts';
import { clearFlags, setFlags } from './frames.ts';
import { freeLeaf, makeEntry } from './grow.ts';
import { makeLazyfree } from './lru.ts';

/** The place of the entry of a page; its page table must exist. */
export function entryOf(state: State, mm: number, vpn: number): number {
  const entry = tableEntry(state.tables, state.mms, mm * MM + M_ROOT, vpn);
  invariant(entry >= 0, 'no page table for page', vpn, 'of address space', mm);
  return entry;
}

export function present(pfn: number, bits: number): number {
  return (pfn << PTE_SHIFT) | PTE_PRESENT | bits;
}

/** One mapping more: page_add_rmap(). */
export function addRmap(state: State, pfn: number): void {
  const { frames, vmstat } = state;
  const at = pfn * FRAME;
  const first = frames[at + F_MAPCOUNT]++ === 0;
  if ((frames[at + F_FLAGS] & PG_LARGE) !== 0 && addRmapOfPart(state, pfn)) return;
  if (first) vmstat[NR_MAPPED]++;
}

/** Counts it for the huge page as well. Returns whether that is mapped as a whole. */
function addRmapOfPart(state: State, pfn: number): boolean {
  const { frames } = state;
  const folio = page_folio(state, pfn) * FRAME;
  frames[folio + FOLIO_PTES]++;
  return frames[folio + FOLIO_ENTIRE] > 0;
}

/** One mapping less: page_remove_rmap(). */
export function removeRmap(state: State, pfn: number): void {
  const { frames, vmstat } = state;
  const at = pfn * FRAME;
  invariant(frames[at + F_MAPCOUNT] > 0, 'an unmapped page is unmapped: frame', pfn);
  const last = --frames[at + F_MAPCOUNT] === 0;
  if ((frames[at + F_FLAGS] & PG_LARGE) !== 0 && removeRmapOfPart(state, pfn, last)) return;
  if (last) vmstat[NR_MAPPED]--;
}

/** The same. Parts that nobody maps are kept only because others are mapped: better split it. */
function removeRmapOfPart(state: State, pfn: number, last: boolean): boolean {
  const { frames } = state;
  const folio = page_folio(state, pfn) * FRAME;
  frames[folio + FOLIO_PTES]--;
  if (frames[folio + FOLIO_ENTIRE] > 0) return true;
  if (last && frames[folio + FOLIO_PTES] > 0) frames[folio + F_FLAGS] |= PG_PARTIAL;
  return false;
}

/** Resident pages are counted as anonymous or of a file; the zero page counts as one of a file. */
export function countRss(state: State, mm: number, pfn: number, change: number): void {
  state.mms[mm * MM + (state.frames[pfn * FRAME + F_MAPPING] < 0 ? M_ANON_RSS : M_FILE_RSS)] += change;
}

/** A merged page that nothing maps stays what it is. */
function setAnonRmap(state: State, pfn: number, anon_vma: number, index: number): void {
  const at = pfn * FRAME;
  if (state.frames[at + F_MAPCOUNT] === 0 && state.frames[at + F_MAPPING] > -MAPPING_KSM) {
    state.frames[at + F_MAPPING] = -anon_vma;
    state.frames[at + F_INDEX] = index;
  }
  addRmap(state, pfn);
}

function PteUnmapped(state: State, pfn: number, mm: number, vpn: number, slot: number): void {
  const at = pfn * FRAME;
  const kind = (state.frames[at + F_FLAGS] & PG_ANON_EXCLUSIVE) !== 0 ? PTE_SWAP_EXCLUSIVE : PTE_SWAP;
  state.tables[entryOf(state, mm, vpn)] = slot === 0 ? 0 : (slot << PTE_SHIFT) | kind;
  state.frames[at + F_FLAGS] &= ~PG_ANON_EXCLUSIVE;
  countRss(state, mm, pfn, -1);
  removeRmap(state, pfn);
  refer(state, pfn, -1);
}

/** References to a part are references to all of a huge page. */
export function refer(state: State, pfn: number, change: 1 | -1): void {
  state.frames[page_folio(state, pfn) * FRAME + F_COUNT] += change;
}

function PteAccessed(state: State, mm: number, vpn: number, access: number): void {
  const entry = entryOf(state, mm, vpn);
  state.tables[entry] |= access === 0 ? PTE_YOUNG : PTE_YOUNG | PTE_DIRTY;
  if (access !== 0) fillPart(state, state.tables[entry]);
}

/** A part of a huge page that was written to is no longer known to be zero. */
function fillPart({ topology, frames }: State, pte: number): void {
  if (topology.huge) frames[(pte >>> PTE_SHIFT) * FRAME + F_FLAGS] &= ~PG_ZEROED;
}

function PageFaultResolved(state: State, _mm: number, _vpn: number, result: number): void {
  const task = state.scalars[CURRENT_TASK] * TASK;
  if (result === 0) state.tasks[task + T_MIN_FLT]++;
  else if (result === 1) state.tasks[task + T_MAJ_FLT]++;
}

function ZeroPageMapped(state: State, mm: number, vpn: number, special: number): void {
  if (special !== 0) {
    state.tables[entryOf(state, mm, vpn)] = PTE_ZERO_PAGE;
    return;
  }
  state.tables[entryOf(state, mm, vpn)] = present(ZERO_PFN, PTE_YOUNG);
  state.frames[ZERO_PFN * FRAME + F_COUNT]++;
  addRmap(state, ZERO_PFN);
  countRss(state, mm, ZERO_PFN, 1);
}

function AnonPageMapped(
  state: State,
  pfn: number,
  mm: number,
  vpn: number,
  writable: number,
  anon_vma: number,
  index: number,
): void {
  const bits = PTE_YOUNG | PTE_DIRTY | (writable !== 0 ? PTE_WRITE : 0);
  state.tables[entryOf(state, mm, vpn)] = present(pfn, bits);
  setAnonRmap(state, pfn, anon_vma, index);
  countRss(state, mm, pfn, 1);
}

function FilePageMapped(state: State, pfn: number, mm: number, vpn: number, access: number, writable: number): void {
  const bits = PTE_YOUNG | (access !== 0 ? PTE_DIRTY : 0) | (writable !== 0 ? PTE_WRITE : 0);
  state.tables[entryOf(state, mm, vpn)] = present(pfn, bits);
  addRmap(state, pfn);
  countRss(state, mm, pfn, 1);
}

/** The marks of each SWAP_MAPPING. */
const SWAP_MAPPING_BITS = [0, PTE_YOUNG, PTE_YOUNG | PTE_WRITE, PTE_YOUNG | PTE_WRITE | PTE_DIRTY];

function SwapEntryMapped(
  state: State,
  pfn: number,
  mm: number,
  vpn: number,
  _slot: number,
  as: number,
  anon_vma: number,
  index: number,
): void {
  state.tables[entryOf(state, mm, vpn)] = present(pfn, SWAP_MAPPING_BITS[as]);
  setAnonRmap(state, pfn, anon_vma, index);
  countRss(state, mm, pfn, 1);
}

function PteMadeWritable(state: State, _pfn: number, mm: number, vpn: number): void {
  const entry = entryOf(state, mm, vpn);
  state.tables[entry] |= PTE_WRITE | PTE_YOUNG | PTE_DIRTY;
  fillPart(state, state.tables[entry]);
}

function CowBroken(state: State, pfn: number, mm: number, vpn: number): void {
  state.tables[entryOf(state, mm, vpn)] = 0;
  countRss(state, mm, pfn, -1);
  removeRmap(state, pfn);
  refer(state, pfn, -1);
}

function PteDuplicated(state: State, from: number, to: number, vpn: number, protect: number, clean: number): void {
  const source = entryOf(state, from, vpn);
  const target = entryOf(state, to, vpn);
  const { tables } = state;
  let pte = tables[source];
  if ((pte & PTE_PRESENT) !== 0) {
    const pfn = pte >>> PTE_SHIFT;
    if (protect !== 0) {
      tables[source] = pte &= ~PTE_WRITE;
      state.frames[pfn * FRAME + F_FLAGS] &= ~PG_ANON_EXCLUSIVE;
    }
    if (clean !== 0) pte &= ~PTE_DIRTY;
    pte &= ~PTE_YOUNG;
    refer(state, pfn, 1);
    addRmap(state, pfn);
    countRss(state, to, pfn, 1);
  } else if (is_migration_entry(pte)) {
    const pfn = migration_entry_to_pfn(state, pte);
    if (protect !== 0) {
      tables[source] = pte = (pte & ~PTE_BITS) | PTE_MIGRATION_READ;
      state.frames[pfn * FRAME + F_FLAGS] &= ~PG_ANON_EXCLUSIVE;
    }
    countRss(state, to, pfn, 1);
  } else if (pte_swp_exclusive(pte)) tables[source] = pte = (pte & ~PTE_BITS) | PTE_SWAP;
  tables[target] = pte;
}

/** The entry that has the marks of a page: its own, or that of all of a huge page. */
function markedEntry(state: State, mm: number, vpn: number): number {
  const pmd = state.topology.huge ? pmdEntry(state.tables, state.mms, mm * MM + M_ROOT, vpn) : -1;
  return pmd >= 0 && state.tables[pmd] < 0 ? pmd : entryOf(state, mm, vpn);
}

function AnonPageMarked(state: State, pfn: number, mm: number, vpn: number, mark: number): void {
  invariant(state.frames[pfn * FRAME + F_MAPPING] < 0, 'a page that is not anonymous is marked as such: frame', pfn);
  if (mark === MARK_EXCLUSIVE) return setFlags(state, pfn, PG_ANON_EXCLUSIVE);
  state.tables[markedEntry(state, mm, vpn)] &= ~(PTE_YOUNG | PTE_DIRTY);
  clearFlags(state, pfn, PG_DIRTY);
  makeLazyfree(state, pfn);
}

function PteMoved(state: State, mm: number, from: number, to: number): void {
  const source = entryOf(state, mm, from);
  const target = entryOf(state, mm, to);
  invariant(state.tables[target] === 0, 'an entry moves onto another: page', to, 'of address space', mm);
  state.tables[target] = state.tables[source];
  state.tables[source] = 0;
}

/** The kinds of migration entries, as MIGRATION_ENTRY names them, follow each other in the entry. */
const migrationKind = (kind: number): number => PTE_MIGRATION_READ + (kind << 1);

/** The entry that stands for a mapping while its page moves. The page still counts as resident, but not as mapped. */
function MigrationEntrySet(
  state: State,
  pfn: number,
  mm: number,
  vpn: number,
  kind: number,
  young: number,
  dirty: number,
): void {
  invariant((young | dirty) === 0 || migration_entry_supports_ad(state), 'no room for the marks of frame', pfn);
  const marks = (young !== 0 ? MIGRATION_YOUNG : 0) | (dirty !== 0 ? MIGRATION_DIRTY : 0);
  state.tables[entryOf(state, mm, vpn)] = (pfn << PTE_SHIFT) | migrationKind(kind) | marks;
  removeRmap(state, pfn);
  refer(state, pfn, -1);
}

function MigrationEntryRemoved(
  state: State,
  pfn: number,
  mm: number,
  vpn: number,
  writable: number,
  young: number,
  dirty: number,
): void {
  const bits = (writable !== 0 ? PTE_WRITE : 0) | (young !== 0 ? PTE_YOUNG : 0) | (dirty !== 0 ? PTE_DIRTY : 0);
  state.tables[entryOf(state, mm, vpn)] = present(pfn, bits);
  addRmap(state, pfn);
  refer(state, pfn, 1);
}

function MigrationEntryProtected(state: State, mm: number, vpn: number, kind: number): void {
  const at = entryOf(state, mm, vpn);
  state.tables[at] = (state.tables[at] & ~PTE_BITS) | migrationKind(kind);
}

function MigrationEntryZapped(state: State, mm: number, vpn: number, pfn: number): void {
  state.tables[entryOf(state, mm, vpn)] = 0;
  countRss(state, mm, pfn, -1);
}

function PteZapped(state: State, pfn: number, mm: number, vpn: number): void {
  const at = entryOf(state, mm, vpn);
  const counted = !is_zero_pte(state.tables[at]);
  state.tables[at] = 0;
  if (!counted) return;
  countRss(state, mm, pfn, -1);
  removeRmap(state, pfn);
}

function PteProtected(state: State, mm: number, vpn: number, writable: number): void {
  const at = entryOf(state, mm, vpn);
  state.tables[at] = (state.tables[at] & ~PTE_WRITE) | PTE_YOUNG | (writable !== 0 ? PTE_WRITE : 0);
}

function PageTableAllocated(state: State, mm: number, vpn: number): void {
  makeEntry(state, 'mms', mm * MM + M_ROOT, vpn);
  state.mms[mm * MM + M_PTES]++;
}

function PageTableFreed(state: State, mm: number, vpn: number): void {
  freeLeaf(state, 'mms', mm * MM + M_ROOT, vpn);
  state.mms[mm * MM + M_PTES]--;
}

export const mappingReducers = {
  PteUnmapped,
  YoungBitCleared: (state: State, _pfn: number, mm: number, vpn: number) =>
    void (state.tables[markedEntry(state, mm, vpn)] &= ~PTE_YOUNG),
  PteAccessed,
  PageFaultRaised: (state: State) => void state.vmstat[PGFAULT]++,
  PageFaultResolved,
  MajorFaultCounted: (state: State) => void state.vmstat[PGMAJFAULT]++,
  PageTableAllocated,
  PageTableFreed,
  ZeroPageMapped,
  AnonPageMapped,
  FilePageMapped,
  SwapEntryMapped,
  PteMadeWritable,
  CowBroken,
  PteDuplicated,
  AnonPageMarked,
  PteMoved,
  PteZapped,
  FileOffsetInstalled: (state: State, mm: number, vpn: number, index: number) =>
    void (state.tables[entryOf(state, mm, vpn)] = (index << PTE_SHIFT) | PTE_FILE),
  FileOffsetZapped: (state: State, mm: number, vpn: number) => void (state.tables[entryOf(state, mm, vpn)] = 0),
  SwapEntryZapped: (state: State, mm: number, vpn: number) => void (state.tables[entryOf(state, mm, vpn)] = 0),
  PteProtected,
  MigrationEntrySet,
  MigrationEntryRemoved,
  MigrationEntryProtected,
  MigrationEntryZapped,
  LockedPagesCounted: (state: State, mm: number, pages: number) => void (state.mms[mm * MM + M_LOCKED] += pages),
  MmapLockTaken: (state: State, mm: number, change: number) => void (state.mms[mm * MM + M_SEM] += change),
  MmapLockReleased: (state: State, mm: number, change: number) => void (state.mms[mm * MM + M_SEM] -= change),
};
