/** The server that a campaign over several machines meets at. Its packages are optional, so they are loaded when wanted. */
import type { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';

/** What is wrong with the queue server, or with what it takes to speak to it. */
export class FarmError extends Error {
  override readonly name = 'FarmError';
}

export const DEFAULT_URL = 'redis://127.0.0.1:6379';

/** A batch that its worker has not spoken of for so long belongs to nobody: another worker takes it. */
export const LOCK_MS = 10_000;
/** A batch that so many workers died over is given up, and told. */
export const MOST_DEATHS = 4;

export interface Farm {
  readonly bullmq: { readonly Queue: typeof Queue; readonly Worker: typeof Worker };
  readonly redis: Redis;
}

/** Loads the packages, and opens a connection that works. Throws FarmError, whose message says what to do. */
export async function openFarm(url: string): Promise<Farm> {
  const [bullmq, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')]).catch(() => {
    throw new FarmError(
      'campaigns over several machines need the packages bullmq and ioredis, which are not installed',
    );
  });
  if (!/^rediss?:\/\//.test(url))
    throw new FarmError(`the queue server is a Redis server, such as ${DEFAULT_URL}; this is "${url}"`);
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => null });
  redis.on('error', () => {});
  try {
    await redis.connect();
  } catch (error) {
    throw new FarmError(
      `there is no queue server at ${hidden(url)} (${(error as Error).message}); start one with "redis-server --maxmemory-policy noeviction"`,
    );
  }
  // From here on a server that goes away for a while is waited for.
  redis.options.retryStrategy = (times: number): number => Math.min(times * 200, 2000);
  const [, policy] = (await redis.config('GET', 'maxmemory-policy').catch(() => ['', 'noeviction'])) as string[];
  if (policy !== 'noeviction') {
    redis.disconnect();
    throw new FarmError(
      `the queue server may throw results away (maxmemory-policy ${policy}); start it with --maxmemory-policy noeviction`,
    );
  }
  return { bullmq, redis };
}

/** A URL without its password. */
const hidden = (url: string): string => url.replace(/\/\/[^@/]*@/, '//');

/** The queue of those who run the same program. */
export const queueName = (engine: string): string => `pagetape-${engine}`;
