/**
 * Runs a scenario and tells its outcome as text: for each step its line and its answer, then what happened in the
 * words of recorded traces, one paragraph a pass, then what changed in the state. Profiles with the same outcome
 * share a text.
 */
import { ALL_PROFILES, Simulation, type Result } from '@pagetape/core';
import { eventsOf, printStimulus, START, type Position, type RecordedEvent } from '@pagetape/events';
import { observe, type Observation } from '../src/conform/observe.ts';
import { Names } from '../src/conform/pages.ts';
import { traceOf } from '../src/conform/trace.ts';
import type { Scenario } from '../src/scenario/load.ts';
import { fold } from './fold.ts';
import { ToldPlacement } from './placement.ts';

const WIDTH = 118;

/** The kernels of swap migration, oldest first. */
const KERNELS = ['swap-v5-posted', 'swap-v5-seed', 'swap-v5-rc1'];

/** The kernels that a scenario is told for: those that it names, or the three of swap migration. */
export const kernelsOf = ({ profile, compare = [] }: Scenario): readonly string[] =>
  profile ? [profile, ...compare] : KERNELS;

const hasHugePages = ({ machine }: Scenario): boolean =>
  (machine.thp ?? 'never') !== 'never' || machine.hugepages !== undefined;

/** The outcome under each of these kernels; with `lists`, that of the LRU lists of nodes, too. */
export function outcomeOf(scenario: Scenario, lists = false): string {
  const profiles = kernelsOf(scenario);
  const steps = profiles.map((profile) => {
    const run = hasHugePages(scenario)
      ? new ToldPlacement(scenario, profile)
      : new Told(scenario, profile, lists ? [...TOLD, LISTS] : TOLD);
    return scenario.steps.map((step) => run.step(step).join('\n'));
  });
  return inOne(profiles, steps);
}

/**
 * Steps that are told alike come first and once; from the first difference on each outcome follows with its profiles.
 */
function inOne(profiles: readonly string[], steps: readonly (readonly string[])[]): string {
  const [first] = steps;
  let same = first.findIndex((text, n) => steps.some((other) => other[n] !== text));
  if (same < 0) same = first.length;
  const ends = new Map<string, string[]>();
  steps.forEach((texts, i) => {
    const rest = texts.slice(same).join('\n');
    ends.set(rest, [...(ends.get(rest) ?? []), profiles[i]]);
  });
  const head = [`=== ${profiles.join(', ')} ===`, ...first.slice(0, same), ''];
  if (same === first.length) return head.join('\n');
  const tails = [...ends].map(([rest, names]) => `=== from here on: ${names.join(', ')} ===\n${rest}\n`);
  return [...head, ...tails].join('\n');
}

class Told {
  private readonly simulation: Simulation;
  private readonly names: Names;
  private readonly profile: string;
  private readonly told: readonly Part[];
  private readonly at: Position = { ...START };
  private events: RecordedEvent[] = [];
  private before: Observation;
  private stopped = false;

  constructor(scenario: Scenario, profile: string, told: readonly Part[]) {
    this.profile = profile;
    this.told = told;
    const sink = (block: Parameters<typeof eventsOf>[0]): void => {
      this.events.push(...eventsOf({ ...block, rows: block.rows.slice() }, this.at));
    };
    const seed = scenario.seed === undefined ? {} : { seed: scenario.seed };
    this.simulation = new Simulation({ machine: scenario.machine, profile, sink, ...seed });
    this.names = new Names(this.simulation.view);
    this.trace();
    this.before = observe(this.simulation.view, this.names);
  }

  private trace(): string[] {
    this.simulation.finish();
    const done = ALL_PROFILES[this.profile].evicted_page === 'moved-list' ? 'moved' : 'evicted';
    const trace = traceOf(this.events, this.names, done);
    this.events = [];
    return trace;
  }

  step(stimulus: Scenario['steps'][number]): string[] {
    if (this.stopped) return [`${printStimulus(stimulus)}  →  not done, as the run has stopped`];
    const line = printStimulus(stimulus).replaceAll('},{', '}, {');
    const result = this.simulation.perform(stimulus);
    this.stopped = result.stop !== undefined;
    const trace = this.trace();
    const { view } = this.simulation;
    const after = observe(view, this.names);
    const lines = [
      ...wrap('', `${line}  →  ${answer(result)}`),
      ...fold(paragraphs(trace).map(paragraph)).flatMap((text) => wrap('    ', text)),
      ...changes(this.told, this.before, after).flatMap((line) => wrap('        ', fold(line.split(' ')).join(' '))),
    ];
    this.before = after;
    return lines;
  }
}

function answer(result: Result): string {
  const { ret, errno, sig, stop, dead, mode, mask, value, maps, vmstat, shared, sharing, status, out = [] } = result;
  const words = [ret === null ? '' : `${ret}`, errno, sig, stop, dead ? 'dead' : undefined];
  if (mode !== undefined) words.push(`mode=${mode}`);
  if (value !== undefined) words.push(JSON.stringify(value));
  if (maps !== undefined) words.push(...maps.map((line) => JSON.stringify(line)));
  if (shared !== undefined) words.push(`shared=${shared} sharing=${sharing}`);
  if (vmstat !== undefined)
    words.push(...Object.entries(vmstat).flatMap(([name, n]) => (n > 0 ? [`${name}=${n}`] : [])));
  for (const buffer of out) words.push(`out=[${buffer.map((word) => word ?? '-').join(' ')}]`);
  if (status) words.push(`status=[${status.map((each) => each ?? '-').join(' ')}]`);
  if (mask) words.push(`mask=[${mask.map((word) => word ?? '-').join(' ')}]`);
  return words.filter((word) => word !== undefined && word !== '').join(' ');
}

/** Words of trace lines that begin a paragraph. */
const BEGINS: ReadonlySet<string> = new Set(['pass', 'during', 'settle', 'drain-all']);

/**
 * Lines that belong together: of a pass those of one page, in the order of the trace; of others all up to their end. A page
 * that moves to another frame is the same page there, until a batch has it.
 */
function paragraphs(trace: readonly string[]): string[][] {
  const found: string[][] = [];
  let mode: 'plain' | 'pass' | 'during' = 'plain';
  let begin = true;
  let page: string | undefined;
  let moved: string | undefined;
  for (const line of trace) {
    const [word, , to] = line.split(' ');
    const named = /#\d+/.exec(line)?.[0];
    if (word === 'move') moved = to;
    const target = named !== undefined && named === moved;
    const of = target ? page : named;
    const back = word === 'putback' && mode === 'pass' && !target;
    if (begin || back || BEGINS.has(word) || (word === 'did' && mode !== 'during')) found.push([line]);
    else if (mode === 'pass' && page !== undefined && of !== undefined && of !== page) found.push(['   ', line]);
    else found[found.length - 1].push(line);
    begin = word === 'did';
    if (word === 'during') mode = 'during';
    else if (word === 'pass' || begin) mode = 'pass';
    else if (back || BEGINS.has(word)) mode = 'plain';
    page = begin || BEGINS.has(word) ? undefined : (of ?? page);
  }
  return found;
}

/** A paragraph in one line; one of a pass that goes on is indented. */
const paragraph = (words: readonly string[]): string =>
  fold(words)
    .join('; ')
    .replace(/^ {3}; /, '        ');

/** Breaks a line before the width, at blanks; what follows is indented further. */
function wrap(indent: string, line: string): string[] {
  const lines: string[] = [];
  let rest = indent + line;
  while (rest.length > WIDTH) {
    const at = rest.lastIndexOf(' ', WIDTH);
    if (at <= indent.length + 4) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = `${indent}    ${rest.slice(at + 1)}`;
  }
  return [...lines, rest];
}

/** The parts of the state that are told, each with how much of it. */
type Part = readonly [part: string, what: (key: string, value: string) => string | undefined];
const TOLD: readonly Part[] = [
  ['pt', (key, value) => `${key}: ${value}`],
  ['pages', (key, value) => `${key}: ${value}`],
  ['vec', (key, value) => `${key}: ${value}`],
  ['file', (key, value) => `${key}: ${value}`],
  ['vma', (key, value) => `areas of ${key}: ${value}`],
  ['node', (key, value) => `${key}: ${value.split(' ')[0]}`],
  ['swap', (key, value) => (key === 'free' || key === 'next' ? `swap ${key}=${value}` : undefined)],
  ['cnt', (key, value) => (key === 'warn' ? `warnings: ${value}` : undefined)],
];

/** The LRU lists, from their heads on. */
const LISTS: Part = ['lru', (key, value) => `${key}: ${value}`];

function changes(parts: readonly Part[], before: Observation, after: Observation): string[] {
  const lines: string[] = [];
  for (const [part, what] of parts) {
    const [old, now] = [before[part], after[part]] as Record<string, string | number>[];
    const changed = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
      (key) => tell(what, key, old[key]) !== tell(what, key, now[key]),
    );
    const told = changed.map((key) => [key, tell(what, key, now[key])] as const);
    lines.push(...(part === 'pages' ? together(told) : told.map(([, text]) => text)));
  }
  const slots = changedSlots(before['slots'] as Record<string, number>, after['slots'] as Record<string, number>);
  return slots === '' ? lines : [...lines, `users of slots: ${slots}`];
}

const tell = (what: Part[1], key: string, value: string | number | undefined): string =>
  what(key, `${value ?? 'gone'}`) ?? '';

/** Pages of which the same is told share a line. */
function together(told: readonly (readonly [key: string, text: string])[]): string[] {
  const keys = new Map<string, string[]>();
  for (const [key, text] of told) {
    const state = text.slice(key.length + 2);
    keys.set(state, [...(keys.get(state) ?? []), key]);
  }
  return [...keys].map(([state, pages]) => `${pages.join(' ')}: ${state}`);
}

/** Slots with another number of users, neighbours with the same number together: `s1-s4=1 s7=0`. */
function changedSlots(old: Record<string, number>, now: Record<string, number>): string {
  const runs: { first: number; last: number; users: number }[] = [];
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].map((key) => Number(key.slice(1)));
  for (const slot of keys.sort((a, b) => a - b)) {
    const users = now[`s${slot}`] ?? 0;
    if (users === (old[`s${slot}`] ?? 0)) continue;
    const run = runs.at(-1);
    if (run && run.last === slot - 1 && run.users === users) run.last = slot;
    else runs.push({ first: slot, last: slot, users });
  }
  return runs.map(({ first, last, users }) => `s${first}${last > first ? `-s${last}` : ''}=${users}`).join(' ');
}
