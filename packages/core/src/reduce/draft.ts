/**
 * Drafts of the cold tree. A reducer gets one, and writes to it as if it were the tree. Usually it is one of Immer, which finds out what
 * was written and freezes the result. Where many short programs run, it is a `PlainDraft`: the root and each table that is asked
 * for are copied, and nothing is frozen. So in both cases the tree before stays as it was, if reducers keep to two rules:
 * a member of a table is written through `edit`, and lists are replaced.
 */
import { isDraft, type Draft } from 'immer';
import { emptyColdState, type ColdState } from '../state/cold.ts';

/** A member of a table, to be written: that of an Immer draft, or a copy that takes the place of the shared one. */
export function edit<T extends object>(table: Record<number | string, T>, key: number | string): T {
  return isDraft(table) ? table[key] : (table[key] = { ...table[key] });
}

type Mutable = { -readonly [K in keyof ColdState]: ColdState[K] };

const TABLES = ['tasks', 'pids', 'mms', 'vmas', 'anon_vmas', 'files', 'cpusets', 'il_weights', 'next'] as const;

/** A draft that can be used again: `open` a tree, let a reducer write, and `close` it. */
export interface PlainDraft {
  readonly draft: Draft<ColdState>;
  open(cold: ColdState): void;
  close(): ColdState;
}

export function plainDraft(): PlainDraft {
  let tree: Mutable = emptyColdState('now');
  let owned = 0;
  const draft = {};
  TABLES.forEach((name, n) => {
    const bit = 1 << n;
    const get = (): unknown => {
      if ((owned & bit) === 0) {
        tree[name] = { ...tree[name] } as never;
        owned |= bit;
      }
      return tree[name];
    };
    Object.defineProperty(draft, name, { get });
  });
  for (const name of [...Object.keys(tree), 'ksm', 'swap_readahead'] as (keyof ColdState)[]) {
    if ((TABLES as readonly string[]).includes(name)) continue;
    const set = (value: never): void => void (tree[name] = value);
    Object.defineProperty(draft, name, { get: () => tree[name], set });
  }
  return {
    draft: draft as Draft<ColdState>,
    open(cold) {
      tree = { ...cold };
      owned = 0;
    },
    close: () => tree,
  };
}
