/**
 * `pagetape replay`: reduces the events of a tape, compares the states at its marks, and says what happened in the
 * run.
 */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { ANSWER_NO, headingFor, jsonText, linesText, type Context } from './context.ts';

export function define(command: Command, context: Context): void {
  command
    .argument('<tape>', 'a tape that "pagetape run -o" recorded')
    .option('--json', 'print one JSON object')
    .action(async (file: string, options: { readonly json?: boolean }) => {
      await context.out(await replay(file, options.json ?? false, context));
    });
}

async function replay(file: string, json: boolean, context: Context): Promise<string> {
  const { naming, openTape } = await import('./tape.ts');
  const { replayTape } = await import('../run/replay.ts');
  const { startOf } = await import('../run/stimuli.ts');
  const { runJson, titleOf } = await import('../report/title.ts');
  const { printRun } = await import('../report/text.ts');
  const { count } = await import('../report/words.ts');
  const tape = openTape(file, context);
  const { title, done } = naming(file, () => ({
    title: titleOf(basename(file), undefined, startOf(tape)),
    done: replayTape(tape),
  }));
  const { badMark, marks, facts } = done;
  if (badMark) context.status = ANSWER_NO;
  if (json) return jsonText({ ...runJson(title, facts, done), complete: tape.complete, marks, badMark });
  const { seq, recorded, replayed } = badMark ?? {};
  const verdict = badMark
    ? `NOT the same: after event ${seq} the tape's state is ${recorded}, the replayed one ${replayed}`
    : `replayed ${count(facts.events, 'event')}; the state agrees at ${count(marks, 'mark')} of ${tape.marks.length}`;
  return linesText([...printRun(title, facts, done, headingFor(context)), verdict]);
}
