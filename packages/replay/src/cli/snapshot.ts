/** `pagetape snapshot`: what a run means, as a text to keep; or whether it is still what a kept text says. */
import type { Command } from 'commander';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { ANSWER_NO, jsonText, linesText, type Context } from './context.ts';
import { needFile, UsageError } from './errors.ts';
import { atItsLine } from './fault.ts';

interface Options {
  readonly check?: string;
  readonly output?: string;
  readonly seed?: string;
  readonly profile?: string;
  readonly hashes: boolean;
  readonly json?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<file>', 'a tape, or a scenario, which is run')
    .option('--check <file>', 'compare with a snapshot that was kept, and print what differs')
    .option('-o, --output <file>', 'write the snapshot to this file')
    .option('--profile <name>', 'of a scenario: whose rules hold')
    .option('--seed <text>', 'of a scenario: where all chance comes from')
    .option('--no-hashes', 'leave out the number of events, their time and the hashes: what no task could notice')
    .option('--json', 'print one JSON object')
    .addHelpText('after', HELP)
    .action(async (file: string, options: Options) => {
      await context.out(await snapshot(file, options, context));
    });
}

const HELP = `
Exit status: 0 done, or the same; 1 with --check: something differs; 2 wrong usage or bad input.`;

async function snapshot(file: string, options: Options, context: Context): Promise<string> {
  const { printSnapshot, withoutHashes } = await import('../snapshot/snapshot.ts');
  if (options.check !== undefined && options.output !== undefined)
    throw new UsageError('--check compares with a file and --output writes one; leave one of them out');
  const taken = await take(file, options, context);
  const shown = options.hashes ? taken : withoutHashes(taken);
  if (options.check !== undefined) return check(shown, options, context);
  if (options.output !== undefined) {
    const { writeFileSync } = await import('node:fs');
    writeFileSync(options.output, printSnapshot(shown));
    return '';
  }
  return options.json ? jsonText(shown) : printSnapshot(shown);
}

async function take(file: string, { profile, seed }: Options, context: Context): Promise<Snapshot> {
  const { snapshotOfRun, snapshotOfTape } = await import('../snapshot/take.ts');
  const { isTape } = await import('./tape_or_scenario.ts');
  needFile(file);
  if (!isTape(file)) {
    const { loadScenario } = await import('../scenario/load.ts');
    const scenario = loadScenario(file);
    return atItsLine(file, () => snapshotOfRun(scenario, { profile, seed }));
  }
  if ((profile ?? seed) !== undefined)
    throw new UsageError('--profile and --seed are for scenarios; "pagetape whatif" runs a tape under other rules');
  const { naming, openTape } = await import('./tape.ts');
  const tape = openTape(file, context);
  return naming(file, () => snapshotOfTape(tape));
}

async function check(taken: Snapshot, { check: file = '', json }: Options, context: Context): Promise<string> {
  const { readGolden } = await import('../snapshot/golden.ts');
  const { compareSnapshots } = await import('../snapshot/compare.ts');
  const { printSnapshotDifferences } = await import('../snapshot/text.ts');
  needFile(file);
  const differences = compareSnapshots(readGolden(file), taken);
  if (differences.length > 0) context.status = ANSWER_NO;
  if (json) return jsonText({ same: differences.length === 0, differences });
  return linesText(differences.length > 0 ? printSnapshotDifferences(differences) : [`the same as ${file}`]);
}
