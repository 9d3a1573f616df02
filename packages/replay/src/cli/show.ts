/** `pagetape show`: the events of a tape as text lines, those that were asked for. */
import type { Command } from 'commander';
import type { Selection } from '../run/select.ts';
import type { Tape } from '../tape/index.ts';
import { BufferedOutput, type Context } from './context.ts';
import { UsageError } from './errors.ts';

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly range?: string;
  readonly kind?: string;
  readonly task?: string;
  readonly pfn?: string;
  readonly op?: string;
  readonly json?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<tape>', 'a tape that "pagetape run -o" recorded')
    .option('--from <n>', 'events from this one on')
    .option('--to <n>', 'events up to this one')
    .option('--range <n..m>', 'events from n to m')
    .option('--kind <names>', 'events of these kinds, such as PageEvicted,PageIsolated')
    .option('--task <name>', 'events that happened while this task, a name or a pid, ran')
    .option('--pfn <n>', 'events that name this page frame')
    .option('--op <n>', 'events that serve this step, by the op of its events')
    .option('--json', 'print a JSON object a line')
    .addHelpText('after', '\nA line is: seq, virtual nanoseconds, cpu, task, op, kind, fields.')
    .action(async (file: string, options: Options) => show(file, options, context));
}

async function show(file: string, options: Options, context: Context): Promise<void> {
  const { openTape } = await import('./tape.ts');
  const { selectEvents } = await import('../run/select.ts');
  const { printEvent } = await import('@pagetape/events');
  const tape = openTape(file, context);
  if (tape.header.level !== 'full')
    throw new UsageError(`${file} holds steps alone, no events; record it without --inputs`);
  const output = new BufferedOutput(context);
  const print = options.json ? JSON.stringify : printEvent;
  for (const event of selectEvents(tape, await selection(tape, options))) await output.line(print(event));
  await output.flush();
}

async function selection(tape: Tape, options: Options): Promise<Selection> {
  const { from, to } = rangeOf(options);
  const { kind, task, pfn, op } = options;
  return {
    from,
    to,
    kinds: kind === undefined ? null : await kindsOf(kind.split(',')),
    task: task === undefined ? null : await pidOf(tape, task),
    pfn: pfn === undefined ? null : wholeNumber('--pfn', pfn),
    op: op === undefined ? null : wholeNumber('--op', op),
  };
}

function rangeOf({ from, to, range }: Options): { from: number; to: number } {
  if (range === undefined) {
    return {
      from: from === undefined ? 1 : wholeNumber('--from', from),
      to: to === undefined ? Infinity : wholeNumber('--to', to),
    };
  }
  if (from !== undefined || to !== undefined)
    throw new UsageError('--range stands for --from and --to; leave them out');
  const match = /^(\d*)\.\.(\d*)$/.exec(range);
  if (!match) throw new UsageError(`--range is "${range}"; it should be as 100..200, 100.. or ..200`);
  return { from: match[1] === '' ? 1 : Number(match[1]), to: match[2] === '' ? Infinity : Number(match[2]) };
}

function wholeNumber(option: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`${option} is "${text}"; it should be a whole number`);
}

async function kindsOf(names: readonly string[]): Promise<ReadonlySet<string>> {
  const { EVENTS } = await import('@pagetape/events');
  const { insteadOf } = await import('../scenario/suggest.ts');
  const known = EVENTS.map(({ name }) => name);
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new UsageError(`there is no event kind "${name}"; ${insteadOf(name, known, 'they are listed in EVENTS.md')}`);
  }
  return new Set(names);
}

async function pidOf(tape: Tape, task: string): Promise<number> {
  if (/^\d+$/.test(task)) return Number(task);
  const { tasksOf } = await import('../run/select.ts');
  const { insteadOf, inWords } = await import('../scenario/suggest.ts');
  const tasks = tasksOf(tape);
  const pid = tasks.get(task);
  if (pid !== undefined) return pid;
  const names = [...tasks.keys()];
  throw new UsageError(
    `no task on this tape is called "${task}"; ${insteadOf(task, names, `there are ${inWords(names)}`)}`,
  );
}
