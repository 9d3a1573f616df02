/** Call by call: what a user would notice that is not the same in two runs of the same steps. */
import type { Result } from '@pagetape/core';
import type { Ledger } from '../ledger/ledger.ts';
import type { MemoryOf } from '../report/places.ts';
import { entriesBy, entryList, statusWord, type Statuses } from '../report/statuses.ts';
import { duration } from '../report/words.ts';
import type { Twin, TwinStep } from './twin.ts';

/** One thing that is not the same, in words for each run. */
export interface Contrast {
  readonly what: string;
  readonly a: string;
  readonly b: string;
}

/** A step in which more than time is not the same. */
export interface StepContrast {
  /** Counted from 1. */
  readonly step: number;
  readonly contrasts: readonly Contrast[];
}

/** What the two runs come to. */
export interface Comparison {
  /** Steps that the runs have in common. */
  readonly before: number;
  readonly steps: readonly StepContrast[];
  /** Steps that both runs came to. */
  readonly compared: number;
  /** Steps in which time alone is not the same. */
  readonly timeAlone: number;
  /** Sums over the steps that both runs came to. */
  readonly totals: readonly Contrast[];
}

/** Compares the steps that both runs came to; so many came before them. */
export function compareTwins(a: Twin, b: Twin, before = 0): Comparison {
  const compared = Math.min(a.steps.length, b.steps.length);
  const steps: StepContrast[] = [];
  let timeAlone = 0;
  let [lastA, lastB]: [Memory, Memory] = [{}, {}];
  for (let i = 0; i < compared; i++) {
    const [x, y] = [a.steps[i], b.steps[i]];
    const contrasts = [...answers(x, y), ...work(x, y), ...placement(x, y, lastA, lastB)];
    const time = x.took_ns === y.took_ns ? [] : [contrast('time', duration(x.took_ns), duration(y.took_ns))];
    if (contrasts.length > 0) steps.push({ step: before + i + 1, contrasts: [...contrasts, ...time] });
    else if (time.length > 0) timeAlone++;
    [lastA, lastB] = [x.memory, y.memory];
  }
  return { before, steps, compared, timeAlone, totals: totals(a.steps.slice(0, compared), b.steps.slice(0, compared)) };
}

const contrast = (what: string, a: string, b: string): Contrast => ({ what, a, b });

function differing(what: string, a: string, b: string): Contrast[] {
  return a === b ? [] : [contrast(what, a, b)];
}

/** What a call answered, in a few words. */
export function answerText(result: Result): string {
  const { ret, errno, sig, dead, stop } = result;
  if (dead) return 'nothing: the task has ended';
  if (stop) return 'never returns';
  return [errno ? `${ret} ${errno}` : `${ret}`, ...(sig ? [sig] : []), ...listed(result)].join(' ');
}

function listed({ mode, mask }: Result): string[] {
  return [
    ...(mode === undefined ? [] : [`mode ${mode}`]),
    ...(mask === undefined ? [] : [`mask ${mask.map((word) => word ?? '-').join(' ')}`]),
  ];
}

const answers = (a: TwinStep, b: TwinStep): Contrast[] => [
  ...differing('answer', answerText(a.result), answerText(b.result)),
  ...statuses(a.result.status ?? [], b.result.status ?? []),
];

/** The entries of move_pages(2) of which the runs do not say the same: those with the same two statuses together. */
function statuses(a: Statuses, b: Statuses): Contrast[] {
  const word = (status: Statuses, entry: number): string => statusWord(status[entry] ?? null);
  const pairs = entriesBy(Math.max(a.length, b.length), (entry) => `${word(a, entry)}\n${word(b, entry)}`);
  return [...pairs].flatMap(([pair, entries]) => {
    const [was, is] = pair.split('\n');
    return differing(`status of ${entryList(entries)}`, was, is);
  });
}

/** What the kernel did for the step. */
function work(a: TwinStep, b: TwinStep): Contrast[] {
  const of = (step: TwinStep, tell: (ledger: Ledger) => string): string =>
    step.facts.ledger ? tell(step.facts.ledger) : '-';
  const both = (what: string, tell: (ledger: Ledger) => string): Contrast[] =>
    differing(what, of(a, tell), of(b, tell));
  return [
    ...both('pages moved', (ledger) => `${ledger.isolated - refusedAfterIsolation(ledger)} of ${ledger.isolated}`),
    ...both('not moved', reasonsOf),
    ...both('passes', ({ passes }) => `${passes}`),
    ...differing('written to swap', `${a.written}`, `${b.written}`),
    ...differing('read from swap', `${a.read}`, `${b.read}`),
    ...differing('major faults', `${a.facts.majorFaults}`, `${b.facts.majorFaults}`),
  ];
}

const refusedAfterIsolation = ({ refused }: Ledger): number =>
  refused.reduce((sum, group) => sum + (group.isolated ? group.pages.length : 0), 0);

const reasonsOf = ({ refused }: Ledger): string =>
  refused.map(({ reason, pages }) => `${pages.length} ${reason}`).join(', ') || 'none';

type Memory = TwinStep['memory'];

/** Where memory lies after the step, of tasks whose memory the step changed in one of the runs. */
function placement(a: TwinStep, b: TwinStep, beforeA: Memory, beforeB: Memory): Contrast[] {
  const names = [...new Set([...Object.keys(a.memory), ...Object.keys(b.memory)])];
  const changed = (memory: Memory, before: Memory, name: string): boolean =>
    placesOf(memory[name]) !== placesOf(before[name]);
  return names
    .filter((name) => changed(a.memory, beforeA, name) || changed(b.memory, beforeB, name))
    .flatMap((name) => differing(`memory of ${name}`, placesOf(a.memory[name]), placesOf(b.memory[name])));
}

/** "N0=22 N3=4 swap=154" */
export function placesOf(memory: MemoryOf | undefined): string {
  if (!memory) return 'gone';
  const { onNode, swapped, zero } = memory;
  const parts = onNode.map((pages, n) => (pages > 0 ? `N${memory.nodes[n]}=${pages}` : ''));
  const others = [...(swapped > 0 ? [`swap=${swapped}`] : []), ...(zero > 0 ? [`zero=${zero}`] : [])];
  return [...parts.filter((part) => part !== ''), ...others].join(' ') || 'none';
}

function totals(a: readonly TwinStep[], b: readonly TwinStep[]): Contrast[] {
  const sum = (steps: readonly TwinStep[], of: (step: TwinStep) => number): number =>
    steps.reduce((total, step) => total + of(step), 0);
  const both = (what: string, of: (step: TwinStep) => number, tell = (n: number) => `${n}`): Contrast =>
    contrast(what, tell(sum(a, of)), tell(sum(b, of)));
  return [
    both('time of all steps', ({ took_ns }) => took_ns, duration),
    both('pages written to swap', ({ written }) => written),
    both('pages read from swap', ({ read }) => read),
  ];
}
