/**
 * Tapes that were written with older versions of events are read as if they had been written today. No event has an older
 * version yet, so kinds are made up that had some; and a tape of today is kept, to be read for ever.
 */
import fs from 'node:fs';
import test from 'ava';
import { z } from 'zod';
import { canonicalJson, catalogueLine, EVENTS, eventsOf, printEvent, START } from '@pagetape/events';
import type { AnyEvent, HotEvent } from '@pagetape/events';
import { encodeBlock, type BlockHead } from '../src/tape/block.ts';
import { ByteWriter } from '../src/tape/bytes.ts';
import { chainRows } from '../src/tape/chain.ts';
import { VARINTS } from '../src/tape/columns.ts';
import type { RowEncoder } from '../src/tape/encode.ts';
import { encodeHeader } from '../src/tape/header.ts';
import { CHAIN_START, checkTape, readTape, TapeError } from '../src/tape/index.ts';
import { encodeEnd } from '../src/tape/records.ts';
import { olderKinds } from '../src/tape/upcast.ts';
import * as made from './tape-blocks.ts';

const kindOf = (name: string): AnyEvent => EVENTS.find((event) => event.name === name) as AnyEvent;
const isolated = kindOf('PageIsolated') as HotEvent;
const [pfn, lru] = isolated.fields;
const [, , pages] = (kindOf('LruBatchDrained') as HotEvent).fields;

/** Today's kinds, two of which had other versions before: one with other fields, one with another payload. */
const TODAY: readonly AnyEvent[] = EVENTS.map((event) => {
  if (event.name === 'PageIsolated' && event.lane === 'hot') {
    const before = [
      { version: 1, fields: [lru, pages, pfn], upcast: ([list, , frame]: readonly number[]) => [list, frame] },
      { version: 2, fields: [lru, pfn], upcast: ([list, frame]: readonly number[]) => [frame, list] },
    ];
    return { ...event, version: 3, before };
  }
  if (event.name !== 'StimulusBegan' || event.lane !== 'cold') return event;
  const schema = z.strictObject({ op: z.number(), stimulus: z.record(z.string(), z.unknown()) });
  const upcast = (payload: Readonly<Record<string, unknown>>) => ({ ...payload, parent: 0, task: 7 });
  return { ...event, version: 2, before: [{ version: 1, schema, upcast }] };
});

/** Kinds in the given version. */
function kindsIn(versions: Readonly<Record<string, number>>): AnyEvent[] {
  return TODAY.map((event) => {
    const wanted = versions[event.name] ?? event.version;
    return [event, ...olderKinds(event)].find(({ version }) => version === wanted) ?? { ...event, version: wanted };
  });
}

type Row = readonly [kind: string, ...values: number[]];

/** Rows as bytes, in the simplest form: columns of varints that hold differences from the value before. */
function columnsOf(rows: readonly Row[], kinds: readonly AnyEvent[]): Uint8Array {
  const bytes = new ByteWriter();
  for (const [name] of rows) bytes.u8(kindOf(name).number);
  for (const kind of kinds) {
    const own = rows.filter(([name]) => name === kind.name);
    if (kind.lane === 'cold' || own.length === 0) continue;
    kind.fields.forEach((_, field) => {
      bytes.u8(VARINTS << 4);
      own
        .map((row) => row[field + 1] as number)
        .forEach((value, i, values) => {
          const grown = value - (i === 0 ? 0 : values[i - 1]);
          bytes.varint(((grown << 1) ^ (grown >> 31)) >>> 0);
        });
    });
  }
  return bytes.done();
}

/** A tape of one block, written with kinds of some version. */
function tapeWith(kinds: readonly AnyEvent[], rows: readonly Row[], payloads: readonly object[]): Uint8Array {
  const integers = Int32Array.from(rows.flatMap(([name, ...values]) => [kindOf(name).number, ...values]));
  const texts = payloads.map(canonicalJson);
  const chain = chainRows(CHAIN_START, integers, texts);
  const start = { ...START };
  const head: BlockHead = { firstSeq: 1, events: rows.length, before: CHAIN_START, chain, start };
  const encoder = { encode: () => columnsOf(rows, kinds) } as unknown as RowEncoder;
  const block = { firstSeq: 1, events: rows.length, rows: integers, payloads };
  const t = rows.reduce((sum, [name]) => sum + kindOf(name).cost_ns, 0);
  return Buffer.concat([
    encodeHeader({ ...made.START, hash: 'pt64-1' }, 'stored', kinds.map(catalogueLine).join('\n')),
    encodeBlock(block, texts, head, encoder, 'stored'),
    encodeEnd({ seq: rows.length, t, chain, summary: {} }),
  ]);
}

const OLD_PAYLOAD = { op: 1, stimulus: { op: 'drain', cpu: 0 } };
const PAYLOAD = { ...OLD_PAYLOAD, parent: 0, task: 7 };

/** The same events as each version wrote them. */
const WRITINGS: readonly [versions: Record<string, number>, rows: Row[], payload: object][] = [
  [
    { PageIsolated: 1, StimulusBegan: 1 },
    [
      ['StimulusBegan', 0],
      ['PageIsolated', 1, 99, 70],
      ['PageLocked', 5],
      ['PageIsolated', 0, 98, 71],
    ],
    OLD_PAYLOAD,
  ],
  [
    { PageIsolated: 2 },
    [
      ['StimulusBegan', 0],
      ['PageIsolated', 1, 70],
      ['PageLocked', 5],
      ['PageIsolated', 0, 71],
    ],
    PAYLOAD,
  ],
  [
    {},
    [
      ['StimulusBegan', 0],
      ['PageIsolated', 70, 1],
      ['PageLocked', 5],
      ['PageIsolated', 71, 0],
    ],
    PAYLOAD,
  ],
];

for (const [versions, rows, payload] of WRITINGS) {
  test(`events in versions ${JSON.stringify(versions)} read as those of today`, (t) => {
    const tape = readTape(tapeWith(kindsIn(versions), rows, [payload]), TODAY);
    const [block] = [...tape.blocks];
    const numbers = ['StimulusBegan', 'PageIsolated', 'PageLocked'].map((name) => kindOf(name).number);
    const [began, isolate, locked] = numbers;
    t.deepEqual([...block.rows], [began, 0, isolate, 70, 1, locked, 5, isolate, 71, 0]);
    t.deepEqual(block.payloads, [PAYLOAD]);
    t.true(Object.isFrozen(block.payloads[0]));
    t.deepEqual(
      [...tape.stimuli()].map((stimulus) => stimulus.payload),
      [PAYLOAD],
    );
    t.is(tape.end?.seq, 4);
    t.throws(() => checkTape(tape), { message: /index at the end is missing/ });
  });
}

const [[, OLD_ROWS]] = WRITINGS;
const OLDEST = kindsIn({ PageIsolated: 1, StimulusBegan: 1 });

const refused: readonly [title: string, bytes: Uint8Array, message: RegExp][] = [
  [
    'a version to come',
    tapeWith(kindsIn({ PageIsolated: 4 }), [], []),
    /"\d+ PageIsolated v4 [^"]*", here "\d+ PageIsolated v3 [^"]*"\. Read it with pagetape/,
  ],
  [
    'an older version with other fields than it had',
    tapeWith(
      TODAY.map((event) => (event === TODAY[0] ? event : { ...event, version: 1 })),
      [],
      [],
    ),
    /"\d+ PageIsolated v1 [^"]*pfn:pfn,lru:[^"]*", here "\d+ PageIsolated v3/,
  ],
  [
    'a field beyond the range that it had',
    tapeWith(OLDEST, [OLD_ROWS[0], ['PageIsolated', 7, 99, 70]], [OLD_PAYLOAD]),
    /event 2, PageIsolated, has lru=7; 0 to 6/,
  ],
  [
    'a payload that was none then',
    tapeWith(OLDEST, OLD_ROWS, [PAYLOAD]),
    /the payload of StimulusBegan is wrong at "": Unrecognized keys/,
  ],
];

for (const [title, bytes, message] of refused) {
  test(`refused: ${title}`, (t) => {
    t.throws(() => [...readTape(bytes, TODAY).blocks], { instanceOf: TapeError, message });
  });
}

test('no kind leaves out a version that it had', (t) => {
  for (const event of EVENTS) {
    const versions = [...olderKinds(event), event].map(({ version }) => version);
    t.deepEqual(
      versions,
      Array.from({ length: event.version }, (_, i) => i + 1),
      event.name,
    );
  }
});

const folder = new URL('tapes/', import.meta.url);
for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.tape'))) {
  test(`${file} is read for ever`, (t) => {
    const tape = readTape(fs.readFileSync(new URL(file, folder)));
    t.notThrows(() => checkTape(tape));
    const at = { ...START };
    const lines = [...tape.blocks].flatMap((block) => [...eventsOf(block, at)].map(printEvent));
    t.is(`${lines.join('\n')}\n`, fs.readFileSync(new URL(file.replace('.tape', '.txt'), folder), 'utf8'));
    t.is(tape.marks.length, 1);
  });
}
