/** A worker of `pool.ts`: it runs the batches that it is sent, and ends with the process that sends them. */
import { runBatch, type Batch } from './batch.ts';

process.on('message', (batch: Batch) => process.send?.(runBatch(batch)));
process.on('disconnect', () => process.exit());
