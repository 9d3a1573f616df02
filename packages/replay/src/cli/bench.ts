/** `pagetape bench`: how fast and how small, as ratios measured in one run. */
import type { Command } from 'commander';
import { jsonText, linesText, type Context } from './context.ts';

interface Options {
  readonly json?: boolean;
  readonly quick?: boolean;
  readonly large?: boolean;
  readonly only?: string;
}

export function define(command: Command, context: Context): void {
  command
    .option('--quick', 'a few hundred pages, to see that it works; its times say nothing')
    .option('--large', 'machines of 16 million pages as well, which takes some minutes more and 8 GiB')
    .option('--only <id>', 'only rows whose ids begin so, such as op.swap')
    .option('--json', 'print one JSON list of {id, value, unit, baseline, ratio, about, limit?, of_limit?}')
    .addHelpText(
      'after',
      '\nratio = value / baseline. Compare ratios, not values: both are measured in turns, in one process.' +
        '\nC is what a C program reaches that does the same work on plain arrays; it is built by the compiler of the system.',
    )
    .action(async (options: Options) => context.out(await bench(options, context)));
}

/** The text that the command prints. */
export async function bench({ json = false, ...options }: Options, context: Context): Promise<string> {
  const { measureAll } = await import('../bench/bench.ts');
  const { printRows } = await import('../bench/row.ts');
  const onProgress = (steps: number): void => context.err(`\rmeasuring: round ${steps} `);
  const rows = await measureAll(context.terminal ? { ...options, onProgress } : options);
  if (context.terminal) context.err('\r\x1b[K');
  return json ? jsonText(rows) : linesText(printRows(rows));
}
