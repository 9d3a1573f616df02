/** `pagetape fork`: a branch of a recorded run, from any position. */
import type { Stimulus } from '@pagetape/events';
import type { Command } from 'commander';
import { headingFor, jsonText, linesText, type Context } from './context.ts';
import { UsageError } from './errors.ts';

interface Options {
  readonly profile?: string;
  readonly step?: readonly string[];
  readonly alone?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

const HELP = `
A step is one kernel call or act of the scenario and cannot be taken over in its middle: from a position inside a step the
branch begins before that step. With --out it is a tape like others: it can be debugged, compared and verified; where it
turns to other rules its header says so ("turns"). Steps are written as "pagetape run" prints them: --step 'touch t="db" addr=["heap",0] pages=4'.`;

export function define(command: Command, context: Context): void {
  command
    .argument('<position>', 'where the branch begins, as X.tape@120')
    .option('--profile <name>', 'whose rules hold in the branch; see "pagetape profiles"')
    .option('--step <text...>', 'steps that are served first in the branch')
    .option('--alone', 'leave out the steps that the tape has from there on')
    .option('-o, --out <file>', 'keep the branch as a tape of its own, with all that the tape has before it')
    .option('--json', 'print one JSON object')
    .addHelpText('after', HELP)
    .action(async (position: string, options: Options) => context.out(await fork(position, options, context)));
}

async function fork(
  text: string,
  { profile, step, alone = false, out, json = false }: Options,
  context: Context,
): Promise<string> {
  if (profile === undefined && step === undefined)
    throw new UsageError('say what is to be different in the branch: --profile or --step');
  if (alone && step === undefined) throw new UsageError('--alone leaves no steps; give some with --step');
  const { ALL_PROFILES, PROFILES } = await import('@pagetape/core');
  if (profile !== undefined && !Object.hasOwn(ALL_PROFILES, profile))
    throw new UsageError(`there is no profile "${profile}"; there are ${Object.keys(PROFILES).join(', ')}`);
  const { naming, openTimeline } = await import('./tape.ts');
  const { forkAt } = await import('../timeline/fork.ts');
  const { printPosition } = await import('../timeline/position.ts');
  const { printFork, printSaved } = await import('../timeline/text.ts');
  const { file, timeline } = openTimeline(text, context);
  const steps = await stepsOf(step ?? []);
  const otherwise = { steps, rest: !alone, ...(profile === undefined ? {} : { profile }) };
  const made = naming(file, () => forkAt(timeline, otherwise));
  const { saveBranch } = await import('../timeline/save.ts');
  const saved = out === undefined ? null : naming(file, () => saveBranch(timeline, made.branch, otherwise, out));
  timeline.close();
  if (!json) {
    const told = printFork(made, printPosition(file, timeline.seq), file, headingFor(context));
    return linesText(saved ? [...told, '', ...printSaved(saved, out ?? '')] : told);
  }
  const { branch, inserted, comparison, trunk, other } = made;
  const { seq, inside } = branch;
  return jsonText({
    asked: timeline.seq,
    seq,
    inside: inside?.number ?? null,
    inserted,
    ...comparison,
    ended: [trunk.ended, other.ended],
    saved,
  });
}

async function stepsOf(texts: readonly string[]): Promise<Stimulus[]> {
  const { parseStimulus } = await import('@pagetape/events');
  return texts.map((text) => {
    try {
      return parseStimulus(text);
    } catch (error) {
      throw new UsageError(`--step ${text}: ${(error as Error).message}`);
    }
  });
}
