/** The bench in its quick form: it works, and its rows say what they should. No time is asserted. */
import test from 'ava';
import { measureAll } from '../src/bench/bench.ts';
import { printRows, row } from '../src/bench/row.ts';

const rows = measureAll({ quick: true });

test('the quick bench gives each row once, with numbers and what they are about', (t) => {
  t.deepEqual(
    rows.map(({ id }) => id),
    [
      'record.events_per_s',
      'replay.events_per_s',
      'record.without_sink',
      'scan.ptes_per_s',
      'growth.pins',
      'growth.locks',
      'growth.seized',
      'tape.bytes_per_event.scan_100k',
      'tape.bytes_per_event.run',
      'question.open',
      'question.why',
      'question.who',
      'question.diff',
      'timeline.seek_p99',
      'timeline.step_back_p99',
      'timeline.reverse_continue',
      'timeline.memory',
      'timeline.faults',
    ],
  );
  for (const { id, value, unit, baseline, ratio, about } of rows) {
    for (const number of [value, baseline, ratio]) t.true(Number.isFinite(number) && number > 0, id);
    t.true(unit.length > 0, id);
    t.regex(about, /\d+ pages.*; baseline: /, id);
  }
});

test('tapes are small: the sizes do not depend on the machine that measures', (t) => {
  const again = measureAll({ quick: true });
  for (const id of ['tape.bytes_per_event.scan_100k', 'tape.bytes_per_event.run']) {
    const find = (list: typeof rows) => list.find((each) => each.id === id);
    t.deepEqual(find(again), find(rows));
    t.true(find(rows)!.ratio < 0.05, id);
  }
  t.true(rows.find(({ id }) => id === 'tape.bytes_per_event.scan_100k')!.value <= 2);
});

test('rows are printed as a table, with what they are about below', (t) => {
  t.deepEqual(
    printRows([row('a.b', 'events/s', 12_345_678, 100, 'of this'), row('c', 'bytes', 0.5, 93.25, 'of that')]),
    [
      '          value  baseline     ratio  unit',
      'a.b  12,350,000       100   123,500  events/s',
      '  of this',
      'c           0.5     93.25  0.005362  bytes',
      '  of that',
    ],
  );
});
