/** Questions that a tape answers: finding events. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { main } from '../src/cli/program.ts';
import { parseExpression } from '../src/questions/expression.ts';

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

test.before(async () => {
  await pagetape('run', `${EXAMPLES}01-swap-migrate-pages/scenario.yaml`, '-o', ONE);
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
