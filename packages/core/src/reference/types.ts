/** What a reference reducer is: the rule of one event kind, with its fields by name. A kind without one does not compile. */
import type { Catalogue, EventName, HotEvent, Payload } from '@pagetape/events';
import type { ReferenceDraft } from './state.ts';

/** What an event of the kind says: a number for each field of a hot one, the payload of a cold one. */
export type DataOf<Kind extends EventName> =
  Catalogue[Kind] extends HotEvent<string, infer Fields>
    ? { readonly [Field in Fields[number] as Field['name']]: number }
    : Payload<Catalogue[Kind]>;

/** One rule an event kind. */
export type ReferenceReducers<Kinds extends EventName> = {
  readonly [Kind in Kinds]: (draft: ReferenceDraft, data: DataOf<Kind>) => void;
};
