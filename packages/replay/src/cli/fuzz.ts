/** `pagetape fuzz`: random programs, judged; what fails is made small and written as a scenario. */
import type { Command } from 'commander';
import type { Plan, Store, Summary } from '../fuzz/index.ts';
import type { Finding } from '../fuzz/finding.ts';
import type { Program } from '../laws/recording.ts';
import { ANSWER_NO, jsonText, linesText, type Context } from './context.ts';
import { UsageError } from './errors.ts';
import { defineFarm } from './fuzz_farm.ts';

interface Options {
  readonly profile?: readonly string[];
  readonly seed?: string;
  readonly start: string;
  readonly programs: string;
  readonly relations: string;
  readonly deep: string;
  readonly threads?: string;
  readonly log?: string;
  readonly keep?: string;
  readonly json?: boolean;
  readonly museum?: boolean;
  readonly masters: string;
  readonly limit: string;
}

export function define(command: Command, context: Context): void {
  defineFarm(command, context);
  command
    .option('--profile <name...>', 'whose rules hold (usual: all, in turns)')
    .option('--seed <seed>', 'run the program of this seed alone, with all judges, and make it small if it fails')
    .option('--start <seed>', 'the first seed', '0')
    .option('--programs <number>', 'how many programs for each profile', '1024')
    .option('--relations <number>', 'of so many programs one is compared with its relatives; 0: none', '16')
    .option('--deep <number>', 'of so many programs one is checked against all laws; 0: none', '1024')
    .option('--threads <number>', 'how many workers (usual: as many as there are processors)')
    .option('--log <file>', 'keep the record of the campaign in this file, and go on with what is in it')
    .option('--keep <folder>', 'write what fails, made small, as scenarios to this folder')
    .option('--museum', 'find each bug of the museum from some master seeds, and print how long it took, as Markdown')
    .option('--masters <number>', 'with --museum: how many master seeds', '10')
    .option('--limit <seconds>', 'with --museum: when to give up', '120')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nSpeeds are those of a model: nothing of this runs on a kernel.')
    .action(async (options: Options) => context.out(await fuzz(options, context)));
}

/** A whole number that the user gave. */
function whole(name: string, text: string, least = 0): number {
  const number = Number(text);
  if (!/^\d{1,15}$/.test(text) || number < least) {
    throw new UsageError(`--${name} takes a whole number from ${least}, not "${text}"`);
  }
  return number;
}

async function profilesOf({ profile }: Options): Promise<readonly string[]> {
  const { ALL_PROFILES, PROFILES } = await import('@pagetape/core');
  const unknown = profile?.find((name) => !ALL_PROFILES[name]);
  if (unknown !== undefined) {
    throw new UsageError(`there is no profile "${unknown}"; known are ${Object.keys(PROFILES).join(', ')}`);
  }
  return profile ?? Object.keys(PROFILES);
}

async function fuzz(options: Options, context: Context): Promise<string> {
  if (options.museum) return museum(options, context);
  const profiles = await profilesOf(options);
  return options.seed === undefined ? campaign(options, profiles, context) : one(options, profiles, context);
}

/** How long it takes to find the bugs that these kernels had. */
async function museum({ masters, limit, json }: Options, context: Context): Promise<string> {
  const { huntAll, shrunk } = await import('../fuzz/museum.ts');
  const { museumPage } = await import('../report/museum.ts');
  const seconds = whole('limit', limit);
  const hunted = [];
  for (const hunts of huntAll(
    Array.from({ length: whole('masters', masters) }, (_, n) => n + 1),
    seconds,
  )) {
    hunted.push({ hunts, small: hunts.map(shrunk) });
    const missed = hunts.filter(({ found }) => !found).length;
    if (missed > 0) context.status = ANSWER_NO;
    if (context.terminal) context.err(`${hunts[0].exhibit.name}: found ${hunts.length - missed} of ${hunts.length}\n`);
  }
  return json ? jsonText(hunted) : museumPage(hunted, seconds);
}

/** One seed, with all judges. */
async function one(
  { seed = '0', json, keep }: Options,
  profiles: readonly string[],
  context: Context,
): Promise<string> {
  const { isSeed, judge, programOfSeed } = await import('../fuzz/index.ts');
  if (!isSeed(seed)) throw new UsageError(`--seed takes a seed such as 17 or 17~4, not "${seed}"`);
  const lines: string[] = [];
  const reports = [];
  for (const profile of profiles) {
    const program = programOfSeed(seed, profile);
    const findings = judge(program, { deep: true });
    if (findings.length === 0) lines.push(`seed ${seed}, ${profile}: ${program.steps.length} steps, nothing found`);
    else lines.push(...(await reportOf(program, findings[0], keep)));
    reports.push({ seed, profile, findings });
    if (findings.length > 0) context.status = ANSWER_NO;
  }
  return json ? jsonText(reports) : linesText(lines);
}

/** What failed, how to see it again, and the smallest program that fails so. */
async function reportOf(program: Program, found: Finding, keep: string | undefined): Promise<string[]> {
  const { failsAlike, identity, minimise, scenarioText } = await import('../fuzz/index.ts');
  const small = minimise(program, failsAlike(found));
  const text = scenarioText(small, found.signature);
  const { seed, profile } = program;
  const { prng, catalogue, reducers } = identity();
  const lines = [
    `FAILED  ${found.judge}: ${found.sentence}`,
    `seed ${seed}, profile ${profile}, ${prng}, catalogue ${catalogue}, reducers ${reducers}`,
    `again: pagetape fuzz --seed ${seed} --profile ${profile}`,
    `made small: ${program.steps.length} steps became ${small.steps.length}`,
  ];
  if (keep === undefined) return [...lines, '', text];
  const { mkdirSync, writeFileSync } = await import('node:fs');
  const file = `${keep}/${found.judge}-${profile}-${seed}.yaml`;
  mkdirSync(keep, { recursive: true });
  writeFileSync(file, text);
  return [...lines, `kept: ${file}`];
}

async function campaign(options: Options, profiles: readonly string[], context: Context): Promise<string> {
  const { availableParallelism } = await import('node:os');
  const { BATCH, fileStore, memoryStore, summarise } = await import('../fuzz/index.ts');
  const plan: Plan = {
    profiles,
    start: whole('start', options.start),
    programs: whole('programs', options.programs, 1),
    deep: whole('deep', options.deep),
    relations: whole('relations', options.relations),
  };
  const threads = options.threads === undefined ? availableParallelism() : whole('threads', options.threads, 1);
  const store = options.log === undefined ? memoryStore(plan) : fileStore(options.log, plan);
  // To start a worker takes longer than a small batch.
  await run(store, plan.programs > BATCH ? threads : 1, context);
  const summary = summarise(store);
  if (summary.failures.size > 0) context.status = ANSWER_NO;
  if (options.json) return jsonText(await jsonOf(summary));
  return linesText([...(await linesOf(summary)), ...(await failuresOf(summary, options.keep))]);
}

async function run(store: Store, threads: number, context: Context): Promise<void> {
  const { openPool, runCampaign } = await import('../fuzz/index.ts');
  let stopped = false;
  const stop = (): void => void (stopped = true);
  process.once('SIGINT', stop);
  const pool = threads > 1 ? openPool(threads) : undefined;
  try {
    await runCampaign(store, pool?.run, {
      stop: () => stopped,
      onProgress({ programs, of, failures }) {
        if (context.terminal) context.err(`\r${programs} of ${of} programs, ${failures} failures\x1b[K`);
      },
    });
  } finally {
    pool?.close();
    process.off('SIGINT', stop);
    if (context.terminal) context.err('\r\x1b[K');
  }
}

const grouped = (number: number): string => `${Math.round(number)}`.replace(/\B(?=(\d{3})+$)/g, ',');

async function linesOf(summary: Summary): Promise<string[]> {
  const { programs, steps, events, deep, relations, refused, stopped, cpu_ms, reached, hashes } = summary;
  const { FEATURES } = await import('../fuzz/index.ts');
  const { Hash64 } = await import('@pagetape/events');
  const features = new Set([...reached.values()].flatMap((of) => [...of.keys()]));
  const never = FEATURES.filter((feature) => !features.has(feature));
  const kinds = [...new Set(never.map(kindOf))].filter((kind) => ![...features].some((each) => kindOf(each) === kind));
  const speed = programs / Math.max(cpu_ms / 1000, 0.001);
  const lines = [
    `${grouped(programs)} programs with ${grouped(steps)} steps and ${grouped(events)} events`,
    `${grouped(speed)} programs a second of CPU time and thread, all judges included (a model, no kernel)`,
    `judged: all by invariants after each step, ${grouped(relations)} by relations, ${grouped(deep)} by all laws`,
    `ended early: ${grouped(refused)} at what is not simulated or makes no sense, ${grouped(stopped)} in a call that never returned`,
    `reached: ${FEATURES.length - never.length} of ${FEATURES.length} pairs of event and words, ` +
      `${features.size - FEATURES.length + never.length} pairs of operation and answer`,
    `hash of all results: ${hashes.reduce((hash, each) => hash.text(each), new Hash64()).digest()}`,
  ];
  if (kinds.length > 0) lines.push(`never reached: ${kinds.join(', ')}`);
  return lines;
}

const kindOf = (feature: string): string => feature.split(' ', 1)[0];

/** One program of each group of failures, made small. */
async function failuresOf({ failures }: Summary, keep: string | undefined): Promise<string[]> {
  const { programOfSeed } = await import('../fuzz/index.ts');
  if (failures.size === 0) return ['nothing found'];
  const lines: string[] = [];
  for (const [signature, group] of failures) {
    const [{ seed, profile, finding }] = group;
    lines.push('', `${group.length} × ${signature}`, ...(await reportOf(programOfSeed(seed, profile), finding, keep)));
  }
  return lines;
}

async function jsonOf(summary: Summary): Promise<unknown> {
  const { FEATURES, identity } = await import('../fuzz/index.ts');
  const features = new Set([...summary.reached.values()].flatMap((of) => [...of.keys()]));
  return {
    ...summary,
    ...identity(),
    failures: [...summary.failures].map(([signature, group]) => ({ signature, group })),
    reached: Object.fromEntries([...summary.reached].map(([profile, of]) => [profile, Object.fromEntries(of)])),
    never: FEATURES.filter((feature) => !features.has(feature)),
  };
}
