/** How long it takes to move about on a long tape, after it was read once; and whether faults in a state are found. */
import { DEFAULT_PROFILE, PRNG_NAME } from '@pagetape/core';
import type { Stimulus } from '@pagetape/events';
import { memoryOutput, readTape, TapeWriter, type Tape } from '../tape/index.ts';
import { Timeline } from '../timeline/timeline.ts';
import { parseWatch, watchStop } from '../timeline/watch.ts';
import { injectFaults, numbers } from './faults.ts';
import { now } from './measure.ts';
import { row, type Row } from './row.ts';
import type { Sizes } from './sizes.ts';
import { benchMachine, openMapped } from './workload.ts';

/** Moves memory to and fro in stretches of all sizes, so that no part of the tape is like another. */
function longTape(pages: number, events: number): Tape {
  const output = memoryOutput();
  const start = { profile: DEFAULT_PROFILE, seed: '0', prng: PRNG_NAME, level: 'full', pagetape: 'bench' } as const;
  const writer = new TapeWriter(output, { ...start, machine: { ...benchMachine(pages, 2 * pages) } });
  const simulation = openMapped(pages, 2 * pages, writer.block);
  const below = numbers(1);
  while (simulation.log.seq < events) {
    const first = below(pages);
    const more = 1 + below(pages - first);
    const mask = [below(2)];
    const steps: Stimulus[] = [
      { op: 'set_mempolicy', t: 'A', mode: 2, mask, maxnode: 64 },
      { op: 'migrate_pages', t: 'A', pid: 'self', maxnode: 64, old: [1 - mask[0]], new: mask },
      { op: 'touch', t: 'A', addr: ['r', first], pages: more, mode: below(2) === 0 ? 'r' : 'w' },
    ];
    for (const step of steps) simulation.perform(step);
  }
  simulation.finish();
  writer.end({});
  return readTape(output.bytes());
}

/** The value that so much of all are at most. */
function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)];
}

const milliseconds = (work: () => unknown): number => {
  const start = now();
  work();
  return (now() - start) / 1e6;
};

export function measureTimeline({ pages, timelineEvents, timelineMoves, faults }: Sizes, onRound: () => void): Row[] {
  const tape = longTape(pages, timelineEvents);
  onRound();
  const timeline = Timeline.open(tape);
  const whole = milliseconds(() => timeline.seek(timeline.last));
  onRound();
  const { seeks, backs } = moves(timeline, timelineMoves);
  onRound();
  const stretch = Math.min(1_000_000, Math.floor(timeline.last / 2));
  const reverse = reverseOver(timeline, stretch);
  const memory = process.memoryUsage().rss / 2 ** 20;
  onRound();
  const { exact } = injectFaults(faultTape(), faults, 1);
  onRound();
  const of = `a tape of ${timeline.last} events, ${pages} pages moved to and fro`;
  const all = `to reduce all events once, in ms`;
  return [
    row(
      'timeline.seek_p99',
      'ms',
      quantile(seeks, 0.99),
      whole,
      `${of}: seek to a random event, p99 of ${seeks.length}; baseline: ${all}`,
    ),
    row(
      'timeline.step_back_p99',
      'ms',
      quantile(backs, 0.99),
      whole,
      `${of}: a step back, p99 of ${backs.length}; baseline: ${all}`,
    ),
    row(
      'timeline.reverse_continue',
      'ms',
      reverse,
      whole,
      `${of}, pages: back over ${stretch} events in search of a change of an area, or of a page; baseline: ${all}`,
    ),
    row('timeline.memory', 'MiB', memory, 1024, `${of}: memory of the process then; baseline: 1 GiB`),
    row(
      'timeline.faults',
      'faults',
      exact,
      faults,
      `1 bit of the state turned over, 64 pages: named exactly; baseline: ${faults} injected`,
    ),
  ];
}

/** Seeks to random events; after each, a step back. Then steps back one after another. */
function moves(timeline: Timeline, count: number): { seeks: number[]; backs: number[] } {
  const below = numbers(2);
  const seeks: number[] = [];
  const backs: number[] = [];
  for (let i = 0; i < count; i++) {
    const seq = 1 + below(timeline.last);
    seeks.push(milliseconds(() => timeline.seek(seq)));
    backs.push(milliseconds(() => timeline.stepBack()));
  }
  for (let i = 0; i < 10 * count; i++) backs.push(milliseconds(() => timeline.stepBack()));
  return { seeks, backs };
}

/** The area was changed when it was made and never since: the search looks at all events of the stretch, and finds none. */
function reverseOver(timeline: Timeline, stretch: number): number {
  timeline.seek(timeline.last);
  const stop = watchStop(parseWatch('page A r+7', timeline.state));
  const never = watchStop(parseWatch('vma A r', timeline.state));
  const from = timeline.last - stretch;
  const [page, area] = [stop, never].map((each) => milliseconds(() => timeline.runBackTo(each, from)));
  return Math.max(page, area);
}

/** A short run with a bit of everything, on a machine so small that two states are compared after every event. */
function faultTape(): Tape {
  return longTape(64, 4000);
}
