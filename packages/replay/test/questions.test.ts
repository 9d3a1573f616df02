/** Questions that a tape answers: events by their fields, why a page is where it is, who changed it, what is there. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { main } from '../src/cli/program.ts';
import { PROFILES } from '@pagetape/core';
import { eventsOf, START, type RecordedEvent } from '@pagetape/events';
import fc from 'fast-check';
import { recordRun, type Program } from '../src/laws/recording.ts';
import { LEDGER_KINDS, LedgerFold, ledgerOf } from '../src/ledger/ledger.ts';
import { parseExpression } from '../src/questions/expression.ts';
import { Questions } from '../src/questions/questions.ts';
import { watchNumber, watchPage, watchThing, whoChanged, type Watched } from '../src/questions/who.ts';
import { readTape } from '../src/tape/index.ts';
import { Timeline } from '../src/timeline/timeline.ts';
import { anyProgram } from './programs.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'pagetape-questions-'));
test.after.always(() => fs.rmSync(scratch, { recursive: true }));
const ONE = path.join(scratch, 'one.tape');

async function pagetape(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const write = async (text: string): Promise<void> => void (out += text);
  const context = { out: write, err: (text: string) => void (err += text), terminal: false, status: 0 };
  await main(args, context);
  return { status: context.status, out, err };
}

const lines = (text: string): string[] => text.trimEnd().split('\n');

const SEVEN = path.join(scratch, 'seven.tape');

test.before(async () => {
  await pagetape('run', `${EXAMPLES}01-swap-migrate-pages/scenario.yaml`, '-o', ONE);
  await pagetape('run', `${EXAMPLES}04-why-seven/scenario.yaml`, '-o', SEVEN);
});

// --- find -----------------------------------------------------------------------------------------------------------

/** An expression, and how it is read: brackets around everything. */
const READ: readonly (readonly [text: string, read: string])[] = [
  ['pfn=3', 'pfn=3'],
  ['PageEvicted', 'kind=PageEvicted'],
  ['a = 1 or b==2 and c!=3', '(a=1 or (b=2 and c!=3))'],
  ['not a<1 and b>=0x10', '(not a<1 and b>=0x10)'],
  ['not (a=1 or B)', 'not (a=1 or kind=B)'],
  ['reason=mlocked, page-locked and x="two words"', '(reason=mlocked,page-locked and x=two words)'],
];

function bracketed(expression: ReturnType<typeof parseExpression>): string {
  if (expression.is === 'not') return `not ${bracketed(expression.of)}`;
  if (expression.is === 'compare') return `${expression.field}${expression.operator}${expression.values.join(',')}`;
  return `(${bracketed(expression.left)} ${expression.is} ${bracketed(expression.right)})`;
}

for (const [text, read] of READ) test(`expression: ${text}`, (t) => t.is(bracketed(parseExpression(text)), read));

test('find counts what show prints, and each way of asking agrees with the others', async (t) => {
  const shown = lines(
    (await pagetape('show', ONE, '--kind', 'PageMigrationFailed,PageMigrationDeferred', '--op', '21')).out,
  );
  const asked = 'kind=PageMigrationFailed,PageMigrationDeferred and op=21';
  const found = lines((await pagetape('find', ONE, asked)).out);
  t.deepEqual(found, shown);
  t.is((await pagetape('find', ONE, '--count', asked)).out, `${shown.length}\n`);
  t.deepEqual(lines((await pagetape('find', ONE, asked, '--first')).out), shown.slice(0, 1));
  t.deepEqual(lines((await pagetape('find', ONE, asked, '--first', '3')).out), shown.slice(0, 3));
  t.deepEqual(lines((await pagetape('find', ONE, asked, '--last', '3')).out), shown.slice(-3));
  const groups = JSON.parse((await pagetape('find', ONE, asked, '--by', 'reason', '--json')).out) as {
    groups: { count: number }[];
  };
  t.is(
    groups.groups.reduce((sum, { count }) => sum + count, 0),
    shown.length,
  );
});

test('find groups by any fields', async (t) => {
  const { out } = await pagetape('find', ONE, 'PageIsolationFailed or PageSkipped', '--by', 'reason,node,call');
  t.deepEqual(lines(out), [
    '   reason       node  call',
    '8  shared-file  0     migrate_pages',
    '2  not-on-lru   0     migrate_pages',
  ]);
});

const COUNTS: readonly (readonly [expression: string, count: number])[] = [
  ['StimulusEnded and result.ret=160', 2],
  ['kind=StimulusBegan and stimulus.op=mlock', 2],
  ['step=21.1 and kind=StimulusBegan,StimulusEnded', 2],
  ['seq<=3', 3],
  ['not seq>2', 2],
  ['StimulusBegan and stimulus.t=guest', 2],
];

for (const [expression, count] of COUNTS) {
  test(`find ${expression}`, async (t) => t.is((await pagetape('find', ONE, expression, '--count')).out, `${count}\n`));
}

const REFUSED: readonly (readonly [args: readonly string[], error: RegExp])[] = [
  [['reson=3'], /^error: events have no field "reson"; did you mean "reason"\?\n {2}reson=3\n {2}\^\n$/],
  [['pfn=3 and reason=mloked'], /^error: "mloked" is no value of reason, .*; did you mean "mlocked"\?\n.*\n {19}\^\n$/],
  [['PageEvict'], /^error: there is no event kind "PageEvict"; did you mean "PageEvicted"\?\n/],
  [['task=wurker'], /^error: no task on this tape is called "wurker"; did you mean "worker"\?\n/],
  [['(pfn=3'], /^error: a bracket is not closed\n/],
  [['pfn=3 task=db'], /^error: "and" or "or" should come before "task"\n/],
  [['pfn<3,4'], /^error: only "=" and "!=" take several values\n/],
  [['pfn='], /^error: here should be a value\n/],
  [['pfn=x'], /^error: "x" is no value of pfn, which is page frame number; .*\n/],
  [['!pfn'], /^error: this belongs to no expression\n/],
  [['seq=1', '--by', 'nose'], /^error: events have no field "nose"; did you mean "node"\?\n/],
  [['seq=1', '--count', '--by', 'kind'], /^error: --count and --by answer in different ways; leave one of them out\n/],
  [['seq=1', '--first', 'x'], /^error: --first is "x"; it should be a whole number, .*\n/],
];

for (const [args, error] of REFUSED) {
  test(`find refuses ${args.join(' ')}`, async (t) => {
    const { status, out, err } = await pagetape('find', ONE, ...args);
    t.regex(err, error);
    t.deepEqual([status, out], [2, '']);
  });
}

// --- why ------------------------------------------------------------------------------------------------------------

/** A page, and what the answer must say of it, in this order. */
const WHY: readonly (readonly [tape: 'one' | 'seven', page: string, says: readonly RegExp[]])[] = [
  [
    'one',
    'worker:heap+20',
    [
      /^worker heap 20 is on node 3, in frame \d+ /,
      /step 4, db: touch/,
      /PageAllocated {2}a frame of node 0: node 0 is where the task runs/,
      /step 12, db: fork/,
      /PteDuplicated {2}a fork shared it with the parent/,
      /step 16, worker: touch/,
      /CowBroken {2}a write made a copy of its own: it left frame \d+ of node 0 to the others/,
      /AnonPageMapped {2}it is in frame \d+ of node 1/,
      /step 24, worker: mbind/,
      /PteUnmapped {2}unmapped from frame \d+ of node 1: it is in slot 300/,
      /step 25, worker: touch/,
      /a frame of node 3: node 3 is what the policy asks for/,
      /SwapEntryMapped {2}a fault found it in slot 300: it is in frame \d+ of node 3/,
    ],
  ],
  ['one', 'db:log+2', [/^db log 2 is on node 0/, /step 6, db: mlock/, /AnonPageMapped/]],
  ['one', 'db:table', [/^db table 0 is the shared zero page: it was only read/, /ZeroPageMapped/]],
  [
    'one',
    'db:program+3',
    [/FilePageMapped/, /it was not moved by step 21/, /PageSkipped .*shared-file/, /let it move: MPOL_MF_MOVE_ALL/],
  ],
  [
    'one',
    'worker:heap+3',
    [/it was not moved by step 24/, /the rule: mlocked/, /locked in memory by worker heap 3/, /munlock\(2\)/],
  ],
  [
    'seven',
    'db:heap+8',
    [
      /on node 0/,
      /not moved by step 13/,
      /referenced-elsewhere, and 9 more/,
      /held by a reference of db/,
      /step 12, db: pinpages/,
    ],
  ],
  ['seven', 'db:pool+2', [/PageSkipped/, /2 mappings: db pool 2, worker pool 2/, /or nobody else mapping it/]],
  [
    'seven',
    'db:heap',
    [/on node 1/, /a frame of node 1, for a page that the call moves/, /mapped again: it is in frame \d+ of node 1$/m],
  ],
];

for (const [tape, page, says] of WHY) {
  test(`why ${page} of ${tape}`, async (t) => {
    const { status, out, err } = await pagetape('why', tape === 'one' ? ONE : SEVEN, '--page', page);
    t.deepEqual([status, err], [0, '']);
    let rest = out;
    for (const pattern of says) {
      const at = rest.search(pattern);
      t.true(at >= 0, `${pattern} is not in\n${rest}`);
      rest = rest.slice(at);
    }
  });
}

test('what moved has no refusal, and a page is the same by its name, its frame and its address', async (t) => {
  const why = async (...args: string[]) =>
    JSON.parse((await pagetape('why', SEVEN, ...args, '--json')).out) as {
      notMoved: unknown;
      causes: unknown[];
      is: string;
    };
  t.is((await why('--page', 'db:heap')).notMoved, null);
  const byName = await why('--page', 'db:heap+8');
  const frame = /frame (\d+)/.exec(byName.is)?.[1] ?? '';
  t.deepEqual((await why('--page', frame)).causes, byName.causes);
  t.deepEqual((await why('--page', '0x40008000', '--task', 'db')).causes, byName.causes);
});

// --- who, at, diff ----------------------------------------------------------------------------------------------------

const open = (tape: string): Questions => new Questions(Timeline.open(readTape(tape), { cache: null }));

/** The last change, found by looking at the state after every event. */
function slowly({ timeline }: Questions, { valueOf }: Watched, seq: number): { seq: number; before: unknown } | null {
  timeline.seek(0);
  let value = valueOf(timeline.state);
  let found: { seq: number; before: unknown } | null = null;
  timeline.playEach(seq, (s) => {
    const now = valueOf(s);
    if (now !== value) found = { seq: timeline.seq, before: value };
    value = now;
    return false;
  });
  return found;
}

test('who finds the event that a search of all events finds', (t) => {
  const questions = open(ONE);
  const { timeline } = questions;
  for (const seq of [700, 5000, 20_000, timeline.last]) {
    timeline.seek(seq);
    const mm = timeline.state.cold.tasks[100].mm;
    const page = { is: 'page', task: 'db', mm, vpn: 0x40000 + 30 } as const;
    const watched = [
      ...['references', 'mappings', 'list', 'marks', 'dirty', 'active', 'swapcache'].map((field) =>
        watchPage(questions, { is: 'frame', pfn: 31 }, field),
      ),
      watchPage(questions, page, 'entry'),
      ...['pgfault', 'warn', 'nr_mapped', 'free pages of node 0', 'numa_hit of node 1'].map((name) =>
        watchNumber(questions, name),
      ),
      ...['slot 5', 'lru 0 inactive', 'lru 1 active', 'policy db', 'vma db heap+3', 'free 1', 'page db heap+30'].map(
        (text) => watchThing(questions, text),
      ),
    ];
    for (const each of watched) {
      const { event, before } = whoChanged(questions, each, seq);
      const found = slowly(questions, each, seq);
      t.deepEqual([seq, each.what, event?.seq, event && before], [seq, each.what, found?.seq, found && found.before]);
    }
  }
});

test('who says who, of areas and of counters', async (t) => {
  const area = await pagetape('who', ONE, '--area', 'worker:heap+3', '--field', 'policy');
  t.regex(area.out, /^policy of the area is .*; before, it was null\n .* VmaPolicySet .*\n {2}step 24, worker: mbind/);
  const counter = await pagetape('who', SEVEN, '--counter', 'pgmigrate_fail', '--json');
  t.is((JSON.parse(counter.out) as { event: { kind: string } }).event.kind, 'FoliosMigrated');
  const never = await pagetape('who', SEVEN, '--counter', 'pswpout');
  t.regex(never.out, /^pswpout is 0 at event \d+, and has been since the start of the tape\n$/);
});

test('at shows what adds up to the frames of each node', async (t) => {
  for (const seq of [200, 400, 900, 'end']) {
    const { out } = await pagetape('at', `${SEVEN}@${seq}`, '--task', 'db', '--lists', '--json');
    const facts = JSON.parse(out) as {
      nodes: { node: number; present: number; free: number; inactive: number; active: number }[];
      task: { pages: { pages: string; place: string }[] };
      lists: { name: string; pfns: number[] }[];
    };
    for (const { node, inactive, active } of facts.nodes)
      for (const [name, n] of Object.entries({ inactive, active })) {
        const lists = facts.lists.filter(
          ({ name: list }) => list.startsWith(name) && list.endsWith(`list of node ${node}`),
        );
        t.is(
          lists.reduce((sum, { pfns }) => sum + pfns.length, 0),
          n,
        );
      }
  }
  const { out } = await pagetape('at', `${SEVEN}@0`);
  t.regex(out, /^before the first event\n\nNodes, in pages\n/);
});

test('diff of positions says in words what became of pages', async (t) => {
  const { status, out } = await pagetape('diff', `${SEVEN}@440`, `${SEVEN}@end`);
  t.is(status, 1);
  t.deepEqual(lines(out).slice(2, 9), [
    'in B',
    '  38 more pages looked at',
    '  35 more pages isolated',
    '  28 more pages copied',
    '  4 more pages not moved: referenced-elsewhere',
    '  3 more pages not moved: no-writepage',
    '  3 more pages not moved: shared',
  ]);
  const same = await pagetape('diff', `${SEVEN}@440`, `${SEVEN}@440`);
  t.deepEqual([same.status, lines(same.out).at(-1)], [0, 'there both machines are in the same state']);
});

test('up to each position the outcomes are those of a ledger of the events so far', (t) => {
  const questions = open(ONE);
  const { timeline } = questions;
  for (let seq = 1; seq <= timeline.last; seq += 2711) {
    const folds = new Map<number, LedgerFold>();
    const cursor = timeline.cursorAt(1);
    for (let more = true; more && cursor && cursor.at.seq <= seq; more = cursor.next()) {
      const { kind, op, data } = cursor.event();
      if (!LEDGER_KINDS.includes(kind as (typeof LEDGER_KINDS)[number])) continue;
      if (!folds.has(op)) folds.set(op, new LedgerFold());
      folds.get(op)?.add(kind, data);
    }
    const evicted = [...folds.values()].reduce((sum, fold) => sum + fold.ledger().evicted, 0);
    const refused = [...folds.values()].reduce(
      (sum, fold) => sum + fold.ledger().refused.reduce((pages, group) => pages + group.pages.length, 0),
      0,
    );
    const outcomes = questions.outcomesUpTo(seq);
    t.is(outcomes.get('evicted') ?? 0, evicted, `${seq}`);
    const told = [...outcomes].reduce((sum, [what, n]) => sum + (what.startsWith('not moved') ? n : 0), 0);
    t.is(told, refused, `${seq}`);
  }
});

const QUESTIONS_REFUSED: readonly (readonly [args: readonly string[], error: RegExp])[] = [
  [['why', SEVEN], /^error: say which page: --page db:heap\+3, .*\n$/],
  [['why', SEVEN, '--page', 'db:hep'], /^error: db has no region "hep"; did you mean "heap"\?\n$/],
  [
    ['why', SEVEN, '--page', 'warker:heap'],
    /^error: the task "warker" is not there at this position; did you mean "worker"\?\n$/,
  ],
  [
    ['why', SEVEN, '--page', 'db:heap+99'],
    /^error: the region heap of db has pages 0\.\.31, so there is no page 99\n$/,
  ],
  [['why', SEVEN, '--page', '99999'], /^error: there is no frame 99999; there are 1\.\.256, .*\n$/],
  [['why', SEVEN, '--page', '0x1000'], /^error: whose address is 0x1000\? say it with --task\n$/],
  [['why', SEVEN, '--page', 'x'], /^error: "x" is no page; a page is a frame \(152\), .*\n$/],
  [
    ['why', `${SEVEN}@99999`, '--page', '3'],
    /^error: .*there is no position .*@99999: the last event of the tape is \d+\n$/,
  ],
  [['who', SEVEN], /^error: say what is asked about: --page, --area, --counter, --thing\n$/],
  [['who', SEVEN, '--page', '3', '--counter', 'warn'], /^error: only one of --page, --area, --counter, --thing .*\n$/],
  [['who', SEVEN, '--thing', 'slt 5'], /^error: "slt" cannot be watched; did you mean "slot"\?\n$/],
  [['who', SEVEN, '--thing', 'cpuset /a'], /^error: there is no cpuset "\/a" here; there are none yet\n$/],
  [
    ['why', `${SEVEN}@0`, '--page', 'db:heap'],
    /^error: no task has memory at this position, .*; ask at a later one\n$/,
  ],
  [['who', SEVEN, '--counter', 'pgfalt'], /^error: there is no counter "pgfalt"; did you mean "pgfault"\?\n$/],
  [['who', SEVEN, '--page', '3', '--field', 'mark'], /^error: a page has no field "mark"; did you mean "marks"\?\n$/],
  [['who', SEVEN, '--area', 'db:heap', '--field', 'x'], /^error: an area has no field "x"; there are flags, .*\n$/],
  [['who', SEVEN, '--counter', 'warn', '--field', 'x'], /^error: a counter has no fields; leave out --field\n$/],
  [['at', SEVEN, '--task', 'nobody'], /^error: the task "nobody" is not there at this position; .*\n$/],
];

for (const [args, error] of QUESTIONS_REFUSED) {
  test(`refused: ${args.map((arg) => path.basename(arg)).join(' ')}`, async (t) => {
    const { status, out, err } = await pagetape(...args);
    t.regex(err, error);
    t.deepEqual([status, out], [2, '']);
  });
}

// --- random programs --------------------------------------------------------------------------------------------------

const CHECK = { seed: 20060110, numRuns: 30 };

/** The ledger events of each call of a run, and whether the call returned. */
function callsOf(program: Program): { op: number; returned: boolean; events: RecordedEvent[] }[] {
  const calls = new Map<number, { op: number; returned: boolean; events: RecordedEvent[] }>();
  const at = { ...START };
  for (const block of recordRun(program, { invariants: false }).blocks) {
    for (const event of eventsOf(block, at)) {
      const { kind, op, data } = event;
      let call = calls.get(op);
      if (!call) calls.set(op, (call = { op, returned: false, events: [] }));
      if (LEDGER_KINDS.some((each) => each === kind)) call.events.push(event);
      if (kind === 'StimulusEnded') call.returned = (data['result'] as { ret: number | null }).ret !== null;
    }
  }
  return [...calls.values()].filter(({ events }) => events.length > 0);
}

const MEETS: ReadonlySet<string> = new Set(['PageIsolated', 'PageIsolationFailed', 'PageSkipped']);

/** What is wrong with the reasons of a call; nothing when each page that stayed has exactly one. */
function wrongReasons({ op, returned, events }: ReturnType<typeof callsOf>[number]): string[] {
  const { entries, refused } = ledgerOf(events);
  const wrong: string[] = [];
  const reasons = (pfn: number): number =>
    refused.reduce((sum, { pages }) => sum + pages.filter((page) => page === pfn).length, 0);
  for (const pfn of new Set(events.filter(({ kind }) => MEETS.has(kind)).map(({ data }) => data['pfn'] as number))) {
    const met = entries.filter((entry) => entry.pfn === pfn);
    const moved = met.filter((entry) => entry.evictedIn !== null || entry.migrated !== null || entry.unreferenced);
    if (met.length === 0) wrong.push(`op ${op}: page ${pfn} was met and is in no ledger`);
    if (reasons(pfn) !== met.length - moved.length)
      wrong.push(`op ${op}: page ${pfn} stayed ${met.length - moved.length} times, for ${reasons(pfn)} reasons`);
  }
  if (returned && refused.some(({ reason }) => reason === 'not-finished'))
    wrong.push(`op ${op} returned, and nobody knows why a page stayed`);
  return wrong;
}

for (const profile of Object.keys(PROFILES)) {
  test(`each page that a call of ${profile} refused has exactly one reason (fast-check, seed ${CHECK.seed})`, (t) => {
    let refusals = 0;
    const property = fc.property(anyProgram(30, [profile]), (program) => {
      for (const call of callsOf(program)) {
        const wrong = wrongReasons(call);
        if (wrong.length > 0) throw new Error(wrong.join('\n'));
        refusals += ledgerOf(call.events).refused.reduce((sum, group) => sum + group.pages.length, 0);
      }
    });
    t.notThrows(() => fc.assert(property, CHECK));
    t.true(refusals > 0, 'programs in which nothing is refused say nothing');
  });
}
