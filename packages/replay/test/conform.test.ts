/**
 * What real kernels answered, step by step. Of the kernels of January 2006 every recorded scenario must match, under both
 * kernels; of kernels 6.x those that a list names, which only grows.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROFILES, Simulation } from '@pagetape/core';
import type { Stimulus } from '@pagetape/events';
import test from 'ava';
import { loadOracle } from '../src/scenario/oracle.ts';
import { observePlacement } from '../src/conform/places.ts';
import { conformFile, oracleFiles, summarise, type ScenarioReport } from '../src/conform/conform.ts';

const ORACLES = fileURLToPath(new URL('../../core/test/oracle/', import.meta.url));
const ORACLE = join(ORACLES, 'swap-v5/');
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

for (const kernel of ['linux-6.12', 'linux-6.1']) {
  test(`recorded scenarios of ${kernel} that are known to match`, (t) => {
    const list = join(ORACLES, `${kernel}.matched.txt`);
    const listed = readFileSync(list, 'utf8')
      .split('\n')
      .filter((name) => name !== '');
    const reports = oracleFiles([join(ORACLES, kernel)]).flatMap((file) => conformFile(file));
    const nameOf = ({ file }: ScenarioReport): string => basename(file, '.json');
    const matched = reports.filter(({ status }) => status === 'matched').map(nameOf);
    const lost = listed.filter((name) => !matched.includes(name));
    t.deepEqual(reports.filter((report) => lost.includes(nameOf(report))).map(told), []);
    t.deepEqual(lost, []);
    const known = reports.map(nameOf).filter((name) => listed.includes(name) || matched.includes(name));
    if (process.env['PAGETAPE_UPDATE']) writeFileSync(list, known.map((name) => `${name}\n`).join(''));
    t.log(`${matched.length} of ${reports.length} match, ${known.length - listed.length} of them not listed yet`);
  });
}

test('the place of a page is told as each kernel looks it up', (t) => {
  const node = (id: number) => ({ id, pages: 512, cpus: 1 });
  const machine = { nodes: [node(0), node(1)], swap: [64], page_cluster: 0, io: 'now' } as const;
  const simulation = new Simulation({ machine });
  const steps: Stimulus[] = [
    { op: 'file', name: 'f', pages: 4 },
    { op: 'spawn', t: 'A' },
    { op: 'mmap', t: 'A', r: 'anon', at: 0, pages: 6 },
    { op: 'touch', t: 'A', addr: ['anon', 0], pages: 2 },
    { op: 'pin', t: 'A', node: 1 },
    { op: 'touch', t: 'A', addr: ['anon', 2], pages: 1 },
    { op: 'touch', t: 'A', addr: ['anon', 4], pages: 1, mode: 'r' },
    { op: 'munmap', t: 'A', addr: ['anon', 5], pages: 1 },
    { op: 'mmap', t: 'A', r: 'file', at: 20, pages: 4, kind: 'file', file: 'f' },
    { op: 'touch', t: 'A', addr: ['file', 0], pages: 2 },
    { op: 'mmap', t: 'A', r: 'out', at: 30, pages: 4 },
    { op: 'touch', t: 'A', addr: ['out', 0], pages: 3 },
    { op: 'thread', t: 'A', as: 'T' },
    { op: 'migrate_pages', t: 'A', pid: 'self', maxnode: 64, old: [1], new: [0] },
    { op: 'touch', t: 'A', addr: ['out', 0], pages: 1, mode: 'r' },
    { op: 'touch', t: 'A', addr: ['file', 0], pages: 1 },
    { op: 'mmap', t: 'A', r: 'none', at: 10, pages: 2 },
    { op: 'touch', t: 'A', addr: ['none', 0], pages: 1 },
    { op: 'mprotect', t: 'A', addr: ['none', 0], pages: 2, prot: '' },
  ];
  for (const step of steps) simulation.perform(step);
  const placed = (status_lookup: 'follow_page' | 'folio_walk') =>
    observePlacement(simulation.view, { ...PROFILES['swap-v5-seed'], status_lookup });
  const sw = { 'A.anon': '0*2,1,0*3', 'A.out': '0,1*2,0' };
  const same = { 'A.file': '1,-2*3' };
  const folio_walk = { 'A.anon': '0*2,-2*2,-14*2', 'A.none': '1,-2', 'A.out': '1,-2*3' };
  const follow_page = { 'A.anon': '0*2,-2,-14*3', 'A.none': '-2,-14', 'A.out': '1,-2*2,-14' };
  t.deepEqual(placed('folio_walk'), { pl: { ...same, ...folio_walk }, sw });
  t.deepEqual(placed('follow_page'), { pl: { ...same, ...follow_page }, sw });
});

/** A recorded scenario with one value changed, which a comparison must notice. */
interface Recorded {
  readonly options: Record<string, unknown>;
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
  ['an operation that is not simulated', ({ steps }) => (steps[3] = { op: 'ksm' }), 'unsupported', 'the operation ksm'],
  [
    'a setting that is not simulated',
    (recorded) => (recorded.options['thp'] = 'always'),
    'unsupported',
    'the setting thp or hugepages (huge pages) of kernels before 6.x',
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
