/**
 * Results, in a Redis server, by the program that ran them. A batch is recorded at once or not at all: its results, then that it
 * is done. A seed has one result, the first that came; one that comes again must be the same, and is a finding if it is not.
 * So a queue may hand a batch out as often as it likes.
 */
import type { Redis } from 'ioredis';
import { isDeep, seedKey, type Batch, type SeedResult } from './seed.ts';

/** ARGV: the batch, the worker, then for each seed its key, its text, and "1" where something was found. */
const RECORD = `
local results, failed, differing, done, counts = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
for i = 3, #ARGV, 3 do
  local key, text = ARGV[i], ARGV[i + 1]
  local known = redis.call('HGET', results, key)
  if not known then
    redis.call('HSET', results, key, text)
    if ARGV[i + 2] == '1' then redis.call('SADD', failed, key) end
  elseif known ~= text then
    redis.call('SADD', differing, key .. '\\n\\n' .. known .. '\\n\\n' .. text)
  end
end
redis.call('SADD', done, ARGV[1])
redis.call('HINCRBY', counts, ARGV[2], (#ARGV - 2) / 3)
return 1
`;

export interface Difference {
  readonly key: string;
  readonly first: string;
  readonly second: string;
}

/** The name of a batch. */
export const batchId = ({ profile, from, to, deep }: Batch): string => `${profile}_${from}_${to}_${deep}`;

/** How many members are asked for in one command. */
const CHUNK = 1000;

export class Store {
  readonly #redis: Redis;
  readonly #keys: readonly [results: string, failed: string, differing: string, done: string, counts: string];

  constructor(redis: Redis, engine: string) {
    this.#redis = redis;
    const name = (part: string): string => `pagetape:${engine}:${part}`;
    this.#keys = [name('results'), name('failed'), name('differing'), name('done'), name('counts')];
  }

  async record(batch: Batch, worker: string, results: readonly SeedResult[]): Promise<void> {
    const args = results.flatMap(({ key, text, failed }) => [key, text, failed ? '1' : '0']);
    await this.#redis.eval(RECORD, this.#keys.length, ...this.#keys, batchId(batch), worker, ...args);
  }

  /** Those of the batches that are not done. */
  async missing(batches: readonly Batch[]): Promise<Batch[]> {
    const left: Batch[] = [];
    for (let n = 0; n < batches.length; n += CHUNK) {
      const some = batches.slice(n, n + CHUNK);
      const done = await this.#redis.smismember(this.#keys[3], ...some.map(batchId));
      left.push(...some.filter((_, i) => done[i] === 0));
    }
    return left;
  }

  /** How many seeds of a batch have a result, and how many there are. */
  async counted(batch: Batch): Promise<number> {
    const keys = Array.from({ length: batch.to - batch.from }, (_, n) => {
      const seed = batch.from + n;
      return seedKey(batch.profile, seed, isDeep(batch, seed));
    });
    const texts = await this.#redis.hmget(this.#keys[0], ...keys);
    return texts.filter((text) => text !== null).length;
  }

  /** Seeds with findings, and the text of each. */
  async failures(): Promise<Map<string, string>> {
    const keys = (await this.#redis.smembers(this.#keys[1])).sort((a, b) => (a < b ? -1 : 1));
    const texts = await Promise.all(keys.map((key) => this.#redis.hget(this.#keys[0], key)));
    return new Map(keys.map((key, n) => [key, texts[n] ?? '']));
  }

  /** Seeds that gave two results. */
  async differences(): Promise<Difference[]> {
    const members = (await this.#redis.smembers(this.#keys[2])).sort((a, b) => (a < b ? -1 : 1));
    return members.map((member) => {
      const [key = '', first = '', second = ''] = member.split('\n\n');
      return { key, first, second };
    });
  }

  /** How many seeds have a result, and how many each worker ran, those again included. */
  async counts(): Promise<{ readonly results: number; readonly byWorker: ReadonlyMap<string, number> }> {
    const [results, byWorker] = await Promise.all([
      this.#redis.hlen(this.#keys[0]),
      this.#redis.hgetall(this.#keys[4]),
    ]);
    return { results, byWorker: new Map(Object.entries(byWorker).map(([name, count]) => [name, Number(count)])) };
  }
}
