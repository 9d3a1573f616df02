/** Whether what is held from outside costs the same a page however many are held: pages a second with few and with many. */
import type { Stimulus } from '@pagetape/events';
import { interleave, timed, type Contender } from './measure.ts';
import { row, type Row } from './row.ts';
import type { Sizes } from './sizes.ts';
import { openMapped } from './workload.ts';

const TIMES = 10;

type Steps = (pages: number) => readonly Stimulus[];

/** Each takes something of every page, and gives it back. */
const HELD: Readonly<Record<string, Steps>> = {
  pins: (pages) => [{ op: 'pinpages', t: 'A', addr: ['r', 0], pages }, { op: 'unpin' }],
  locks: (pages) => [{ op: 'lock', t: 'A', addr: ['r', 0], pages, until: 'unlock' }, { op: 'unlock' }],
  seized: (pages) => [
    { op: 'swapfill', leave: 0 },
    { op: 'swapfree', count: pages },
  ],
};

function holding(pages: number, steps: Steps): Contender {
  const simulation = openMapped(pages, pages);
  return () =>
    timed(() => {
      for (const step of steps(pages)) simulation.perform(step);
      return pages;
    });
}

export function measureGrowth({ growthPages: few, rounds, warmups }: Sizes, onRound: () => void): Row[] {
  const many = TIMES * few;
  return Object.entries(HELD).map(([name, steps]) => {
    const contenders = { many: holding(many, steps), few: holding(few, steps) };
    const rates = interleave(contenders, rounds, warmups, onRound);
    const about = `${many} pages held from outside and given back; baseline: ${few} pages`;
    return row(`growth.${name}`, 'pages/s', rates.many, rates.few, about);
  });
}
