/** The process of a worker in which seeds run, one after the other: the worker itself must stay free to renew its locks. */
import { runSeed, type Batch, type SeedResult } from './seed.ts';

process.on('message', (batch: Batch) => {
  const results: SeedResult[] = [];
  for (let seed = batch.from; seed < batch.to; seed++) results.push(runSeed(batch, seed));
  // The worker may be gone by now; then `disconnect` ends this process, and nobody misses the results.
  process.send?.(results, undefined, undefined, () => {});
});

// Whoever would hear of it is gone.
process.on('disconnect', () => process.exit());
// Ctrl-C in a terminal reaches this process too, but the worker says when it ends: after the batch in hand.
process.on('SIGINT', () => {});
