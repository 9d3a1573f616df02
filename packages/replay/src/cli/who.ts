/** `pagetape who`: which event last changed a field of a page or of an area, or a counter. */
import type { Command } from 'commander';
import type { Questions } from '../questions/questions.ts';
import type { Watched } from '../questions/who.ts';
import { jsonText, linesText, type Context } from './context.ts';
import { UsageError } from './errors.ts';
import { oneOf, openAt, POSITION_HELP } from './position.ts';

interface Options {
  readonly page?: string;
  readonly area?: string;
  readonly counter?: string;
  readonly thing?: string;
  readonly field?: string;
  readonly task?: string;
  readonly json?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<tape>', POSITION_HELP)
    .option('--page <page>', 'a frame (152), a page of a region (db:heap+3), or an address of --task (0x2000003000)')
    .option('--area <page>', 'the area in which this page of a task lies')
    .option('--counter <name>', 'a number, such as pgfault, "free pages of node 0", "minor faults of db"')
    .option(
      '--thing <words>',
      'whatever "pagetape debug" can watch: "slot 5", "lru 0 active", "policy db", "cpuset /a", "free 1"',
    )
    .option(
      '--field <name>',
      'of a page: entry, references, mappings, list, marks, dirty …; of an area: flags, policy …',
    )
    .option('--task <name>', 'whose address it is')
    .option('--json', 'print one JSON object')
    .action(async (tape: string, options: Options) => {
      await context.out(await who(tape, options, context));
    });
}

async function who(tape: string, options: Options, context: Context): Promise<string> {
  const asked = oneOf({ ...options }, ['page', 'area', 'counter', 'thing']);
  if ((asked === 'counter' || asked === 'thing') && options.field !== undefined)
    throw new UsageError(`a ${asked} has no fields; leave out --field`);
  const { whoChanged } = await import('../questions/who.ts');
  const { printWho } = await import('../questions/whoText.ts');
  const { questions, seq } = await openAt(tape, context);
  questions.timeline.seek(seq);
  const answer = whoChanged(questions, await watched(questions, options), seq);
  return options.json ? jsonText(answer) : linesText(printWho(answer));
}

async function watched(questions: Questions, { page, area, counter, thing, field, task }: Options): Promise<Watched> {
  const { watchArea, watchNumber, watchPage, watchThing } = await import('../questions/who.ts');
  const { askedPage } = await import('../questions/asked.ts');
  if (counter !== undefined) return watchNumber(questions, counter);
  if (thing !== undefined) return watchThing(questions, thing);
  const asked = askedPage(questions.timeline.state, page ?? area ?? '', task);
  return page === undefined ? watchArea(questions, asked, field) : watchPage(questions, asked, field);
}
