/** Records blocks into the file that is its argument, and says after each how far it is, until it is killed. */
import fs from 'node:fs';
import { TapeWriter } from '../src/tape/index.ts';
import { fullBlocks, pinAndIsolate, shuffled, START } from './tape-blocks.ts';

const writer = TapeWriter.create(process.argv[2], START);
for (const block of fullBlocks(pinAndIsolate(shuffled(1_000_000)))) {
  writer.block(block);
  fs.writeSync(1, `${writer.seq}\n`);
}
