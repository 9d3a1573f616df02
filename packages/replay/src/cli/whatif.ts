/** `pagetape whatif`: the steps of a tape under other rules, another seed, on another machine, or with another policy. */
import type { Stimulus } from '@pagetape/events';
import type { Command } from 'commander';
import type { RunStart } from '../run/record.ts';
import { headingFor, jsonText, linesText, type Context } from './context.ts';
import { needFile, UsageError } from './errors.ts';

interface Options {
  readonly profile?: string;
  readonly seed?: string;
  readonly machine?: string;
  readonly policy?: string;
  readonly after?: number;
  readonly json?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<tape>', 'a tape that "pagetape run -o" recorded')
    .option('--profile <name>', 'whose rules hold instead; see "pagetape profiles"')
    .option('--seed <text>', 'where all chance comes from instead')
    .option('--machine <scenario>', 'take the machine of this scenario instead')
    .option('--policy <mode:nodes>', 'give each new task this policy first, such as interleave:0-3')
    .option('--after <step>', 'let both runs have the first steps in common, up to this one', wholeNumber)
    .option('--json', 'print one JSON object')
    .action(async (file: string, options: Options) => {
      await context.out(await whatif(file, options, context));
    });
}

async function whatif(file: string, options: Options, context: Context): Promise<string> {
  const { openTape, naming } = await import('./tape.ts');
  const { startOf, stimuliOf } = await import('../run/stimuli.ts');
  const { runTo, runTwin } = await import('../whatif/twin.ts');
  const { compareTwins } = await import('../whatif/compare.ts');
  const { printWhatIf } = await import('../whatif/text.ts');
  const tape = openTape(file, context);
  const start = naming(file, () => startOf(tape));
  if (start.turns)
    throw new UsageError(
      `${file} is a branch: its run turns to other rules on its way, and whatif compares runs by one`,
    );
  const stimuli = naming(file, () => [...stimuliOf(tape)]);
  const other = await otherStart(start, options);
  const policy = options.policy === undefined ? undefined : await readPolicy(options.policy);
  const { after = 0 } = options;
  if (after > 0 && (options.seed ?? options.machine) !== undefined)
    throw new UsageError('--after leaves the seed and the machine as they are; leave out --seed and --machine');
  const [common, rest] = [stimuli.slice(0, after), stimuli.slice(after)];
  const from = after === 0 ? undefined : runTo(start, common);
  const [a, b] = [runTwin(start, rest, undefined, from), runTwin(other, rest, policy, from)];
  const comparison = compareTwins(a, b, after);
  if (options.json) return jsonText({ recorded: start, what_if: other, ...comparison, ended: [a.ended, b.ended] });
  return linesText(printWhatIf(a, b, comparison, headingFor(context)));
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`--after takes the number of a step, as "pagetape run" prints it; this is "${text}"`);
}

async function otherStart(start: RunStart, { profile, seed, machine, policy }: Options): Promise<RunStart> {
  if (profile === undefined && seed === undefined && machine === undefined && policy === undefined)
    throw new UsageError('say what is to be different: --profile, --seed, --machine or --policy');
  const { ALL_PROFILES, PROFILES } = await import('@pagetape/core');
  if (profile !== undefined && !Object.hasOwn(ALL_PROFILES, profile))
    throw new UsageError(`there is no profile "${profile}"; there are ${Object.keys(PROFILES).join(', ')}`);
  return {
    machine: machine === undefined ? start.machine : await machineOfScenario(machine),
    profile: profile ?? start.profile,
    seed: seed ?? start.seed,
  };
}

async function machineOfScenario(file: string): Promise<RunStart['machine']> {
  needFile(file);
  const { loadScenario } = await import('../scenario/load.ts');
  return loadScenario(file).machine;
}

const MODES = ['default', 'preferred', 'bind', 'interleave', 'local'];

/** From "interleave:0-3" to the step that sets it; the task is filled in. */
async function readPolicy(text: string): Promise<(task: string) => Stimulus> {
  const [, mode = '', list = ''] = /^([a-z]+)(?::([0-9,-]*))?$/.exec(text) ?? [];
  const { bitmap_parselist } = await import('@pagetape/core');
  const nodes = bitmap_parselist(list, 1024);
  if (!MODES.includes(mode) || typeof nodes === 'number')
    throw new UsageError(`--policy takes ${MODES.join(', ')} and nodes, such as interleave:0-3; this is "${text}"`);
  return (t) => ({ op: 'set_mempolicy', t, mode: MODES.indexOf(mode), mask: nodes, maxnode: 1024 });
}
