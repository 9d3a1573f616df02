/** Parts of the machine that scenarios do not show one by one: chance, topology, the scheduler, the boundary. */
import test from 'ava';
import { canonicalJson, collectBlocks, eventsOf, printData, START, type Stimulus } from '@pagetape/events';
import { Chance, hashState, openMachine, PRNG_NAME, Simulation, type MachineSpec } from '../src/index.ts';
import { ZONE, Z_FREE } from '../src/state/layout.ts';
import { buildTopology } from '../src/state/topology.ts';

const node = (id: number, pages: number, cpus = 1) => ({ id, pages, cpus });
const machine = (spec: Partial<MachineSpec> = {}): MachineSpec => ({
  nodes: [node(0, 128), node(1, 128)],
  swap: [64],
  page_cluster: 3,
  io: 'step',
  ...spec,
});

/** Runs steps, and gives the simulation and the lines of its events. */
function run(steps: readonly Stimulus[], { seed = '1', spec = machine() } = {}) {
  const { blocks, sink } = collectBlocks();
  const simulation = new Simulation({ machine: spec, seed, sink });
  const results = steps.map((step) => simulation.perform(step));
  simulation.finish();
  const at = { ...START };
  const lines = blocks.flatMap((block) => [...eventsOf(block, at)].map(printData));
  return { simulation, results, lines };
}

// --- chance ---------------------------------------------------------------------------------------------------------

test('chance: known draws, so that a seed means the same for ever', (t) => {
  t.is(PRNG_NAME, 'seedrandom-3/alea');
  const chance = new Chance('2005-10-31');
  t.deepEqual(
    Array.from({ length: 8 }, () => chance.below('schedule', 100)),
    KNOWN_DRAWS,
  );
});

const KNOWN_DRAWS = [88, 0, 70, 29, 31, 45, 25, 86];

test('chance: one more draw in a stream does not shift another', (t) => {
  const a = new Chance('x');
  const b = new Chance('x');
  a.below('device', 10);
  t.is(a.below('schedule', 1_000_000), b.below('schedule', 1_000_000));
});

test('chance: a saved state goes on exactly, also through JSON', (t) => {
  const chance = new Chance('save me');
  for (let i = 0; i < 12_345; i++) chance.below('schedule', 7);
  const again = new Chance('save me', JSON.parse(JSON.stringify(chance.save())));
  for (let i = 0; i < 1_000; i++) t.is(again.below('schedule', 1 << 30), chance.below('schedule', 1 << 30));
  t.is(again.below('fuzz', 1 << 30), chance.below('fuzz', 1 << 30));
});

test('chance: a run that goes on from a checkpoint is the run that went on', (t) => {
  const whole = new Simulation({ machine: machine(), seed: '3' });
  for (const step of twoMigrate) whole.perform(step);
  const checkpoint = whole.checkpoint();
  const resumed = [1, 2].map(() => new Simulation({ from: checkpoint }));
  const [, , , , overlapping] = twoMigrate;
  whole.perform(overlapping);
  for (const simulation of resumed) {
    simulation.perform(overlapping);
    t.is(simulation.log.seq, whole.log.seq);
    t.is(hashState(simulation.view), hashState(whole.view));
  }
});

// --- topology -------------------------------------------------------------------------------------------------------

const ring = [
  [10, 20, 30, 20],
  [20, 10, 20, 30],
  [30, 20, 10, 20],
  [20, 30, 20, 10],
];

const fallbacks: readonly [title: string, spec: MachineSpec, expected: Record<number, number[]>][] = [
  [
    'equal distances rotate',
    machine({ nodes: [0, 1, 2, 3].map((id) => node(id, 96)) }),
    { 0: [0, 1, 2, 3], 1: [1, 2, 3, 0], 3: [3, 0, 1, 2] },
  ],
  [
    'a ring: neighbours first',
    machine({ nodes: [0, 1, 2, 3].map((id) => node(id, 96)), distance: ring }),
    { 0: [0, 1, 3, 2], 2: [2, 3, 1, 0] },
  ],
  ['ids with holes', machine({ nodes: [node(1, 64), node(4, 64), node(9, 64)] }), { 1: [1, 4, 9], 9: [9, 1, 4] }],
];

for (const [title, spec, expected] of fallbacks) {
  test(`zonelists: ${title}`, (t) => {
    const { fallback } = buildTopology(spec);
    for (const [nid, order] of Object.entries(expected)) t.deepEqual(fallback[Number(nid)], order, `node ${nid}`);
  });
}

test('zonelists: within a node the highest zone comes first', (t) => {
  const zones = { DMA: 16, DMA32: 48, Normal: 64 };
  const { zonelist, zones: all } = buildTopology(machine({ nodes: [{ ...node(0, 128), zones }, node(1, 64)] }));
  t.deepEqual(
    zonelist[0].map((zone) => [all[zone].node, all[zone].kind]),
    [
      [0, 2],
      [0, 1],
      [0, 0],
      [1, 2],
    ],
  );
});

const marks: readonly [pages: number[], expected: [number, number, number][]][] = [
  [
    [128, 128],
    [
      [16, 20, 24],
      [16, 20, 24],
    ],
  ],
  [
    [96, 96, 96, 96],
    [
      [9, 11, 13],
      [9, 11, 13],
      [9, 11, 13],
      [9, 11, 13],
    ],
  ],
];

for (const [pages, expected] of marks) {
  test(`watermarks of nodes with ${pages.join(', ')} pages`, (t) => {
    const { zones } = buildTopology(machine({ nodes: pages.map((n, id) => node(id, n)) }));
    t.deepEqual(
      zones.map(({ min, low, high }) => [min, low, high]),
      expected,
    );
  });
}

// --- the scheduler --------------------------------------------------------------------------------------------------

const twoMigrate: readonly Stimulus[] = [
  { op: 'spawn', t: 'A', node: 0 },
  { op: 'mmap', t: 'A', r: 'r', at: 0, pages: 20 },
  { op: 'touch', t: 'A', addr: ['r', 0], pages: 20 },
  { op: 'fork', t: 'A', as: 'B' },
  {
    op: 'parallel',
    steps: [
      { op: 'migrate_pages', t: 'A', pid: 'self', maxnode: 64, old: [0], new: [1] },
      { op: 'touch', t: 'B', addr: ['r', 0], pages: 20 },
      { op: 'migrate_pages', t: 'B', pid: 'self', maxnode: 64, old: [0], new: [1] },
    ],
  },
];

test('parallel steps: the same seed gives the same events, another seed another interleaving', (t) => {
  const one = run(twoMigrate, { seed: '1' });
  t.is(canonicalJson(one.lines), canonicalJson(run(twoMigrate, { seed: '1' }).lines));
  t.not(canonicalJson(one.lines), canonicalJson(run(twoMigrate, { seed: '2' }).lines));
  t.true(one.lines.some((line) => line.startsWith('ChanceDrawn stream=0')));
});

test('one task alone: nothing is chosen, so the seed changes nothing', (t) => {
  const alone = twoMigrate.slice(0, 4);
  t.deepEqual(run(alone, { seed: '1' }).lines, run(alone, { seed: '2' }).lines);
});

test('a wait that cannot end stops the run, with who waits for what', (t) => {
  const { results, lines, simulation } = run([
    { op: 'spawn', t: 'A', node: 0 },
    { op: 'mmap', t: 'A', r: 'r', at: 0, pages: 1 },
    { op: 'touch', t: 'A', addr: ['r', 0], pages: 1 },
    { op: 'lock', t: 'A', addr: ['r', 0], until: 'unlock' },
    { op: 'migrate_pages', t: 'A', pid: 'self', maxnode: 64, old: [0], new: [1] },
  ]);
  t.deepEqual(results.at(-1), { ret: null, stop: 'hang' });
  const report = '{"for":"the lock of page 1","held_by":"somebody outside","op":5,"task":100}';
  t.is(lines.at(-1), `DeadlockFound {"waits":[${report}]}`);
  t.throws(() => simulation.perform({ op: 'io_done' }), { message: /the run has stopped/ });
});

// --- the boundary ---------------------------------------------------------------------------------------------------

test('outside the reducers a state may only be read: these lines must not compile', (t) => {
  const { view } = new Simulation({ machine: machine() });
  const write = (): void => {
    // @ts-expect-error the hot lane is read-only
    view.frames[8] = 1;
    // @ts-expect-error the cold lane is read-only
    view.cold.next.pid = 7;
    // @ts-expect-error so is a task
    view.cold.tasks[1].uid = 3;
    // @ts-expect-error and its lists
    view.cold.tasks[1].capabilities.push('CAP_SYS_NICE');
    // @ts-expect-error and the policy of an area
    view.cold.vmas[1].policy?.nodes.push(1);
    // @ts-expect-error so is the clock
    view.clock.t = 0;
  };
  t.throws(() => {
    write();
  });
});

test('a fork of a machine is independent', (t) => {
  const { blocks, sink } = collectBlocks();
  const simulation = new Simulation({ machine: machine(), sink });
  for (const step of twoMigrate.slice(0, 3)) simulation.perform(step);
  simulation.finish();
  const replayed = openMachine(machine());
  replayed.replay(blocks[0], 0, blocks[0].rows.length);
  t.is(hashState(replayed.view), hashState(simulation.view));
  const branch = replayed.fork();
  const before = hashState(branch.view);
  simulation.perform(twoMigrate[3]);
  simulation.finish();
  replayed.replay(blocks[1], 0, blocks[1].rows.length);
  t.is(hashState(replayed.view), hashState(simulation.view));
  t.is(hashState(branch.view), before);
});

// --- what is held from outside -----------------------------------------------------------------------------------------

/** Which pages or slots the events of these kinds name, in their order. */
function order(lines: readonly string[], kind: string, field: string): number[] {
  const named = new RegExp(`^${kind} .*\\b${field}=(?:0x)?([0-9a-f]+)`);
  return lines.flatMap((line) => named.exec(line)?.[1] ?? []).map((text) => Number.parseInt(text, 16) & 0xff);
}

const heldFromOutside: readonly [title: string, steps: Stimulus[], kind: string, field: string, expected: number[]][] =
  [
    [
      'references end in the order in which they were taken, whatever numbers they have',
      [
        { op: 'pinpages', t: 'A', addr: ['r', 0], pages: 4 },
        { op: 'unpin', t: 'A', addr: ['r', 1], pages: 2 },
        { op: 'pinpages', t: 'A', addr: ['r', 2], pages: 4 },
        { op: 'unpin' },
      ],
      'PinRemoved',
      'vpn',
      [1, 2, 0, 3, 2, 3, 4, 5],
    ],
    [
      'their numbers are given again, the latest that became free first',
      [
        { op: 'pinpages', t: 'A', addr: ['r', 0], pages: 4 },
        { op: 'unpin', t: 'A', addr: ['r', 1], pages: 2 },
        { op: 'pinpages', t: 'A', addr: ['r', 2], pages: 3 },
      ],
      'PinPlaced',
      'pin',
      [0, 1, 2, 3, 2, 1, 4],
    ],
    [
      'locks are given back in the order in which they were taken, if they wait for that',
      [
        { op: 'lock', t: 'A', addr: ['r', 3], pages: 2, until: 'unlock' },
        { op: 'lock', t: 'A', addr: ['r', 1], until: 'wait' },
        { op: 'lock', t: 'A', addr: ['r', 0], pages: 3, until: 'unlock' },
        { op: 'unlock' },
      ],
      'HolderUnlocked',
      'pfn',
      [4, 5, 1, 3],
    ],
    [
      'slots are given back in the order in which they were seized',
      [
        { op: 'swapfill', leave: 60 },
        { op: 'swapfree', count: 2 },
        { op: 'swapfill', leave: 59 },
        { op: 'swapfree', count: 9 },
      ],
      'SwapSlotGivenBack',
      'slot',
      [1, 2, 3, 4, 5, 6, 7],
    ],
  ];

for (const [title, steps, kind, field, expected] of heldFromOutside) {
  test(title, (t) => {
    const prepared: Stimulus[] = [
      { op: 'spawn', t: 'A', node: 0 },
      { op: 'mmap', t: 'A', r: 'r', at: 0, pages: 8 },
      { op: 'touch', t: 'A', addr: ['r', 0], pages: 8 },
    ];
    t.deepEqual(order(run([...prepared, ...steps]).lines, kind, field), expected);
  });
}

test('user data leaves a share of the zones above in the zones below: the low mark and that, then the min mark', (t) => {
  const zones = { DMA: 50, Normal: 250, HighMem: 800 };
  const spec = machine({
    nodes: [
      { ...node(0, 1100), zones },
      { ...node(1, 500), zones: { DMA: 90, Normal: 410 } },
    ],
  });
  const shares = buildTopology(spec).zones.map(({ lowmem_reserve }) => lowmem_reserve);
  t.deepEqual(shares, [
    [0, 0, 0, 4], // (250 + 800) / 256 for who could use HighMem; 250 / 256 for who could use Normal
    [0, 0, 0, 25], // 800 / 32
    [0, 0, 0, 0],
    [0, 0, 1, 1],
    [0, 0, 0, 0],
  ]);
  const pages = (most: number): number[] => {
    const { simulation } = run(
      [
        { op: 'spawn', t: 'A' },
        { op: 'mmap', t: 'A', r: 'r', at: 0, pages: 2000 },
        { op: 'touch', t: 'A', addr: ['r', 0], pages: most },
      ],
      { spec },
    );
    const { zones: all } = simulation.view;
    return simulation.view.topology.zones.map((_, z) => all[z * ZONE + Z_FREE]);
  };
  const { zones: marks } = buildTopology(spec);
  // The request begins in HighMem, so that the share for its kind counts in the zones of the other node, too.
  const low = marks.map((zone) => zone.low + zone.lowmem_reserve[3]);
  const used = marks.reduce((sum, zone, z) => sum + zone.present - low[z], 0);
  t.deepEqual(pages(used), low);
  t.deepEqual(pages(used + 1), [low[0], low[1], low[2] - 1, low[3], low[4]]);
});

const faults: readonly [title: string, steps: Stimulus[], message: RegExp][] = [
  [
    'an unknown task',
    [{ op: 'touch', t: 'A', addr: ['r', 0], pages: 1 }],
    /there is no task A; a step "spawn" or "fork"/,
  ],
  [
    'an unknown region',
    [
      { op: 'spawn', t: 'A' },
      { op: 'touch', t: 'A', addr: ['r', 0], pages: 1 },
    ],
    /no region r; a step "mmap"/,
  ],
  ['an unknown operation', [{ op: 'levitate' } as never], /the operation levitate is not simulated yet/],
  ['a cpu that is not there', [{ op: 'spawn', t: 'A', cpu: 9 }], /there is no CPU 9/],
  [
    'a cpu that is offline',
    [
      { op: 'spawn', t: 'A' },
      { op: 'cpu_offline', cpu: 1 },
      { op: 'pin', t: 'A', cpu: 1 },
    ],
    /CPU 1 is offline; a step "cpu_online" must bring it back first/,
  ],
  [
    'a node whose cpus are offline',
    [
      { op: 'cpu_offline', cpu: 1 },
      { op: 'spawn', t: 'A', node: 1 },
    ],
    /all CPUs of node 1 are offline/,
  ],
];

for (const [title, steps, message] of faults) {
  test(`an error that says what would be right: ${title}`, (t) => {
    t.throws(() => run(steps), { message });
  });
}
