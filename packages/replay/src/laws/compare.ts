/** Compares the events of two runs: every integer of every row, and the payloads of cold events. */
import { canonicalJson, EVENT_BY_NUMBER, eventsOf, printData, ROW_LENGTH, START } from '@pagetape/events';
import type { Block, RecordedEvent } from '@pagetape/events';

/** All events of a run as objects. */
export function* allEvents(blocks: Iterable<Block>): Generator<RecordedEvent, void> {
  const at = { ...START };
  for (const block of blocks) yield* eventsOf(block, at);
}

/** A row of a block, and its payload when it is that of a cold event. */
interface Row {
  readonly seq: number;
  readonly integers: Int32Array;
  readonly payload: unknown;
}

function* rowsOf(blocks: Iterable<Block>, firstSeq = 1): Generator<Row, undefined> {
  for (const { firstSeq: first, rows, payloads } of blocks) {
    let seq = first;
    for (let offset = 0; offset < rows.length; seq++) {
      const integers = rows.subarray(offset, offset + ROW_LENGTH[rows[offset]]);
      offset += integers.length;
      const cold = EVENT_BY_NUMBER[integers[0]]?.lane === 'cold';
      if (seq >= firstSeq) yield { seq, integers, payload: cold ? payloads[integers[1]] : undefined };
    }
  }
  return undefined;
}

/** Where a payload lies in its block is no fact of the run: that depends on where blocks were cut. */
function isSame(a: Row, b: Row): boolean {
  if (a.integers[0] !== b.integers[0] || a.seq !== b.seq) return false;
  if (a.payload !== undefined) return canonicalJson(a.payload) === canonicalJson(b.payload);
  return a.integers.every((value, i) => value === b.integers[i]);
}

function print(row: Row | undefined): string {
  if (!row) return 'no event';
  const event = EVENT_BY_NUMBER[row.integers[0]]!;
  const fields = event.lane === 'hot' ? event.fields.map(({ name }, i) => [name, row.integers[i + 1]] as const) : [];
  const data = event.lane === 'hot' ? Object.fromEntries(fields) : (row.payload as RecordedEvent['data']);
  return `event ${row.seq}, ${printData({ kind: event.name, data })}`;
}

/** What two runs have from event `firstSeq` on: a sentence about the first difference, or nothing. */
export function compareEvents(
  a: Iterable<Block>,
  b: Iterable<Block>,
  names: readonly [string, string],
  firstSeq = 1,
): string[] {
  const left = rowsOf(a, firstSeq);
  const right = rowsOf(b, firstSeq);
  for (;;) {
    const one = left.next().value;
    const other = right.next().value;
    if (!one && !other) return [];
    if (one && other && isSame(one, other)) continue;
    return [`${names[0]} has ${print(one)}, where ${names[1]} has ${print(other)}`];
  }
}
