/** The runs that are measured. All are one task on node 0 of a machine with two nodes. */
import { DEFAULT_PROFILE, PRNG_NAME, Simulation, type MachineSpec } from '@pagetape/core';
import type { BlockSink, Stimulus } from '@pagetape/events';
import { TapeWriter, type TapeOutput } from '../tape/index.ts';

/** A machine with room for `pages` on each node, and `swap` slots. Requests to the disk end at once. */
export function benchMachine(pages: number, swap: number): MachineSpec {
  const node = (id: number) => ({ id, pages: 2 * pages + 1024, cpus: 1 });
  return { nodes: [node(0), node(1)], swap: [swap], page_cluster: 3, io: 'now' };
}

export const touch = (pages: number): Stimulus => ({ op: 'touch', t: 'A', addr: ['r', 0], pages });

export const migrate = (from: number, to: number): Stimulus => {
  return { op: 'migrate_pages', t: 'A', pid: 'self', maxnode: 64, old: [from], new: [to] };
};

export interface MappedOptions {
  /** Frames lie as pages do if it is 1, and are scattered if it is what strideFor() says. */
  readonly stride?: number;
  readonly profile?: string;
}

/** How far apart pages are touched one after the other, so that neighbours lie far apart. A power of two. */
export function strideFor(pages: number): number {
  let stride = 1024;
  while (4 * stride > pages) stride /= 2;
  return stride;
}

/** A task that has written to so many pages, all of which are on node 0. bench/limit.c touches in the same order. */
export function openMapped(
  pages: number,
  swap: number,
  sink?: BlockSink,
  { stride = 1, profile }: MappedOptions = {},
): Simulation {
  const machine = benchMachine(pages, swap);
  const simulation = new Simulation({ machine, ...(sink ? { sink } : {}), ...(profile ? { profile } : {}) });
  simulation.perform({ op: 'spawn', t: 'A', node: 0 });
  simulation.perform({ op: 'mmap', t: 'A', r: 'r', at: 0, pages });
  for (let i = 0, offset = 0; i < stride; i++) {
    const some = Math.ceil((pages - offset) / stride);
    simulation.perform({ op: 'touch', t: 'A', addr: ['r', offset], pages: some, stride });
    offset = (421 * offset + 97) & (stride - 1);
  }
  return simulation;
}

/** All pages are written to, evicted by migrate_pages(2), and written to again. Returns the number of events. */
export function runEviction(pages: number, sink: BlockSink): number {
  const simulation = openMapped(pages, 2 * pages, sink);
  simulation.perform(migrate(0, 1));
  simulation.perform(touch(pages));
  simulation.finish();
  return simulation.log.seq;
}

/** Walks over all pages, and isolates and puts back each, because there is no swap to evict it to. */
export function isolateInVain(simulation: Simulation): void {
  simulation.perform(migrate(0, 1));
}

/** Walks over all pages, none of which is on the node that is to be emptied. */
export function walkInVain(simulation: Simulation): void {
  simulation.perform(migrate(1, 0));
}

/** A tape whose bytes are made as on a disk, and only counted. */
export class CountedTape {
  bytes = 0;
  readonly writer: TapeWriter;

  constructor(pages: number, swap: number) {
    const output: TapeOutput = { write: (record) => void (this.bytes += record.length), close: () => {} };
    this.writer = new TapeWriter(output, {
      profile: DEFAULT_PROFILE,
      machine: { ...benchMachine(pages, swap) },
      seed: '0',
      prng: PRNG_NAME,
      level: 'full',
      pagetape: 'bench',
    });
  }
}
