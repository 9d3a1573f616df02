/** The commands of `pagetape`, each by its name, a summary, and the file that defines it. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { BAD_INPUT, type Context } from './context.ts';
import { report } from './errors.ts';

/** Adds to a command what it takes and what it does. */
export type Define = (command: Command, context: Context) => void;

interface Listed {
  readonly name: string;
  readonly takes: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly define: Define }>;
}

const COMMANDS: readonly Listed[] = [
  { name: 'run', takes: 'FILE', summary: 'run a scenario and say what happened', load: () => import('./run.ts') },
  {
    name: 'replay',
    takes: 'TAPE',
    summary: 'reduce the events of a tape and compare the states',
    load: () => import('./replay.ts'),
  },
  {
    name: 'verify',
    takes: 'TAPE',
    summary: 'run the steps of a tape again and compare every event',
    load: () => import('./verify.ts'),
  },
  {
    name: 'diff',
    takes: 'A B',
    summary: 'show where two tapes part, and what became of it',
    load: () => import('./diff.ts'),
  },
  {
    name: 'whatif',
    takes: 'TAPE',
    summary: 'run the steps of a tape under other rules, and tell what differs call by call',
    load: () => import('./whatif.ts'),
  },
  {
    name: 'snapshot',
    takes: 'TAPE|SCENARIO',
    summary: 'print what a run means as a text to keep, or compare it with one',
    load: () => import('./snapshot.ts'),
  },
  {
    name: 'find',
    takes: 'TAPE EXPRESSION',
    summary: 'find events by their fields, count or group them',
    load: () => import('./find.ts'),
  },
  {
    name: 'why',
    takes: 'TAPE[@SEQ]',
    summary: 'tell why a page is where it is, and why it was not moved',
    load: () => import('./why.ts'),
  },
  {
    name: 'who',
    takes: 'TAPE[@SEQ]',
    summary: 'tell which event last changed a page, an area or a counter',
    load: () => import('./who.ts'),
  },
  {
    name: 'at',
    takes: 'TAPE[@SEQ]',
    summary: 'show the machine at a position: nodes, lists, tasks, pages, swap',
    load: () => import('./at.ts'),
  },
  {
    name: 'debug',
    takes: 'TAPE[@SEQ]',
    summary: 'walk over a tape in both directions, watch what changes, and branch off',
    load: () => import('./debug.ts'),
  },
  {
    name: 'fork',
    takes: 'TAPE@SEQ',
    summary: 'go on from a position by other rules or with other steps, and compare',
    load: () => import('./fork.ts'),
  },
  {
    name: 'export',
    takes: 'SCENARIO|TAPE',
    summary: 'print a program as a memtoy script, shell script, syzkaller program or C program',
    load: () => import('./export.ts'),
  },
  { name: 'show', takes: 'TAPE', summary: 'print the events of a tape', load: () => import('./show.ts') },
  {
    name: 'conform',
    takes: 'PATH…',
    summary: 'run recorded scenarios and compare every result with what a kernel did',
    load: () => import('./conform.ts'),
  },
  {
    name: 'fuzz',
    takes: '',
    summary: 'run random programs, judge each, and make small what fails',
    load: () => import('./fuzz.ts'),
  },
  {
    name: 'bench',
    takes: '',
    summary: 'measure the speed of events and the size of tapes, as ratios to a plain way',
    load: () => import('./bench.ts'),
  },
  {
    name: 'profiles',
    takes: '',
    summary: 'list the kernels whose rules can be simulated',
    load: () => import('./profiles.ts'),
  },
];

const EPILOGUE = `
Exit status: 0 done; 1 the answer is "no" (a difference, a mismatch); 2 wrong usage or bad input.
Begin with: pagetape run examples/01-swap-migrate-pages/scenario.yaml`;

/** Runs the program with these arguments. The exit status is left in the context. */
export async function main(args: readonly string[], context: Context): Promise<void> {
  try {
    const program = await buildProgram(args, context);
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) context.status = error.exitCode === 0 ? 0 : BAD_INPUT;
    else report(context, error);
  }
}

async function buildProgram(args: readonly string[], context: Context): Promise<Command> {
  const pending: Promise<void>[] = [];
  const program = new Command('pagetape')
    .description('A deterministic simulator of Linux NUMA page migration: runs are tapes of events.')
    .version(version(), '-V, --version')
    .showSuggestionAfterError()
    // What stands behind a command is the command's, also where one of its parents has an option of the same name.
    .enablePositionalOptions()
    .addHelpText('after', EPILOGUE)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void pending.push(context.out(text)),
      writeErr: context.err,
      outputError: (text, write) => write(text.replace(/\n\(Did you mean (.*)\?\)/, '; did you mean "$1"?')),
    });
  const wanted = args.find((arg) => !arg.startsWith('-') && arg !== 'help');
  for (const { name, takes, summary, load } of COMMANDS) {
    const command = program
      .command(name)
      .summary(summary)
      .description(sentence(summary))
      .usage(`${takes} [options]`.trim());
    if (name !== wanted) command.helpOption(false).usage(takes);
    else (await load()).define(command, context);
  }
  return program;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
