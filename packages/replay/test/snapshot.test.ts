/** Snapshots: every named scenario has one that is read back, a tape has that of its run, and a changed rule shows small. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { main } from '../src/cli/program.ts';
import { runScenario } from '../src/run/run.ts';
import { loadScenario } from '../src/scenario/load.ts';
import { compareSnapshots } from '../src/snapshot/compare.ts';
import { checkGolden } from '../src/snapshot/golden.ts';
import { parseSnapshot, printSnapshot, SnapshotError, type Snapshot } from '../src/snapshot/snapshot.ts';
import { snapshotOfRun, snapshotOfTape } from '../src/snapshot/take.ts';
import { printSnapshotDifferences } from '../src/snapshot/text.ts';
import { readTape } from '../src/tape/index.ts';

const FOLDER = fileURLToPath(new URL('../../core/test/scenarios/', import.meta.url));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'pagetape-snapshot-'));
test.after.always(() => fs.rmSync(scratch, { recursive: true }));
const file = (name: string): string => path.join(scratch, name);
const named = (name: string) => loadScenario(path.join(FOLDER, `${name}.yaml`));

test('every named scenario has a snapshot, which its text gives back', (t) => {
  for (const name of fs.readdirSync(FOLDER).filter((each) => each.endsWith('.yaml'))) {
    const taken = snapshotOfRun(loadScenario(path.join(FOLDER, name)));
    const text = printSnapshot(taken);
    t.deepEqual([name, compareSnapshots(parseSnapshot(text), taken)], [name, []]);
    t.is(printSnapshot(parseSnapshot(text)), text, name);
  }
});

test('a tape has the snapshot of its run, with events or without', (t) => {
  const scenario = named('q38-count-of-pages-never-tried');
  const run = printSnapshot(snapshotOfRun(scenario));
  for (const level of ['full', 'inputs'] as const) {
    runScenario(scenario, { tape: file(level), level });
    t.is(printSnapshot(snapshotOfTape(readTape(file(level)))), run, level);
  }
});

/** Two kernels, a scenario in which one rule of theirs makes a difference, and all that is printed of it. */
const CHANGED: readonly (readonly [scenario: string, was: string, is: string, lines: readonly string[]])[] = [
  // Whether a page that cannot be isolated counts: an answer.
  [
    'c-d16-isolated-by-another',
    'linux-6.12',
    'linux-6.1',
    [
      '1 step answers otherwise',
      '',
      'run',
      '  profile: was linux-6.12, is linux-6.1',
      '',
      'calls',
      '  5.1 B migrate_pages pid="self" maxnode=64 old=[0] new=[1]: was 1, is 0',
    ],
  ],
  // A swap slot for each page while it moves: counters alone.
  [
    'q20-cpuset-overrides-the-caller',
    'linux-2.6.18',
    'linux-2.6.16',
    [
      '2 counters differ',
      '',
      'run',
      '  profile: was linux-2.6.18, is linux-2.6.16',
      '',
      'counters',
      '  swap_cache_add: was nothing, is 2',
      '  swap_cache_del: was nothing, is 2',
    ],
  ],
  // What becomes of isolated pages when mbind fails, and what follows of that.
  [
    'q23-mbind-leaks',
    'linux-2.6.18',
    'linux-2.6.16',
    [
      '2 fewer pages not moved: leaked',
      '2 more pages not moved: call-failed',
      '2 more pages isolated',
      '2 more pages copied',
      '2 fewer pages not moved: not-on-lru (not isolated)',
      '1 page lies elsewhere at the end',
      'free memory is not the same at the end',
      '7 counters differ',
      '',
      'run',
      '  profile: was linux-2.6.18, is linux-2.6.16',
      '',
      'ledger',
      '  6 mbind',
      '    not moved, leaked: was 2 (A r 0..1), is nothing',
      '    not moved, call-failed: was nothing, is 2 (A r 0..1)',
      '  7 migrate_pages',
      '    isolated: was 2, is 4',
      '    copied: was 2, is 4',
      '    not moved, not-on-lru (not isolated): was 2 (A r 0..1), is nothing',
      '    memory of A after it: was N0=2 N1=2, is N1=4',
      '',
      'placement',
      '  A r 1: was node 0, is node 1',
      '',
      'memory',
      '  free pages of node 0: was 126, is 128',
      '  free pages of node 1: was 126, is 125',
      '',
      'counters',
      '  pgalloc: was 6, is 8',
      '  pgfree: was 2, is 5',
      '  pgalloc_normal: was 6, is 8',
      '  numa_hit of node 1: was 2, is 4',
      '  other_node of node 1: was 2, is 4',
      '  swap_cache_add: was nothing, is 4',
      '  swap_cache_del: was nothing, is 4',
    ],
  ],
];

for (const [name, was, is, lines] of CHANGED) {
  test(`what changes in ${name} from ${was} to ${is}`, (t) => {
    const [a, b] = [snapshotOfRun(named(name), { profile: was }), snapshotOfRun(named(name), { profile: is })];
    t.deepEqual(printSnapshotDifferences(compareSnapshots(a, b)), ['profile is not the same', ...lines]);
  });
}

const places = (...entries: readonly (readonly [string, string])[]): Snapshot => [
  { name: 'placement', entries: entries.map(([key, value]) => ({ key, value })) },
];

test('pages are compared one by one, however they were grouped', (t) => {
  const was = places(['A heap 0..9', 'node 0'], ['A heap 10..15', 'node 1'], ['B heap 3', 'swap']);
  const is = places(
    ['A heap 0..3', 'node 0'],
    ['A heap 4..11', 'node 1'],
    ['A heap 14..15', 'swap'],
    ['B heap 3', 'swap'],
  );
  t.deepEqual(printSnapshotDifferences(compareSnapshots(was, is)), [
    '10 pages lie elsewhere at the end',
    '',
    'placement',
    '  A heap 4..9: was node 0, is node 1',
    '  A heap 12..13: was node 1, is nothing',
    '  A heap 14..15: was node 1, is swap',
  ]);
});

test('hashes alone are told as such, and only when nothing else differs', (t) => {
  const taken = snapshotOfRun(named('t1-young-page'));
  const other = taken.map((section) =>
    section.name === 'events and hashes'
      ? { ...section, entries: section.entries.map((each) => (each.key === 'chain' ? { ...each, value: '0' } : each)) }
      : section,
  );
  const lines = printSnapshotDifferences(compareSnapshots(taken, other));
  t.deepEqual(lines.slice(0, 3), [
    'the events differ, but in nothing that a task could notice',
    '',
    'events and hashes',
  ]);
  t.regex(lines[3], /^ {2}chain: was [0-9a-f]{16}, is 0$/);
});

test('a text that is no snapshot is refused with its line', (t) => {
  const REFUSED: readonly (readonly [text: string, error: RegExp])[] = [
    ['', /^line 1 should be "pagetape snapshot 1"/],
    ['pagetape snapshot 1\n\n  a: 1\n', /^line 3 is in no section$/],
    ['pagetape snapshot 1\n\nrun\n\nstuff\n', /^line 5, "stuff", is no section; there are run, /],
  ];
  for (const [text, message] of REFUSED) t.throws(() => parseSnapshot(text), { instanceOf: SnapshotError, message });
});

test('a golden file is written, holds, and fails with the difference', (t) => {
  const [one, two] = [snapshotOfRun(named('t1-young-page')), snapshotOfRun(named('t1-young-page'), { seed: '7' })];
  t.is(
    checkGolden(one, file('golden.txt'), { update: false, create: false }).message.split(':')[1].trim().slice(0, 21),
    'there is no such file',
  );
  t.is(checkGolden(one, file('golden.txt'), { create: true }).outcome, 'written');
  t.is(checkGolden(one, file('golden.txt'), { update: false }).outcome, 'same');
  const { outcome, message } = checkGolden(two, file('golden.txt'), { update: false });
  t.is(outcome, 'differs');
  t.regex(message, /golden\.txt: seed is not the same\n\nrun\n {2}seed: was 0, is 7\n\nPAGETAPE_UPDATE=1/);
  t.is(checkGolden(two, file('golden.txt'), { update: true }).outcome, 'written');
});

// --- the command ----------------------------------------------------------------------------------------------------

async function pagetape(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const write = async (text: string): Promise<void> => void (out += text);
  const context = { out: write, err: (text: string) => void (err += text), terminal: false, status: 0 };
  await main(args, context);
  return { status: context.status, out, err: err.replaceAll(`${scratch}/`, '@') };
}

test('pagetape snapshot prints, writes, checks, and says what is wrong', async (t) => {
  const scenario = path.join(FOLDER, 't1-young-page.yaml');
  const kept = file('kept.txt');
  t.deepEqual(await pagetape('snapshot', scenario, '-o', kept), { status: 0, out: '', err: '' });
  t.is((await pagetape('snapshot', scenario)).out, fs.readFileSync(kept, 'utf8'));
  t.is((await pagetape('snapshot', scenario, '--check', kept)).out, `the same as ${kept}\n`);
  const changed = await pagetape('snapshot', scenario, '--seed', '7', '--check', kept);
  t.deepEqual([changed.status, changed.out], [1, 'seed is not the same\n\nrun\n  seed: was 0, is 7\n']);
  const json = await pagetape('snapshot', scenario, '--seed', '7', '--check', kept, '--json');
  t.deepEqual(JSON.parse(json.out), {
    same: false,
    differences: [{ section: 'run', key: 'seed', was: '0', is: '7', count: 1 }],
  });
  t.false((await pagetape('snapshot', scenario, '--no-hashes')).out.includes('hashes'));
  const refused: readonly (readonly [args: string[], error: RegExp])[] = [
    [[scenario, '--check', kept, '-o', kept], /^error: --check compares with a file and --output writes one; .*\n$/],
    [[scenario, '--check', file('none.txt')], /^error: cannot open @none.txt: there is no such file\n$/],
    [[scenario, '--check', scenario], /^error: .*t1-young-page.yaml: line 1 should be "pagetape snapshot 1"; .*\n$/],
    [[file('none')], /^error: cannot open @none: there is no such file\n$/],
    [[scenario, '--profile', 'linux-9'], /^error: there is no profile "linux-9" that can be run; .*\n$/],
  ];
  for (const [args, error] of refused) {
    const { status, out, err } = await pagetape('snapshot', ...args);
    t.regex(err, error);
    t.deepEqual([status, out], [2, '']);
  }
});
