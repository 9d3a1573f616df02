/** `pagetape verify`: runs the steps of a tape again, and compares every event. */
import type { RecordedEvent } from '@pagetape/events';
import type { Command } from 'commander';
import type { Divergence } from '../run/verify.ts';
import { ANSWER_NO, jsonText, linesText, type Context } from './context.ts';

export function define(command: Command, context: Context): void {
  command
    .argument('<tape>', 'a tape that "pagetape run -o" recorded')
    .option('--json', 'print one JSON object')
    .action(async (file: string, options: { readonly json?: boolean }) => {
      await context.out(await verify(file, options.json ?? false, context));
    });
}

async function verify(file: string, json: boolean, context: Context): Promise<string> {
  const { naming, openTape } = await import('./tape.ts');
  const { verifyTape } = await import('../run/verify.ts');
  const { count } = await import('../report/words.ts');
  const { printEvent } = await import('@pagetape/events');
  const tape = openTape(file, context);
  const { compared, marks, divergence } = naming(file, () => verifyTape(tape));
  if (divergence) context.status = ANSWER_NO;
  const { level } = tape.header;
  if (json) return jsonText({ same: !divergence, level, complete: tape.complete, compared, marks, divergence });
  if (divergence) return linesText(printDivergence(divergence, compared, printEvent));
  const what = level === 'full' ? count(compared, 'event') : count(compared, 'stimulus', 'stimuli');
  return linesText([`verified: run again, ${what} and ${count(marks, 'mark')} came out the same`]);
}

function printDivergence(
  { seq, what, recorded, again }: Divergence,
  compared: number,
  print: (event: RecordedEvent) => string,
): string[] {
  const text = (side: string | RecordedEvent | null): string => {
    if (side === null) return what === 'error' ? 'went on' : 'nothing: the run is over';
    return typeof side === 'string' ? side : print(side);
  };
  const where = { event: `event ${seq}`, mark: `the state after event ${seq}`, error: `the step after event ${seq}` }[
    what
  ];
  return [
    `NOT the same: ${where} differs, after ${compared} that agree`,
    `  on the tape  ${text(recorded)}`,
    `  run again    ${text(again)}`,
  ];
}
