/**
 * Counts everything that refers to a frame or a slot, from the side of those who refer. Invariants compare what frames,
 * slots and counters say of themselves with what was counted here.
 *
 * A broken state may refer to what does not exist; that is noted, and not counted.
 */
import { MLOCK_NEW } from '@pagetape/events';
import * as L from '../state/layout.ts';
import {
  frame_of_pte,
  is_hwpoison_entry,
  is_migration_entry,
  is_zero_pte,
  pte_is_file,
  pte_slot,
  pte_swp_exclusive,
} from '../state/read.ts';
import { lockedOutside, pinsOf, seizedSlots } from '../state/outside.ts';
import type { StateView } from '../state/view.ts';
import { folio_test_hugetlb, is_huge_zero_pmd, pmd_pfn, pmd_present } from '../state/huge.ts';
import { eachHugeEntry, eachLeaf } from '../state/walk.ts';

/** What the page tables of an address space were found to hold. */
export interface MmCensus {
  readonly tables: number;
  readonly anon: number;
  readonly file: number;
}

export interface Census {
  /** By frame: how many … */
  readonly ptes: Int32Array;
  readonly migrationPtes: Int32Array;
  /** … huge entries map it as the head, or stand for such a mapping. */
  readonly pmds: Int32Array;
  readonly migrationPmds: Int32Array;
  readonly cachedFiles: Int32Array;
  readonly cachedSlots: Int32Array;
  /** … batches have it, to bring it to a list, */
  readonly batches: Int32Array;
  /** … and entries of mlock batches, for the list that it is on. */
  readonly mlockEntries: Int32Array;
  readonly lockHolders: Int32Array;
  readonly pins: Int32Array;
  readonly reads: Int32Array;
  readonly writes: Int32Array;
  /** By slot: how many … */
  readonly swapPtes: Int32Array;
  /** … of its entries say that nobody shares the page. */
  readonly exclusivePtes: Int32Array;
  readonly swapFiles: Int32Array;
  readonly seized: Int32Array;
  readonly mms: ReadonlyMap<number, MmCensus>;
  /** By table: trees that have it. */
  readonly trees: Int32Array;
  /** Sentences about references to what does not exist. */
  readonly strays: string[];
}

/** Adds one at `i`, or notes who refers to what is not there. */
export type Count = (array: Int32Array, i: number, who: () => string) => void;

function counter(strays: string[]): Count {
  return (array, i, who) => {
    if (i >= 0 && i < array.length) array[i]++;
    else strays.push(`${who()}, which does not exist`);
  };
}

/** Looks at the whole machine once. */
export function takeCensus(s: StateView): Census {
  const byFrame = (): Int32Array => new Int32Array(s.topology.max_pfn);
  const bySlot = (): Int32Array => new Int32Array(s.swap_map.length);
  const mms = new Map<number, MmCensus>();
  const census = {
    ptes: byFrame(),
    migrationPtes: byFrame(),
    pmds: byFrame(),
    migrationPmds: byFrame(),
    cachedFiles: byFrame(),
    cachedSlots: byFrame(),
    batches: byFrame(),
    mlockEntries: byFrame(),
    lockHolders: byFrame(),
    pins: byFrame(),
    reads: byFrame(),
    writes: byFrame(),
    swapPtes: bySlot(),
    exclusivePtes: bySlot(),
    swapFiles: bySlot(),
    seized: bySlot(),
    mms,
    trees: new Int32Array(s.scalars[L.TABLES_USED]),
    strays: [] as string[],
  };
  const count = counter(census.strays);
  for (const mm of numbers(s.cold.mms)) mms.set(mm, countPtes(s, census, count, mm));
  for (const file of numbers(s.cold.files)) countPagesOfFile(s, census, count, file);
  countBatches(s, census, count);
  countRequests(s, census, count);
  countOutsiders(s, census, count);
  return census;
}

/** The numbers that a record of the cold tree has, in ascending order. */
export function numbers(record: Readonly<Record<number, unknown>>): number[] {
  return Object.keys(record).map(Number);
}

/** Calls `visit` for each entry of a tree that is not 0. */
function eachEntry(
  s: StateView,
  { trees }: Census,
  count: Count,
  root: { readonly roots: 'mms' | 'files'; readonly at: number; readonly of: string },
  visit: (entry: number, index: number) => void,
): number {
  let leaves = 0;
  const enter = (table: number): boolean => {
    count(trees, table, () => `${root.of} has table ${table}`);
    return trees[table] === 1;
  };
  const leaf = (first: number, table: number): void => {
    leaves++;
    for (let i = 0; i < L.TABLE; i++) {
      const entry = s.tables[table * L.TABLE + i];
      if (entry !== 0) visit(entry, first + i);
    }
  };
  eachLeaf(s, s[root.roots], root.at, leaf, enter);
  return leaves;
}

function countPtes(s: StateView, census: Census, count: Count, mm: number): MmCensus {
  let anon = 0;
  let file = 0;
  const root = { roots: 'mms', at: mm * L.MM + L.M_ROOT, of: `address space ${mm}` } as const;
  const tables = eachEntry(s, census, count, root, (pte, vpn) => {
    if (is_zero_pte(pte) || pte_is_file(pte) || is_hwpoison_entry(pte)) return;
    const who = (what: string): string => `page ${vpn} of address space ${mm} maps ${what}`;
    const pfn = frame_of_pte(s, pte);
    if (pfn < 0) {
      if (pte_swp_exclusive(pte)) census.exclusivePtes[pte_slot(pte)]++;
      return count(census.swapPtes, pte_slot(pte), () => who(`slot ${pte_slot(pte)}`));
    }
    const array = is_migration_entry(pte) ? census.migrationPtes : census.ptes;
    count(array, pfn, () => who(`frame ${pfn}`));
    if (s.frames[pfn * L.FRAME + L.F_MAPPING] < 0) anon++;
    else file++;
  });
  eachHugeEntry(s, mm, (first, pmd) => {
    if (is_huge_zero_pmd(pmd)) return;
    const pfn = pmd_pfn(pmd);
    const array = pmd_present(pmd) ? census.pmds : census.migrationPmds;
    count(array, pfn, () => `page ${first} of address space ${mm} maps huge page ${pfn}`);
    if (folio_test_hugetlb(s, pfn)) return;
    if (s.frames[pfn * L.FRAME + L.F_MAPPING] < 0) anon += L.HUGE;
    else file += L.HUGE;
  });
  return { tables, anon, file };
}

function countPagesOfFile(s: StateView, census: Census, count: Count, file: number): void {
  const root = { roots: 'files', at: file * L.FILE + L.X_ROOT, of: `file ${file}` } as const;
  eachEntry(s, census, count, root, (entry, index) => {
    const page = `page ${index} of file ${file}`;
    if (entry > 0) count(census.cachedFiles, entry - 1, () => `${page} is cached in frame ${entry - 1}`);
    else count(census.swapFiles, -entry, () => `${page} is in slot ${-entry}`);
  });
}

function countBatches(s: StateView, { batches, mlockEntries }: Census, count: Count): void {
  for (let batch = 0; batch < s.cpus.length; batch += L.BATCH) {
    const of_mlock = batch % L.CPU === L.MLOCK_BATCH;
    const pages = Math.min(s.cpus[batch], L.BATCH_MAX);
    for (let i = 1; i <= pages; i++) {
      const entry = s.cpus[batch + i];
      const pfn = of_mlock ? entry >>> L.MLOCK_SHIFT : entry;
      const brings = !of_mlock || (entry & ((1 << L.MLOCK_SHIFT) - 1)) === MLOCK_NEW;
      const who = (): string => `a batch of CPU ${Math.floor(batch / L.CPU)} has frame ${pfn}`;
      count(brings ? batches : mlockEntries, pfn, who);
    }
  }
}

/** Pending requests, and the frames that the swap cache has. */
function countRequests({ io, scalars, swap_cache }: StateView, census: Census, count: Count): void {
  for (let n = 0; n < Math.min(scalars[L.IO_PENDING], io.length); n++) {
    const request = io[(scalars[L.IO_FIRST] + n) & (io.length - 1)];
    const pfn = request >> 1;
    count((request & 1) === 0 ? census.reads : census.writes, pfn, () => `request ${n} is for frame ${pfn}`);
  }
  for (let slot = 0; slot < swap_cache.length; slot++) {
    const pfn = swap_cache[slot] - 1;
    if (pfn !== -1) count(census.cachedSlots, pfn, () => `slot ${slot} is cached in frame ${pfn}`);
  }
}

/** What a scenario holds from outside. */
function countOutsiders(s: StateView, census: Census, count: Count): void {
  for (const pfn of lockedOutside(s)) count(census.lockHolders, pfn, () => `somebody outside locks frame ${pfn}`);
  for (const { pfn, task } of pinsOf(s)) count(census.pins, pfn, () => `task ${task} pins frame ${pfn}`);
  for (const slot of seizedSlots(s)) count(census.seized, slot, () => `somebody outside has slot ${slot}`);
}
