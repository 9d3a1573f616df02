/**
 * A campaign: seeds in their order, in batches. Batches of one generation can run at the same time, because what was reached in
 * it guides the next one only. So a campaign comes to the same whoever runs its batches, in which order, and however often it is
 * interrupted.
 */
import { runBatch, type Batch, type BatchResult, type Failure, type Reached } from './batch.ts';
import { groupBy } from './finding.ts';
import type { Plan, Store } from './store.ts';

/** Seeds of a batch, and batches of a profile in a generation. */
export const BATCH = 1024;
const GENERATION = 8;

/** Programs of a profile that may be changed: the last ones that reached something. */
const CORPUS = 256;

/** Runs batches, some at the same time, and gives each to `done` when it is. */
export type RunBatches = (batches: readonly Batch[], done: (result: BatchResult) => void) => Promise<void>;

/** One after the other, in this process. Whoever runs them so can be stopped between two. */
export const runHere: RunBatches = async (batches, done) => {
  for (const batch of batches) {
    done(runBatch(batch));
    await new Promise((resolve) => setImmediate(resolve));
  }
};

export interface Progress {
  readonly programs: number;
  readonly of: number;
  readonly failures: number;
}

/** What may be changed, and what was reached, of one profile. */
class Corpus {
  readonly seeds: string[] = [];
  readonly reached = new Map<string, string>();

  add(found: readonly Reached[]): void {
    for (const { seed, features } of found) {
      const fresh = features.filter((feature) => !this.reached.has(feature));
      if (fresh.length === 0) continue;
      for (const feature of fresh) this.reached.set(feature, seed);
      this.seeds.push(seed);
    }
  }
}

/** Runs what is left of a campaign. Returns false if `stop` said to stop before its end. */
export async function runCampaign(
  store: Store,
  runBatches: RunBatches = runHere,
  {
    stop = () => false,
    onProgress = () => {},
  }: { stop?: () => boolean; onProgress?: (progress: Progress) => void } = {},
): Promise<boolean> {
  const { plan } = store;
  const end = plan.start + plan.programs;
  const corpora = new Map(plan.profiles.map((profile) => [profile, new Corpus()]));
  for (let from = plan.start; from < end; from += BATCH * GENERATION) {
    if (stop()) return false;
    const to = Math.min(from + BATCH * GENERATION, end);
    const batches = plan.profiles.flatMap((profile) =>
      batchesOf(plan, profile, from, to, corpora.get(profile) as Corpus),
    );
    const left = batches.filter((batch) => !store.done.some((result) => isOf(result, batch)));
    await runBatches(left, (result) => {
      store.add(result);
      onProgress(progressOf(store));
    });
    for (const batch of batches) {
      const result = store.done.find((each) => isOf(each, batch));
      if (!result) return false;
      corpora.get(batch.profile)?.add(result.reached);
    }
  }
  return true;
}

const isOf = (result: BatchResult, { profile, from }: Batch): boolean =>
  result.profile === profile && result.from === from;

function batchesOf({ deep, relations }: Plan, profile: string, from: number, to: number, corpus: Corpus): Batch[] {
  const batches: Batch[] = [];
  const seeds = corpus.seeds.slice(-CORPUS);
  const reached = [...corpus.reached.keys()];
  for (let first = from; first < to; first += BATCH) {
    batches.push({ profile, from: first, to: Math.min(first + BATCH, to), deep, relations, corpus: seeds, reached });
  }
  return batches;
}

function progressOf({ plan, done }: Store): Progress {
  return {
    programs: done.reduce((sum, { from, to }) => sum + to - from, 0),
    of: plan.programs * plan.profiles.length,
    failures: done.reduce((sum, { failures }) => sum + failures.length, 0),
  };
}

/** What a campaign came to, up to now. */
export interface Summary {
  readonly programs: number;
  readonly steps: number;
  readonly events: number;
  readonly deep: number;
  readonly relations: number;
  readonly refused: number;
  readonly stopped: number;
  readonly cpu_ms: number;
  /** Failures by signature, the first seed first. */
  readonly failures: ReadonlyMap<string, readonly Failure[]>;
  /** By profile: what was reached, and the seed that was first. */
  readonly reached: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The hashes of all batches in one: equal for equal campaigns. */
  readonly hashes: readonly string[];
}

export function summarise({ plan, done }: Store): Summary {
  const ordered = plan.profiles.flatMap((profile) => {
    return done.filter((result) => result.profile === profile).sort((a, b) => a.from - b.from);
  });
  const sum = (of: (result: BatchResult) => number): number => ordered.reduce((total, result) => total + of(result), 0);
  const reached = new Map<string, Map<string, string>>();
  for (const result of ordered) {
    const corpus = new Corpus();
    corpus.add(result.reached);
    const known = reached.get(result.profile) ?? new Map<string, string>();
    for (const [feature, seed] of corpus.reached) if (!known.has(feature)) known.set(feature, seed);
    reached.set(result.profile, known);
  }
  return {
    programs: sum(({ from, to }) => to - from),
    steps: sum(({ steps }) => steps),
    events: sum(({ events }) => events),
    deep: sum(({ deep }) => deep),
    relations: sum(({ relations }) => relations),
    refused: sum(({ refused }) => refused),
    stopped: sum(({ stopped }) => stopped),
    cpu_ms: sum(({ cpu_ms }) => cpu_ms),
    failures: groupBy(
      ordered.flatMap(({ failures }) => failures),
      ({ finding }) => finding.signature,
    ),
    reached,
    hashes: ordered.map(({ hash }) => hash),
  };
}
