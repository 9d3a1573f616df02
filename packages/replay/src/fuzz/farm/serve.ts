/** Whoever starts a campaign: puts the batches that are not done yet into the queue, and watches until all are. */
import { setTimeout as sleep } from 'node:timers/promises';
import { engineKey } from './engine.ts';
import { MOST_DEATHS, openFarm, queueName } from './connect.ts';
import { signaturesOf, type Batch } from './seed.ts';
import { batchId, Store, type Difference } from './store.ts';

export interface Campaign {
  readonly profiles: readonly string[];
  readonly start: number;
  /** For each profile. */
  readonly programs: number;
  readonly deep: number;
  /** Seeds in a batch. */
  readonly batch: number;
}

export interface Outcome {
  readonly engine: string;
  readonly programs: number;
  /** Seeds of the campaign that have a result: one each. */
  readonly results: number;
  /** How many seeds each worker ran for this engine, in this campaign and before, those again included. */
  readonly workers: Readonly<Record<string, number>>;
  readonly failures: readonly { readonly key: string; readonly signatures: readonly string[] }[];
  readonly differences: readonly Difference[];
  /** Batches that were given up. */
  readonly lost: readonly string[];
}

/** What is told while a campaign runs. */
export interface Watcher {
  readonly progress: (done: number, all: number, waiting: number, active: number) => void;
  readonly failure: (key: string, signatures: readonly string[]) => void;
  readonly difference: (difference: Difference) => void;
  readonly lost: (batch: string, reason: string) => void;
}

/** The batches of a campaign. */
export function batchesOf({ profiles, start, programs, deep, batch }: Campaign): Batch[] {
  const batches: Batch[] = [];
  for (let from = start; from < start + programs; from += batch) {
    const to = Math.min(from + batch, start + programs);
    for (const profile of profiles) batches.push({ profile, from, to, deep });
  }
  return batches;
}

const LOOK_MS = 500;
const ADDED_AT_ONCE = 500;

export async function serve(url: string, campaign: Campaign, watcher: Watcher): Promise<Outcome> {
  const { bullmq, redis } = await openFarm(url);
  const engine = engineKey();
  const store = new Store(redis, engine);
  const queue = new bullmq.Queue<Batch>(queueName(engine), { connection: redis });
  const all = batchesOf(campaign);
  let left = await store.missing(all);
  for (let n = 0; n < left.length; n += ADDED_AT_ONCE) {
    // A batch that is in the queue already keeps its place: the id is the same.
    const options = (batch: Batch) => ({ jobId: batchId(batch), removeOnComplete: true, attempts: MOST_DEATHS });
    await queue.addBulk(
      left.slice(n, n + ADDED_AT_ONCE).map((batch) => ({ name: 'batch', data: batch, opts: options(batch) })),
    );
  }

  const told = new Set<string>();
  const first = (key: string): boolean => !told.has(key) && told.add(key) !== undefined;
  const lost = new Map<string, string>();
  const news = async (): Promise<void> => {
    for (const [key, text] of await store.failures()) if (first(key)) watcher.failure(key, signaturesOf(text));
    for (const each of await store.differences()) if (first(`2 ${each.key}`)) watcher.difference(each);
  };
  while (left.length > 0) {
    await sleep(LOOK_MS);
    left = (await store.missing(left)).filter((batch) => !lost.has(batchId(batch)));
    await news();
    for (const job of await queue.getFailed()) {
      if (job.id === undefined || lost.has(job.id)) continue;
      lost.set(job.id, job.failedReason);
      watcher.lost(job.id, job.failedReason);
      // It may be tried again by the next campaign.
      await job.remove();
    }
    const { waiting = 0, active = 0 } = await queue.getJobCounts('waiting', 'active');
    watcher.progress(all.length - left.length, all.length, waiting, active);
  }
  await news();

  let results = 0;
  for (const batch of all) results += await store.counted(batch);
  const [{ byWorker }, failures, differences] = [
    await store.counts(),
    await store.failures(),
    await store.differences(),
  ];
  await queue.close();
  redis.disconnect();
  return {
    engine,
    programs: campaign.programs * campaign.profiles.length,
    results,
    workers: Object.fromEntries(byWorker),
    failures: [...failures].map(([key, text]) => ({ key, signatures: signaturesOf(text) })),
    differences,
    lost: [...lost.keys()],
  };
}

/** How things stand, for whoever looks in from elsewhere. */
export async function status(
  url: string,
): Promise<
  Pick<Outcome, 'engine' | 'results' | 'workers' | 'failures' | 'differences'> & { waiting: number; active: number }
> {
  const { bullmq, redis } = await openFarm(url);
  const engine = engineKey();
  const store = new Store(redis, engine);
  const queue = new bullmq.Queue<Batch>(queueName(engine), { connection: redis });
  const [{ results, byWorker }, failures, differences, counts] = await Promise.all([
    store.counts(),
    store.failures(),
    store.differences(),
    queue.getJobCounts('waiting', 'active'),
  ]);
  await queue.close();
  redis.disconnect();
  return {
    engine,
    results,
    workers: Object.fromEntries(byWorker),
    failures: [...failures].map(([key, text]) => ({ key, signatures: signaturesOf(text) })),
    differences,
    waiting: counts['waiting'] ?? 0,
    active: counts['active'] ?? 0,
  };
}
