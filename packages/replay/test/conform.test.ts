/** What the kernels of January 2006 answered, step by step: every recorded scenario, under both kernels. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Simulation } from '@pagetape/core';
import test from 'ava';
import { loadOracle } from '../src/scenario/oracle.ts';
import { conformFile, oracleFiles, summarise, type ScenarioReport } from '../src/conform/conform.ts';

const ORACLE = fileURLToPath(new URL('../../core/test/oracle/swap-v5/', import.meta.url));
const files = oracleFiles([ORACLE]);

const told = ({ file, profile, step, field, expected, got }: ScenarioReport): string =>
  `${file.slice(ORACLE.length)} (${profile}), step ${step}, ${field}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`;

for (const profile of [undefined, 'swap-v5-rc1']) {
  test(`recorded scenarios of swap migration, ${profile ?? 'each under the kernels that it names'}`, (t) => {
    const report = summarise(files.flatMap((file) => conformFile(file, profile)));
    t.deepEqual(report.scenarios.filter(({ status }) => status !== 'matched').map(told), []);
    t.is(report.matched, profile ? files.length : 336);
    t.is(report.unsupported, 0);
  });
}

test('the marks of each node and the order of its allocations are those of the recorded machines', (t) => {
  for (const file of files) {
    const { machine } = JSON.parse(readFileSync(file, 'utf8')) as { machine: RecordedNode[] };
    const { topology } = new Simulation({ machine: loadOracle(file).scenario.machine }).view;
    const built = topology.zones.map(({ node, present, min, low, high }) => {
      return { id: node, pages: present, min, low, high, order: [...topology.fallback[node]] };
    });
    t.deepEqual(built, machine, file);
  }
});

interface RecordedNode {
  readonly id: number;
  readonly pages: number;
  readonly min: number;
  readonly low: number;
  readonly high: number;
  readonly order: number[];
}

/** A recorded scenario with one value changed, which a comparison must notice. */
interface Recorded {
  readonly steps: Record<string, unknown>[];
  readonly results: { [field: string]: unknown; state: Record<string, Record<string, unknown>>; trace: string[] }[];
}
const changes: readonly [title: string, change: (recorded: Recorded) => void, status: string, field: string][] = [
  ['a return value', ({ results }) => (results[3]['ret'] = 7), 'mismatched', 'ret'],
  ['an errno that was not', ({ results }) => (results[3]['errno'] = 'EPERM'), 'mismatched', 'errno'],
  [
    'a state that was told wrongly',
    ({ results }) => (results[2].state['pt']['A.r'] = '1#1:wyd'),
    'mismatched',
    'state.pt.A.r',
  ],
  [
    'a change that was not told',
    ({ results }) => delete results[2].state['vec'],
    'mismatched',
    'state.vec.cpu0.active',
  ],
  ['a line of the trace', ({ results }) => results[3].trace.splice(5, 1), 'mismatched', 'trace[5]'],
  ['a line too many', ({ results }) => results[1].trace.push('warn'), 'mismatched', 'trace[0]'],
  ['a field that nobody knows', ({ results }) => (results[3]['colour'] = 'red'), 'unsupported', 'colour'],
  [
    'a part of the state that nobody knows',
    ({ results }) => (results[3].state['tlb'] = {}),
    'unsupported',
    'state.tlb',
  ],
  [
    'an operation that is not simulated',
    ({ steps }) => (steps[3] = { op: 'vmstat' }),
    'unsupported',
    'the operation vmstat',
  ],
];

const folder = mkdtempSync(join(tmpdir(), 'pagetape-conform-'));
for (const [n, [title, change, status, field]] of changes.entries()) {
  test(`a comparison notices ${title}`, (t) => {
    const recorded = JSON.parse(readFileSync(join(ORACLE, 'call-one-young-page.json'), 'utf8')) as Recorded;
    change(recorded);
    const file = join(folder, `${n}.json`);
    writeFileSync(file, JSON.stringify(recorded));
    const [report] = conformFile(file, 'swap-v5-seed');
    t.is(report.status, status as ScenarioReport['status']);
    t.is(report.field, field);
  });
}
