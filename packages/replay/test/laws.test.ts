/** Every scenario proves every law, under every profile; and so do random programs. */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PROFILES, type Result } from '@pagetape/core';
import { eventByName, printStimulus, ROW_LENGTH, type Stimulus } from '@pagetape/events';
import test from 'ava';
import fc from 'fast-check';
import { checkLaws } from '../src/laws/checkLaws.ts';
import { checkLedger } from '../src/ledger/check.ts';
import * as laws from '../src/laws/laws.ts';
import { recordRun, type Program, type Recording } from '../src/laws/recording.ts';
import { loadOracle } from '../src/scenario/oracle.ts';
import { anyProgram } from './programs.ts';

const recorded = fileURLToPath(new URL('../../core/test/oracle/swap-v5/', import.meta.url));
const files = fs.readdirSync(recorded).filter((file) => file.endsWith('.json'));

for (const file of files) {
  test(`${file} obeys the laws`, (t) => {
    const { machine, steps } = loadOracle(recorded + file).scenario;
    for (const profile of Object.keys(PROFILES)) {
      const { failures, refused } = checkLaws({ machine, profile, seed: file, steps }, { ledger: checkLedger });
      t.deepEqual([profile, ...failures], [profile]);
      t.is(refused, undefined);
    }
  });
}

/** Random runs are the same every time; with another seed they are others. */
const CHECK = { seed: 20060108, numRuns: 40 };

/** A program as text, for a bug report. */
function print({ machine, profile, seed, steps }: Program): string {
  return [`${profile}, seed ${seed}, ${JSON.stringify(machine)}`, ...steps.map(printStimulus)].join('\n');
}

/** Whether a task ran out of memory, or of memory to lock, and so may not have made what later steps need. */
function wentWithout(results: readonly Result[]): boolean {
  return results.some(({ sig, errno, results: inner }) => {
    return sig === 'SIGKILL' || errno === 'EAGAIN' || (inner !== undefined && wentWithout(inner));
  });
}

test(`random programs obey the laws (fast-check, seed ${CHECK.seed})`, (t) => {
  fc.configureGlobal(CHECK);
  const property = fc.property(anyProgram(30), (program) => {
    const { failures, refused, results } = checkLaws(program, { ledger: checkLedger });
    const wrong = refused && !wentWithout(results) ? [...failures, `refused: ${refused.message}`] : failures;
    if (wrong.length > 0) throw new Error(`${wrong.join('\n')}\n\n${print(program)}`);
  });
  t.notThrows(() => fc.assert(property));
});

const SMALL: Program = {
  machine: {
    nodes: [
      { id: 0, pages: 70, cpus: 1 },
      { id: 1, pages: 70, cpus: 1 },
    ],
    swap: [8],
    page_cluster: 0,
    io: 'step',
  },
  profile: 'swap-v5-rc1',
  seed: '1',
  steps: [
    { op: 'spawn', t: 'A', node: 0 },
    { op: 'mmap', t: 'A', r: 'r', at: 0, pages: 4 },
    { op: 'touch', t: 'A', addr: ['r', 0], pages: 4 },
    { op: 'migrate_pages', t: 'A', pid: 'self', maxnode: 65, old: [0], new: [1] },
  ],
};

const sound = recordRun(SMALL);
const end = sound.marks.length - 1;

/** The recording with another integer in its last row of a kind: the first field is one more. */
function withOther(kind: string): Recording {
  const number = eventByName(kind)!.number;
  const [block] = sound.blocks;
  const rows = block.rows.slice();
  let found = -1;
  for (let at = 0; at < rows.length; at += ROW_LENGTH[rows[at]]) if (rows[at] === number) found = at + 1;
  rows[found]++;
  return { ...sound, blocks: [{ ...block, rows }] };
}

const otherEnd: Recording = {
  ...sound,
  marks: sound.marks.map((mark, i) => (i === end ? { ...mark, state: '0'.repeat(16) } : mark)),
};

/** The recording with a member that text cannot hold. */
function withUndefined(): Recording {
  const [block] = sound.blocks;
  const payloads = block.payloads.map((payload) => ({ ...(payload as object), extra: undefined }));
  return { ...sound, blocks: [{ ...block, payloads }] };
}

/** A law, a recording that it must not accept, and the sentence that follows. */
const NOTICED: readonly (readonly [string, laws.Law, Recording, RegExp])[] = [
  [
    'replay',
    laws.replayGivesTheSameStates,
    otherEnd,
    /^after step 4 \(migrate_pages .*\), event \d+: the run had state 0{16}/,
  ],
  [
    'rerun',
    laws.rerunGivesTheSameEvents,
    withOther('PageIsolated'),
    /^the first run has event \d+, PageIsolated pfn=\d+ /,
  ],
  ['text', laws.textGivesTheSameEvents, withUndefined(), /^event 1 is read back from its line as another one/],
  [
    'checkpoint',
    laws.checkpointAndRestGiveTheEnd,
    otherEnd,
    /^a checkpoint at event \d+ and the rest give state \w+, the run/,
  ],
  [
    'resume',
    laws.resumedRunGivesTheRest,
    withOther('PageIsolated'),
    /^from a checkpoint after step 2 .*: the run has event/,
  ],
  [
    'invariants',
    laws.invariantsHold,
    { ...sound, broken: ['after step 1: frame 3 leaked'] },
    /^after step 1: frame 3 leaked$/,
  ],
];

for (const [name, law, broken, sentence] of NOTICED) {
  test(`the law of ${name} notices what is broken`, (t) => {
    t.deepEqual(law(SMALL, sound), []);
    t.regex(law(SMALL, broken).join('\n'), sentence);
  });
}

test('a run ends where a step hangs, crashes or makes no sense, and is checked up to there', (t) => {
  const lock: Stimulus = { op: 'lock', t: 'A', addr: ['r', 1], until: 'unlock' };
  const hung = checkLaws({ ...SMALL, steps: [...SMALL.steps.slice(0, 3), lock, ...SMALL.steps.slice(3)] });
  t.deepEqual([hung.failures, hung.results.at(-1)?.stop], [[], 'hang']);
  const senseless = checkLaws({ ...SMALL, steps: [...SMALL.steps, { op: 'touch', t: 'B', addr: ['r', 0], pages: 1 }] });
  t.deepEqual(senseless.failures, []);
  t.is(senseless.refused?.message, 'there is no task B; a step "spawn" or "fork" must make it first');
  t.is(senseless.results.length, 4);
  const nonsense = checkLaws({ ...SMALL, steps: [{ op: 'mmap' } as Stimulus] });
  t.regex(nonsense.failures.join(), /^crash: /);
});

test('laws can be left out, and that of the ledger comes from outside', (t) => {
  const ledger = (events: Iterable<unknown>): string[] => [`${[...events].length} events do not add up`];
  const { failures, events } = checkLaws(SMALL, { ledger });
  t.deepEqual(failures, [`ledger: ${events} events do not add up`]);
  t.deepEqual(checkLaws(SMALL, { ledger, skip: ['ledger', 'text', 'tape'] }).failures, []);
});
