/** A worker of a campaign: takes batches from the queue, runs their seeds in a process of its own, and records what they gave. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { LOCK_MS, MOST_DEATHS, openFarm, queueName } from './connect.ts';
import { engineKey } from './engine.ts';
import type { Batch, SeedResult } from './seed.ts';
import { Store } from './store.ts';

/** A batch that takes longer hangs. */
const LONGEST_MS = 600_000;

/** Beside this file, under the same ending: as source, or as built. */
const CHILD = fileURLToPath(new URL(`./child${import.meta.url.slice(-3)}`, import.meta.url));

/** A process that runs one batch after the other. A new one is begun where the last one died. */
class SeedProcess {
  #child: ChildProcess | undefined;

  async run(batch: Batch): Promise<readonly SeedResult[]> {
    const child = (this.#child ??= fork(CHILD, { serialization: 'advanced' }));
    const over = new AbortController();
    child.once('exit', (status, signal) =>
      over.abort(new Error(`the process that ran it ended (${signal ?? status})`)),
    );
    child.send(batch);
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(LONGEST_MS)]);
    try {
      const [results] = (await once(child, 'message', { signal })) as [SeedResult[]];
      return results;
    } catch {
      this.end();
      throw signal.reason;
    } finally {
      child.removeAllListeners('exit');
    }
  }

  end(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}

export interface WorkerOptions {
  readonly url: string;
  /** Who it is, for whoever looks at the campaign. */
  readonly name: string;
  /** Told after each batch. */
  readonly told: (text: string) => void;
}

/** Works until `stop` says so. A batch in hand is finished first. */
export async function work({ url, name, told }: WorkerOptions, stop: AbortSignal): Promise<void> {
  const { bullmq, redis } = await openFarm(url);
  const engine = engineKey();
  const store = new Store(redis, engine);
  const seeds = new SeedProcess();
  const process = async ({ data }: { readonly data: Batch }): Promise<void> => {
    const results = await seeds.run(data);
    await store.record(data, name, results);
    const failed = results.filter((result) => result.failed).length;
    told(
      `${data.profile} seeds ${data.from} to ${data.to - 1}: ${failed === 0 ? 'nothing found' : `${failed} failed`}`,
    );
  };
  const worker = new bullmq.Worker<Batch>(queueName(engine), process, {
    connection: redis,
    lockDuration: LOCK_MS,
    stalledInterval: LOCK_MS / 2,
    maxStalledCount: MOST_DEATHS - 1,
    drainDelay: 1,
  });
  worker.on('error', (error) => told(`the queue server: ${error.message}`));
  told(`worker ${name} of engine ${engine} waits for seeds`);
  if (!stop.aborted) await once(stop, 'abort');
  await worker.close();
  seeds.end();
  redis.disconnect();
}
