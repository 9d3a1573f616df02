/** The reference reducer and the fast one agree on a run, event by event; and where two states differ is told. */
import { collectBlocks, eventsOf, ROW_LENGTH, START, type RecordedEvent, type Stimulus } from '@pagetape/events';
import test from 'ava';
import { openMachine, replayBlock } from '../reduce/index.ts';
import { Simulation } from '../simulation.ts';
import { diffReference, printDifference } from './diff.ts';
import { reduceReference, reduceReferenceAll } from './reduce.ts';
import { initialReference } from './state.ts';
import { referenceOf } from './view.ts';

const MACHINE = {
  nodes: [
    { id: 0, pages: 70, cpus: 1 },
    { id: 2, pages: 70, cpus: 1 },
  ],
  swap: [16, 4],
  page_cluster: 3,
  io: 'step',
} as const;

const STEPS: readonly Stimulus[] = [
  { op: 'spawn', t: 'A', node: 2 },
  { op: 'file', name: 'f', pages: 4 },
  { op: 'mmap', t: 'A', r: 'r', at: 510, pages: 12 },
  { op: 'mmap', t: 'A', r: 'm', at: 600, pages: 4, kind: 'file', file: 'f' },
  { op: 'touch', t: 'A', addr: ['r', 0], pages: 12 },
  { op: 'touch', t: 'A', addr: ['m', 0], pages: 4 },
  { op: 'fork', t: 'A', as: 'B' },
  { op: 'migrate_pages', t: 'A', pid: 'B', maxnode: 65, old: [2], new: [0] },
  { op: 'touch', t: 'B', addr: ['r', 3], pages: 6 },
  { op: 'munmap', t: 'A', addr: ['r', 4], pages: 8 },
  { op: 'exit', t: 'B' },
];

const { blocks, sink } = collectBlocks();
const run = new Simulation({ machine: MACHINE, sink });
for (const step of STEPS) run.perform(step);
run.finish();

function events(): RecordedEvent[] {
  const at = { ...START };
  return blocks.flatMap((block) => [...eventsOf(block, at)]);
}

test('before the first event both have the same machine', (t) => {
  t.deepEqual(initialReference(MACHINE), referenceOf(openMachine(MACHINE).view));
});

test('after each event both have the same machine', (t) => {
  const machine = openMachine(MACHINE);
  let state = initialReference(MACHINE);
  for (const block of blocks) {
    const recorded = events().slice(block.firstSeq - 1, block.firstSeq - 1 + block.events);
    let from = 0;
    for (const event of recorded) {
      const to = from + ROW_LENGTH[block.rows[from]];
      machine.replay(block, from, to);
      from = to;
      state = reduceReference(state, event);
      const [first] = diffReference(referenceOf(machine.view), state, 1);
      if (first) t.fail(`after event ${event.seq}, ${event.kind}: ${printDifference(first, ['fast', 'reference'])}`);
    }
  }
  t.is(machine.view.clock.t, state.clock);
});

test('many events at once come to the same', (t) => {
  const machine = openMachine(MACHINE);
  for (const block of blocks) replayBlock(machine, block);
  const state = reduceReferenceAll(initialReference(MACHINE), events());
  t.deepEqual(diffReference(referenceOf(machine.view), state), []);
  t.deepEqual(diffReference(referenceOf(run.view), state), []);
});

test('the state before an event stays as it was', (t) => {
  const before = initialReference(MACHINE);
  const after = reduceReference(before, {
    kind: 'PageAllocated',
    data: { pfn: 1, preferred: 0, local: 0, interleaved: 0 },
  });
  t.deepEqual(before, initialReference(MACHINE));
  t.deepEqual(
    diffReference(before, after)
      .map((each) => each.path)
      .slice(0, 2),
    ['clock', 'frames.1'],
  );
});

test('events that cannot be are refused', (t) => {
  const start = initialReference(MACHINE);
  const reduce = (kind: string, data: Record<string, number>) => () => reduceReference(start, { kind, data });
  t.throws(reduce('PageLocked', { pfn: 5 }), { message: /an event is about a free frame: 5/ });
  t.throws(reduce('SwapSlotDereferenced', { slot: 3 }), { message: /a free slot loses a user: 3/ });
  t.throws(reduce('PteUnmapped', { pfn: 0, mm: 9, vpn: 1, slot: 0 }), { message: /there is no address space 9/ });
  t.throws(reduce('PageVanished', {}), { message: 'unknown event kind PageVanished' });
});

test('differences have a path and both values, in order, up to a limit', (t) => {
  const a = { frames: { 3: { count: 1 } }, list: [1, 2, 3], same: { x: 1 }, none: null };
  const b = { frames: { 3: { count: 2 }, 4: { count: 1 } }, list: [1, 3], same: { x: 1 }, none: {} };
  t.deepEqual(diffReference(a, b), [
    { path: 'frames.3.count', a: 1, b: 2 },
    { path: 'frames.4', a: undefined, b: { count: 1 } },
    { path: 'list.1', a: 2, b: 3 },
    { path: 'list.2', a: 3, b: undefined },
    { path: 'none', a: null, b: {} },
  ]);
  t.is(diffReference(a, b, 2).length, 2);
  t.is(
    printDifference({ path: 'frames.4', a: undefined, b: { count: 1 } }),
    'frames.4: a has nothing, b has {"count":1}',
  );
  t.deepEqual(diffReference(a, a), []);
});
