/** Room in the growing arrays, and the radix trees that page tables and page caches are. */
import { MAX_HEIGHT, SPAN, TABLE, TABLES_FREE, TABLES_USED, TABLE_BITS } from '../state/layout.ts';
import { pmdEntry } from '../state/huge.ts';
import { tableEntry } from '../state/read.ts';
import type { HotArray, State } from '../state/state.ts';

/** Makes sure that `name` holds `length` integers. Doubles, so that growing costs a constant a record. */
export function ensure(state: State, name: HotArray, length: number): void {
  const old = state[name];
  if (old.length >= length) return;
  let size = Math.max(old.length, 64);
  while (size < length) size *= 2;
  const grown = new Int32Array(size);
  grown.set(old);
  state[name] = grown;
}

function allocateTable(state: State): number {
  const { scalars } = state;
  const free = scalars[TABLES_FREE];
  if (free !== 0) {
    scalars[TABLES_FREE] = state.tables[free * TABLE];
    state.tables[free * TABLE] = 0;
    return free;
  }
  const table = scalars[TABLES_USED]++;
  ensure(state, 'tables', (table + 1) * TABLE);
  return table;
}

/** Gives a table back; it must be empty below its first entry, which links the free tables. */
function releaseTable(state: State, table: number): void {
  const { tables, scalars } = state;
  tables.fill(0, table * TABLE, (table + 1) * TABLE);
  tables[table * TABLE] = scalars[TABLES_FREE];
  scalars[TABLES_FREE] = table;
}

/** Levels of the smallest tree that covers an index. */
function heightFor(index: number): number {
  const height = SPAN.findIndex((span) => index < span);
  if (height < 0) throw new Error(`index ${index} is beyond what tables of ${MAX_HEIGHT} levels cover`);
  return height;
}

/** The place of the entry of `index`, with all tables above it made. `roots` names the array that holds the root. */
export function makeEntry(state: State, roots: 'mms' | 'files', at: number, index: number): number {
  const root = state[roots];
  const height = heightFor(index);
  if (root[at] === 0) {
    root[at] = allocateTable(state);
    root[at + 1] = height;
  }
  while (root[at + 1] < height) {
    const top = allocateTable(state);
    state.tables[top * TABLE] = root[at];
    root[at] = top;
    root[at + 1]++;
  }
  let table = root[at];
  for (let level = root[at + 1] - 1; level > 0; level--) {
    const slot = table * TABLE + ((index >>> (level * TABLE_BITS)) & (TABLE - 1));
    if (state.tables[slot] === 0) {
      const made = allocateTable(state);
      state.tables[slot] = made;
    }
    table = state.tables[slot];
  }
  return table * TABLE + (index & (TABLE - 1));
}

/** The place of the entry one level above the leaves of page tables, with all tables above it made. */
export function makePmdEntry(state: State, at: number, index: number): number {
  const found = pmdEntry(state.tables, state.mms, at, index);
  if (found >= 0) return found;
  // The leaf is not wanted, but all that is above it.
  makeEntry(state, 'mms', at, index);
  freeLeaf(state, 'mms', at, index);
  return pmdEntry(state.tables, state.mms, at, index);
}

/** Frees the leaf table around `index`. Tables above it stay until the whole tree goes. */
export function freeLeaf(state: State, roots: 'mms' | 'files', at: number, index: number): void {
  const entry = tableEntry(state.tables, state[roots], at, index);
  if (entry < 0) throw new Error(`no table around ${index}`);
  const leaf = entry >>> TABLE_BITS;
  let table = state[roots][at];
  for (let level = state[roots][at + 1] - 1; level > 0; level--) {
    const slot = table * TABLE + ((index >>> (level * TABLE_BITS)) & (TABLE - 1));
    table = state.tables[slot];
    if (table === leaf) state.tables[slot] = 0;
  }
  if (state[roots][at] === leaf) state[roots][at] = state[roots][at + 1] = 0;
  releaseTable(state, leaf);
}

/** Frees all tables of a tree. */
export function freeTree(state: State, roots: 'mms' | 'files', at: number): void {
  const free = (table: number, level: number): void => {
    for (let i = 0; level > 1 && i < TABLE; i++) {
      const below = state.tables[table * TABLE + i];
      if (below > 0) free(below, level - 1);
    }
    releaseTable(state, table);
  };
  if (state[roots][at] !== 0) free(state[roots][at], state[roots][at + 1]);
  state[roots][at] = state[roots][at + 1] = 0;
}
