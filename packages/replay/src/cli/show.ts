/**
 * `pagetape show`: the events of a tape as text lines, those that were asked for; or a file of /proc or /sys as a task
 * of the simulated machine would read it.
 */
import type { Command } from 'commander';
import type { Selection } from '../run/select.ts';
import type { Tape } from '../tape/index.ts';
import { BufferedOutput, jsonText, type Context } from './context.ts';
import { UsageError } from './errors.ts';

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly range?: string;
  readonly kind?: string;
  readonly task?: string;
  readonly pfn?: string;
  readonly op?: string;
  readonly proc?: string;
  readonly at?: string;
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
    .option('--proc <file>', 'print this file of the machine instead, such as /proc/db/numa_maps')
    .option('--at <n>', 'with --proc: as it reads after this event; else after the last')
    .option('--json', 'print a JSON object a line; with --proc one of file, at and text')
    .addHelpText('after', HELP)
    .action(async (file: string, options: Options) => {
      if (options.proc !== undefined) return showFile(file, options.proc, options, context);
      if (options.at !== undefined) throw new UsageError('--at is for a file of the machine; name one with --proc');
      return showEvents(file, options, context);
    });
}

const HELP = `
A line is: seq, virtual nanoseconds, cpu, task, op, kind, fields.
Files for --proc: /proc/TASK/numa_maps (a name or a pid), /proc/vmstat, and numastat, meminfo and distance under
/sys/devices/system/node/nodeN. Short forms: TASK/numa_maps, vmstat, nodeN/numastat.`;

async function showEvents(file: string, options: Options, context: Context): Promise<void> {
  const { selectEvents } = await import('../run/select.ts');
  const { printEvent } = await import('@pagetape/events');
  const { openFull } = await import('./tape.ts');
  const tape = openFull(file, context);
  const output = new BufferedOutput(context);
  const print = options.json ? JSON.stringify : printEvent;
  for (const event of selectEvents(tape, await selection(tape, options))) await output.line(print(event));
  await output.flush();
}

/** Options that pick events, and so make no sense for a file of the machine. */
const PICKING = ['from', 'to', 'range', 'kind', 'task', 'pfn', 'op'] as const;

async function showFile(file: string, name: string, options: Options, context: Context): Promise<void> {
  const picking = PICKING.find((option) => options[option] !== undefined);
  if (picking !== undefined)
    throw new UsageError(`--${picking} picks events, and --proc prints a file of the machine; leave one of them out`);
  const { naming, openFull, wholeNumber } = await import('./tape.ts');
  const { lastEvent, stateAt } = await import('../formats/at.ts');
  const { readSystemFile, systemFiles } = await import('../formats/files.ts');
  const { startOf } = await import('../run/stimuli.ts');
  const { profileAfter } = await import('../run/record.ts');
  const { ALL_PROFILES } = await import('@pagetape/core');
  const { inWords } = await import('../scenario/suggest.ts');
  const tape = openFull(file, context);
  const last = lastEvent(tape);
  const at = options.at === undefined ? last : wholeNumber('--at', options.at);
  if (at > last) throw new UsageError(`--at is ${at}, but the last event on the tape is ${last}`);
  const { view, traits } = naming(file, () => ({
    view: stateAt(tape, at),
    traits: ALL_PROFILES[profileAfter(startOf(tape), at)],
  }));
  const found = readSystemFile(view, traits, name);
  if (!found)
    throw new UsageError(
      `there is no file "${name}" after event ${at}; there are ${inWords(systemFiles(view, traits))}`,
    );
  await context.out(options.json ? jsonText({ file: found.path, at, text: found.text }) : found.text);
}

async function selection(tape: Tape, options: Options): Promise<Selection> {
  const { rangeOf, wholeNumber } = await import('./tape.ts');
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
