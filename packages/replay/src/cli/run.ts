/** `pagetape run`: runs a scenario, records it if asked, and says what happened. */
import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import type { Scenario } from '../scenario/load.ts';
import { ANSWER_NO, headingFor, jsonText, linesText, type Context } from './context.ts';
import { needFile, UsageError } from './errors.ts';
import { atItsLine } from './fault.ts';

interface Options {
  readonly seed?: string;
  readonly profile?: string;
  readonly output?: string;
  readonly inputs?: boolean;
  readonly json?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<file>', 'a scenario, in YAML or JSON')
    .option('--seed <text>', 'where all chance comes from (as in the file, else 0)')
    .option('--profile <name>', 'whose rules hold (as in the file, else swap-v5-seed); see "pagetape profiles"')
    .option('-o, --output <file>', 'record the run on this tape')
    .option('--inputs', 'record steps and marks alone: a small tape that "pagetape verify" runs again')
    .option('--json', 'print one JSON object')
    .addHelpText('after', HELP)
    .action(async (file: string, options: Options) => {
      await context.out(await run(file, options, context));
    });
}

const HELP = `
Exit status: 0 all steps returned; 1 a step did not, so the run stopped there; 2 wrong usage or bad input.`;

async function run(file: string, { seed, profile, output, inputs, json }: Options, context: Context): Promise<string> {
  const { loadScenario } = await import('../scenario/load.ts');
  const { runScenario } = await import('../run/run.ts');
  const { runJson, titleOf } = await import('../report/title.ts');
  const { printRun } = await import('../report/text.ts');
  needFile(file);
  if (output !== undefined) await mayReplace(output, file);
  const scenario = loadScenario(file);
  const level = inputs ? 'inputs' : 'full';
  const done = await atItsLine(file, () => runScenario(scenario, { seed, profile, tape: output, level }));
  const title = titleOf(nameOf(scenario, file), scenario.about, done.start);
  if (done.stop) context.status = ANSWER_NO;
  if (json) return jsonText({ ...runJson(title, done.facts, done), unreached: done.unreached });
  return linesText(printRun(title, done.facts, done, headingFor(context)));
}

/** Throws a UsageError unless a tape may be written there: where nothing is, or a tape, or a device. */
async function mayReplace(output: string, scenario: string): Promise<void> {
  const found = statSync(output, { throwIfNoEntry: false });
  if (!found?.isFile()) return;
  if (realpathSync(output) === realpathSync(scenario))
    throw new UsageError(`the tape would replace the scenario ${scenario}; give --output another file`);
  const { MAGIC } = await import('../tape/format.ts');
  // A file that is empty, or was cut off in its first bytes, has nothing to lose.
  if (firstBytes(output, MAGIC.length).every((byte, i) => byte === MAGIC[i])) return;
  throw new UsageError(`${output} is there already and is not a tape; remove it, or give --output another file`);
}

function firstBytes(path: string, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  const file = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

/** The name in the file, else that of the file, or of its folder when every scenario is called scenario.yaml. */
function nameOf({ name }: Scenario, file: string): string {
  const own = basename(file).replace(/\.(ya?ml|json)$/, '');
  return name ?? (own === 'scenario' ? basename(dirname(file)) : own);
}
