/** `pagetape fuzz serve`, `fuzz worker` and `fuzz status`: a campaign over several processes and machines. */
import type { Command } from 'commander';
import type { Outcome, Watcher } from '../fuzz/farm/serve.ts';
import { ANSWER_NO, jsonText, linesText, type Context } from './context.ts';
import { UsageError } from './errors.ts';

interface ServeOptions {
  readonly queue: string;
  readonly profile?: readonly string[];
  readonly start: string;
  readonly programs: string;
  readonly deep: string;
  readonly batch: string;
  readonly json?: boolean;
}

const URL_HELP = 'the Redis server that all meet at; also in PAGETAPE_QUEUE';
const url = (): string => process.env['PAGETAPE_QUEUE'] ?? 'redis://127.0.0.1:6379';

export function defineFarm(fuzz: Command, context: Context): void {
  fuzz.enablePositionalOptions();
  fuzz
    .command('serve')
    .description('Put the seeds of a campaign into a queue, and watch until workers have run them all.')
    .option('--queue <url>', URL_HELP, url())
    .option('--profile <name...>', 'whose rules hold (usual: all, in turns)')
    .option('--start <seed>', 'the first seed', '0')
    .option('--programs <number>', 'how many programs for each profile', '1024')
    .option('--deep <number>', 'one program in so many is checked against all laws; 0: none', '64')
    .option('--batch <number>', 'how many seeds a worker takes at once', '64')
    .option('--json', 'print one JSON object')
    .action(async (options: ServeOptions) => context.out(await serveCampaign(options, context)));
  fuzz
    .command('worker')
    .description(
      'Run seeds from the queue until interrupted. Start one for each cpu, on as many machines as there are.',
    )
    .option('--queue <url>', URL_HELP, url())
    .option('--name <name>', 'who this is (usual: the machine and the process)')
    .action(async (options: { queue: string; name?: string }) => workUntilStopped(options, context));
  fuzz
    .command('status')
    .description('Tell how far the campaigns of this program are, and what they found.')
    .option('--queue <url>', URL_HELP, url())
    .option('--json', 'print one JSON object')
    .action(async (options: { queue: string; json?: boolean }) => context.out(await tellStatus(options)));
}

function whole(name: string, text: string, least = 0): number {
  if (/^\d{1,15}$/.test(text) && Number(text) >= least) return Number(text);
  throw new UsageError(`--${name} takes a whole number from ${least}, not "${text}"`);
}

async function serveCampaign(options: ServeOptions, context: Context): Promise<string> {
  const { PROFILES } = await import('@pagetape/core');
  const { serve } = await import('../fuzz/farm/serve.ts');
  const profiles = options.profile ?? Object.keys(PROFILES);
  const unknown = profiles.find((name) => !Object.hasOwn(PROFILES, name));
  if (unknown !== undefined) throw new UsageError(`there is no profile "${unknown}"; see "pagetape profiles"`);
  const campaign = {
    profiles,
    start: whole('start', options.start),
    programs: whole('programs', options.programs, 1),
    deep: whole('deep', options.deep),
    batch: whole('batch', options.batch, 1),
  };
  const outcome = await serve(options.queue, campaign, watcherFor(context));
  const { failures, differences, lost, results, programs } = outcome;
  if (failures.length + differences.length + lost.length > 0 || results !== programs) context.status = ANSWER_NO;
  return options.json ? jsonText(outcome) : linesText(summary(outcome));
}

/** What is found is told at once, on standard error; how far it is only on a terminal. */
function watcherFor({ err, terminal }: Context): Watcher {
  const clear = terminal ? '\r\u001b[K' : '';
  return {
    progress: (done, all, waiting, active) => {
      if (terminal) err(`${clear}${done} of ${all} batches done, ${active} under way, ${waiting} waiting`);
    },
    failure: (key, signatures) => err(`${clear}FAILED  ${seedWords(key)}: ${signatures.join('; ')}\n`),
    difference: ({ key }) => err(`${clear}DIFFERS  ${seedWords(key)}: it gave two results\n`),
    lost: (batch, reason) => err(`${clear}LOST  batch ${batch}: ${reason}\n`),
  };
}

/** The words for a seed, as one would ask for it again. */
function seedWords(key: string): string {
  const [profile, seed] = key.split(' ');
  return `--seed ${seed} --profile ${profile}`;
}

function summary({ engine, programs, results, workers, failures, differences, lost }: Outcome): string[] {
  const ran = Object.values(workers).reduce((sum, count) => sum + count, 0);
  return [
    `engine ${engine}: ${results} of ${programs} seeds have a result; ${Object.keys(workers).length} workers ran ${ran} seeds in all`,
    ...Object.entries(workers).map(([name, count]) => `  ${name}: ${count}`),
    ...foundLines(failures, differences),
    ...(lost.length === 0 ? [] : [`${lost.length} batches were given up, as their workers died: ${lost.join(', ')}`]),
  ];
}

function foundLines(failures: Outcome['failures'], differences: Outcome['differences']): string[] {
  const groups = new Map<string, string[]>();
  for (const { key, signatures } of failures) {
    const [signature = 'unknown'] = signatures;
    groups.set(signature, [...(groups.get(signature) ?? []), key]);
  }
  if (failures.length === 0 && differences.length === 0) return ['nothing found'];
  return [
    `${failures.length} seeds failed, with ${groups.size} signatures`,
    ...[...groups].map(
      ([signature, keys]) => `  ${keys.length} × ${signature}: pagetape fuzz ${seedWords(keys[0] as string)}`,
    ),
    ...differences.map(
      ({ key, first, second }) =>
        `  ${seedWords(key)} gave two results: ${first.slice(0, 16)} and ${second.slice(0, 16)}`,
    ),
  ];
}

async function workUntilStopped({ queue, name }: { queue: string; name?: string }, context: Context): Promise<void> {
  const { hostname } = await import('node:os');
  const { work } = await import('../fuzz/farm/worker.ts');
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const told = (text: string): void => void context.out(`${text}\n`);
  await work({ url: queue, name: name ?? `${hostname()}:${process.pid}`, told }, stop.signal);
}

async function tellStatus({ queue, json }: { queue: string; json?: boolean }): Promise<string> {
  const { status } = await import('../fuzz/farm/serve.ts');
  const now = await status(queue);
  if (json) return jsonText(now);
  return linesText([
    `engine ${now.engine}: ${now.results} seeds have a result; ${now.active} batches under way, ${now.waiting} waiting`,
    ...Object.entries(now.workers).map(([name, count]) => `  ${name}: ${count}`),
    ...foundLines(now.failures, now.differences),
  ]);
}
