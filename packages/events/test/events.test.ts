/** The definitions and what is derived from them: text, rows, positions, EVENTS.md. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import {
  BLOCK_EVENTS,
  cataloguePage,
  collectBlocks,
  compileEmitters,
  compileReplay,
  EVENT_BY_NUMBER,
  EventLog,
  EVENTS,
  eventsOf,
  Hash64,
  parseEvent,
  printEvent,
  ROW_LENGTH,
  START,
  type HotEvent,
  type RecordedEvent,
} from '../src/index.ts';

const SEED = 20051031;
const hot = EVENTS.filter((event): event is HotEvent => event.lane === 'hot');

test('EVENTS.md is made from the definitions (npm run generate)', (t) => {
  t.is(readFileSync(new URL('../EVENTS.md', import.meta.url), 'utf8'), cataloguePage());
});

test('each definition says what happened, and where it comes from', (t) => {
  for (const { name, doc, of } of EVENTS) {
    t.regex(name, /^[A-Z][A-Za-z]+$/);
    t.regex(doc, /^[A-Z].*[^ ].*\.$/s, name);
    t.regex(of, /^(pagetape|[a-z].*)$/, name);
  }
});

/** An event of a kind with fields from the whole range of their types. */
function anyEvent(event: HotEvent): fc.Arbitrary<RecordedEvent> {
  const fields = event.fields.map(({ name, type }) =>
    fc.integer({ min: type.min, max: type.max }).map((n) => [name, n]),
  );
  return fc.tuple(fc.nat(), fc.nat(), fc.tuple(...fields)).map(([seq, t, entries]) => ({
    seq,
    t,
    cpu: 1,
    task: 100,
    op: 7,
    kind: event.name,
    data: Object.fromEntries(entries as [string, number][]) as Record<string, number>,
  }));
}

test(`parse(print(e)) = e for every hot kind (seed ${SEED})`, (t) => {
  for (const event of hot) {
    const same = fc.property(anyEvent(event), (e) => t.deepEqual(parseEvent(printEvent(e)), e));
    fc.assert(same, { seed: SEED, numRuns: 20 });
  }
});

const badLines: readonly [line: string, problem: RegExp][] = [
  ['hello', /not an event line: hello; expected "seq/],
  ['1 t0 cpu0 task0 op0 Nonsense', /unknown event kind Nonsense/],
  ['1 t0 cpu0 task0 op0 PageLocked', /PageLocked has 1 fields, the line has 0/],
  ['1 t0 cpu0 task0 op0 PageLocked slot=3', /expected pfn=…, found slot=3/],
  ['1 t0 cpu0 task0 op0 PageLocked pfn=x', /pfn=x is not page frame number/],
  ['1 t0 cpu0 task0 op0 PageLocked pfn=999999999', /too big/i],
];

test('a line that is no event says why', (t) => {
  for (const [line, message] of badLines) t.throws(() => parseEvent(line), { message });
});

test('emitters write rows, call reducers and move the clock; a replay does the same from the rows', (t) => {
  const calls: unknown[][] = [];
  const state = { clock: { t: 0 } };
  const reducers = Object.fromEntries(
    EVENTS.map(({ name }) => [name, (_state: unknown, ...args: unknown[]) => void calls.push([name, ...args])]),
  );
  const { blocks, sink } = collectBlocks();
  const log = new EventLog(sink);
  const emit = compileEmitters(log, state, reducers);
  emit.IoModeSet({ mode: 'hold' });
  for (let pfn = 1; pfn <= BLOCK_EVENTS; pfn++) emit.PageAddedToLruBatch(pfn, 1, 1);
  log.flush();
  t.deepEqual(
    blocks.map((block) => [block.firstSeq, block.events]),
    [
      [1, BLOCK_EVENTS],
      [BLOCK_EVENTS + 1, 1],
    ],
  );
  t.is(state.clock.t, 20 * BLOCK_EVENTS);

  const recorded = calls.splice(0);
  const again = { clock: { t: 0 } };
  const replay = compileReplay(again, reducers);
  t.is(
    blocks.reduce((sum, block) => sum + replay(block, 0, block.rows.length), 0),
    BLOCK_EVENTS + 1,
  );
  t.deepEqual(calls, recorded);
  t.is(again.clock.t, state.clock.t);
});

test('positions follow from the rows: who runs, which step is served, what time it is', (t) => {
  const none = Object.fromEntries(EVENTS.map(({ name }) => [name, () => {}]));
  const { blocks, sink } = collectBlocks();
  const log = new EventLog(sink);
  const emit = compileEmitters(log, { clock: { t: 0 } }, none);
  emit.StimulusBegan({ op: 1, parent: 0, task: 100, stimulus: { op: 'touch' } });
  emit.ActorSwitched(100, 2, 1);
  emit.StimulusBegan({ op: 2, parent: 1, task: 101, stimulus: { op: 'exit' } });
  emit.StimulusEnded({ op: 2, parent: 1, task: 101, result: { ret: 0 } });
  emit.PageLocked(7);
  log.flush();
  const lines = [...eventsOf(blocks[0], { ...START })].map((e) => printEvent(e).replace(/ \{.*/, ''));
  t.deepEqual(lines, [
    '1 t0 cpu0 task0 op1 StimulusBegan',
    '2 t1500 cpu2 task100 op1 ActorSwitched task=100 cpu=2 op=1',
    '3 t1500 cpu2 task100 op2 StimulusBegan',
    '4 t1500 cpu2 task100 op2 StimulusEnded',
    '5 t1510 cpu2 task100 op1 PageLocked pfn=7',
  ]);
});

test('row lengths and numbers agree with the catalogue', (t) => {
  for (const event of EVENTS) {
    t.is(EVENT_BY_NUMBER[event.number], event);
    t.is(ROW_LENGTH[event.number], event.lane === 'hot' ? event.fields.length + 1 : 2);
  }
});

test('the hash is the one that tapes name: known values', (t) => {
  t.is(new Hash64().digest(), new Hash64().ints([], 0, 0).digest());
  t.is(new Hash64().ints([1, 2, 3], 0, 3).digest(), new Hash64().word(1).word(2).word(3).digest());
  t.not(new Hash64().text('ab').text('c').digest(), new Hash64().text('a').text('bc').digest());
  t.is(new Hash64().text('pagetape').digest(), '11bf21788b670890');
});
