/** Whether what is held from outside costs the same a page however many are held: pages a second with few and with many. */
import type { Stimulus } from '@pagetape/events';
import { interleave, timed, type Contender } from './measure.ts';
import { doing, OPERATIONS } from './operations.ts';
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

/** Areas that are made and unmapped again, one by one, no two of which can merge. */
function mapping(areas: number): Contender {
  const simulation = openMapped(16, 0);
  return () =>
    timed(() => {
      for (let i = 0; i < areas; i++) {
        simulation.perform({ op: 'mmap', t: 'A', r: `a${i}`, at: 1024 + 2 * i, pages: 1 });
      }
      for (let i = 0; i < areas; i++) simulation.perform({ op: 'munmap', t: 'A', addr: [`a${i}`, 0], pages: 1 });
      return areas;
    });
}

/** Things a second at 10 and 100 times as many, against so many: where cost grows as the number of things, they are alike. */
export function measureLinear({ linearPages, areas, rounds, warmups }: Sizes, onRound: () => void): Row[] {
  const works: [name: string, what: string, few: number, work: (count: number) => Contender][] = [
    ...OPERATIONS.map((operation): [string, string, number, (count: number) => Contender] => {
      return [operation.name, `pages ${operation.about}`, linearPages, (pages) => doing(operation, pages, 1, false)];
    }),
    ['mmap', 'pages mapped and unmapped, each an area', areas, mapping],
  ];
  return works.flatMap(([name, what, few, work]) => {
    const contenders = { few: work(few), x10: work(10 * few), x100: work(100 * few) };
    const rates = interleave(contenders, Math.ceil(rounds / 3), Math.min(warmups, 1), onRound);
    return (['x10', 'x100'] as const).map((times) => {
      const about = `${few * Number(times.slice(1))} ${what}; baseline: ${few}`;
      return row(`linear.${name}.${times}`, 'pages/s', rates[times], rates.few, about);
    });
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
