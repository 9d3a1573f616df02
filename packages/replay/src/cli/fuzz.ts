/** `pagetape fuzz`: random programs, judged; what fails is made small and written as a scenario. */
import type { Command } from 'commander';
import type { Program } from '../laws/recording.ts';
import { ANSWER_NO, jsonText, linesText, type Context } from './context.ts';
import { UsageError } from './errors.ts';

interface Options {
  readonly profile?: readonly string[];
  readonly seed?: string;
  readonly start: string;
  readonly programs: string;
  readonly deep: string;
  readonly json?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .option('--profile <name...>', 'whose rules hold (usual: all, in turns)')
    .option('--seed <seed>', 'run the program of this seed alone, with all judges, and make it small if it fails')
    .option('--start <seed>', 'the first seed', '0')
    .option('--programs <number>', 'how many programs for each profile', '1024')
    .option('--deep <number>', 'one program in so many is checked against all laws; 0: none', '64')
    .option('--json', 'print one JSON object')
    .action(async (options: Options) => context.out(await fuzz(options, context)));
}

/** A whole number that the user gave. */
function whole(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`--${name} takes a whole number from 0, not "${text}"`);
  return Number(text);
}

async function profilesOf({ profile }: Options): Promise<readonly string[]> {
  const { PROFILES } = await import('@pagetape/core');
  const unknown = profile?.find((name) => !PROFILES[name]);
  if (unknown !== undefined) {
    throw new UsageError(`there is no profile "${unknown}"; known are ${Object.keys(PROFILES).join(', ')}`);
  }
  return profile ?? Object.keys(PROFILES);
}

async function fuzz(options: Options, context: Context): Promise<string> {
  const profiles = await profilesOf(options);
  return options.seed === undefined ? campaign(options, profiles, context) : one(options, profiles, context);
}

/** One seed, with all judges. */
async function one({ seed = '0', json }: Options, profiles: readonly string[], context: Context): Promise<string> {
  const { generate, judge } = await import('../fuzz/index.ts');
  const lines: string[] = [];
  const reports = [];
  for (const profile of profiles) {
    const program = generate(whole('seed', seed), profile);
    const findings = judge(program, { deep: true });
    if (findings.length === 0) lines.push(`seed ${seed}, ${profile}: ${program.steps.length} steps, nothing found`);
    else lines.push(...(await reportOf(program, findings[0])));
    reports.push({ seed, profile, findings });
    if (findings.length > 0) context.status = ANSWER_NO;
  }
  return json ? jsonText(reports) : linesText(lines);
}

async function reportOf(program: Program, found: { sentence: string; signature: string; judge: string; step: number }) {
  const { failsAlike, minimise, scenarioText } = await import('../fuzz/index.ts');
  const small = minimise(program, failsAlike(found));
  return [
    `FAILED  ${found.judge}: ${found.sentence}`,
    ...(await origin(program)),
    `made small: ${program.steps.length} steps became ${small.steps.length}`,
    '',
    scenarioText(small, found.signature),
  ];
}

/** What it takes to see it again. */
async function origin({ seed, profile }: Program): Promise<string[]> {
  const { catalogueHash } = await import('../tape/catalogue.ts');
  const { reducingKey } = await import('../timeline/key.ts');
  return [
    `seed ${seed}, profile ${profile}, catalogue ${catalogueHash()}, reducers ${reducingKey().slice(0, 16)}`,
    `again: pagetape fuzz --seed ${seed} --profile ${profile}`,
  ];
}

async function campaign(options: Options, profiles: readonly string[], context: Context): Promise<string> {
  const { runBatch } = await import('../fuzz/batch.ts');
  const { generate } = await import('../fuzz/index.ts');
  const { groupBy } = await import('../fuzz/finding.ts');
  const [start, programs, deep] = [
    whole('start', options.start),
    whole('programs', options.programs),
    whole('deep', options.deep),
  ];
  const before = process.cpuUsage().user;
  const results = profiles.map((profile) => runBatch({ profile, from: start, to: start + programs, deep }));
  const seconds = (process.cpuUsage().user - before) / 1e6;
  const failures = results.flatMap(({ failures: found }) => found);
  const groups = groupBy(failures, ({ finding }) => finding.signature);
  const total = programs * profiles.length;
  if (failures.length > 0) context.status = ANSWER_NO;
  if (options.json) return jsonText({ programs: total, seconds, failures });
  const lines = [
    `${total} programs in ${seconds.toFixed(1)} s of CPU time (${Math.round(total / seconds)} a second), ` +
      `${results.reduce((sum, result) => sum + result.deep, 0)} of them with all laws`,
    failures.length === 0 ? 'nothing found' : `${failures.length} failures, ${groups.size} signatures`,
  ];
  for (const [signature, group] of groups) {
    const [{ seed, profile, finding }] = group;
    lines.push('', `${group.length} × ${signature}`, ...(await reportOf(generate(Number(seed), profile), finding)));
  }
  return linesText(lines);
}
