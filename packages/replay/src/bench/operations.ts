/**
 * What the kernel does most, page by page: with a tape, without one, and what C does without keeping events. Pages are visited in
 * the order of their frames, or scattered.
 */
import type { Simulation } from '@pagetape/core';
import type { Limit } from './limit.ts';
import { interleave, timed, type Contender } from './measure.ts';
import { row, type Row } from './row.ts';
import type { Sizes } from './sizes.ts';
import { CountedTape, migrate, openMapped, strideFor, touch } from './workload.ts';

export interface Operation {
  readonly name: string;
  readonly about: string;
  /** Whose rules; usual: those of the first kernel. */
  readonly profile?: string;
  /** Slots of swap for so many pages. */
  readonly swap: (pages: number) => number;
  /** Does it once, as often as `round` says before; returns how many pages that were. */
  readonly work: (simulation: Simulation, pages: number, round: number) => number;
}

/** Walks that are timed together: one is over too soon. */
const WALKS = 16;

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'scan',
    about: 'walked over, none on a node that is to be emptied',
    swap: () => 0,
    work(simulation, pages) {
      for (let i = 0; i < WALKS; i++) simulation.perform(migrate(1, 0));
      return WALKS * pages;
    },
  },
  {
    name: 'putback',
    about: 'isolated and put back, because there is no swap',
    swap: () => 0,
    work(simulation, pages) {
      simulation.perform(migrate(0, 1));
      return pages;
    },
  },
  {
    name: 'swap',
    about: 'evicted to swap and faulted back',
    swap: (pages) => 2 * pages,
    work(simulation, pages) {
      simulation.perform(migrate(0, 1));
      simulation.perform(touch(pages));
      return pages;
    },
  },
  {
    name: 'migrate',
    about: 'migrated to the other node, as 2.6.18 does',
    profile: 'linux-2.6.18',
    swap: () => 0,
    work(simulation, pages, round) {
      simulation.perform(round % 2 === 0 ? migrate(0, 1) : migrate(1, 0));
      return pages;
    },
  },
  {
    name: 'fork',
    about: 'duplicated by fork, and zapped by exit',
    swap: () => 0,
    work(simulation, pages, round) {
      simulation.perform({ op: 'fork', t: 'A', as: `B${round}` });
      simulation.perform({ op: 'exit', t: `B${round}` });
      return pages;
    },
  },
];

/** A machine on which the operation is done again and again. */
export function doing({ profile, swap, work }: Operation, pages: number, stride: number, taped: boolean): Contender {
  const tape = taped ? new CountedTape(pages, swap(pages)) : null;
  const simulation = openMapped(pages, swap(pages), tape?.writer.block, { stride, ...(profile ? { profile } : {}) });
  let round = 0;
  return () => timed(() => work(simulation, pages, round++));
}

const named = (pages: number): string =>
  pages >= 1 << 20 ? `${pages >> 20}m` : pages >= 1 << 10 ? `${pages >> 10}k` : `${pages}`;

/** Events of a round are not kept, but encoded, compressed and counted as for a tape. */
export function measureOperations(
  { operationPages, operationRounds }: Sizes,
  limit: Limit | null,
  onRound: () => void,
): Row[] {
  return operationPages.flatMap((pages, n) =>
    [1, strideFor(pages)].flatMap((stride) =>
      OPERATIONS.map((operation) => {
        const contenders: Record<string, Contender> = {
          taped: doing(operation, pages, stride, true),
          only_run: doing(operation, pages, stride, false),
          ...(limit ? { limit: limit.work(operation.name, pages, stride) } : {}),
        };
        const rates = interleave(contenders, operationRounds[n], Math.ceil(operationRounds[n] / 2), onRound);
        const order = stride === 1 ? 'in order' : 'scattered';
        const id = `op.${operation.name}.${named(pages)}.${stride === 1 ? 'ordered' : 'scattered'}`;
        const about = `${pages} pages ${operation.about}, ${order}, with a tape; baseline: without one`;
        return row(id, 'pages/s', rates.taped, rates.only_run, about, rates.limit ?? null);
      }),
    ),
  );
}
