/** Events a second: recording, replaying, and what an Immer reducer does on the same events. */
import { openMachine, replayBlock } from '@pagetape/core';
import { collectBlocks, type Block } from '@pagetape/events';
import { immerBaseline } from './immer.ts';
import type { Limit } from './limit.ts';
import { interleave, timed, type Contender } from './measure.ts';
import { row, type Row } from './row.ts';
import type { Sizes } from './sizes.ts';
import { benchMachine, CountedTape, openMapped, runEviction } from './workload.ts';

/** The first block whose events all find every page mapped. */
function firstMapped(blocks: readonly Block[], pages: number): number {
  const mapped = openMapped(pages, 2 * pages).log.seq;
  const found = blocks.findIndex((block) => block.firstSeq > mapped);
  return found < 0 ? blocks.length - 1 : found;
}

function record(pages: number): number {
  const { writer } = new CountedTape(pages, 2 * pages);
  const events = runEviction(pages, writer.block);
  writer.end({});
  return events;
}

/** The rows of the run, reduced by C. */
function limitOf(limit: Limit, pages: number, blocks: readonly Block[]): Contender {
  const { view } = openMapped(pages, 2 * pages);
  return limit.replay(view, blocks, view.cold.regions[0].start, pages);
}

export function measureSpeed(
  { pages, rounds, warmups, immerNs }: Sizes,
  limit: Limit | null,
  onRound: () => void,
): Row[] {
  const spec = benchMachine(pages, 2 * pages);
  const { blocks, sink } = collectBlocks();
  const events = runEviction(pages, sink);
  const rates: Record<string, number> = interleave<string>(
    {
      ...(limit && { limit: limitOf(limit, pages, blocks) }),
      recorded: () => timed(() => record(pages)),
      unrecorded: () => timed(() => runEviction(pages, () => {})),
      replayed: () => {
        const machine = openMachine(spec);
        return timed(() => {
          for (const block of blocks) replayBlock(machine, block);
          return events;
        });
      },
      immer: immerBaseline(spec, blocks, firstMapped(blocks, pages), rounds, immerNs),
    },
    rounds,
    warmups,
    onRound,
  );
  const of = `${pages} pages written to, evicted, written to again: ${events} events`;
  const immer = 'the same through the Immer reducer, in part';
  return [
    row('record.events_per_s', 'events/s', rates.recorded, rates.immer, `${of}, run and taped; baseline: ${immer}`),
    row(
      'replay.events_per_s',
      'events/s',
      rates.replayed,
      rates.immer,
      `${of}, reduced again; baseline: ${immer}`,
      rates.limit ?? null,
    ),
    row(
      'record.without_sink',
      'events/s',
      rates.unrecorded,
      rates.recorded,
      `${of}, only run; baseline: run and taped`,
    ),
  ];
}
