/** `pagetape find`: the events of a tape that an expression over their fields picks; or how many, and by what. */
import type { Command } from 'commander';
import type { Range, RowTest } from '../questions/find.ts';
import type { Tape } from '../tape/index.ts';
import { BufferedOutput, jsonText, linesText, type Context } from './context.ts';
import { UsageError } from './errors.ts';

interface Options {
  readonly first?: string | true;
  readonly last?: string | true;
  readonly count?: boolean;
  readonly by?: string;
  readonly range?: string;
  readonly json?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<tape>', 'a tape that "pagetape run -o" recorded')
    .argument('<expression...>', 'which events, such as "kind=PageEvicted and pass>1"')
    .option('--first [n]', 'the first of them, or the first n')
    .option('--last [n]', 'the last of them, or the last n')
    .option('--count', 'how many there are')
    .option('--by <fields>', 'how many there are of each value of a field, or of several: reason,node')
    .option('--range <n..m>', 'events from n to m alone')
    .option('--json', 'print a JSON object a line; with --count or --by one')
    .addHelpText('after', HELP)
    .action((file: string, words: readonly string[], options: Options) =>
      find(file, words.join(' '), options, context),
    );
}

const HELP = `
An expression compares fields with =, != (both take several values: reason=mlocked,page-locked), <, <=, >, >=,
and joins comparisons by and, or, not and brackets. A name alone is a kind: "PageEvicted and pfn=3".
Fields: seq, t, cpu, task (a name or pid), op; step (its number in reports), call (what it is: migrate_pages), node (of the
frame), kind; and the fields of each kind, as EVENTS.md lists them; members of objects by a path: result.ret>0.
An event without the field is not picked by a comparison of it.`;

async function find(file: string, expression: string, options: Options, context: Context): Promise<void> {
  const chosen = (['first', 'last', 'count', 'by'] as const).filter((name) => options[name] !== undefined);
  if (chosen.length > 1)
    throw new UsageError(`--${chosen[0]} and --${chosen[1]} answer in different ways; leave one of them out`);
  const { openFull, rangeOf } = await import('./tape.ts');
  const { ask } = await import('./position.ts');
  const { compileExpression, countEvents, groupEvents } = await import('../questions/find.ts');
  const tape = openFull(file, context);
  const range = rangeOf(options);
  const { names } = context.open?.file === file ? context.open.questions : await ask(file, tape);
  const test = compileExpression(expression, names);
  if (options.count) {
    const count = countEvents(tape, test, range);
    await context.out(options.json ? jsonText({ count }) : `${count}\n`);
  } else if (options.by === undefined) {
    const { printEvent } = await import('@pagetape/events');
    const output = new BufferedOutput(context);
    const print = options.json ? JSON.stringify : printEvent;
    for (const event of await wanted(tape, test, options, range)) await output.line(print(event));
    await output.flush();
  } else {
    const by = options.by.split(',');
    const groups = groupEvents(tape, test, by, names, range);
    const { table } = await import('../report/table.ts');
    const rows = [['', ...by], ...groups.map(({ values, count }) => [`${count}`, ...values])];
    const lines = table(rows, ['r', ...by.map(() => 'l' as const)]);
    await context.out(options.json ? jsonText({ by, groups }) : linesText(lines));
  }
}

async function wanted(tape: Tape, test: RowTest, { first, last }: Options, range: Range) {
  const { findEvents, findLast } = await import('../questions/find.ts');
  if (last !== undefined) return findLast(tape, test, howMany('--last', last), range);
  const events = findEvents(tape, test, range);
  return first === undefined ? events : firstOf(events, howMany('--first', first));
}

function* firstOf<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count;
  if (left > 0)
    for (const item of items) {
      yield item;
      if (--left === 0) return;
    }
}

function howMany(option: string, text: string | true): number {
  if (text === true) return 1;
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`${option} is "${text}"; it should be a whole number, before the tape or after "="`);
}
