/** `pagetape conform`: runs recorded scenarios and compares every field of every result with what was recorded. */
import type { Command } from 'commander';
import { ANSWER_NO, jsonText, linesText, type Context } from './context.ts';
import { UsageError } from './errors.ts';

interface Options {
  readonly profile?: string;
  readonly json?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<path...>', 'files or folders with recorded scenarios')
    .option('--profile <name>', 'run under this profile (usual: that of the kernel that each file names)')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nA step or a field that is not simulated yet makes a scenario unsupported; it never counts as matched.',
    )
    .action(async (paths: string[], options: Options) => context.out(await conform(paths, options, context)));
}

async function conform(paths: readonly string[], { profile, json }: Options, context: Context): Promise<string> {
  const { ALL_PROFILES, PROFILES } = await import('@pagetape/core');
  const { conformFile, oracleFiles, summarise } = await import('../conform/conform.ts');
  const { printConform } = await import('../conform/print.ts');
  if (profile !== undefined && !ALL_PROFILES[profile]) {
    throw new UsageError(`there is no profile "${profile}"; known are ${Object.keys(PROFILES).join(', ')}`);
  }
  const files = oracleFiles(paths);
  if (files.length === 0) throw new UsageError(`no recorded scenario (*.json) in ${paths.join(', ')}`);
  const report = summarise(files.flatMap((file) => conformFile(file, profile)));
  if (report.mismatched > 0) context.status = ANSWER_NO;
  return json ? jsonText(report) : linesText(printConform(report));
}
