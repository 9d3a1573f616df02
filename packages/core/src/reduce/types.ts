/** What a reducer is: the only code that writes state. A kind without one does not compile. */
import type { Args, Catalogue, ColdName, HotName, Payload } from '@pagetape/events';
import type { Draft } from 'immer';
import type { ColdState } from '../state/cold.ts';
import type { State } from '../state/state.ts';

/** Hot events write typed arrays, with the integers of the event. */
export type HotReducers<Names extends HotName> = {
  readonly [K in Names]: (state: State, ...args: Args<Catalogue[K]>) => void;
};

/** Cold events change a draft of the cold lane; those that concern both lanes write the arrays of `state` as well. */
export type ColdReducers<Names extends ColdName> = {
  readonly [K in Names]: (draft: Draft<ColdState>, payload: Payload<Catalogue[K]>, state: State) => void;
};
