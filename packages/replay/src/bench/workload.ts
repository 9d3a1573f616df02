/** The runs that are measured. All are one task on node 0 of a machine with two nodes. */
import { DEFAULT_PROFILE, PRNG_NAME, Simulation, type MachineSpec } from '@pagetape/core';
import type { BlockSink, Stimulus } from '@pagetape/events';
import { TapeWriter, type TapeOutput } from '../tape/index.ts';

/** A machine with room for `pages` on each node, and `swap` slots. Requests to the disk end at once. */
export function benchMachine(pages: number, swap: number): MachineSpec {
  const node = (id: number) => ({ id, pages: 2 * pages + 1024, cpus: 1 });
  return { nodes: [node(0), node(1)], swap: [swap], page_cluster: 3, io: 'now' };
}

const touch = (pages: number): Stimulus => ({ op: 'touch', t: 'A', addr: ['r', 0], pages });

const migrate = (from: number, to: number): Stimulus => {
  return { op: 'migrate_pages', t: 'A', pid: 'self', maxnode: 64, old: [from], new: [to] };
};

/** A task that has written to so many pages, all of which are on node 0. */
export function openMapped(pages: number, swap: number, sink?: BlockSink): Simulation {
  const simulation = new Simulation({ machine: benchMachine(pages, swap), ...(sink ? { sink } : {}) });
  simulation.perform({ op: 'spawn', t: 'A', node: 0 });
  simulation.perform({ op: 'mmap', t: 'A', r: 'r', at: 0, pages });
  simulation.perform(touch(pages));
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
