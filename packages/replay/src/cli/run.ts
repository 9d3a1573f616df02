/** `pagetape run`: runs a scenario, records it if asked, and says what happened. */
import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import type { Scenario } from '../scenario/load.ts';
import { headingFor, jsonText, linesText, type Context } from './context.ts';
import { needFile } from './errors.ts';

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
    .action(async (file: string, options: Options) => {
      await context.out(await run(file, options, context));
    });
}

async function run(file: string, { seed, profile, output, inputs, json }: Options, context: Context): Promise<string> {
  const { loadScenario } = await import('../scenario/load.ts');
  const { runScenario, StepFault } = await import('../run/run.ts');
  const { runJson, titleOf } = await import('../report/title.ts');
  const { printRun } = await import('../report/text.ts');
  needFile(file);
  const scenario = loadScenario(file);
  try {
    const done = runScenario(scenario, { seed, profile, tape: output, level: inputs ? 'inputs' : 'full' });
    const title = titleOf(nameOf(scenario, file), scenario.about, done.start);
    if (json) return jsonText(runJson(title, done.facts, done));
    return linesText(printRun(title, done.facts, done, headingFor(context)));
  } catch (error) {
    throw error instanceof StepFault ? await atItsLine(file, error) : error;
  }
}

/** The name in the file, else that of the file, or of its folder when every scenario is called scenario.yaml. */
function nameOf({ name }: Scenario, file: string): string {
  const own = basename(file).replace(/\.(ya?ml|json)$/, '');
  return name ?? (own === 'scenario' ? basename(dirname(file)) : own);
}

/** The error with the place of its step in the file. */
async function atItsLine(file: string, { step, message }: { step: number; message: string }): Promise<Error> {
  const { readFileSync } = await import('node:fs');
  const { Source } = await import('../scenario/source.ts');
  return new Source(readFileSync(file, 'utf8'), file).error([{ path: ['steps', step], at: 'value', message }]);
}
