/** What differs between two states, in the words of somebody who looks at tasks and pages. */
import { canonicalJson } from '@pagetape/events';
import { hashState, layout, lockHolders, pinsOf, read, seizedSlots, type StateView } from '@pagetape/core';
import { pageNamer, rangeText } from '../report/names.ts';
import { counters, freeNumbers, taskNumbers } from '../report/numbers.ts';
import { livingMms, placeOfEntry, type Place } from '../report/places.ts';

/** Something that differs: a page, a counter, a list. `what` names it, the others say what it is on each side. */
export interface Detail {
  readonly what: string;
  readonly a: string;
  readonly b: string;
}

/** Differences of one kind. */
export interface DifferenceKind {
  /** A sentence without its subject, as "pages lie on another node". */
  readonly kind: string;
  readonly count: number;
  readonly details: readonly Detail[];
}

/** Everything that differs, the kinds that matter most first. Empty for states with the same hash. */
export function stateDifferences(a: StateView, b: StateView): DifferenceKind[] {
  if (hashState(a) === hashState(b)) return [];
  const found = [...pageDifferences(a, b), ...numberDifferences(a, b), ...coldDifferences(a, b)];
  if (found.length > 0) return found;
  return [kindOf('the lists, references or slots differ in their order alone', [])];
}

const kindOf = (kind: string, details: readonly Detail[]): DifferenceKind => ({ kind, count: details.length, details });

// --- pages --------------------------------------------------------------------------------------------------------

type PageKind =
  | 'node'
  | 'swapped in B'
  | 'swapped in A'
  | 'only A'
  | 'only B'
  | 'zero'
  | 'bad'
  | 'frame'
  | 'slot'
  | 'bits'
  | 'file page';

const PAGE_KINDS: Readonly<Record<PageKind, string>> = {
  node: 'pages lie on another node',
  'swapped in B': 'pages are in memory in A, in swap in B',
  'swapped in A': 'pages are in swap in A, in memory in B',
  'only A': 'pages have content in A alone',
  'only B': 'pages have content in B alone',
  zero: 'pages are the zero page on one side alone',
  bad: 'pages are lost with a bad frame on one side alone',
  frame: 'pages are in another frame of the same node',
  slot: 'pages are in another slot of swap',
  bits: 'pages are mapped with other bits',
  'file page': 'pages are not in memory, and a fault brings another page of the file',
};

/** Neighbours that differ in the same way. Frames and slots are those of the first. */
interface PageRun {
  readonly region: string;
  /** Numbers in the region. */
  readonly first: number;
  last: number;
  /** The page that would go on with it; and where its region ends. */
  next: number;
  readonly end: number;
  /** What is the same for all of them, on each side. */
  readonly sides: number;
  readonly a: string;
  readonly b: string;
}

function pageDifferences(a: StateView, b: StateView): DifferenceKind[] {
  const found = new Map<PageKind, PageRun[]>();
  const name = pageNamer(a);
  const hasFiles = a.cold.next.file > 1 || b.cold.next.file > 1;
  const inB = new Map(livingMms(b).map(({ mm, tasks }) => [tasks[0], mm]));
  for (const { mm, tasks } of livingMms(a)) {
    const other = inB.get(tasks[0]);
    if (other === undefined) continue;
    eachPageOfEither(a, b, mm, other, (vpn, pteA, pteB) => {
      // Where a page without an entry is, its file says.
      if (pteA === pteB && (pteA !== 0 || !hasFiles)) return;
      const [placeA, placeB] = [placeOfEntry(a, mm, vpn, pteA), placeOfEntry(b, other, vpn, pteB)];
      const kind = placeA === placeB ? kindAtOnePlace(a, b, placeA, pteA, pteB) : placeKind(placeA, placeB);
      if (!kind) return;
      const sides = sideOf(placeA, pteA) * 0x800000 + sideOf(placeB, pteB);
      const runs = found.get(kind) ?? [];
      if (isContinued(runs.at(-1), vpn, sides)) return;
      const { region, page } = name(mm, vpn);
      const [textA, textB] = [placeText(a, placeA, pteA), placeText(b, placeB, pteB)];
      const end = endOfRegion(a, mm, vpn);
      runs.push({ region, first: page, last: page, next: vpn + 1, end, sides, a: textA, b: textB });
      found.set(kind, runs);
    });
  }
  return (Object.keys(PAGE_KINDS) as PageKind[]).flatMap((kind) => {
    const runs = found.get(kind);
    if (!runs) return [];
    const count = runs.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    const details = runs.map((run) => ({
      what: `${run.region} ${rangeText(run.first, run.last)}`,
      a: run.a,
      b: run.b,
    }));
    return [{ kind: PAGE_KINDS[kind], count, details }];
  });
}

/** Whether the run goes on with this page, which then belongs to it. */
function isContinued(run: PageRun | undefined, vpn: number, sides: number): boolean {
  if (run?.next !== vpn || vpn >= run.end || run.sides !== sides) return false;
  run.last++;
  run.next++;
  return true;
}

/** Where the region of a page ends; of one outside of all regions, where the next one begins. */
function endOfRegion({ cold }: StateView, mm: number, vpn: number): number {
  const regions = cold.regions.filter((region) => region.mm === mm);
  const own = regions.find(({ start, pages }) => start <= vpn && vpn < start + pages);
  if (own) return own.start + own.pages;
  return regions.reduce((end, { start }) => (start > vpn ? Math.min(end, start) : end), Infinity);
}

type PageVisit = (vpn: number, pteA: number, pteB: number) => void;

/** Every page in the areas of either, ascending, that has a page table on one side, with its entries. Goes table by table. */
function eachPageOfEither(a: StateView, b: StateView, mmA: number, mmB: number, visit: PageVisit): void {
  const { TABLE, M_ROOT, MM } = layout;
  const huge = a.topology.huge || b.topology.huge;
  for (const { start, end } of areasOfEither(a, b, mmA, mmB)) {
    for (let first = start; first < end;) {
      const past = Math.min(end, (Math.floor(first / TABLE) + 1) * TABLE);
      const leafA = read.tableEntry(a.tables, a.mms, mmA * MM + M_ROOT, first) - first;
      const leafB = read.tableEntry(b.tables, b.mms, mmB * MM + M_ROOT, first) - first;
      const [isInA, isInB] = [leafA + first >= 0, leafB + first >= 0];
      for (let vpn = first; (isInA || isInB || huge) && vpn < past; vpn++) {
        const pteA = isInA ? a.tables[leafA + vpn] : huge ? read.pte_of(a, mmA, vpn) : 0;
        const pteB = isInB ? b.tables[leafB + vpn] : huge ? read.pte_of(b, mmB, vpn) : 0;
        if (isInA || isInB || pteA !== 0 || pteB !== 0) visit(vpn, pteA, pteB);
      }
      first = past;
    }
  }
}

/** The areas of both, where they overlap together. */
function areasOfEither(a: StateView, b: StateView, mmA: number, mmB: number): { start: number; end: number }[] {
  const areasOf = ({ cold }: StateView, mm: number) => cold.mms[mm].vmas.map((id) => cold.vmas[id]);
  const all = [...areasOf(a, mmA), ...areasOf(b, mmB)].sort((x, y) => x.start - y.start);
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of all) {
    const last = merged.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

/** A number that is the same for pages of which the same is told, but for their frames and slots. */
function sideOf(place: Place, pte: number): number {
  if (place === null) return 0;
  if (place === 'zero') return 1;
  if (place === 'swap') return 2;
  if (place === 'bad') return 3;
  const bits = pte & (layout.PTE_WRITE | layout.PTE_YOUNG | layout.PTE_DIRTY | layout.PTE_PRESENT);
  return 64 * (place + 1) + bits;
}

function kindAtOnePlace(a: StateView, b: StateView, place: Place, pteA: number, pteB: number): PageKind | null {
  if (pteA === pteB) return null;
  if (place === 'swap') return 'slot';
  if (place === null) return 'file page';
  if (place === 'bad') return 'frame';
  return read.frame_of_pte(a, pteA) === read.frame_of_pte(b, pteB) ? 'bits' : 'frame';
}

function placeKind(a: Place, b: Place): PageKind {
  if (a === null) return 'only B';
  if (b === null) return 'only A';
  if (a === 'bad' || b === 'bad') return 'bad';
  if (a === 'zero' || b === 'zero') return 'zero';
  if (a === 'swap') return 'swapped in A';
  return b === 'swap' ? 'swapped in B' : 'node';
}

function placeText(s: StateView, place: Place, pte: number): string {
  if (place === null) return 'nothing';
  if (place === 'zero') return 'zero page';
  if (place === 'bad') return `bad frame, pfn ${read.hwpoison_entry_to_pfn(pte)}`;
  if (place === 'swap') return `slot ${read.pte_slot(pte)}`;
  if (read.is_migration_entry(pte)) return `node ${place}, pfn ${read.migration_entry_to_pfn(s, pte)} being moved`;
  const bits = [
    pte & layout.PTE_WRITE ? 'w' : '-',
    pte & layout.PTE_YOUNG ? 'y' : '-',
    pte & layout.PTE_DIRTY ? 'd' : '-',
  ];
  return `node ${place}, pfn ${read.pte_pfn(pte)} ${bits.join('')}`;
}

// --- numbers ------------------------------------------------------------------------------------------------------

function numberDifferences(a: StateView, b: StateView): DifferenceKind[] {
  const numbers = (s: StateView): Map<string, number> => new Map([...freeNumbers(s), ...taskNumbers(s)]);
  return [
    ...unequal('numbers of free memory, slots and faults differ', numbers(a), numbers(b)),
    ...unequal('counters of the machine differ', counters(a), counters(b)),
    ...unequal(
      'clocks differ',
      new Map([['virtual nanoseconds', a.clock.t]]),
      new Map([['virtual nanoseconds', b.clock.t]]),
    ),
  ];
}

function unequal(kind: string, a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): DifferenceKind[] {
  const text = (value: unknown): string => (value === undefined ? 'nothing' : `${value}`);
  const details = [...new Set([...a.keys(), ...b.keys()])]
    .map((what) => ({ what, a: text(a.get(what)), b: text(b.get(what)) }))
    .filter((detail) => detail.a !== detail.b);
  return details.length > 0 ? [kindOf(kind, details)] : [];
}

// --- tasks, areas, policies ---------------------------------------------------------------------------------------

function coldDifferences(a: StateView, b: StateView): DifferenceKind[] {
  return [
    ...unequal('tasks differ', textOf(a, 'tasks', 'task'), textOf(b, 'tasks', 'task')),
    ...unequal('memory areas differ', textOf(a, 'vmas', 'area'), textOf(b, 'vmas', 'area')),
    ...unequal('files differ', textOf(a, 'files', 'file'), textOf(b, 'files', 'file')),
    ...unequal('other things differ', others(a), others(b)),
  ];
}

function textOf({ cold }: StateView, part: 'tasks' | 'vmas' | 'files', noun: string): Map<string, string> {
  return new Map(Object.entries(cold[part]).map(([id, value]) => [`${noun} ${id}`, canonicalJson(value)]));
}

function others(s: StateView): Map<string, string> {
  const { io_mode, regions } = s.cold;
  const parts = { holders: lockHolders(s), pins: pinsOf(s), seized: seizedSlots(s), io_mode, regions };
  return new Map(Object.entries(parts).map(([name, value]) => [name, canonicalJson(value)]));
}
