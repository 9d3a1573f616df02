/** `pagetape at`: the machine at a position. */
import type { Command } from 'commander';
import { headingFor, jsonText, linesText, type Context } from './context.ts';
import { openAt, POSITION_HELP } from './position.ts';

interface Options {
  readonly task?: string;
  readonly lists?: boolean;
  readonly json?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<tape>', POSITION_HELP)
    .option('--task <name>', 'with the areas and pages of this task')
    .option('--lists', 'with the LRU lists and batches, page by page')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nFiles of /proc and /sys at a position: pagetape show X.tape --proc db/numa_maps --at 120')
    .action(async (tape: string, { json, ...options }: Options) => {
      const { stateFacts } = await import('../questions/at.ts');
      const { printAt } = await import('../questions/atText.ts');
      const { questions, seq } = await openAt(tape, context);
      const facts = stateFacts(questions, seq, options);
      await context.out(json ? jsonText(facts) : linesText(printAt(facts, headingFor(context))));
    });
}
