/**
 * What a user would write instead, on the same events: an Immer reducer, a Redux Toolkit slice, plain objects in a Map. All have the
 * same rules, for pages that are isolated and put back; only how a state is kept differs.
 */
import { openMachine, replayBlock, type StateView } from '@pagetape/core';
import { collectBlocks, eventsOf, START, type Block } from '@pagetape/events';
import { interleave, now, timed, type Contender } from './measure.ts';
import { row, type Row } from './row.ts';
import type { Sizes } from './sizes.ts';
import { benchMachine, isolateInVain, openMapped } from './workload.ts';

interface Page {
  place: 'lru' | 'batch' | 'isolated' | 'held';
  list: number;
  count: number;
  locked: boolean;
  next: number;
  prev: number;
}

/** Everything but the pages. */
interface Lists {
  ends: { head: number; tail: number; pages: number }[];
  batches: number[][];
}

type Fields = Readonly<Record<string, number>>;
type PageOf = (pfn: number) => Page;
type Rule = (lists: Lists, page: PageOf, data: Fields) => void;

/** A page leaves its list. 0: none; a page is linked by its frame plus one. */
function unlink({ ends }: Lists, page: PageOf, pfn: number): void {
  const { list, next, prev } = page(pfn);
  if (prev === 0) ends[list].head = next;
  else page(prev - 1).next = next;
  if (next === 0) ends[list].tail = prev;
  else page(next - 1).prev = prev;
  ends[list].pages--;
}

function link({ ends }: Lists, page: PageOf, pfn: number, list: number): void {
  const { head } = ends[list];
  if (head === 0) ends[list].tail = pfn + 1;
  else page(head - 1).prev = pfn + 1;
  Object.assign(page(pfn), { place: 'lru', list, next: head, prev: 0 });
  ends[list].head = pfn + 1;
  ends[list].pages++;
}

const RULES: Readonly<Record<string, Rule>> = {
  PageIsolated(lists, page, { pfn }) {
    unlink(lists, page, pfn);
    page(pfn).place = 'isolated';
    page(pfn).count++;
  },
  PagePutBack: (_, page, { pfn }) => void (page(pfn).place = 'held'),
  PageLocked: (_, page, { pfn }) => void (page(pfn).locked = true),
  PageUnlocked: (_, page, { pfn }) => void (page(pfn).locked = false),
  PageReferenceDropped: (_, page, { pfn }) => void page(pfn).count--,
  PageAddedToLruBatch({ batches }, page, { pfn, lru }) {
    batches[lru].push(pfn);
    page(pfn).place = 'batch';
    page(pfn).count++;
  },
  PageAddedToLru: (lists, page, { pfn, lru }) => link(lists, page, pfn, lru),
  LruBatchDrained({ batches }, page, { lru }) {
    for (const pfn of batches[lru]) page(pfn).count--;
    batches[lru] = [];
  },
};

interface Plain extends Lists {
  pages: Record<number, Page>;
}

/** All pages on the active list, the last touched at its head, as the machine has them before. */
function initial(first: number, count: number): Plain {
  const pages: Record<number, Page> = {};
  for (let pfn = first; pfn < first + count; pfn++) {
    const next = pfn > first ? pfn : 0;
    const prev = pfn < first + count - 1 ? pfn + 2 : 0;
    pages[pfn] = { place: 'lru', list: 1, count: 1, locked: false, next, prev };
  }
  const ends = { head: first + count, tail: first + 1, pages: count };
  return { pages, ends: [{ head: 0, tail: 0, pages: 0 }, ends], batches: [[], []] };
}

interface Action {
  readonly kind: string;
  readonly data: Fields;
}

/** Does actions for about `budget` ns, from the first on. Its state is made anew each time, and not timed. */
function doing(actions: readonly Action[], budget: number, open: () => (action: Action) => void): Contender {
  return () => {
    const act = open();
    act(actions[0]);
    const start = now();
    let count = 0;
    let ns = 0;
    while (ns < budget && count + 1 < actions.length) {
      const upto = Math.min(count + 1 + (count >> 2), actions.length - 1);
      while (count < upto) act(actions[++count]);
      ns = now() - start;
    }
    return { count, ns };
  };
}

function inMap(state: Plain): (action: Action) => void {
  const pages = new Map(Object.entries(state.pages).map(([pfn, page]) => [Number(pfn), page]));
  const page = (pfn: number): Page => pages.get(pfn) as Page;
  return ({ kind, data }) => RULES[kind](state, page, data);
}

/** Redux Toolkit, which brings Immer, is there only for this; where it is not installed, neither is compared. */
const libraries = () => import('@reduxjs/toolkit').catch(() => null);

type Toolkit = NonNullable<Awaited<ReturnType<typeof libraries>>>;

function withImmer({ createNextState, freeze }: Toolkit, begin: Plain): (action: Action) => void {
  let state = freeze(begin, true);
  return ({ kind, data }) => {
    state = createNextState(state, (draft) => RULES[kind](draft, (pfn) => draft.pages[pfn], data));
  };
}

function withRedux(redux: Toolkit, begin: Plain): (action: Action) => void {
  const slice = redux.createSlice({
    name: 'machine',
    initialState: begin,
    reducers: {
      happened: (draft, { payload: { kind, data } }: { payload: Action; type: string }) =>
        RULES[kind](draft, (pfn) => draft.pages[pfn], data),
    },
  });
  const store = redux.configureStore({
    reducer: slice.reducer,
    devTools: false,
    middleware: () => new redux.Tuple(),
  });
  return (action) => void store.dispatch(slice.actions.happened(action));
}

/** The events of isolating all pages and putting them back, which may be reduced again and again. */
function putbackBlocks(pages: number): { blocks: Block[]; machine: ReturnType<typeof openMachine>; view: StateView } {
  const machine = openMachine(benchMachine(pages, 0));
  const { blocks, sink } = collectBlocks();
  let take = (block: Block): void => void replayBlock(machine, block);
  const simulation = openMapped(pages, 0, (block) => take(block));
  simulation.finish();
  // Once before it counts: then all batches are empty, and stay so from round to round.
  isolateInVain(simulation);
  simulation.finish();
  take = sink;
  isolateInVain(simulation);
  simulation.finish();
  return { blocks, machine, view: simulation.view };
}

export async function measureAlternatives(
  { alternativePages, rounds, warmups, immerNs }: Sizes,
  onRound: () => void,
): Promise<Row[]> {
  const found = await libraries();
  return alternativePages.flatMap((pages) => {
    const { blocks, machine } = putbackBlocks(pages);
    const events = blocks.reduce((sum, block) => sum + block.events, 0);
    const actions = blocks
      .flatMap((block) => [...eventsOf(block, { ...START })])
      .filter(({ kind }) => RULES[kind] !== undefined)
      .map(({ kind, data }) => ({ kind, data: data as Fields }));
    const begin = (): Plain => initial(1, pages);
    const contenders: Record<string, Contender> = {
      ours: () =>
        timed(() => {
          for (const block of blocks) replayBlock(machine, block);
          return events;
        }),
      map: doing(actions, immerNs, () => inMap(begin())),
      ...(found && {
        immer: doing(actions, immerNs, () => withImmer(found, begin())),
        redux_toolkit: doing(actions, immerNs, () => withRedux(found, begin())),
      }),
    };
    const { ours, ...others } = interleave(contenders, rounds, warmups, onRound);
    return Object.entries(others).map(([name, rate]) => {
      const about = `${pages} pages isolated and put back, reduced; baseline: the same events with ${WORDS[name]}`;
      return row(`against.${name}.${pages}`, 'events/s', ours, rate, about);
    });
  });
}

const WORDS: Readonly<Record<string, string>> = {
  map: 'plain objects in a Map, changed in place',
  immer: 'an Immer reducer',
  redux_toolkit: 'a Redux Toolkit slice',
};
