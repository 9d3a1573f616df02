/** `pagetape why`: why a page is where it is, and why the last call that looked at it did not move it. */
import type { Command } from 'commander';
import { jsonText, linesText, type Context } from './context.ts';
import { UsageError } from './errors.ts';
import { openAt, POSITION_HELP } from './position.ts';

interface Options {
  readonly page?: string;
  readonly task?: string;
  readonly json?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<tape>', POSITION_HELP)
    .option('--page <page>', 'a frame (152), a page of a region (db:heap+3), or an address of --task (0x2000003000)')
    .option('--task <name>', 'whose address it is')
    .option('--json', 'print one JSON object')
    .action(async (tape: string, options: Options) => {
      await context.out(await why(tape, options, context));
    });
}

async function why(tape: string, { page, task, json }: Options, context: Context): Promise<string> {
  if (page === undefined) throw new UsageError('say which page: --page db:heap+3, --page 152 (a frame)');
  const { askedPage } = await import('../questions/asked.ts');
  const { whyOf } = await import('../questions/why.ts');
  const { printWhy } = await import('../questions/whyText.ts');
  const { questions, seq } = await openAt(tape, context);
  questions.timeline.seek(seq);
  const answer = whyOf(questions, askedPage(questions.timeline.state, page, task), seq);
  return json ? jsonText(answer) : linesText(printWhy(answer));
}
