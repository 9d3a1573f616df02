/** The fuzzer: its quick lane agrees with the thorough one, campaigns can be interrupted, and what was kept stays mended. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkInvariants, layout as L, PROFILES, QuickInvariants, Simulation } from '@pagetape/core';
import test from 'ava';
import { runBatch } from '../src/fuzz/batch.ts';
import { runCampaign, summarise } from '../src/fuzz/campaign.ts';
import { finding } from '../src/fuzz/finding.ts';
import { generate } from '../src/fuzz/generate.ts';
import { judge } from '../src/fuzz/judge.ts';
import { minimise } from '../src/fuzz/minimise.ts';
import { programOfSeed } from '../src/fuzz/mutate.ts';
import { renamed } from '../src/fuzz/rename.ts';
import { Runner } from '../src/fuzz/runner.ts';
import { scenarioText } from '../src/fuzz/scenario.ts';
import { fileStore, memoryStore, type Plan } from '../src/fuzz/store.ts';
import { recordRun } from '../src/laws/recording.ts';
import { loadScenario, parseScenario } from '../src/scenario/load.ts';

const ALL = Object.keys(PROFILES);

test('a run that is begun again is as a new one', (t) => {
  for (const profile of ALL) {
    const runner = new Runner(generate(0, profile));
    for (let seed = 0; seed < 6; seed++) {
      const program = generate(seed, profile);
      const { results, findings } = runner.judge(program);
      const recording = recordRun(program, { invariants: false });
      t.deepEqual([profile, seed, ...findings], [profile, seed]);
      t.deepEqual(results, recording.results);
      t.is(recording.marks.at(-1)?.seq, runner.events);
    }
  }
});

/** A state with frames in use, on a machine without huge pages. */
function someState(seed: number): Simulation {
  const { machine } = generate(0, 'linux-6.12');
  const run = new Simulation({
    machine: { ...machine, swap: [64], io: 'now' },
    profile: 'swap-v5-rc1',
    seed: `${seed}`,
  });
  const steps = [
    { op: 'file', name: 'f', pages: 3, fs: 'tmpfs' },
    { op: 'spawn', t: 'A', cpu: 0 },
    { op: 'mmap', t: 'A', r: 'r', at: 0, pages: 6 },
    { op: 'mmap', t: 'A', r: 's', at: 20, pages: 3, kind: 'file', file: 'f' },
    { op: 'touch', t: 'A', addr: ['r', 0], pages: 6 },
    { op: 'touch', t: 'A', addr: ['s', 0], pages: 3 },
    { op: 'fork', t: 'A', as: 'B' },
    { op: 'writeback', t: 'A', addr: ['r', 0], pages: 2 },
    { op: 'drain' },
  ] as const;
  for (const step of steps) run.perform(step);
  return run;
}

test('the quick check notices whatever the thorough one does', (t) => {
  const { view } = someState(1);
  const quick = new QuickInvariants(view);
  t.deepEqual([quick.check(view), checkInvariants(view)], [0, []]);
  const frames = view.frames as Int32Array;
  const used = view.topology.zones.flatMap((_, z) => {
    const start = view.zones[z * L.ZONE + L.Z_START];
    return Array.from({ length: Math.min(view.zones[z * L.ZONE + L.Z_FRESH], 12) }, (_each, n) => start + n);
  });
  const missed: string[] = [];
  const corrupt = (array: Int32Array, at: number, change: number, name: string): void => {
    const before = array[at];
    array[at] = before ^ change;
    const [found, told] = [quick.check(view), checkInvariants(view)];
    array[at] = before;
    if (told.length > 0 && found === 0) missed.push(`${name}: ${told[0]}`);
  };
  for (const pfn of used) {
    for (let field = 0; field < L.FRAME; field++)
      corrupt(frames, pfn * L.FRAME + field, 1, `frame ${pfn}, field ${field}`);
    for (const place of [1, 2, 3, 4]) corrupt(frames, pfn * L.FRAME, place << L.PLACE_SHIFT, `frame ${pfn}, place`);
  }
  for (const name of ['zones', 'swap_map', 'swap_cache', 'areas'] as const) {
    const array = view[name] as Int32Array;
    for (let at = 0; at < Math.min(array.length, 48); at++) corrupt(array, at, 1, `${name}[${at}]`);
  }
  t.deepEqual(missed, []);
  t.is(quick.check(view), 0);
});

const PLAN: Plan = { profiles: ['swap-v5-seed', 'linux-6.12'], start: 0, programs: 40, deep: 40, relations: 8 };

test('a campaign that is interrupted loses no seed, and comes to the same', async (t) => {
  const whole = memoryStore(PLAN);
  t.true(await runCampaign(whole));
  t.is(summarise(whole).programs, 80);
  t.is(summarise(whole).failures.size, 0, JSON.stringify([...summarise(whole).failures.keys()]));

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pagetape-fuzz-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'campaign.ndjson');
  const first = fileStore(file, PLAN);
  first.add(whole.done[0]);
  fs.appendFileSync(file, '{"batch":{"profile":"linux-6.12","from'); // It was killed while it wrote.
  const second = fileStore(file, PLAN);
  t.is(second.done.length, 1);
  t.true(await runCampaign(second));
  t.deepEqual(summarise(second).hashes, summarise(whole).hashes);
  t.is(fileStore(file, PLAN).done.length, 2);
  t.throws(() => fileStore(file, { ...PLAN, deep: 7 }), { message: /was begun with deep 40, not 7: go on with that/ });
});

test('mutants have seeds of their own, and reach what guides the next ones', (t) => {
  const program = programOfSeed('3~7~1', 'linux-6.12');
  t.deepEqual(programOfSeed('3~7~1', 'linux-6.12'), program);
  t.is(program.seed, '3~7~1');
  const batch = { profile: 'linux-6.12', from: 0, to: 16, deep: 0, relations: 0, corpus: ['3', '5'], reached: [] };
  const { reached, hash } = runBatch(batch);
  t.true(reached.some(({ seed }) => seed.includes('~')));
  t.is(runBatch(batch).hash, hash);
  const known = runBatch({ ...batch, reached: reached.flatMap(({ features }) => features) });
  t.deepEqual(known.reached, []);
});

test('what fails is made small, and becomes a scenario', (t) => {
  const program = generate(2, 'linux-6.12');
  const long = {
    ...program,
    steps: [...program.steps, { op: 'spawn', t: 'Z' } as const, ...generate(3, 'linux-6.12').steps],
  };
  const small = minimise(long, ({ steps }) => steps.some((step) => step.op === 'spawn' && step.t === 'Z'));
  t.deepEqual(small.steps, [{ op: 'spawn', t: 'Z' }]);
  t.deepEqual(small.machine.nodes, [{ id: 0, pages: 64, cpus: 1 }]);
  const text = scenarioText(small, 'invariants: frame N leaked');
  t.regex(text, /^# invariants: frame N leaked\nprofile: linux-6\.12\n/);
  t.deepEqual(parseScenario(text, 'small.yaml').steps, small.steps);
});

test('scenarios of whole programs say the same', (t) => {
  for (const profile of ['swap-v5-seed', 'linux-6.12']) {
    for (let seed = 0; seed < 40; seed++) {
      const program = generate(seed * 256, profile);
      const read = parseScenario(scenarioText(program, 'nothing'), `${seed}.yaml`);
      t.deepEqual(read.steps, program.steps);
      t.deepEqual(read.machine, program.machine);
    }
  }
});

test('failures are grouped by what does not differ from run to run', (t) => {
  const one = finding('invariants', 'after step 3 (touch t="T1" addr=["r2",0] pages=1): frame 17 leaked');
  const other = finding('invariants', 'after step 9 (exit t="T4"): frame 5 leaked');
  t.is(one.signature, 'invariants: frame N leaked');
  t.is(other.signature, one.signature);
});

test('nodes of other numbers are named everywhere', (t) => {
  const program = Array.from({ length: 60 }, (_, seed) => generate(seed * 256, 'linux-6.12'));
  const others = program.map(renamed).filter((each) => each !== null);
  t.true(others.length > 10);
  for (const { machine } of others) t.true(machine.nodes.every(({ id }) => id !== 1));
});

const corpus = fileURLToPath(new URL('../fuzz/corpus/', import.meta.url));
const kept = fs.existsSync(corpus) ? fs.readdirSync(corpus).filter((file) => file.endsWith('.yaml')) : [];

test('programs that once failed do not fail any more', (t) => {
  for (const file of kept) {
    const { machine, steps, profile, seed = '1' } = loadScenario(corpus + file);
    for (const name of profile ? [profile] : ALL) {
      const program = { machine, profile: name, seed, steps };
      t.deepEqual([file, name, ...judge(program, { deep: true })], [file, name]);
    }
  }
  t.pass();
});
