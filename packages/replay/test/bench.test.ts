/** The bench in its quick form: it works, and its rows say what they should. No time is asserted. */
import test from 'ava';
import { measureAll } from '../src/bench/bench.ts';
import { printRows, row } from '../src/bench/row.ts';

/** Ids that are stable for ever, so that releases can be compared. */
const STABLE = [
  'record.events_per_s',
  'replay.events_per_s',
  'record.without_sink',
  'scan.ptes_per_s',
  'op.scan.256.ordered',
  'op.putback.256.ordered',
  'op.swap.256.scattered',
  'op.migrate.256.ordered',
  'op.fork.256.ordered',
  'emit.256.ordered',
  'against.map.320',
  'against.immer.320',
  'against.redux_toolkit.320',
  'growth.pins',
  'growth.locks',
  'growth.seized',
  'linear.swap.x100',
  'linear.mmap.x100',
  'state.checkpoint',
  'state.restore',
  'state.hash',
  'memory.page',
  'tape.encode',
  'tape.write',
  'tape.read',
  'tape.bytes_per_event.scan_100k',
  'tape.bytes_per_event.run',
  'question.open',
  'question.why',
  'question.who',
  'question.diff',
  'start.machine',
  'start.large',
  'start.help',
  'start.example',
  'timeline.seek_p99',
  'timeline.step_back_p99',
  'timeline.reverse_continue',
  'timeline.memory',
  'timeline.faults',
];

const rows = await measureAll({ quick: true });

test('the quick bench gives each row once, with numbers and what they are about', (t) => {
  const ids = rows.map(({ id }) => id);
  t.deepEqual(ids, [...new Set(ids)]);
  for (const id of STABLE) t.true(ids.includes(id), id);
  for (const { id, value, unit, baseline, ratio, about } of rows) {
    for (const number of [value, baseline, ratio]) t.true(Number.isFinite(number) && number > 0, id);
    t.true(unit.length > 0, id);
    t.regex(about, /\d+ pages.*; baseline: /, id);
  }
});

test('tapes are small: the sizes do not depend on the machine that measures', async (t) => {
  const again = await measureAll({ quick: true, only: 'tape.bytes' });
  for (const id of ['tape.bytes_per_event.scan_100k', 'tape.bytes_per_event.run']) {
    const find = (list: typeof rows) => list.find((each) => each.id === id);
    t.deepEqual(find(again), find(rows));
    t.true(find(rows)!.ratio < 0.05, id);
  }
  t.true(rows.find(({ id }) => id === 'tape.bytes_per_event.scan_100k')!.value <= 2);
});

test('rows are printed as a table, with what they are about below', (t) => {
  t.deepEqual(
    printRows([
      row('a.b', 'events/s', 12_345_678, 100, 'of this', 24_691_356),
      row('c', 'bytes', 0.5, 93.25, 'of that', null),
    ]),
    [
      '          value  baseline     ratio           C  of C  unit',
      'a.b  12,350,000       100   123,500  24,690,000   0.5  events/s',
      '  of this',
      'c           0.5     93.25  0.005362                    bytes',
      '  of that',
      'C: empty, because no compiler (cc, gcc, clang) built it here',
    ],
  );
});
