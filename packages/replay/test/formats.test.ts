/**
 * Files of /proc and /sys: small scenarios, and the exact text that each kernel would show. Every text was written by
 * hand from semantics.md §14; the comments at a scenario say where its numbers come from.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { layout, PROFILES, type StateView } from '@pagetape/core';
import test from 'ava';
import { main } from '../src/cli/program.ts';
import { meminfo } from '../src/formats/meminfo.ts';
import { readSystemFile } from '../src/formats/files.ts';
import { Recorder } from '../src/run/record.ts';
import { startOfRun } from '../src/run/run.ts';
import { ChainSink } from '../src/run/sink.ts';
import { parseScenario } from '../src/scenario/load.ts';

const POSTED = ['swap-v5-posted'];
const RC1 = ['swap-v5-rc1'];
const H = ['linux-2.6.16'];
const OLDER = ['swap-v5-seed', ...POSTED];
/** Kernels that keep an evicted page until the call is over. */
const KEPT = ['swap-v5-seed', ...RC1];
const ALL = [...OLDER, ...RC1];

const states = new Map<string, StateView>();

/** The machine after a scenario, which is run once. */
function stateAfter(scenario: string, profile: string): StateView {
  const key = profile + scenario;
  const known = states.get(key);
  if (known) return known;
  const parsed = parseScenario(scenario, 'scenario');
  const recorder = new Recorder(startOfRun(parsed, { profile }), new ChainSink());
  for (const step of parsed.steps) recorder.perform(step);
  states.set(key, recorder.view);
  return recorder.view;
}

/**
 * Areas of each kind of page and policy. Addresses are 4 KB times the page number, from 0x40000000 on; 0x400000 is the
 * program. `spread` begins at page 0x40050, which 3 divides, so its pages go to nodes 0, 1, 2, 0. The fork shares all
 * anonymous pages (two mappings), and the zero page of `table` has two of its own; it copies neither those entries nor
 * those of `log`. Then the worker writes to two pages of the heap, and gets copies on the node that it prefers.
 */
const AREAS = `
machine:
  nodes:
    - {pages: 256, cpus: 1}
    - {pages: 256, cpus: 1}
    - {zones: {DMA32: 256}, cpus: 1}
steps:
  - {op: file, name: log, pages: 4}
  - {op: spawn, t: db, node: 0}
  - {op: mmap, t: db, r: heap, at: 0, pages: 8}
  - {op: touch, t: db, addr: [heap, 0], pages: 6}
  - {op: mmap, t: db, r: table, at: 16, pages: 4}
  - {op: touch, t: db, addr: [table, 0], pages: 2, mode: r}
  - {op: mmap, t: db, r: log, at: 32, pages: 4, kind: filepriv, file: log, prot: r}
  - {op: touch, t: db, addr: [log, 0], pages: 3, mode: r}
  - {op: mmap, t: db, r: bound, at: 64, pages: 4}
  - {op: mbind, t: db, addr: [bound, 0], pages: 4, mode: MPOL_BIND, mask: [0, 2], maxnode: 64, flags: 0}
  - {op: touch, t: db, addr: [bound, 0], pages: 4}
  - {op: mmap, t: db, r: spread, at: 80, pages: 4}
  - {op: mbind, t: db, addr: [spread, 0], pages: 4, mode: MPOL_INTERLEAVE, mask: [0, 1, 2], maxnode: 64, flags: 0}
  - {op: touch, t: db, addr: [spread, 0], pages: 4}
  - {op: mmap, t: db, r: here, at: 96, pages: 2}
  - {op: mbind, t: db, addr: [here, 0], pages: 2, mode: MPOL_PREFERRED, mask: [], maxnode: 64, flags: 0}
  - {op: touch, t: db, addr: [here, 0], pages: 2}
  - {op: mmap, t: db, r: empty, at: 112, pages: 4}
  - {op: fork, t: db, as: worker}
  - {op: pin, t: worker, node: 1}
  - {op: set_mempolicy, t: worker, mode: MPOL_PREFERRED, mask: [2], maxnode: 64}
  - {op: touch, t: worker, addr: [heap, 0], pages: 2}
`;

/** Four pages that only A maps are evicted from node 0; then A runs on node 1 and touches the last again. */
const evicted = (after: string): string => `
machine: {nodes: [{pages: 256, cpus: 1}, {pages: 256, cpus: 1}], swap: [64], page_cluster: 0}
steps:
  - {op: spawn, t: A, node: 0}
  - {op: mmap, t: A, r: r, at: 0, pages: 4}
  - {op: touch, t: A, addr: [r, 0], pages: 4}
  - {op: migrate_pages, t: A, pid: self, maxnode: 64, old: [0], new: [1]}
${after}`;
const EVICTED = evicted('');
const BACK = evicted(`
  - {op: pin, t: A, node: 1}
  - {op: touch, t: A, addr: [r, 3], pages: 1}
`);

/**
 * A node of each zone kind; a task on each writes one page more than the one before. b has its two pages evicted: they
 * are written to swap, and the drain that finds them brings the page of a to its list, too. Then a reads a page of
 * `log` from disk and writes to another, and to one of `scratch`, which is in memory only. Last it unmaps those two:
 * that brings the batches of its CPU to the lists, the dirty bits from the page table to the pages, and as both pages
 * were used a second time by their young entries, it activates them. 13 faults in all.
 */
const ZONES = `
machine:
  nodes:
    - {id: 0, cpus: 1, zones: {HighMem: 256}}
    - {id: 1, cpus: 1, zones: {Normal: 256}}
    - {id: 3, cpus: 1, zones: {DMA32: 256}}
    - {id: 4, cpus: 1, zones: {DMA: 256}}
  distance: [[10, 20, 30, 40], [20, 10, 21, 31], [30, 21, 10, 22], [40, 31, 22, 10]]
  swap: 1MiB
steps:
  - {op: spawn, t: a, node: 0}
  - {op: spawn, t: b, node: 1}
  - {op: spawn, t: c, node: 3}
  - {op: spawn, t: d, node: 4}
  - {op: mmap, t: a, r: p, at: 0, pages: 4}
  - {op: touch, t: a, addr: [p, 0], pages: 1}
  - {op: mmap, t: b, r: q, at: 0, pages: 4}
  - {op: touch, t: b, addr: [q, 0], pages: 2}
  - {op: mmap, t: c, r: r, at: 0, pages: 4}
  - {op: touch, t: c, addr: [r, 0], pages: 3}
  - {op: mmap, t: d, r: s, at: 0, pages: 4}
  - {op: touch, t: d, addr: [s, 0], pages: 4}
  - {op: migrate_pages, t: b, pid: self, maxnode: 64, old: [1], new: [0]}
  - {op: file, name: log, pages: 4}
  - {op: file, name: scratch, pages: 4, fs: ramfs}
  - {op: mmap, t: a, r: log, at: 16, pages: 4, kind: file, file: log}
  - {op: touch, t: a, addr: [log, 0], pages: 1, mode: r}
  - {op: touch, t: a, addr: [log, 1], pages: 1}
  - {op: mmap, t: a, r: scratch, at: 32, pages: 4, kind: file, file: scratch}
  - {op: touch, t: a, addr: [scratch, 0], pages: 1}
  - {op: munmap, t: a, addr: [log, 1], pages: 1}
  - {op: munmap, t: a, addr: [scratch, 0], pages: 1}
`;

/**
 * Four interleaved pages go to nodes 0, 1, 0, 1. Then node 0 gives pages down to its low mark: 35 pages are to stay
 * free in all (the root of 16 times 1280 KB is 143 KB), 7 of them here, and the low mark is 8. So of 64 it gives 56,
 * two of them interleaved; the other 4 of 58 come from node 1.
 */
const FALLBACK = `
machine: {nodes: [{pages: 64, cpus: 1}, {pages: 256, cpus: 1}]}
steps:
  - {op: spawn, t: A, node: 0}
  - {op: mmap, t: A, r: spread, at: 0, pages: 4}
  - {op: mbind, t: A, addr: [spread, 0], pages: 4, mode: MPOL_INTERLEAVE, mask: [0, 1], maxnode: 64, flags: 0}
  - {op: touch, t: A, addr: [spread, 0], pages: 4}
  - {op: mmap, t: A, r: more, at: 64, pages: 64}
  - {op: touch, t: A, addr: [more, 0], pages: 58}
`;

/** The policy of a file shows in every mapping of it; where it has none, that of the task is passed over. */
const SHARED = `
machine: {nodes: [{pages: 256, cpus: 1}, {pages: 256, cpus: 1}]}
steps:
  - {op: file, name: f, pages: 4, fs: tmpfs}
  - {op: spawn, t: A, node: 0}
  - {op: mmap, t: A, r: r, at: 0, pages: 4, kind: file, file: f}
  - {op: mbind, t: A, addr: [r, 0], pages: 2, mode: MPOL_INTERLEAVE, mask: [0, 1], maxnode: 64, flags: 0}
  - {op: spawn, t: B, node: 0}
  - {op: set_mempolicy, t: B, mode: MPOL_PREFERRED, mask: [1], maxnode: 64}
  - {op: mmap, t: B, r: q, at: 0, pages: 2, kind: file, file: f}
  - {op: mmap, t: B, r: s, at: 16, pages: 2, kind: file, file: f, off: 2}
  - {op: touch, t: B, addr: [q, 0], pages: 2}
  - {op: touch, t: B, addr: [s, 0], pages: 1}
`;

/** A zombie and a kernel thread have no memory to show. */
const GONE = `
machine: {nodes: [{pages: 256, cpus: 1}]}
steps:
  - {op: spawn, t: A, node: 0}
  - {op: exit, t: A, zombie: true}
`;

const noneOf = (family: string): string => `${family}_high 0\n${family}_normal 0\n${family}_dma32 0\n${family}_dma 0`;

const vmstatOfZones = (pgfree: number): string => `
nr_dirty 1
nr_writeback 0
nr_unstable 0
nr_page_table_pages 4
nr_mapped 9
nr_slab 0
pgpgin 8
pgpgout 8
pswpin 0
pswpout 2
pgalloc_high 4
pgalloc_normal 2
pgalloc_dma32 3
pgalloc_dma 4
pgfree ${pgfree}
pgactivate 2
pgdeactivate 0
pgfault 13
pgmajfault 0
${noneOf('pgrefill')}
${noneOf('pgsteal')}
${noneOf('pgscan_kswapd')}
${noneOf('pgscan_direct')}
pginodesteal 0
slabs_scanned 0
kswapd_steal 0
kswapd_inodesteal 0
pageoutrun 0
allocstall 0
pgrotated 0
nr_bounce 0
`;

/** The file begins with an empty line of its own. */
const MEMINFO_OF_NODE_0 = `

Node 0 MemTotal:         1024 kB
Node 0 MemFree:          1008 kB
Node 0 MemUsed:            16 kB
Node 0 Active:             12 kB
Node 0 Inactive:            4 kB
Node 0 HighTotal:        1024 kB
Node 0 HighFree:         1008 kB
Node 0 LowTotal:            0 kB
Node 0 LowFree:             0 kB
Node 0 Dirty:               4 kB
Node 0 Writeback:           0 kB
Node 0 Mapped:              8 kB
Node 0 Slab:                0 kB
Node 0 HugePages_Total:     0
Node 0 HugePages_Free:      0
`;

const DB_MAPS = `
00400000 default MaxRef=0 Pages=0 Mapped=0
40000000 default MaxRef=2 Pages=6 Mapped=6 Anon=6 N0=6
40010000 default MaxRef=2 Pages=2 Mapped=2 N0=2
40020000 default MaxRef=1 Pages=3 Mapped=3 N0=3
40040000 bind={0/Normal,2/Normal} MaxRef=2 Pages=4 Mapped=4 Anon=4 N0=4
40050000 interleave={0,1,2} MaxRef=2 Pages=4 Mapped=4 Anon=4 N0=2 N1=1 N2=1
40060000 prefer=-1 MaxRef=2 Pages=2 Mapped=2 Anon=2 N0=2
40070000 default MaxRef=0 Pages=0 Mapped=0
`;

const WORKER_MAPS = `
00400000 prefer=2 MaxRef=0 Pages=0 Mapped=0
40000000 prefer=2 MaxRef=2 Pages=6 Mapped=6 Anon=6 N0=4 N2=2
40010000 prefer=2 MaxRef=0 Pages=0 Mapped=0
40020000 prefer=2 MaxRef=0 Pages=0 Mapped=0
40040000 bind={0/Normal,2/Normal} MaxRef=2 Pages=4 Mapped=4 Anon=4 N0=4
40050000 interleave={0,1,2} MaxRef=2 Pages=4 Mapped=4 Anon=4 N0=2 N1=1 N2=1
40060000 prefer=-1 MaxRef=2 Pages=2 Mapped=2 Anon=2 N0=2
40070000 prefer=2 MaxRef=0 Pages=0 Mapped=0
`;

/** Areas without pages are left out, and so is that of zero pages, which are reserved. */
const DB_MAPS_RC1 = `
40000000 default pages=6 mapped=6 maxref=2 anon=6 N0=6
40020000 default pages=3 mapped=3 maxref=1 N0=3
40040000 bind=0,2 pages=4 mapped=4 maxref=2 anon=4 N0=4
40050000 interleave=0-2 pages=4 mapped=4 maxref=2 anon=4 N0=2 N1=1 N2=1
40060000 prefer pages=2 mapped=2 maxref=2 anon=2 N0=2
`;

const WORKER_MAPS_RC1 = `
40000000 prefer=2 pages=6 mapped=6 maxref=2 anon=6 N0=4 N2=2
40040000 bind=0,2 pages=4 mapped=4 maxref=2 anon=4 N0=4
40050000 interleave=0-2 pages=4 mapped=4 maxref=2 anon=4 N0=2 N1=1 N2=1
40060000 prefer pages=2 mapped=2 maxref=2 anon=2 N0=2
`;

/** The reserved zero page is not counted, but its area has a line. Pages in a batch are not active yet. */
const DB_MAPS_2_6_16 = `
00400000 default
40000000 default anon=6 dirty=6 mapmax=2 N0=6
40010000 default
40020000 default file=/log mapped=3 active=0 N0=3
40040000 bind=0,2 anon=4 dirty=4 mapmax=2 N0=4
40050000 interleave=0-2 anon=4 dirty=4 mapmax=2 N0=2 N1=1 N2=1
40060000 prefer anon=2 dirty=2 mapmax=2 active=0 N0=2
40070000 default
`;

const WORKER_MAPS_2_6_16 = `
00400000 prefer=2
40000000 prefer=2 anon=6 dirty=6 mapmax=2 active=4 N0=4 N2=2
40010000 prefer=2
40020000 prefer=2 file=/log
40040000 bind=0,2 anon=4 dirty=4 mapmax=2 N0=4
40050000 interleave=0-2 anon=4 dirty=4 mapmax=2 N0=2 N1=1 N2=1
40060000 prefer anon=2 dirty=2 mapmax=2 active=0 N0=2
40070000 prefer=2
`;

const SHARED_MAPS = `
00400000 prefer=1 MaxRef=0 Pages=0 Mapped=0
40000000 interleave={0,1} MaxRef=1 Pages=2 Mapped=2 N0=1 N1=1
40010000 default MaxRef=1 Pages=1 Mapped=1 N1=1
`;

const EVICTED_MAPS = `
00400000 default MaxRef=0 Pages=0 Mapped=0
40000000 default MaxRef=0 Pages=0 Mapped=0
`;

const BACK_MAPS = `
00400000 default MaxRef=0 Pages=0 Mapped=0
40000000 default MaxRef=1 Pages=1 Mapped=1 Anon=1 N1=1
`;

const BACK_MAPS_RC1 = '\n40000000 default pages=1 mapped=1 maxref=1 anon=1 N1=1\n';

const NUMASTAT_OF_NODE_0 = `
numa_hit 56
numa_miss 0
numa_foreign 4
interleave_hit 2
local_node 56
other_node 0
`;

const NUMASTAT_OF_NODE_1 = `
numa_hit 2
numa_miss 4
numa_foreign 0
interleave_hit 2
local_node 0
other_node 6
`;

type Case = readonly [what: string, profiles: readonly string[], scenario: string, file: string, text: string];

/** Texts begin with a line break that is not part of them. */
const CASES: readonly Case[] = [
  ['each kind of area', OLDER, AREAS, '/proc/db/numa_maps', DB_MAPS],
  ['areas fall back on the policy of their task', OLDER, AREAS, '/proc/worker/numa_maps', WORKER_MAPS],
  ['each kind of area', RC1, AREAS, '/proc/db/numa_maps', DB_MAPS_RC1],
  ['areas fall back on the policy of their task', RC1, AREAS, '/proc/worker/numa_maps', WORKER_MAPS_RC1],
  ['each kind of area', H, AREAS, '/proc/db/numa_maps', DB_MAPS_2_6_16],
  ['areas fall back on the policy of their task', H, AREAS, '/proc/worker/numa_maps', WORKER_MAPS_2_6_16],
  ['a file has the policies', OLDER, SHARED, '/proc/B/numa_maps', SHARED_MAPS],
  ['evicted pages vanish', OLDER, EVICTED, 'A/numa_maps', EVICTED_MAPS],
  ['evicted pages vanish', RC1, EVICTED, 'A/numa_maps', '\n'],
  ['a page comes back where it is used', OLDER, BACK, 'A/numa_maps', BACK_MAPS],
  ['a page comes back where it is used', RC1, BACK, 'A/numa_maps', BACK_MAPS_RC1],
  ['a kernel thread', ALL, GONE, '/proc/kthread/numa_maps', '\n'],
  ['a zombie', ALL, GONE, '/proc/A/numa_maps', '\n'],
  ['counters', KEPT, ZONES, '/proc/vmstat', vmstatOfZones(0)],
  ['counters', POSTED, ZONES, '/proc/vmstat', vmstatOfZones(2)],
  ['memory', ALL, ZONES, '/sys/devices/system/node/node0/meminfo', MEMINFO_OF_NODE_0],
  ['hits and foreign', ALL, FALLBACK, '/sys/devices/system/node/node0/numastat', NUMASTAT_OF_NODE_0],
  ['misses and others', ALL, FALLBACK, '/sys/devices/system/node/node1/numastat', NUMASTAT_OF_NODE_1],
  ['ids with a hole', ALL, ZONES, '/sys/devices/system/node/node3/distance', '\n30 21 10 22\n'],
  ['distances that nobody gave', ALL, FALLBACK, 'node1/distance', '\n20 10\n'],
];

for (const [what, profiles, scenario, file, text] of CASES) {
  for (const profile of profiles) {
    test(`${profile}: ${file}: ${what}`, (t) => {
      t.is(readSystemFile(stateAfter(scenario, profile), PROFILES[profile], file)?.text, text.slice(1));
    });
  }
}

/** The number on a line of a meminfo. */
function kbytes(text: string, label: string): number {
  return Number(new RegExp(`${label}: +(\\d+) kB`).exec(text)?.[1]);
}

for (const [name, scenario] of Object.entries({ AREAS, BACK, ZONES })) {
  test(`the nodes together have what /proc/vmstat counts: ${name}`, (t) => {
    const s = stateAfter(scenario, 'swap-v5-seed');
    const sum = (label: string): number =>
      s.topology.nodes.reduce((total, nid) => total + kbytes(meminfo(s, nid), label), 0);
    t.is(sum('Mapped'), 4 * s.vmstat[layout.NR_MAPPED]);
    t.is(sum('Dirty'), 4 * s.vmstat[layout.NR_DIRTY]);
    t.is(sum('Writeback'), 4 * s.vmstat[layout.NR_WRITEBACK]);
    t.is(sum('MemFree') + sum('MemUsed'), sum('MemTotal'));
  });
}

test('the node of evicted pages has them free at once only in the posted series', (t) => {
  const free = (profile: string): number => kbytes(meminfo(stateAfter(ZONES, profile), 1), 'MemFree');
  t.deepEqual(ALL.map(free), [1016, 1024, 1016]);
});

test('a node that is not there has no files, and a task may be named like one', (t) => {
  const s = stateAfter(GONE.replaceAll('t: A', 't: node7'), 'swap-v5-seed');
  t.is(readSystemFile(s, PROFILES['swap-v5-seed'], 'node7/meminfo'), undefined);
  t.is(readSystemFile(s, PROFILES['swap-v5-seed'], 'node7/numa_maps')?.path, '/proc/100/numa_maps');
});

// --- the command ----------------------------------------------------------------------------------------------------

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'pagetape-formats-'));
test.after.always(() => fs.rmSync(scratch, { recursive: true }));
const tape = path.join(scratch, 'back.tape');

test.before(async () => {
  const scenario = path.join(scratch, 'back.yaml');
  fs.writeFileSync(scenario, BACK);
  await pagetape('run', scenario, '-o', tape);
});

async function pagetape(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const write = async (text: string): Promise<void> => void (out += text);
  const context = { out: write, err: (text: string) => void (err += text), terminal: false, status: 0 };
  await main(args, context);
  return { status: context.status, out, err };
}

test('show --proc prints a file as it reads at the end of the tape, by any of its names', async (t) => {
  for (const name of ['/proc/A/numa_maps', '/proc/100/numa_maps', 'A/numa_maps', '100/numa_maps']) {
    const { status, out } = await pagetape('show', tape, '--proc', name);
    t.is(status, 0);
    t.is(out, BACK_MAPS.slice(1), name);
  }
});

test('show --proc --at prints a file as it read after any event', async (t) => {
  const isolated = JSON.parse((await pagetape('show', tape, '--kind', 'PageIsolated', '--json')).out.split('\n')[0]);
  const { out } = await pagetape('show', tape, '--proc', 'A/numa_maps', '--at', `${isolated.seq}`);
  t.is(out, '00400000 default MaxRef=0 Pages=0 Mapped=0\n40000000 default MaxRef=1 Pages=4 Mapped=4 Anon=4 N0=4\n');
  const start = JSON.parse((await pagetape('show', tape, '--proc', 'node1/distance', '--at', '0', '--json')).out);
  t.deepEqual(start, { file: '/sys/devices/system/node/node1/distance', at: 0, text: '20 10\n' });
});

const REFUSED: readonly (readonly [options: string, error: RegExp])[] = [
  ['--proc B/numa_maps', /^error: there is no file "B\/numa_maps" after event \d+; there are \/proc\/\{init,.*,A\}\//],
  [
    '--proc node2/meminfo',
    /\/numa_maps, \/proc\/vmstat and \/sys\/.*\/\{node0,node1\}\/\{numastat,meminfo,distance\}\n$/,
  ],
  ['--proc A/numa_maps --at 2', /there is no file "A\/numa_maps" after event 2; there are/],
  ['--proc vmstat --at 999999', /^error: --at is 999999, but the last event on the tape is \d+\n$/],
  ['--proc vmstat --at end', /^error: --at is "end"; it should be a whole number\n$/],
  [
    '--proc vmstat --op 3',
    /^error: --op picks events, and --proc prints a file of the machine; leave one of them out\n$/,
  ],
  ['--at 3', /^error: --at is for a file of the machine; name one with --proc\n$/],
];

for (const [options, error] of REFUSED) {
  test(`refused: show ${options}`, async (t) => {
    const { status, out, err } = await pagetape('show', tape, ...options.split(' '));
    t.regex(err, error);
    t.is(status, 2);
    t.is(out, '');
  });
}

const LOCKED = `
profile: linux-6.12
machine: {nodes: [{pages: 128}], swap: 64}
steps:
  - {op: file, name: f, pages: 2, fs: ext2}
  - {op: spawn, t: A, node: 0}
  - {op: mmap, t: A, r: r, at: 0, pages: 4}
  - {op: mmap, t: A, r: file, at: 8, pages: 2, kind: file, file: f}
  - {op: touch, t: A, addr: [r, 0], pages: 4}
  - {op: touch, t: A, addr: [file, 0], pages: 2}
  - {op: mlock, t: A, addr: [r, 0], pages: 2}
`;

test('meminfo, vmstat and numa_maps of 6.x tell of the five lists', (t) => {
  const view = stateAfter(LOCKED, 'linux-6.12');
  const read = (name: string): string[] => (readSystemFile(view, PROFILES['linux-6.12'], name)?.text ?? '').split('\n');
  const lists = ['Active', 'Inactive', 'Active(anon)', 'Inactive(anon)', 'Active(file)', 'Inactive(file)'];
  const kbytes = [0, 16, 0, 8, 0, 8, 8, 8];
  t.deepEqual(
    read('node0/meminfo').slice(4, 12),
    [...lists, 'Unevictable', 'Mlocked'].map(
      (label, i) => `Node 0 ${`${label}:`.padEnd(16)}${`${kbytes[i]}`.padStart(8)} kB`,
    ),
  );
  for (const name of ['vmstat', 'node0/vmstat']) {
    const told = read(name).filter((line) => /^nr_(mlock|(in)?active|unevictable)/.test(line));
    const pages = [
      'nr_inactive_anon 2',
      'nr_active_anon 0',
      'nr_inactive_file 2',
      'nr_active_file 0',
      'nr_unevictable 2',
    ];
    t.deepEqual(told, ['nr_mlock 2', ...pages]);
  }
  // Those that are locked count as active, so that nothing is told of the first area.
  t.deepEqual(read('A/numa_maps').slice(1, 3), [
    '40000000 default anon=2 dirty=2 N0=2 kernelpagesize_kB=4',
    '40002000 default anon=2 dirty=2 active=0 N0=2 kernelpagesize_kB=4',
  ]);
});

/** No line is left out, the zero page counts nowhere, and pages under `log` are clean, so they are told as mapped. */
const DB_MAPS_MODERN = `00400000 default
40000000 default anon=6 dirty=6 mapmax=2 N0=6 kernelpagesize_kB=4
40010000 default
40020000 default file=log mapped=3 active=0 N0=3 kernelpagesize_kB=4
40040000 bind:0,2 anon=4 dirty=4 mapmax=2 N0=4 kernelpagesize_kB=4
40050000 interleave:0-2 anon=4 dirty=4 mapmax=2 N0=2 N1=1 N2=1 kernelpagesize_kB=4
40060000 local anon=2 dirty=2 mapmax=2 active=0 N0=2 kernelpagesize_kB=4
40070000 default
`;

test('numa_maps in the text of kernels 6.x', (t) => {
  const traits = { ...PROFILES['swap-v5-seed'], numa_maps: 'kernelpagesize' } as const;
  const view = stateAfter(AREAS, 'swap-v5-seed');
  t.is(readSystemFile(view, traits, '/proc/db/numa_maps')?.text, DB_MAPS_MODERN);
});
