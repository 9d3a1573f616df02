/**
 * A campaign over several workers, of which one is killed in the middle. It needs a Redis server, whose URL is in
 * PAGETAPE_TEST_QUEUE; `.ci/run` starts one. Without it this test is skipped.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { main } from '../src/cli/program.ts';
import { openFarm } from '../src/fuzz/farm/connect.ts';
import { engineKey } from '../src/fuzz/farm/engine.ts';
import { runSeed } from '../src/fuzz/farm/seed.ts';
import { Store } from '../src/fuzz/farm/store.ts';

const url = process.env['PAGETAPE_TEST_QUEUE'];
const withServer = url === undefined ? test.skip : test;
const COMMAND = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

interface Started {
  readonly child: ChildProcess;
  readonly text: () => string;
}

function pagetape(...args: readonly string[]): Started {
  const child = spawn(process.execPath, [...process.execArgv, COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { child, text: () => text };
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await sleep(20);
}

async function clear(queue: string): Promise<void> {
  const { redis } = await openFarm(queue);
  const engine = engineKey();
  const keys = [...(await redis.keys(`pagetape:${engine}:*`)), ...(await redis.keys(`bull:pagetape-${engine}:*`))];
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
}

withServer('one result for each seed though a worker is killed (skipped without a server)', async (t) => {
  t.timeout(600_000);
  const queue = url as string;
  await clear(queue);
  const [one, two] = ['one', 'two'].map((name) => pagetape('fuzz', 'worker', '--queue', queue, '--name', name)) as [
    Started,
    Started,
  ];
  const options = [
    '--profile',
    'linux-6.12',
    'linux-2.6.16',
    '--programs',
    '512',
    '--deep',
    '0',
    '--batch',
    '16',
    '--json',
  ];
  const serve = pagetape('fuzz', 'serve', '--queue', queue, ...options);
  await until(() => one.text().includes(' seeds ') && two.text().includes('waits'));
  one.child.kill('SIGKILL');
  const [status] = await once(serve.child, 'close');
  const outcome = JSON.parse(serve.text());
  const failing = failuresHere(['linux-6.12', 'linux-2.6.16'], 512);
  t.deepEqual([status, outcome.programs, outcome.results], [failing.length === 0 ? 0 : 1, 1024, 1024]);
  t.deepEqual([outcome.differences, outcome.lost], [[], []]);
  t.deepEqual(
    outcome.failures.map(({ key }: { key: string }) => key),
    failing,
    'the workers find what this process finds',
  );
  t.true(outcome.workers.two > 0);
  t.is(Object.keys(outcome.workers).length, 2);

  // Once more: everything is done, so nothing is asked for. The batch that the dead worker had may have run again since; if
  // so it gave the same. The worker ends when it is asked to.
  const again = JSON.parse(await said('fuzz', 'serve', '--queue', queue, ...options));
  t.deepEqual([again.results, again.differences], [1024, []]);
  two.child.kill('SIGTERM');
  t.is((await once(two.child, 'close'))[0], 0);
});

/** Seeds that fail when they run in this process. */
function failuresHere(profiles: readonly string[], programs: number): string[] {
  const failing: string[] = [];
  for (const profile of profiles) {
    for (let seed = 0; seed < programs; seed++) {
      const { key, failed } = runSeed({ profile, from: 0, to: programs, deep: 0 }, seed);
      if (failed) failing.push(key);
    }
  }
  return failing.sort((a, b) => (a < b ? -1 : 1));
}

async function said(...args: readonly string[]): Promise<string> {
  let out = '';
  await main(args, { out: async (text) => void (out += text), err: () => {}, terminal: false, status: 0 });
  return out;
}

withServer('a second result must be the same as the first (skipped without a server)', async (t) => {
  const { redis } = await openFarm(url as string);
  const store = new Store(redis, `test-${process.pid}`);
  const batch = { profile: 'p', from: 0, to: 2, deep: 0 };
  const result = (seed: number, text: string) => ({ key: `p ${seed}`, text, failed: text.includes('\n') });
  await store.record(batch, 'a', [result(0, 'same'), result(1, 'hash\nlaw: broken')]);
  await store.record(batch, 'b', [result(0, 'same'), result(1, 'other')]);
  t.deepEqual(await store.differences(), [{ key: 'p 1', first: 'hash\nlaw: broken', second: 'other' }]);
  t.deepEqual([...(await store.failures())], [['p 1', 'hash\nlaw: broken']]);
  t.deepEqual([await store.missing([batch]), await store.counted(batch)], [[], 2]);
  t.deepEqual(
    [...(await store.counts()).byWorker],
    [
      ['a', 2],
      ['b', 2],
    ],
  );
  const keys = await redis.keys(`pagetape:test-${process.pid}:*`);
  await redis.del(...keys);
  redis.disconnect();
});

test('without a server, or with a wrong address, the command says what to do', async (t) => {
  let err = '';
  const context = { out: async () => {}, err: (text: string) => void (err += text), terminal: false, status: 0 };
  await main(['fuzz', 'status', '--queue', 'redis://127.0.0.1:1'], context);
  t.regex(err, /^error: there is no queue server at redis:\/\/127\.0\.0\.1:1 \(.*\); start one with "redis-server /);
  await main(['fuzz', 'worker', '--queue', 'postgres://x'], context);
  t.regex(err, /the queue server is a Redis server, such as redis:\/\/127\.0\.0\.1:6379; this is "postgres:\/\/x"\n$/);
  t.is(context.status, 2);
  t.regex(engineKey(), /^[0-9a-f]{16}$/);
});
