/** Page-table entries a second that a walk looks at. */
import { interleave, timed } from './measure.ts';
import { row, type Row } from './row.ts';
import type { Sizes } from './sizes.ts';
import { openMapped, walkInVain } from './workload.ts';

/** Walks that are timed together: one is over too soon. */
const WALKS = 16;

/** What a walk over plain objects is: an entry says which frame, a frame says which node. */
function plainWalk(pages: number): () => number {
  const ptes = Array.from({ length: pages }, (_, vpn) => ({ present: true, frame: { pfn: vpn, node: 0 } }));
  const wanted = new Set([1]);
  return () => {
    let found = 0;
    for (const { present, frame } of ptes) if (present && wanted.has(frame.node)) found++;
    return found;
  };
}

export function measureScan({ scanPages: pages, rounds, warmups }: Sizes, onRound: () => void): Row[] {
  const simulation = openMapped(pages, 0);
  const walkObjects = plainWalk(pages);
  const many = (walk: () => unknown) => (): number => {
    for (let i = 0; i < WALKS; i++) walk();
    return WALKS * pages;
  };
  const contenders = {
    fast: () => timed(many(() => walkInVain(simulation))),
    plain: () => timed(many(walkObjects)),
  };
  const { fast, plain } = interleave(contenders, rounds, warmups, onRound);
  const about = `a walk over ${pages} pages, none on a node to be emptied; baseline: over an array of objects`;
  return [row('scan.ptes_per_s', 'entries/s', fast, plain, about)];
}
