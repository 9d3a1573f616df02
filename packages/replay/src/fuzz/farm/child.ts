/** The process of a worker in which seeds run, one after the other: the worker itself must stay free to renew its locks. */
import { runSeed, type Batch, type SeedResult } from './seed.ts';

process.on('message', (batch: Batch) => {
  const results: SeedResult[] = [];
  for (let seed = batch.from; seed < batch.to; seed++) results.push(runSeed(batch, seed));
  if (process.connected) process.send?.(results);
});

// Whoever would hear of it is gone.
process.on('disconnect', () => process.exit());
// Ctrl-C in a terminal reaches this process too, but the worker says when it ends: after the batch in hand.
process.on('SIGINT', () => {});
