/**
 * The boundary: the one place where an event becomes a new state. `openMachine` binds the reducers to a state and hands out
 * what may be used outside: a read-only view, emitters, and the replay of recorded blocks.
 */
import {
  compileEmitters,
  compileReplay,
  type Block,
  type ColdName,
  type Emitters,
  type EventLog,
  type HotName,
  type Reducers,
  type ReplayBlock,
} from '@pagetape/events';
import { produce } from 'immer';
import type { ColdState } from '../state/cold.ts';
import { imageOf, restoreImage, type StateImage } from '../state/image.ts';
import { resetState } from '../state/reset.ts';
import { copyState, initialState, type State } from '../state/state.ts';
import type { MachineSpec } from '../state/topology.ts';
import type { StateView } from '../state/view.ts';
import { areaReducers } from './areas.ts';
import { badMemoryReducers } from './memory-failure.ts';
import { cacheReducers } from './caches.ts';
import { cpusetReducers } from './cpusets.ts';
import { plainDraft } from './draft.ts';
import { fileReducers } from './files.ts';
import { frameReducers } from './frames.ts';
import { lruReducers } from './lru.ts';
import { hugeReducers } from './huge.ts';
import { hugetlbReducers } from './hugetlb.ts';
import { ksmPageReducers, ksmReducers } from './ksm.ts';
import { mappingReducers } from './mappings.ts';
import { migrateReducers } from './migrate.ts';
import { outsideReducers } from './outside.ts';
import { silentReducers, type SilentName } from './silent.ts';
import { runReducers, taskReducers } from './tasks.ts';
import type { ColdReducers, HotReducers } from './types.ts';

/** Every hot event kind that changes something has a reducer here, or this line does not compile. */
const hot: HotReducers<Exclude<HotName, SilentName>> = {
  ...frameReducers,
  ...lruReducers,
  ...cacheReducers,
  ...mappingReducers,
  ...hugeReducers,
  ...hugetlbReducers,
  ...ksmPageReducers,
  ...migrateReducers,
  ...badMemoryReducers,
  ...outsideReducers,
  ...runReducers,
};
/** Every cold event kind that does has one here. */
const cold: ColdReducers<Exclude<ColdName, SilentName>> = {
  ...areaReducers,
  ...taskReducers,
  ...cpusetReducers,
  ...fileReducers,
  ...ksmReducers,
};

type Cold = (draft: unknown, payload: unknown, state: State) => void;

/** Kinds that leave the tree as it is. There are two a step, so Immer is not asked for them. */
const TREE_STAYS: ReadonlySet<string> = new Set<ColdName>(['StimulusBegan', 'StimulusEnded', 'DeadlockFound']);

/** Makes a new tree by a reducer that writes to a draft of the old one. */
type Produce = (tree: ColdState, write: (draft: unknown) => void) => ColdState;

/** A cold reducer as a function of the state. */
function coldReducer(name: string, reduce: Cold, makeTree: Produce): (state: State, payload: never) => void {
  if (TREE_STAYS.has(name)) return (state, payload) => reduce(state.cold, payload, state);
  return (state, payload) => {
    state.cold = makeTree(state.cold, (draft) => reduce(draft, payload, state));
  };
}

const reducersWith = (makeTree: Produce): Reducers<State> => ({
  ...silentReducers,
  ...hot,
  ...Object.fromEntries(
    Object.entries(cold).map(([name, reduce]) => [name, coldReducer(name, reduce as Cold, makeTree)]),
  ),
});

/** How the trees of a machine are made: by Immer, which freezes them, or by copies that nobody guards. */
export type Trees = 'frozen' | 'plain';

const { draft, open, close } = plainDraft();
const REDUCERS: Readonly<Record<Trees, Reducers<State>>> = {
  frozen: reducersWith((tree, write) => produce(tree, write)),
  plain: reducersWith((tree, write) => {
    open(tree);
    write(draft);
    return close();
  }),
};

/** A machine that events can be emitted to or replayed on. */
export interface Machine {
  readonly view: StateView;
  /** Functions that record an event in the log and reduce it. */
  emitters(log: EventLog): Emitters;
  /** Reduces recorded rows without recording them again. */
  readonly replay: ReplayBlock;
  /** An independent machine in the same state. */
  fork(): Machine;
  /** The state as it is now, to come back to. It shares with `base`, an image of the same run, what is equal. */
  image(base?: StateImage): StateImage;
  /** Goes to the state of an image of a machine of the same specification. The view stays valid, and shows it. */
  restore(image: StateImage): void;
  /** Remembers the state. The function that it returns goes back to it; that costs as much as what was used since. */
  keepStart(): () => void;
}

function openState(state: State, trees: Trees): Machine {
  const reducers = REDUCERS[trees];
  return {
    view: state,
    emitters: (log) => compileEmitters(log, state, reducers),
    replay: compileReplay(state, reducers),
    fork: () => openState(copyState(state), trees),
    image: (base) => imageOf(state, base),
    restore: (image) => restoreImage(state, image),
    keepStart() {
      const start = copyState(state);
      return () => resetState(state, start);
    },
  };
}

/** A machine before its first event. */
export function openMachine(spec: MachineSpec, trees: Trees = 'frozen'): Machine {
  return openState(initialState(spec), trees);
}

/** Reduces a whole block. */
export function replayBlock(machine: Machine, block: Block): void {
  machine.replay(block, 0, block.rows.length);
}
