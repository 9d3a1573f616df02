/** The reference reducer: one rule an event kind, and Immer to make the next state. */
import { eventByName, type EventName } from '@pagetape/events';
import { produce } from 'immer';
import { silentReducers } from '../reduce/silent.ts';
import { cacheReducers } from './caches.ts';
import { frameReducers } from './frames.ts';
import { lruReducers } from './lru.ts';
import { hugeReducers } from './huge.ts';
import { hugetlbReducers } from './hugetlb.ts';
import { ksmReducers } from './ksm.ts';
import { badMemoryReducers } from './memory-failure.ts';
import { mappingReducers } from './mappings.ts';
import { migrateReducers } from './migrate.ts';
import { outsideReducers } from './outside.ts';
import type { ReferenceDraft, ReferenceState } from './state.ts';
import { runReducers } from './tasks.ts';
import type { ReferenceReducers } from './types.ts';

/** Every event kind has its rule here, or this line does not compile. */
const reducers: ReferenceReducers<EventName> = {
  ...silentReducers,
  ...frameReducers,
  ...lruReducers,
  ...cacheReducers,
  ...mappingReducers,
  ...hugeReducers,
  ...hugetlbReducers,
  ...ksmReducers,
  ...migrateReducers,
  ...badMemoryReducers,
  ...outsideReducers,
  ...runReducers,
};

/** What the reference reducer needs of an event. */
export interface EventData {
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

type Rule = (draft: ReferenceDraft, data: unknown) => void;

function apply(draft: ReferenceDraft, { kind, data }: EventData): void {
  const event = eventByName(kind);
  if (!event) throw new Error(`unknown event kind ${kind}`);
  draft.clock += event.cost_ns;
  (reducers[kind as EventName] as Rule)(draft, data);
}

/** The state after one event. The state before stays as it is. */
export function reduceReference(state: ReferenceState, event: EventData): ReferenceState {
  return produce(state, (draft) => apply(draft, event));
}

/** The state after many events. Only the last one is made, which is much quicker than one after the other. */
export function reduceReferenceAll(state: ReferenceState, events: Iterable<EventData>): ReferenceState {
  return produce(state, (draft) => {
    for (const event of events) apply(draft, event);
  });
}
