/**
 * Workers for batches on this machine. Each is a process: it starts with the arguments of this one, so that it can read the same
 * sources, and a program that takes its process down, or never ends, takes nothing else along. A batch whose worker died is given to
 * another one; if that one dies as well, the campaign says which batch it was.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Batch, BatchResult } from './batch.ts';
import type { RunBatches } from './campaign.ts';

/** As this file: source when the program runs from source, and built when it was built. */
const WORKER = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url));

/** How often a batch is tried. */
const TRIES = 2;

export interface Pool {
  readonly run: RunBatches;
  close(): void;
}

export function openPool(threads: number): Pool {
  const workers = new Set<ChildProcess>();
  const idle: ChildProcess[] = [];
  const start = (): ChildProcess => {
    const worker = fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    workers.add(worker);
    worker.once('exit', () => workers.delete(worker));
    return worker;
  };
  const serve = async (batch: Batch): Promise<BatchResult> => {
    for (let tries = 1; ; tries++) {
      const worker = idle.pop() ?? start();
      try {
        const result = await ask(worker, batch);
        idle.push(worker);
        return result;
      } catch (error) {
        worker.kill();
        if (tries === TRIES) throw error;
      }
    }
  };
  return {
    async run(batches, done) {
      const left = [...batches];
      const lane = async (): Promise<void> => {
        for (let batch = left.shift(); batch; batch = left.shift()) done(await serve(batch));
      };
      await Promise.all(Array.from({ length: threads }, lane));
    },
    close: () => workers.forEach((worker) => worker.kill()),
  };
}

/** Gives a batch to a worker. Rejects when the worker ends before its answer. */
function ask(worker: ChildProcess, batch: Batch): Promise<BatchResult> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null): void => {
      worker.off('message', onMessage);
      const { profile, from, to } = batch;
      reject(new Error(`a worker ended with ${signal ?? code} in seeds ${from} to ${to - 1} of ${profile}`));
    };
    const onMessage = (result: unknown): void => {
      worker.off('exit', onExit);
      resolve(result as BatchResult);
    };
    worker.once('exit', onExit);
    worker.once('message', onMessage);
    worker.send(batch);
  });
}
