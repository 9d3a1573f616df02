/** Walks over whole page tables and page caches, for what looks at all of a machine. The kernel has walks of its own. */
import { M_ROOT, MAX_HEIGHT, MM, TABLE } from './layout.ts';
import type { ReadonlyInts, StateView } from './view.ts';

/**
 * Calls `visit` for each huge entry of the page tables of an address space, in ascending order, with the first page that it
 * covers.
 */
export function eachHugeEntry(
  { topology, tables, mms }: StateView,
  mm: number,
  visit: (first: number, pmd: number) => void,
): void {
  if (!topology.huge) return;
  const descend = (table: number, level: number, first: number): void => {
    for (let i = 0; level > 1 && i < TABLE; i++) {
      const entry = tables[table * TABLE + i];
      if (entry < 0) visit((first * TABLE + i) * TABLE, entry);
      else if (entry > 0) descend(entry, level - 1, first * TABLE + i);
    }
  };
  const root = mms[mm * MM + M_ROOT];
  if (root > 0) descend(root, Math.min(mms[mm * MM + M_ROOT + 1], MAX_HEIGHT), 0);
}

/**
 * Calls `visit` for each leaf table of a tree, in ascending order, with the first index that it covers. The root, a table
 * and a height, lies at `roots[at]` and `roots[at + 1]`. `enter` is told every table first; where it says no, nothing below
 * is looked at.
 */
export function eachLeaf(
  { tables }: StateView,
  roots: ReadonlyInts,
  at: number,
  visit: (first: number, leaf: number) => void,
  enter: (table: number) => boolean = () => true,
): void {
  const descend = (table: number, level: number, first: number): void => {
    if (table <= 0 || !enter(table)) return;
    if (level <= 1) return visit(first * TABLE, table);
    for (let i = 0; i < TABLE; i++) descend(tables[table * TABLE + i], level - 1, first * TABLE + i);
  };
  descend(roots[at], Math.min(roots[at + 1], MAX_HEIGHT), 0);
}
