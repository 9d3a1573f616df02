/** The order in which nodes are emptied: the worked orders of the specification (§7.3). */
import test from 'ava';
import { node_pairs } from './mempolicy_nodes.ts';

const print = (from: number[], to: number[], spares_targets: boolean): string =>
  node_pairs(from, to, spares_targets)
    .map(({ source, dest }) => `${source}→${dest}`)
    .join(', ');

/** From, to, the order of 2.6.16 and 2.6.18, that of later kernels if it is another. */
const ORDERS: readonly (readonly [number[], number[], string, string?])[] = [
  [[2, 3, 4], [3, 4, 5], '4→5, 3→4, 2→3'],
  [[3, 4, 5], [2, 3, 4], '3→2, 4→3, 5→4'],
  [[0, 1, 2, 3, 4, 5, 6, 7], [3, 4, 5], '7→4, 6→3, 2→5, 1→4, 0→3'],
  [[0, 1, 2, 3], [4, 5], '0→4, 1→5, 2→4, 3→5'],
  [[0, 1, 2], [1, 2], '2→1, 1→2, 0→1', '0→1'],
  [[1, 2], [0, 1, 2], '1→0, 2→1', ''],
  [[0, 1, 2, 3], [2, 3], '1→3, 0→2'],
  [[0, 2, 4], [1, 2], '0→1, 4→1'],
  [[0, 1], [0, 1], ''],
  [[0], [1, 2], '0→1'],
  [[0, 1], [], ''],
  [[], [0, 1], ''],
];

for (const [from, to, order, later = order] of ORDERS) {
  test(`from ${from.join()} to ${to.join()}`, (t) => {
    t.is(print(from, to, false), order);
    t.is(print(from, to, true), later);
  });
}
