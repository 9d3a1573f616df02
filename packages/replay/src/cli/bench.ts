/** `pagetape bench`: how fast and how small, as ratios measured in one run. */
import type { Command } from 'commander';
import { jsonText, linesText, type Context } from './context.ts';

interface Options {
  readonly json?: boolean;
  readonly quick?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .option('--quick', 'a few hundred pages, to see that it works; its times say nothing')
    .option('--json', 'print one JSON list of {id, value, unit, baseline, ratio, about}')
    .addHelpText(
      'after',
      '\nratio = value / baseline. Compare ratios, not values: both are measured in turns, in one process.',
    )
    .action(async (options: Options) => context.out(await bench(options, context)));
}

/** The text that the command prints. */
export async function bench({ json = false, quick = false }: Options, context: Context): Promise<string> {
  const { measureAll } = await import('../bench/bench.ts');
  const { printRows } = await import('../bench/row.ts');
  const onProgress = (part: number): void =>
    context.err(part < 1 ? `\rmeasuring ${Math.round(100 * part)} %` : '\r\x1b[K');
  const rows = measureAll(context.terminal ? { quick, onProgress } : { quick });
  return json ? jsonText(rows) : linesText(printRows(rows));
}
