/** Tapes as timelines: the state at any position is that of a replay from the start, however one came there. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashState, NotSimulated, PRNG_NAME, ScenarioFault, Simulation } from '@pagetape/core';
import { collectBlocks, eventsOf, printData, START as PLACE, type Stimulus } from '@pagetape/events';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { injectFaults } from '../src/bench/faults.ts';
import { main } from '../src/cli/program.ts';
import { firstDifference, firstDifferentBlock } from '../src/diff/events.ts';
import { Player } from '../src/laws/player.ts';
import { LEARNING } from '../src/learned/learned.ts';
import { Recorder, type RunStart } from '../src/run/record.ts';
import { startOf } from '../src/run/stimuli.ts';
import { verifyTape } from '../src/run/verify.ts';
import { memoryOutput, readTape, TapeError, TapeWriter, type Tape, type TapeStart } from '../src/tape/index.ts';
import { branchAt, forkAt, stepsOf, type Otherwise } from '../src/timeline/fork.ts';
import { folderOf, REDUCING } from '../src/timeline/key.ts';
import { saveBranch } from '../src/timeline/save.ts';
import { parsePosition } from '../src/timeline/position.ts';
import { Timeline } from '../src/timeline/timeline.ts';
import { parseWatch, runToChange } from '../src/timeline/watch.ts';
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
  { op: 'set_mempolicy', t: 'A', mode: 2, mask: [1], maxnode: 64 },
  { op: 'mbind', t: 'B', addr: ['r', 0], pages: 4, mode: 2, mask: [0, 1], maxnode: 64, flags: 0 },
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
  const start = { ...START, prng: PRNG_NAME, machine: { ...machine }, profile, seed, level };
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
  t.notThrows(() => fc.assert(property, { seed: 20060108, numRuns: 40 }));
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

// --- watching -----------------------------------------------------------------------------------------------------

/** Both tasks have their memory there. */
const watchedFrom = stepsOf(Timeline.open(tape, SMALL))[6].began - 1;

/** The seqs of all changes, found by looking at the text of the watched thing after every event. */
function changesByText(watched: string): number[] {
  const timeline = Timeline.open(tape, SMALL);
  timeline.seek(watchedFrom);
  const { tell } = parseWatch(watched, timeline.state);
  const changes: number[] = [];
  let text = tell(timeline.state);
  while (timeline.step() === 1) if (text !== (text = tell(timeline.state))) changes.push(timeline.seq);
  return changes;
}

const WATCHED: readonly [watch: string, changes: 'some' | 'none'][] = [
  ['page A r+3', 'some'],
  ['page B:r', 'some'],
  ['page A vpn:5', 'none'],
  ['pfn 70', 'some'],
  ['slot 5', 'some'],
  ['lru 0 inactive', 'none'],
  ['lru 0 active', 'some'],
  ['lru 1 active', 'some'],
  ['counter pswpout', 'some'],
  ['free 1', 'some'],
  ['vma A r+3', 'none'],
  ['policy A', 'some'],
  ['policy B r+2', 'some'],
  ['lru 0 inactive-anon', 'none'],
];

for (const [text, changes] of WATCHED) {
  test(`watch ${text}: what it finds forward, it finds backward, and nothing is missed`, (t) => {
    const timeline = Timeline.open(tape, SMALL);
    timeline.seek(watchedFrom);
    const watch = parseWatch(text, timeline.state);
    const forward: number[] = [];
    for (let hit = runToChange(timeline, watch, 'forward'); hit; hit = runToChange(timeline, watch, 'forward')) {
      forward.push(hit.seq);
      t.is(hit.seq, timeline.seq);
    }
    t.is(forward.length > 0, changes === 'some');
    t.deepEqual(forward, changesByText(text));
    timeline.seek(timeline.last);
    const back: number[] = [];
    for (let hit = runToChange(timeline, watch, 'back'); hit; hit = runToChange(timeline, watch, 'back'))
      back.unshift(hit.seq);
    const last = forward.at(-1) === timeline.last ? forward.slice(0, -1) : forward;
    t.deepEqual(
      back.filter((seq) => seq > watchedFrom),
      last,
    );
  });
}

const NOT_WATCHED: readonly [watch: string, message: RegExp][] = [
  ['pgae A r', /did you mean "page"/],
  ['page A', /write it as: page TASK/],
  ['page C r', /no task "C"/],
  ['page A q+1', /no page of A; .*A has r/],
  ['page A r+48', /has 48 pages/],
  ['pfn 99999', /from 0 to 10/],
  ['lru 0 old', /inactive, active, .* and unevictable/],
  ['lru 7 active', /no node 7/],
  ['counter pswpuot', /did you mean "pswpout"/],
];

test('what cannot be watched is refused with what would be right', (t) => {
  const timeline = Timeline.open(tape, SMALL);
  timeline.seek(timeline.last);
  for (const [text, message] of NOT_WATCHED) t.throws(() => parseWatch(text, timeline.state), { message }, text);
});

// --- branches -----------------------------------------------------------------------------------------------------

test('a branch at any position goes on exactly as the trunk: every event, every draw', (t) => {
  const timeline = Timeline.open(tape, SMALL);
  const steps = stepsOf(timeline);
  t.is(steps.length, STEPS.length);
  for (const [i, { began }] of steps.entries()) {
    const branch = branchAt(timeline, began - 1);
    t.like(branch, { seq: began - 1, before: i, inside: null });
    const { blocks, sink } = collectBlocks();
    const simulation = new Simulation({ from: branch.checkpoint, sink });
    for (const stimulus of branch.rest) simulation.perform(stimulus);
    simulation.finish();
    const again = blocks.flatMap((block) => [...eventsOf(block, { ...PLACE })].map(printData));
    const trunk = timeline.cursorAt(began);
    for (const line of again) {
      t.is(line, printData(trunk!.event()));
      trunk!.next();
    }
    t.is(again.length, timeline.last - began + 1);
  }
});

test('a branch from inside a step begins before it, and says so', (t) => {
  const timeline = Timeline.open(tape, SMALL);
  const [, , , , second] = stepsOf(timeline);
  const inside = branchAt(timeline, second.began + 3);
  t.is(inside.inside?.number, 5);
  t.is(inside.seq, second.began - 1);
  t.is(branchAt(timeline, 1).seq, stepsOf(timeline)[0].began - 1);
  const end = branchAt(timeline, timeline.last);
  t.deepEqual([end.seq, end.rest.length, end.inside], [timeline.last, 0, null]);
});

test('a branch by other rules or with other steps is compared with the trunk', (t) => {
  const timeline = Timeline.open(tape, SMALL);
  const at = stepsOf(timeline)[8].began - 1;
  timeline.seek(at);
  const same = forkAt(timeline, { profile: 'swap-v5-seed' });
  t.deepEqual([same.comparison.steps, same.comparison.timeAlone], [[], 0]);
  const direct = forkAt(timeline, { profile: 'linux-2.6.16' });
  t.is(direct.comparison.steps[0].step, 9);
  const moved = forkAt(timeline, { steps: [move('A', 0, 1)] });
  t.is(moved.inserted.length, 1);
  t.is(moved.other.steps.length, moved.trunk.steps.length);
  t.true(moved.comparison.steps.length > 0);
  t.is(timeline.seq, at);
  t.throws(() => forkAt(timeline, { profile: 'linux-6.12' }), { message: /cannot go on where/ });
});

test('a branch is kept as a tape, which verifies, and parts from the trunk where the branch begins', (t) => {
  const timeline = Timeline.open(tape, SMALL);
  const file = join(folder, 'branch.tape');
  const steps = stepsOf(timeline);
  const seq = steps[8].began - 1;
  const others: readonly (readonly [Otherwise, turns: unknown])[] = [
    [{ profile: 'linux-2.6.16' }, [{ seq, profile: 'linux-2.6.16' }]],
    [{ profile: 'swap-v5-seed', steps: [touch('A', 3)] }, undefined],
    [{ steps: [touch('B', 7)], rest: false }, undefined],
  ];
  for (const [otherwise, turns] of others) {
    const { branch, other, inserted } = forkAt(timeline, otherwise, seq);
    const { last, common, ended } = saveBranch(timeline, branch, otherwise, file);
    const saved = readTape(file);
    t.deepEqual([saved.header.turns, saved.lastSeq, common, ended], [turns, last, seq, null]);
    t.is(verifyTape(saved).divergence, null);
    t.true((firstDifference(tape, saved)?.seq ?? 0) >= seq + 1);
    const answers = stepsOf(Timeline.open(saved, SMALL)).length;
    t.is(answers, branch.before + inserted.length + other.steps.length);
  }
});

test('a branch of a branch turns twice, and a changed turn does not verify', (t) => {
  const timeline = Timeline.open(tape, SMALL);
  const [first, second] = [join(folder, 'first.tape'), join(folder, 'second.tape')];
  const at = (of: Timeline, step: number): number => stepsOf(of)[step].began - 1;
  const direct = { profile: 'linux-2.6.16' };
  saveBranch(timeline, branchAt(timeline, at(timeline, 8)), direct, first);
  const branch = Timeline.open(readTape(first), SMALL);
  const back = { profile: 'swap-v5-posted' };
  saveBranch(branch, branchAt(branch, at(branch, 11)), back, second);
  const saved = readTape(second);
  t.is(saved.header.turns?.length, 2);
  t.is(verifyTape(saved).divergence, null);
  t.is(Timeline.open(saved, SMALL).last, saved.lastSeq);
  const { turns: _, ...header } = saved.header;
  t.not(verifyTape({ ...saved, header }).divergence, null);
});

// --- divergence ---------------------------------------------------------------------------------------------------

test('the first of ten million events that differs takes 25 comparisons of blocks at most', (t) => {
  const blocks = Math.ceil(10_000_000 / 4096);
  const chains = (differs: number) => ({
    count: blocks,
    entry: (i: number) => ({ firstSeq: 4096 * i + 1, lastSeq: 4096 * (i + 1), chain: i < differs ? `${i}` : `${i}!` }),
  });
  for (const differs of [0, 1, 1000, blocks - 1, blocks]) {
    const { block, probes } = firstDifferentBlock(chains(blocks), chains(differs));
    t.is(block, differs);
    t.true(probes <= 25);
  }
});

test('the first difference is told with the field and both values', (t) => {
  const other = readTape(record(RUN, [...STEPS.slice(0, 9), touch('A', 47), ...STEPS.slice(10)]));
  const { fields, seq } = firstDifference(tape, other)!;
  t.deepEqual(fields, [{ name: 'stimulus.pages', a: '48', b: '47' }]);
  t.is(seq, stepsOf(Timeline.open(tape, SMALL))[9].began);
});

test('single-bit faults in the state of one of two equal tapes are found and named, each exactly', (t) => {
  const found = injectFaults(tape, 60, 20060108);
  t.deepEqual(found.wrong, []);
  t.is(found.exact, 60);
});

// --- the debugger -------------------------------------------------------------------------------------------------

const SCRIPTS: readonly [commands: string[], says: RegExp, status: 0 | 2][] = [
  [['goto end', 'where'], /step 20 of 20: touch/, 0],
  [['goto 500', 'b 3', 's 2', 'where'], /@499 of/, 0],
  [['goto end', 'last page A r+3', 'print page A r+3'], /before .*\n {2}after .*pfn/, 0],
  [
    ['goto 60', 'watch counter pswpout', 'c', 'c', 'r', 'stops'],
    /stop 1: watch counter pswpout\n {2}before {2}1\n {2}after {3}2[^]*before {2}0\n {2}after {3}1/,
    0,
  ],
  [['break PageEvicted', 'c', 'delete 1', 'stops'], /PageEvicted pfn=[^]*there are none/, 0],
  [
    ['break kind=PageEvicted and seq>700', 'c', 'r', 'where'],
    /break kind=PageEvicted and seq>700\n(7[0-9]\d|[89]\d\d|\d{4,}) .*PageEvicted[^]*nothing stops before/,
    0,
  ],
  [['goto 300', 'diff 310', 'diff end', 'where'], /A is \S+@300, B is \S+@310\n[^]*differ[^]*@300 of/, 0],
  [
    ['goto end', 'why --page A:r+3', 'who --counter pswpout', 'at', 'find PageEvicted --count', 'where'],
    /because[^]*pswpout[^]*Nodes, in pages[^]*step 20 of 20/,
    0,
  ],
  [['goto 300', 'diff'], /say what to compare with/, 2],
  [['break kind=PageEvictd'], /did you mean/, 2],
  [['next 9', 'fork profile linux-2.6.16'], /a branch at .*, after 8 steps[^]*Steps that differ/, 0],
  [['goto 300', 'fork alone do touch t="A" addr=["r",0] pages=4'], /lies in step \d+, which cannot/, 0],
  [['help'], /last +THING +go back[^]*lru NODE LIST/, 0],
  [['help watch'], /watch THING[^]*pfn N/, 0],
  [['contnue'], /command 1, "contnue": .*did you mean "continue"/, 2],
  [['c'], /nothing to stop at/, 2],
  [['goto 999999'], /no position/, 2],
];

for (const [commands, says, status] of SCRIPTS) {
  test(`debug: ${commands.join('; ')}`, async (t) => {
    const file = join(folder, 'debug.tape');
    fs.writeFileSync(file, bytes);
    let text = '';
    const write = (more: string): void => void (text += more);
    const context = { out: async (more: string) => write(more), err: write, terminal: false, status: 0 };
    await main(['debug', file, '-c', ...commands], context);
    t.regex(text, says);
    t.is(context.status, status);
  });
}

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

/** The tape of a file, and how many blocks of it were read. */
function counted(file: string): { tape: Tape; reads: () => number } {
  const opened = readTape(file);
  const blockAt = opened.blocks.blockAt.bind(opened.blocks);
  let reads = 0;
  opened.blocks.blockAt = (n) => {
    reads++;
    return blockAt(n);
  };
  return { tape: opened, reads: () => reads };
}

test('a tape is read once for all that questions need, and not again while its cache is good', (t) => {
  const file = join(folder, 'learned.tape');
  const cache = `${file}.cache`;
  fs.writeFileSync(file, bytes);
  const first = counted(file);
  const { names, touches, outcomes, blocks } = Timeline.open(first.tape, { cache, spacing: 512 }).learned;
  t.is(first.reads(), blocks);
  const again = counted(file);
  const timeline = Timeline.open(again.tape, { cache });
  const kept = timeline.learned;
  t.deepEqual(kept.names.allSteps(), names.allSteps());
  t.deepEqual(kept.names.tasks(), names.tasks());
  t.deepEqual(kept.touches, touches);
  for (let n = 0; n < blocks; n++) {
    const { firstSeq, lastSeq } = tape.blocks.entry(n);
    for (const seq of [firstSeq - 1, firstSeq + 100, lastSeq])
      t.deepEqual(kept.outcomes.upTo(n, firstSeq, seq), outcomes.upTo(n, firstSeq, seq));
  }
  t.is(again.reads(), 0);
  t.true(checkpoints(timeline) > 4, 'the same pass made the checkpoints');
  const written = fs.readFileSync(cache);
  timeline.close();
  t.deepEqual(fs.readFileSync(cache), written);
});

test('what was learned is the same whoever came by first', (t) => {
  const all = Timeline.open(tape, SMALL).learned;
  for (const walk of [[tape.lastSeq], [900, 30], [5, 2000, tape.lastSeq, 600]]) {
    const timeline = Timeline.open(tape, SMALL);
    for (const seq of walk) timeline.seek(seq);
    const { names, touches } = timeline.learned;
    t.deepEqual([names.allSteps(), touches], [all.names.allSteps(), all.touches]);
    t.is(timeline.seq, walk[walk.length - 1]);
  }
});

test('no text has a part in learning that the key of the cache does not cover', (t) => {
  const source = fileURLToPath(new URL('../src/', import.meta.url));
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const imports = /^import (?!type )[^;]*?from '(\.[^']+)'/gm;
    for (const [, from] of fs.readFileSync(file, 'utf8').matchAll(imports)) visit(join(dirname(file), from));
  };
  visit(join(source, 'learned/learned.ts'));
  t.true(seen.size > 5);
  for (const file of seen) t.true(LEARNING.includes(relative(source, file).split('/')[0]), file);
});

test('a question is answered where no cache can be written, too', async (t) => {
  const file = join(folder, 'alone.tape');
  fs.writeFileSync(file, bytes);
  fs.mkdirSync(`${file}.cache`);
  let text = '';
  const write = (more: string): void => void (text += more);
  const context = { out: async (more: string) => write(more), err: write, terminal: false, status: 0 };
  await main(['why', file, '--page', 'A:r+3'], context);
  t.regex(text, /^A r 3 is [^]*because/);
  t.is(context.status, 0);
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
    for (const [, from] of fs
      .readFileSync(file, 'utf8')
      .matchAll(/^(?:import (?!type )|export |\} )[^;]*?from '([^']+)'/gm)) {
      if (from.startsWith('.')) visit(join(dirname(file), from));
      else t.true(from === 'immer' || Object.hasOwn(REDUCING, from), `${file} imports ${from}`);
    }
  };
  visit(fileURLToPath(new URL('reduce/index.ts', `file://${core}/`)));
  t.true(seen.size > 20);
  const folders = REDUCING['@pagetape/core'];
  for (const file of seen) t.true(folders.includes(relative(core, file).split('/')[0]), file);
});
