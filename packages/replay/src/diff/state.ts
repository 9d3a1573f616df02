/** What differs between two states, in the words of somebody who looks at tasks and pages. */
import { canonicalJson } from '@pagetape/events';
import { hashState, layout, lockHolders, pinsOf, read, seizedSlots, type StateView } from '@pagetape/core';
import { pageNamer, rangeText, type PageName } from '../report/names.ts';
import { counters, freeNumbers, taskNumbers } from '../report/numbers.ts';
import { livingMms, pagesOfMm, placeOf, type Place } from '../report/places.ts';

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
  readonly first: number;
  last: number;
  /** What is the same for all of them, on each side. */
  readonly sides: number;
  readonly a: string;
  readonly b: string;
}

function pageDifferences(a: StateView, b: StateView): DifferenceKind[] {
  const found = new Map<PageKind, PageRun[]>();
  const name = pageNamer(a);
  const inB = new Map(livingMms(b).map(({ mm, tasks }) => [tasks[0], mm]));
  for (const { mm, tasks } of livingMms(a)) {
    const other = inB.get(tasks[0]);
    if (other === undefined) continue;
    for (const vpn of pagesOfEither([...pagesOfMm(a, mm)], pagesOfMm(b, other))) {
      const kind = pageKind(a, b, mm, other, vpn);
      if (kind)
        addPage(found, kind, name(mm, vpn), sideOf(a, mm, vpn) * 0x800000 + sideOf(b, other, vpn), () => [
          placeText(a, mm, vpn),
          placeText(b, other, vpn),
        ]);
    }
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

/** All of A, then what only B has. Both are ascending. */
function* pagesOfEither(ofA: readonly number[], ofB: Iterable<number>): Generator<number> {
  yield* ofA;
  let at = 0;
  for (const vpn of ofB) {
    while (at < ofA.length && ofA[at] < vpn) at++;
    if (ofA[at] !== vpn) yield vpn;
  }
}

function addPage(
  found: Map<PageKind, PageRun[]>,
  kind: PageKind,
  { region, page }: PageName,
  sides: number,
  texts: () => readonly [string, string],
): void {
  const runs = found.get(kind);
  const run = runs?.at(-1);
  if (run && run.region === region && run.last === page - 1 && run.sides === sides) run.last = page;
  else {
    const [a, b] = texts();
    const next = { region, first: page, last: page, sides, a, b };
    if (runs) runs.push(next);
    else found.set(kind, [next]);
  }
}

/** A number that is the same for pages of which the same is told, but for their frames and slots. */
function sideOf(s: StateView, mm: number, vpn: number): number {
  const place = placeOf(s, mm, vpn);
  if (place === null) return 0;
  if (place === 'zero') return 1;
  if (place === 'swap') return 2;
  if (place === 'bad') return 3;
  const pte = read.pte_of(s, mm, vpn);
  const bits = pte & (layout.PTE_WRITE | layout.PTE_YOUNG | layout.PTE_DIRTY | layout.PTE_PRESENT);
  return 64 * (place + 1) + bits;
}

function pageKind(a: StateView, b: StateView, mmA: number, mmB: number, vpn: number): PageKind | null {
  const [placeA, placeB] = [placeOf(a, mmA, vpn), placeOf(b, mmB, vpn)];
  if (placeA !== placeB) return placeKind(placeA, placeB);
  const [pteA, pteB] = [read.pte_of(a, mmA, vpn), read.pte_of(b, mmB, vpn)];
  if (pteA === pteB) return null;
  if (placeA === 'swap') return 'slot';
  if (placeA === null) return 'file page';
  if (placeA === 'bad') return 'frame';
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

function placeText(s: StateView, mm: number, vpn: number): string {
  const pte = read.pte_of(s, mm, vpn);
  const place = placeOf(s, mm, vpn);
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
