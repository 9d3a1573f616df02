/** `pagetape export`: a program in the words of other tools. */
import type { Command } from 'commander';
import type { Exported, ExportedProgram } from '../export/program.ts';
import { jsonText, type Context } from './context.ts';
import { needFile, UsageError } from './errors.ts';

interface Options {
  readonly as: string;
  readonly output?: string;
  readonly json?: boolean;
}

const HELP = `
Formats: memtoy (a memtoy script), shell (a script with numactl and migratepages), syzkaller (a syzkaller program), c (a C
program that makes the system calls). A step that has no counterpart becomes a comment that says why; how many there are is
told on standard error.`;

export function define(command: Command, context: Context): void {
  command
    .argument('<file>', 'a scenario, or a tape')
    .requiredOption('--as <format>', 'memtoy, shell, syzkaller or c')
    .option('-o, --output <file>', 'write it to this file')
    .option('--json', 'print one JSON object: the text, and how many steps it has')
    .addHelpText('after', HELP)
    .action(async (file: string, options: Options) => context.out(await exportFile(file, options, context)));
}

async function exportFile(file: string, { as, output, json }: Options, context: Context): Promise<string> {
  const { EXPORT_FORMATS, EXPORT_TITLES, exportProgram } = await import('../export/formats.ts');
  const format = EXPORT_FORMATS.find((name) => name === as);
  if (!format) throw new UsageError(`--as takes ${EXPORT_FORMATS.join(', ')}; this is "${as}"`);
  const exported = exportProgram(await programOf(file, context), format);
  context.err(`${summary(exported, EXPORT_TITLES[format])}\n`);
  const { text, tally } = exported;
  if (output !== undefined) {
    const { writeFileSync } = await import('node:fs');
    writeFileSync(output, text);
    return json ? jsonText({ format, ...tally, output }) : '';
  }
  return json ? jsonText({ format, ...tally, text }) : text;
}

async function programOf(file: string, context: Context): Promise<ExportedProgram> {
  const { isTape } = await import('./tape_or_scenario.ts');
  needFile(file);
  if (!isTape(file)) {
    const { loadScenario } = await import('../scenario/load.ts');
    return loadScenario(file);
  }
  const { naming, openTape } = await import('./tape.ts');
  const { machineOf, stimuliOf } = await import('../run/stimuli.ts');
  const tape = openTape(file, context);
  return naming(file, () => ({ machine: machineOf(tape), steps: [...stimuliOf(tape)] }));
}

/** How much of the program the text has. */
function summary({ tally: { steps, partly, missing } }: Exported, title: string): string {
  const rest = missing > 0 ? `; ${missing} have no counterpart, and are comments` : '';
  const half = partly > 0 ? `; ${partly} are there in part, as their comments say` : '';
  return `${steps - missing} of ${steps} steps are in ${title}${rest}${half}`;
}
