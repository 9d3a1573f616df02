/**
 * Programs in the words of other tools. What a few scenarios become is kept beside this file, in `exports`;
 * PAGETAPE_UPDATE=1 writes it anew. All other scenarios are exported too, and compilers and shells read what they can.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Stimulus } from '@pagetape/events';
import test from 'ava';
import { main } from '../src/cli/program.ts';
import { EXPORT_FORMATS, exportProgram, type ExportFormat } from '../src/export/formats.ts';
import { loadScenario } from '../src/scenario/load.ts';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../..', import.meta.url));
const KEPT = fileURLToPath(new URL('exports/', import.meta.url));
const SCENARIOS = join(repository, 'packages/core/test/scenarios');
const scratch = mkdtempSync(join(tmpdir(), 'pagetape-export-'));
test.after.always(() => rmSync(scratch, { recursive: true }));

const ENDS: Readonly<Record<ExportFormat, string>> = { memtoy: 'memtoy', shell: 'sh', syzkaller: 'syz', c: 'c' };

/** One task; several processes, and a system call with steps in it; files and policies. */
const GOLDEN: Readonly<Record<string, string>> = {
  'one-task': join(SCENARIOS, 'q01-maxnode-one-too-large.yaml'),
  'several-tasks': join(repository, 'examples/01-swap-migrate-pages/scenario.yaml'),
  'every-call': join(KEPT, 'every-call.yaml'),
};

for (const [name, path] of Object.entries(GOLDEN)) {
  test(`${name} in all formats`, (t) => {
    const scenario = loadScenario(path);
    for (const format of EXPORT_FORMATS) {
      const { text } = exportProgram(scenario, format);
      const file = join(KEPT, `${name}.${ENDS[format]}`);
      if (process.env['PAGETAPE_UPDATE'] === '1') writeFileSync(file, text);
      t.is(text, readFileSync(file, 'utf8'), `${file}: PAGETAPE_UPDATE=1 writes it anew`);
    }
  });
}

const names = readdirSync(SCENARIOS).filter((name) => name.endsWith('.yaml'));
const all = names.map((name) => ({
  name: name.slice(0, -'.yaml'.length),
  scenario: loadScenario(join(SCENARIOS, name)),
}));

/** Steps, and those inside of them. */
function* deep(steps: readonly Stimulus[]): Generator<Stimulus> {
  for (const step of steps) {
    if (step.op === 'parallel') yield* deep(step.steps);
    else yield step;
    if ('during' in step) for (const { steps: inner } of step.during ?? []) yield* deep(inner);
  }
}

test('every scenario, with a comment for each step, and none without an end', (t) => {
  for (const { name, scenario } of all) {
    const steps = [...deep(scenario.steps)];
    for (const format of EXPORT_FORMATS) {
      const { text, tally } = exportProgram(scenario, format);
      t.is(tally.steps, steps.length, `${name} as ${format}`);
      const comments = text.split('\n').filter((line) => /^(?:#|\/\/) no counterpart: ./.test(line));
      t.is(comments.length, tally.missing, `${name} as ${format}`);
      t.false(/undefined|NaN|\[object/.test(text), `${name} as ${format}`);
    }
  }
});

/** Few scenarios that have all operations between them. */
function covering(): typeof all {
  const seen = new Set<string>();
  return all.filter(({ scenario }) => {
    const before = seen.size;
    for (const { op } of deep(scenario.steps)) seen.add(op);
    return seen.size > before;
  });
}

const has = (command: string, ...args: readonly string[]): boolean => spawnSync(command, args).status === 0;
const compiler = ['cc', 'gcc', 'clang'].find((name) => has(name, '--version'));
const testCompiler = compiler === undefined || process.platform !== 'linux' ? test.skip : test;
const testShell = has('sh', '-c', 'exit 0') ? test : test.skip;

testCompiler('C programs compile without a warning, and run (skipped where there is no compiler)', async (t) => {
  t.timeout(120_000);
  const flags = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-pthread'];
  const programs = [
    ...covering(),
    ...Object.entries(GOLDEN).map(([name, path]) => ({ name, scenario: loadScenario(path) })),
  ];
  for (const { name, scenario } of programs) {
    const file = join(scratch, `${name}.c`);
    writeFileSync(file, exportProgram(scenario, 'c').text);
    await t.notThrowsAsync(run(compiler as string, [...flags, '-o', join(scratch, name), file]), name);
  }
  const { stdout } = await run(join(scratch, 'one-task'), { cwd: scratch, timeout: 60_000 });
  t.regex(stdout, /touch t="A" addr=\["r",0\] pages=1\nwritten: 1 pages\n/);
  t.regex(stdout, /migrate_pages = -?\d+/);
});

testShell('shell scripts are read by sh (skipped where there is none)', async (t) => {
  t.timeout(120_000);
  for (const { name, scenario } of covering())
    writeFileSync(join(scratch, `${name}.sh`), exportProgram(scenario, 'shell').text);
  await t.notThrowsAsync(run('sh', ['-c', 'for file in *.sh; do sh -n "$file" || exit 1; done'], { cwd: scratch }));
});

test('no name of a scenario becomes a path, an order or code', (t) => {
  const scenario = loadScenario(join(KEPT, 'odd-names.yaml'));
  for (const format of EXPORT_FORMATS) {
    const { text } = exportProgram(scenario, format);
    const bare = text
      .replaceAll(/^(?:#|\/\/|    dprintf\(1, "%s\\n").*$/gm, '')
      .replaceAll(/(['"])\$\(touch \/tmp\/x\)\1/g, '');
    t.deepEqual(bare.match(/etc\/passwd|touch \/tmp|system\("x|\.\.\//g), null, format);
  }
});

async function pagetape(...args: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const write = async (text: string): Promise<void> => void (out += text);
  const context = { out: write, err: (text: string) => void (err += text), terminal: false, status: 0 };
  await main(args, context);
  return { status: context.status, out, err };
}

test('the command takes scenarios and tapes, and tells what is missing', async (t) => {
  const tape = join(scratch, 'one.tape');
  const scenario = GOLDEN['one-task'] as string;
  await pagetape('run', scenario, '-o', tape, '--profile', 'linux-6.12');
  const [direct, taped] = [
    await pagetape('export', scenario, '--as', 'memtoy'),
    await pagetape('export', tape, '--as', 'memtoy'),
  ];
  t.is(direct.err, '4 of 6 steps are in a memtoy script; 2 have no counterpart, and are comments\n');
  t.is(taped.err, direct.err);
  t.true(direct.out.endsWith(taped.out.slice(taped.out.indexOf('# Simulated'))), 'a tape has no words about itself');
  const output = join(scratch, 'one.out');
  t.deepEqual((await pagetape('export', scenario, '--as', 'c', '-o', output)).out, '');
  t.is(readFileSync(output, 'utf8'), readFileSync(join(KEPT, 'one-task.c'), 'utf8'));
  t.is(JSON.parse((await pagetape('export', scenario, '--as', 'c', '--json')).out).missing, 1);
  const wrong = await pagetape('export', scenario, '--as', 'perl');
  t.deepEqual([wrong.status, wrong.err], [2, 'error: --as takes memtoy, shell, syzkaller, c; this is "perl"\n']);
});
