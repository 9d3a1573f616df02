/** Bytes an event on the tape. These do not depend on the machine that measures. */
import { collectBlocks, eventsOf, START, type Block, type Position } from '@pagetape/events';
import { passBlock } from '../tape/index.ts';
import { row, type Row } from './row.ts';
import type { Sizes } from './sizes.ts';
import { CountedTape, isolateInVain, openMapped, runEviction } from './workload.ts';

/** Blocks that are written as text, to know how long it is. */
const TEXT_BLOCKS = 24;

/** Bytes an event as lines of JSON, measured on blocks that are spread over all. */
function jsonBytes(blocks: readonly Block[], start: Readonly<Position>): number {
  const at = { ...start };
  const step = Math.max(1, Math.floor(blocks.length / TEXT_BLOCKS));
  let [bytes, events] = [0, 0];
  blocks.forEach((block, n) => {
    if (n % step === 0) {
      for (const event of eventsOf(block, { ...at })) bytes += JSON.stringify(event).length + 1;
      events += block.events;
    }
    passBlock(at, block);
  });
  return bytes / events;
}

function wholeRun(pages: number): Row {
  const tape = new CountedTape(pages, 2 * pages);
  const { blocks, sink } = collectBlocks();
  const events = runEviction(pages, (block) => {
    tape.writer.block(block);
    sink(block);
  });
  tape.writer.end({});
  const about = `${pages} pages written to, evicted, written to again: ${events} events; baseline: lines of JSON`;
  return row('tape.bytes_per_event.run', 'bytes', tape.bytes / events, jsonBytes(blocks, START), about);
}

function longScan(pages: number): Row {
  const tape = new CountedTape(pages, 0);
  const at: Position = { ...START };
  const { blocks, sink } = collectBlocks();
  let take = (block: Block): unknown => passBlock(at, block);
  const simulation = openMapped(pages, 0, (block) => {
    tape.writer.block(block);
    take(block);
  });
  simulation.finish();
  const before = { bytes: tape.bytes, events: simulation.log.seq };
  take = sink;
  isolateInVain(simulation);
  simulation.finish();
  const events = simulation.log.seq - before.events;
  const about = `${pages} pages walked over, isolated, put back: ${events} events; baseline: lines of JSON`;
  return row(
    'tape.bytes_per_event.scan_100k',
    'bytes',
    (tape.bytes - before.bytes) / events,
    jsonBytes(blocks, at),
    about,
  );
}

export function measureSizes({ pages, listPages }: Sizes): Row[] {
  return [longScan(listPages), wholeRun(pages)];
}
