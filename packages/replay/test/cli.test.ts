/**
 * The commands: what they print, what they refuse and in which words, and their exit status. Most run in this process; what
 * only a process can show (a signal, a pipe that closes, an exit status) is spawned.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventsOf, START, type RecordedEvent } from '@pagetape/events';
import { PROFILES } from '@pagetape/core';
import test from 'ava';
import { main } from '../src/cli/program.ts';
import { checkLedger } from '../src/ledger/check.ts';
import { ledgerOf } from '../src/ledger/ledger.ts';
import { stimuliOf } from '../src/run/stimuli.ts';
import { verifyTape } from '../src/run/verify.ts';
import { readTape, TapeWriter, type Tape } from '../src/tape/index.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const EXAMPLE = path.join(repository, 'examples/01-swap-migrate-pages/scenario.yaml');
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'pagetape-cli-'));
test.after.always(() => fs.rmSync(scratch, { recursive: true }));
const file = (name: string): string => path.join(scratch, name);

/** Runs a command in this process. `@name` is a file in the scratch folder. */
async function pagetape(command: string): Promise<{ status: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const write = async (text: string): Promise<void> => void (out += text);
  const context = { out: write, err: (text: string) => void (err += text), terminal: false, status: 0 };
  const args = command.split(' ').map((word) => (word.startsWith('@') ? file(word.slice(1)) : word));
  await main(args, context);
  return { status: context.status, out, err: err.replaceAll(`${scratch}/`, '@') };
}

/** Writes a scenario into the scratch folder. */
function scenario(name: string, steps: string, machine = 'nodes: [{pages: 256}, {pages: 256}]'): void {
  fs.writeFileSync(file(name), `machine: {${machine}}\nsteps:\n${steps}`);
}

/** A waits for a page that it has locked itself: its fifth step does not return. */
const HANG = `  - {op: spawn, t: A}
  - {op: mmap, t: A, r: r, at: 0, pages: 4}
  - {op: touch, t: A, addr: [r, 0], pages: 4}
  - {op: lock, t: A, addr: [r, 1], until: unlock}
  - {op: migrate_pages, t: A, pid: self, maxnode: 64, old: [0], new: [1]}
  - {op: spawn, t: B}
`;

test.before(async () => {
  await pagetape(`run ${EXAMPLE} -o @one.tape`);
  await pagetape(`run ${EXAMPLE} --seed 2 -o @two.tape`);
  await pagetape(`run ${EXAMPLE} -o @inputs.tape --inputs`);
  fs.writeFileSync(file('text'), 'no tape\n');
  scenario('unknown-op.yaml', '  - {op: spown, t: A}\n');
  scenario('no-cpu.yaml', '  - {op: spawn, t: A}\n  - {op: pin, t: A, cpu: 7}\n');
  scenario('hang.yaml', HANG, 'nodes: [{pages: 256}, {pages: 256}], swap: 64');
  fs.symlinkSync(file('hang.yaml'), file('link.yaml'));
  scenario('missing.yaml', '  - {op: spawn, t: A}\n  - {op: ksm}\n');
});

// --- what is refused ------------------------------------------------------------------------------------------------

const REFUSED: readonly (readonly [command: string, error: RegExp])[] = [
  ['rum @x', /^error: unknown command 'rum'; did you mean "run"\?\n$/],
  ['run', /^error: missing required argument 'file'\n$/],
  ['run --sed 1 @x', /^error: unknown option '--sed'; did you mean "--seed"\?\n$/],
  ['run @nothing.yaml', /^error: cannot open @nothing.yaml: there is no such file\n$/],
  [`run ${scratch}`, /^error: cannot open .*: it is a folder\n$/],
  [
    `run ${EXAMPLE} --profile linux-9`,
    /^error: there is no profile "linux-9" that can be run; there are swap-v5-seed, .*\n$/,
  ],
  [`run ${EXAMPLE} -o @no/such/folder.tape`, /^error: cannot write the tape @no\/such\/folder.tape: .*\n$/],
  ['run @unknown-op.yaml', /^error: @unknown-op.yaml:3:10: .*"spawn"/],
  ['run @no-cpu.yaml', /^error: @no-cpu.yaml:4:\d+: .*7/],
  ['run @missing.yaml', /^error: @missing.yaml:4:\d+: step 2 \(ksm\): the operation ksm is not simulated yet\n/],
  ['replay @text', /^error: @text: this is not a tape: .*\n$/],
  ['replay @inputs.tape', /^error: @inputs.tape: the tape has stimuli and marks alone.*verify.*\n$/],
  ['verify @nothing.tape', /^error: cannot open @nothing.tape: there is no such file\n$/],
  ['diff @one.tape', /^error: missing required argument 'b'\n$/],
  [
    'diff @one.tape @inputs.tape',
    /^error: @inputs.tape holds steps alone; record it without --inputs to compare it\n$/,
  ],
  ['show @one.tape --kind PageEvict', /^error: there is no event kind "PageEvict"; did you mean "PageEvicted"\?\n$/],
  ['show @one.tape --task wurker', /^error: no task on this tape is called "wurker"; did you mean "worker"\?\n$/],
  ['show @one.tape --range 5-7', /^error: --range is "5-7"; it should be as 100\.\.200, 100\.\. or \.\.200\n$/],
  ['show @one.tape --range 5..3', /^error: the events asked for begin at 5 and end at 3; give the smaller first\n$/],
  ['show @one.tape --from 5 --to 3', /^error: the events asked for begin at 5 and end at 3; .*\n$/],
  ['run @hang.yaml -o @hang.yaml', /^error: the tape would replace the scenario @hang.yaml; .*another file\n$/],
  ['run @hang.yaml -o @link.yaml', /^error: the tape would replace the scenario @hang.yaml; .*another file\n$/],
  ['run @hang.yaml -o @text', /^error: @text is there already and is not a tape; remove it, or .*another file\n$/],
  ['show @one.tape --op x', /^error: --op is "x"; it should be a whole number\n$/],
];

for (const [command, error] of REFUSED) {
  test(`refused: ${command.replaceAll(`${repository}`, '').replaceAll(scratch, '@')}`, async (t) => {
    const { status, out, err } = await pagetape(command);
    t.regex(err, error);
    t.is(status, 2);
    t.is(out, '');
  });
}

// --- what is answered -----------------------------------------------------------------------------------------------

test('help names every command, and says what an exit status means', async (t) => {
  const { status, out } = await pagetape('--help');
  t.is(status, 0);
  for (const name of [
    'run',
    'replay',
    'verify',
    'diff',
    'show',
    'whatif',
    'snapshot',
    'find',
    'why',
    'who',
    'at',
    'conform',
    'bench',
    'profiles',
  ])
    t.regex(out, new RegExp(`^  ${name} `, 'm'));
  t.regex(out, /Exit status: 0 done; 1 the answer is "no"/);
});

test('profiles diff says what a user would notice', async (t) => {
  const { status, out } = await pagetape('profiles diff swap-v5-seed linux-6.12');
  t.is(status, 0);
  t.regex(out, /^From swap-v5-seed to linux-6.12\n/);
  t.regex(out, /swap-v5-seed {2}pages are written to swap.*\n {4}linux-6.12 {4}pages are copied to their node/);
  t.is(
    (await pagetape('profiles diff linux-6.12 linux-6.12')).out,
    'a user would notice no difference between linux-6.12 and linux-6.12\n',
  );
  t.regex((await pagetape('profiles diff linux-6.12 linux-7')).err, /there is no profile "linux-7"; there are /);
  t.is((await pagetape('profiles deff')).status, 2);
});

test('whatif tells call by call what other rules, another seed, machine or policy would change', async (t) => {
  const { status, out } = await pagetape('whatif @one.tape --profile linux-6.12');
  t.is(status, 0);
  t.regex(out, /21 {2}root: migrate_pages .*\n {6}answer +160 +12\n/);
  t.regex(out, /pages written to swap +166 +0\n/);
  t.regex(
    (await pagetape('whatif @one.tape --policy interleave:0-3')).out,
    /memory of db +N0=160 +N0=40 N1=40 N2=40 N3=40/,
  );
  t.regex((await pagetape('whatif @one.tape --seed 1')).out, /the same answers and placement in all \d+ steps/);
  const json = JSON.parse((await pagetape('whatif @inputs.tape --profile swap-v5-rc1 --json')).out) as object;
  t.deepEqual(Object.keys(json), [
    'recorded',
    'what_if',
    'before',
    'steps',
    'compared',
    'timeAlone',
    'totals',
    'ended',
  ]);
  const fork = await pagetape('whatif @one.tape --profile swap-v5-rc1 --after 20');
  t.regex(fork.out, /the first 20 steps in common\n/);
  t.regex(fork.out, /21 {2}root: migrate_pages .*\n {6}answer +160 +18\n/);
  t.regex(
    (await pagetape('whatif @one.tape --after 20 --profile linux-6.12')).err,
    /cannot go on where swap-v5-seed stopped/,
  );
  t.regex((await pagetape('whatif @one.tape')).err, /say what is to be different/);
  t.regex((await pagetape('whatif @one.tape --policy nearby:1')).err, /--policy takes default, preferred/);
});

test('statuses of move_pages are told by entries, and compared', async (t) => {
  const named = path.join(repository, 'packages/core/test/scenarios/q25-move-pages.yaml');
  const { out } = await pagetape(`run ${named} -o @statuses.tape`);
  t.regex(out, / statuses: 0 → node 0; 1\.\.2, 4 → ENOENT \(no page is there\); 3 → EFAULT \(no area .*\)\n/);
  t.regex(out, /-1 ENOENT: no page had to be moved or could be\n +statuses: 0\.\.4 → not written\n/);
  t.regex(out, / statuses: 0, 2 → node 1; 1 → EAGAIN \(it was busy up to the last pass\); 3\.\.4 → ENOENT/);
  const twin = (await pagetape('whatif @statuses.tape --profile linux-6.12')).out;
  t.regex(twin, /status of 1, 4 +ENOENT +EFAULT\n/);
  t.regex(twin, /answer +1 +2\n +status of 0, 2 +node 1 +not written\n +status of 1 +EAGAIN +not written\n/);
});

test('profiles tells every trait of every kernel in words', async (t) => {
  const { status, out } = await pagetape('profiles');
  t.is(status, 0);
  t.regex(out, /^ +evicted_page +stays-on-list +freed-at-once +moved-list/m);
  t.regex(out, /^ +sys_call_table_entries +i386 295, ia32 295, x86_64 257, ia64 270 /m);
  t.notRegex(out, /object|undefined/);
});

test('a tape replays to the report of its run', async (t) => {
  const [run, replay] = [await pagetape(`run ${EXAMPLE}`), await pagetape('replay @one.tape')];
  t.is(replay.status, 0);
  const withoutTitle = (text: string): string[] => text.trimEnd().split('\n').slice(1);
  t.deepEqual(withoutTitle(replay.out).slice(0, -1), withoutTitle(run.out));
  t.regex(replay.out, /replayed \d+ events; the state agrees at (\d+) marks of \1\n$/);
});

test('verify runs tapes of both levels again', async (t) => {
  t.regex(
    (await pagetape('verify @one.tape')).out,
    /^verified: run again, \d+ events and \d+ marks came out the same\n$/,
  );
  t.regex(
    (await pagetape('verify @inputs.tape')).out,
    /^verified: run again, \d+ stimuli and \d+ marks came out the same\n$/,
  );
});

/** Copies a tape with something changed. */
function copyTape(
  from: Tape,
  to: string,
  { seed = from.header.seed, state = (hash: string) => hash, end = true },
): void {
  const { hash: _, ...start } = from.header;
  const writer = TapeWriter.create(file(to), { ...start, seed });
  const marks = new Map(from.marks.map((mark) => [mark.seq, mark.state]));
  for (const block of from.blocks) {
    writer.block(block);
    const mark = marks.get(writer.seq);
    if (mark !== undefined) writer.mark(writer.seq, state(mark));
  }
  if (end) writer.end({});
  else writer.close();
}

test('a tape of another seed fails to verify, at the first draw', async (t) => {
  copyTape(readTape(file('one.tape')), 'seed.tape', { seed: '2' });
  const { status, out } = await pagetape('verify @seed.tape');
  t.is(status, 1);
  t.regex(
    out,
    /^NOT the same: event \d+ differs.*\n  on the tape  .* ChanceDrawn .*value=1\n  run again    .* ChanceDrawn .*value=0\n$/,
  );
  const { same, divergence } = JSON.parse((await pagetape('verify @seed.tape --json')).out);
  t.is(same, false);
  t.is(divergence.recorded.kind, 'ChanceDrawn');
});

test('a state that is not that of the mark is found by replay and verify', async (t) => {
  copyTape(readTape(file('one.tape')), 'mark.tape', {
    state: (hash) => hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
  });
  const replay = await pagetape('replay @mark.tape');
  t.is(replay.status, 1);
  t.regex(
    replay.out,
    /\nNOT the same: after event \d+ the tape's state is [0-9a-f]{16}, the replayed one [0-9a-f]{16}\n$/,
  );
  const verify = await pagetape('verify @mark.tape');
  t.is(verify.status, 1);
  t.regex(verify.out, /^NOT the same: the state after event \d+ differs/);
});

test('a tape without an end is used as far as it goes, and said to be cut off', async (t) => {
  copyTape(readTape(file('one.tape')), 'cut.tape', { end: false });
  const { status, out, err } = await pagetape('verify @cut.tape');
  t.is(status, 0);
  t.regex(err, /^@cut.tape: .*\n$/);
  t.regex(out, /^verified:/);
});

test('diff finds the first event that differs, and says what became of it', async (t) => {
  const { status, out } = await pagetape('diff @one.tape @two.tape');
  t.is(status, 1);
  t.regex(out, /^seed  A 1  B 2\n/);
  t.regex(
    out,
    /the first (\d+) events are the same; event \d+ differs, in step 23: parallel: 2 steps at the same time\n/,
  );
  t.regex(out, /\n  A +\d+  t\d+  task\d+  ChanceDrawn .*\n  B +\d+  t\d+  task\d+  ChanceDrawn /);
  t.regex(out, /\n +\d+  pages lie on another node\n/);
  const json = JSON.parse((await pagetape('diff @one.tape @two.tape --json')).out);
  const { seq } = json.first;
  const [one, two] = [await pagetape(`show @one.tape --to ${seq}`), await pagetape(`show @two.tape --to ${seq}`)];
  const [linesA, linesB] = [one.out.trimEnd().split('\n'), two.out.trimEnd().split('\n')];
  t.deepEqual(linesA.slice(0, -1), linesB.slice(0, -1));
  t.not(linesA.at(-1), linesB.at(-1));
  t.is((await pagetape('diff @one.tape @one.tape')).status, 0);
});

test('show picks by range, kind, task, frame and step, as lines or as JSON lines', async (t) => {
  const lines = async (options: string): Promise<string[]> => {
    const { out } = await pagetape(`show @one.tape ${options}`);
    return out.trimEnd().split('\n');
  };
  const seqs = (found: string[]): number[] => found.map((line) => Number.parseInt(line, 10));
  t.deepEqual(seqs(await lines('--range 10..12')), [10, 11, 12]);
  t.deepEqual(seqs(await lines('--from 4095 --to 4098')), [4095, 4096, 4097, 4098]);
  const evicted = await lines('--op 21 --kind PageEvicted');
  t.is(evicted.length, 142);
  t.true(evicted.every((line) => / op21 PageEvicted /.test(line)));
  const byTask = await lines('--task worker --kind PageFaultRaised');
  t.true(byTask.length > 20 && byTask.every((line) => / task101 /.test(line)));
  const [pfn] = /pfn=\d+/.exec(evicted[0]) as RegExpExecArray;
  t.true((await lines(`--pfn ${pfn.slice(4)}`)).every((line) => line.includes(pfn) || line.includes(pfn.slice(4))));
  const json = (await lines('--range 10..12 --json')).map((line) => JSON.parse(line) as RecordedEvent);
  t.deepEqual(
    json.map(({ seq }) => seq),
    [10, 11, 12],
  );
});

test('a deadlock is told in words, and ends a tape that verifies', async (t) => {
  const { status, out } = await pagetape('run @hang.yaml -o @hang.tape');
  t.is(status, 1);
  t.regex(out, /migrate_pages .*did not return\n/);
  t.regex(out, /\nDeadlock\n  A \(step 5\) waits for .*page \d+.*\n/);
  t.regex(out, /^  1 step was not reached\.$/m);
  const json = await pagetape('run @hang.yaml -o @hang.tape --json');
  t.is(json.status, 1);
  t.is(JSON.parse(json.out).unreached, 1);
  t.is((await pagetape('verify @hang.tape')).status, 0);
  t.is((await pagetape('replay @hang.tape')).status, 0);
});

// --- the ledger -----------------------------------------------------------------------------------------------------

function eventsOfTape(tape: Tape): RecordedEvent[] {
  const at = { ...START };
  return [...tape.blocks].flatMap((block) => [...eventsOf(block, at)]);
}

/** What root's call isolated and did not move. The posted series does not come so far: it meets the zero page before. */
const REFUSED_PAGES: Readonly<Record<string, readonly string[]>> = {
  'swap-v5-seed': ['12 referenced-elsewhere', '6 mlocked'],
  'swap-v5-rc1': ['12 referenced-elsewhere', '6 mlocked'],
};

const isCall = (data: RecordedEvent['data'], op: string): boolean => (data['stimulus'] as { op: string }).op === op;

for (const [profile, traits] of Object.entries(PROFILES)) {
  test(`the ledger accounts for the answers: ${profile}`, async (t) => {
    await pagetape(`run ${EXAMPLE} --profile ${profile} -o @${profile}.tape`);
    const events = eventsOfTape(readTape(file(`${profile}.tape`)));
    t.deepEqual(checkLedger(events, traits), []);
    const refused = (call: string): unknown => {
      const began = events.filter(({ kind, data }) => kind === 'StimulusBegan' && isCall(data, call)).at(-1);
      const groups = ledgerOf(events.filter(({ op }) => op === began?.op)).refused.filter(({ isolated }) => isolated);
      return groups.map(({ reason, pages }) => `${pages.length} ${reason}`);
    };
    if (REFUSED_PAGES[profile]) t.deepEqual(refused('migrate_pages'), REFUSED_PAGES[profile]);
    // Kernels of today do not say yet how many pages they count, so that no rule can be wrong.
    if (!events.some(({ kind }) => kind === 'PagesMigrated')) return;
    const others = Object.values(PROFILES).filter((other) => other.evicted_page !== traits.evicted_page);
    t.true(
      others.some((other) => checkLedger(events, other).length > 0),
      'the rule of another kernel fits as well',
    );
  });
}

test('steps of a tape are those of its scenario, each once', (t) => {
  const stimuli = [...stimuliOf(readTape(file('one.tape')))];
  t.is(stimuli.length, 25);
  t.is(stimuli.filter(({ op }) => op === 'parallel').length, 1);
});

// --- processes ------------------------------------------------------------------------------------------------------

const program = path.join(repository, 'packages/replay/src/cli/main.ts');

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function exitOf(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
}

test('a process leaves the exit status of its command', async (t) => {
  const child = start(['diff', file('one.tape'), file('two.tape')]);
  child.stdout?.resume();
  t.deepEqual(await exitOf(child), [1, null]);
});

test('a reader that goes away is no error', async (t) => {
  const child = start(['show', file('one.tape')]);
  let err = '';
  child.stderr?.on('data', (text: Buffer) => (err += text.toString()));
  child.stdout?.once('data', () => child.stdout?.destroy());
  t.deepEqual(await exitOf(child), [0, null]);
  t.is(err, '');
});

test('a run that is killed leaves a tape whose whole blocks read back', async (t) => {
  const round =
    '  - {op: touch, t: A, addr: [r, 0], pages: 3000}\n  - {op: madvise, t: A, addr: [r, 0], pages: 3000, advice: 4}\n';
  const steps = `  - {op: spawn, t: A}\n  - {op: mmap, t: A, r: r, at: 0, pages: 3000}\n${round.repeat(500)}`;
  scenario('long.yaml', steps, 'nodes: [{pages: 4096}]');
  const tape = file('killed.tape');
  const child = start(['run', file('long.yaml'), '-o', tape]);
  const exit = exitOf(child);
  for (let tries = 0; tries < 600 && !(fs.existsSync(tape) && fs.statSync(tape).size > 10_000); tries++)
    await sleep(20);
  child.kill('SIGKILL');
  t.deepEqual(await exit, [null, 'SIGKILL']);
  const read = readTape(tape);
  t.false(read.complete);
  t.is(typeof read.problem, 'string');
  t.true(read.blocks.count > 2);
  const events = eventsOfTape(read);
  t.is(events.at(-1)?.seq, read.lastSeq);
  const { divergence, compared } = verifyTape(read);
  t.is(divergence, null);
  t.is(compared, read.lastSeq);
});
