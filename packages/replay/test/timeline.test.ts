/** Tapes as timelines: the state at any position is that of a replay from the start, however one came there. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashState, NotSimulated, ScenarioFault } from '@pagetape/core';
import type { Stimulus } from '@pagetape/events';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { Player } from '../src/laws/player.ts';
import { Recorder, type RunStart } from '../src/run/record.ts';
import { startOf } from '../src/run/stimuli.ts';
import { memoryOutput, readTape, TapeError, TapeWriter, type Tape, type TapeStart } from '../src/tape/index.ts';
import { folderOf, REDUCING } from '../src/timeline/key.ts';
import { parsePosition } from '../src/timeline/position.ts';
import { Timeline } from '../src/timeline/timeline.ts';
import { anyProgram } from './programs.ts';
import { START } from './tape-blocks.ts';

const folder = fs.mkdtempSync(join(tmpdir(), 'pagetape-timeline-'));
test.after.always(() => fs.rmSync(folder, { recursive: true }));

// --- tapes --------------------------------------------------------------------------------------------------------

const touch = (t: string, pages: number): Stimulus => ({ op: 'touch', t, addr: ['r', 0], pages });
const move = (t: string, old: number, to: number): Stimulus => {
  return { op: 'migrate_pages', t, pid: 'self', maxnode: 64, old: [old], new: [to] };
};

/** Two tasks whose memory goes to and fro, so that blocks are full and steps overlap. */
const STEPS: readonly Stimulus[] = [
  ...['A', 'B'].flatMap((t): Stimulus[] => [
    { op: 'spawn', t, node: 0 },
    { op: 'mmap', t, r: 'r', at: 0, pages: 48 },
    touch(t, 48),
  ]),
  ...[0, 1, 0, 1].flatMap((node): Stimulus[] => [
    { op: 'parallel', steps: [move('A', node, 1 - node), move('B', node, 1 - node)] },
    touch('A', 48),
    touch('B', 20),
  ]),
];

const RUN: RunStart = {
  machine: {
    nodes: [
      { id: 0, pages: 512, cpus: 2 },
      { id: 1, pages: 512, cpus: 1 },
    ],
    swap: [300],
    page_cluster: 3,
    io: 'step',
  },
  profile: 'swap-v5-seed',
  seed: '7',
};

function record(
  { machine, profile, seed }: RunStart,
  steps: readonly Stimulus[],
  level: TapeStart['level'] = 'full',
): Uint8Array {
  const output = memoryOutput();
  const start = { ...START, machine: { ...machine }, profile, seed, level };
  const recorder = new Recorder({ machine, profile, seed }, new TapeWriter(output, start));
  try {
    for (const step of steps) if (recorder.perform(step).stop) break;
  } catch (error) {
    if (!(error instanceof NotSimulated || error instanceof ScenarioFault)) throw error;
  }
  recorder.end({ outcome: 'done' });
  return output.bytes();
}

const bytes = record(RUN, STEPS);
const tape = readTape(bytes);
const SMALL = { cache: null, spacing: 512 };

/** Hashes of the states at some positions, by replaying from the start. */
function statesOf(of: Tape, seqs: readonly number[]): Map<number, string> {
  const player = Player.open(startOf(of).machine, [...of.blocks]);
  const states = new Map<number, string>();
  for (const seq of [...seqs].sort((a, b) => a - b)) {
    player.playTo(seq);
    states.set(seq, hashState(player.view));
  }
  return states;
}

// --- moving -------------------------------------------------------------------------------------------------------

test('any walk over any tape finds the states of a replay from the start (fast-check)', (t) => {
  const walks = fc.array(fc.tuple(fc.constantFrom('seek', 'step', 'back'), fc.nat()), { minLength: 1, maxLength: 12 });
  const property = fc.property(anyProgram(16), walks, fc.constantFrom(16, 64, 4096), (program, walk, spacing) => {
    const made = readTape(record(program, program.steps));
    const timeline = Timeline.open(made, { cache: null, spacing });
    const trail: [number, string][] = [];
    for (const [how, n] of walk) {
      if (how === 'seek') timeline.seek(n % (timeline.last + 1));
      else if (how === 'step') timeline.step(n % 50);
      else timeline.stepBack(n % 50);
      trail.push([timeline.seq, hashState(timeline.state)]);
    }
    const states = statesOf(
      made,
      trail.map(([seq]) => seq),
    );
    for (const [seq, state] of trail)
      if (states.get(seq) !== state) throw new Error(`the state at ${seq} is another one`);
  });
  fc.assert(property, { seed: 20060108, numRuns: 40 });
  t.pass();
});

test('every event and every position of a tape with full blocks', (t) => {
  const timeline = Timeline.open(tape, SMALL);
  const all = Array.from({ length: timeline.last + 1 }, (_, seq) => seq);
  const some = all.filter((seq) => seq % 97 === 0 || seq === timeline.last);
  const states = statesOf(tape, some);
  for (const seq of [...some].reverse()) {
    timeline.seek(seq);
    t.is(states.get(seq), hashState(timeline.state));
    t.is(timeline.event()?.seq ?? 0, seq);
  }
  timeline.seek(timeline.last);
  for (let back = 1; back <= 300; back++) t.is(timeline.stepBack(), 1);
  t.is(timeline.seq, timeline.last - 300);
  t.is(timeline.step(1000), 300);
  t.is(timeline.stepBack(10 * timeline.last), timeline.last);
  t.is(timeline.event(), null);
  t.throws(() => timeline.seek(timeline.last + 1), { instanceOf: RangeError });
  t.throws(() => timeline.seek(-1), { instanceOf: RangeError });
});

test('runs to an event and to a change, and back to the last one', (t) => {
  const timeline = Timeline.open(tape, SMALL);
  const kinds = Array.from({ length: timeline.last }, (_, i) => timeline.event(i + 1)?.kind);
  const first = kinds.indexOf('StimulusEnded') + 1;
  const last = kinds.lastIndexOf('StimulusEnded') + 1;
  const ended = { on: 'events', matches: ({ kind }: { kind: number }) => kind === 2 } as const;
  t.is(timeline.runTo(ended), first);
  timeline.seek(timeline.last);
  t.is(timeline.runBackTo(ended), last === timeline.last ? kinds.slice(0, -1).lastIndexOf('StimulusEnded') + 1 : last);
  timeline.seek(first - 1);
  t.is(timeline.runBackTo(ended), null);
  t.is(timeline.seq, first - 1);
  timeline.seek(last);
  t.is(timeline.runTo(ended), null);
  t.is(timeline.seq, last);

  let before = 0;
  const faults = {
    on: 'state',
    begin: (s: Timeline['state']) => void (before = s.vmstat[0]),
    after: (s: Timeline['state']) => before !== (before = s.vmstat[0]),
  } as const;
  const changes: number[] = [];
  timeline.seek(0);
  for (let hit = timeline.runTo(faults); hit !== null; hit = timeline.runTo(faults)) changes.push(hit);
  t.true(changes.length > 96);
  timeline.seek(timeline.last);
  const back: number[] = [];
  for (let hit = timeline.runBackTo(faults); hit !== null; hit = timeline.runBackTo(faults)) back.unshift(hit);
  t.deepEqual(back, changes);
});

test('a tape of steps alone is run again, and must give the same events', (t) => {
  const steps = readTape(record(RUN, STEPS, 'inputs'));
  const timeline = Timeline.open(steps, SMALL);
  timeline.seek(timeline.last);
  t.is(statesOf(tape, [tape.lastSeq]).get(tape.lastSeq), hashState(timeline.state));
  const other = readTape(record({ ...RUN, seed: '8' }, STEPS, 'inputs'));
  const wrong: Tape = { ...other, header: { ...other.header, seed: '7' } };
  t.throws(() => Timeline.open(wrong, SMALL), { instanceOf: TapeError, message: /give other events now/ });
});

test('positions are written X.tape@SEQ', (t) => {
  const table: [string, string, number | 'end' | null][] = [
    ['x.tape', 'x.tape', null],
    ['x.tape@0', 'x.tape', 0],
    ['a@b/x@2.tape@120', 'a@b/x@2.tape', 120],
    ['x.tape@end', 'x.tape', 'end'],
    ['x.tape@', 'x.tape@', null],
    ['x.tape@-1', 'x.tape@-1', null],
    ['@3', '@3', null],
  ];
  for (const [text, file, seq] of table) t.deepEqual(parsePosition(text), { file, seq }, text);
});

// --- the cache ----------------------------------------------------------------------------------------------------

/** Writes the tape and the cache of its checkpoints, and returns their files. */
function cached(name: string): { file: string; cache: string } {
  const file = join(folder, `${name}.tape`);
  fs.writeFileSync(file, bytes);
  const timeline = Timeline.open(file, { spacing: 512 });
  timeline.seek(timeline.last);
  timeline.close();
  return { file, cache: `${file}.cache` };
}

const checkpoints = (timeline: Timeline): number => timeline.checkpointsUpTo(timeline.last).length;

function isRight(t: ExecutionContext, timeline: Timeline, what: string): void {
  const seqs = [tape.lastSeq, Math.floor(tape.lastSeq / 2), 1];
  const states = statesOf(tape, seqs);
  for (const seq of seqs) {
    timeline.seek(seq);
    t.is(states.get(seq), hashState(timeline.state), what);
  }
}

test('checkpoints are kept beside the tape, and give the same states', (t) => {
  const { file, cache } = cached('kept');
  const written = fs.readFileSync(cache);
  const timeline = Timeline.open(file, { spacing: 512 });
  t.true(checkpoints(timeline) > 4);
  isRight(t, timeline, 'kept');
  timeline.close();
  t.deepEqual(fs.readFileSync(cache), written);
});

test('a cache that is damaged, cut off, or of something else gives what is whole, and never a wrong state', (t) => {
  const { file, cache } = cached('damaged');
  const good = fs.readFileSync(cache);
  const whole = checkpoints(Timeline.open(file));
  const changed = (at: number): Buffer => {
    const copy = Buffer.from(good);
    copy[at] ^= 0x10;
    return copy;
  };
  const damages: [string, Buffer][] = [
    ['empty', Buffer.alloc(0)],
    ['a text', Buffer.from('not a cache')],
    ...[1, 9, 12, 20, 30, 60, good.length >> 1, good.length - 1].flatMap((at): [string, Buffer][] => [
      [`cut off at ${at}`, good.subarray(0, at)],
      [`changed at ${at}`, changed(at)],
    ]),
  ];
  for (const [what, damaged] of damages) {
    fs.writeFileSync(cache, damaged);
    const timeline = Timeline.open(file);
    t.true(checkpoints(timeline) < whole, what);
    isRight(t, timeline, what);
  }
  const other = record({ ...RUN, seed: '9' }, STEPS);
  fs.writeFileSync(cache, good);
  fs.writeFileSync(file, other);
  t.true(checkpoints(Timeline.open(file)) < whole);
});

test('a place where no cache can be written is no error', (t) => {
  const timeline = Timeline.open(tape, { cache: join(folder, 'no such folder', 'x.cache'), spacing: 512 });
  timeline.seek(timeline.last);
  t.notThrows(() => timeline.close());
  const asFolder = join(folder, 'a folder');
  fs.mkdirSync(asFolder);
  const second = Timeline.open(tape, { cache: asFolder, spacing: 512 });
  second.seek(second.last);
  t.notThrows(() => second.close());
  t.deepEqual(
    fs.readdirSync(folder).filter((name) => /cache\.\d+$|folder\.\d+$/.test(name)),
    [],
  );
});

test('no text has a part in reducing that the key of the cache does not cover', (t) => {
  const core = folderOf('@pagetape/core');
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, from] of fs.readFileSync(file, 'utf8').matchAll(/from '([^']+)'/g)) {
      if (from.startsWith('.')) visit(join(dirname(file), from));
      else t.true(from === 'immer' || Object.hasOwn(REDUCING, from), `${file} imports ${from}`);
    }
  };
  visit(fileURLToPath(new URL('reduce/index.ts', `file://${core}/`)));
  const folders = REDUCING['@pagetape/core'];
  for (const file of seen) t.true(folders.includes(relative(core, file).split('/')[0]), file);
});
