/**
 * Older versions of events. A tape says which version of each kind it was written with; its rows are read by the fields of
 * that version, and then lifted, version by version, to today's. Everything behind the reader sees today's alone.
 */
import type { AnyEvent, ColdBefore, HotBefore } from '@pagetape/events';
import { layOutColumns, type Columns } from './columns.ts';
import { TapeError } from './error.ts';
import { deepFreeze } from './json.ts';

/** How the events of a tape are written. */
export interface Written {
  /** The columns of the versions that the tape has. */
  readonly columns: Columns;
  /** Today's kinds, by number. */
  readonly today: readonly (AnyEvent | undefined)[];
  /** Versions, by kind, that a row or a payload goes through on its way to today's; absent: it is today's. */
  readonly hot: ReadonlyMap<number, readonly HotBefore[]>;
  readonly cold: ReadonlyMap<number, readonly ColdBefore[]>;
}

/** The kind as it was in each version before today's, the oldest first. */
export function olderKinds(event: AnyEvent): AnyEvent[] {
  if (event.lane === 'hot') return (event.before ?? []).map(({ version, fields }) => ({ ...event, version, fields }));
  return (event.before ?? []).map(({ version, schema }) => ({ ...event, version, schema }));
}

/** What a tape has that was written with these kinds, some of which may be older than today's. */
export function writtenWith(kinds: readonly AnyEvent[], today: readonly AnyEvent[]): Written {
  const byNumber: (AnyEvent | undefined)[] = [];
  for (const event of today) byNumber[event.number] = event;
  const written = [...byNumber];
  const hot = new Map<number, readonly HotBefore[]>();
  const cold = new Map<number, readonly ColdBefore[]>();
  for (const kind of kinds) {
    const now = byNumber[kind.number];
    written[kind.number] = kind;
    const steps = (now?.before ?? []).filter(({ version }) => version >= kind.version);
    if (steps.length === 0) continue;
    if (kind.lane === 'hot') hot.set(kind.number, steps as HotBefore[]);
    else cold.set(kind.number, steps as ColdBefore[]);
  }
  return { columns: layOutColumns(written), today: byNumber, hot, cold };
}

/** The rows as today's versions have them. */
export function upcastRows(rows: Int32Array, { columns, hot }: Written): Int32Array {
  if (hot.size === 0) return rows;
  const lifted: number[] = [];
  for (let i = 0; i < rows.length; i += columns.lengths[rows[i]]) {
    const kind = rows[i];
    let values: readonly number[] = [...rows.subarray(i + 1, i + columns.lengths[kind])];
    for (const { upcast } of hot.get(kind) ?? []) values = upcast(values);
    lifted.push(kind, ...values);
  }
  return Int32Array.from(lifted);
}

/** The payload as today's version has it. It must be what its own version says. */
export function upcastPayload(
  kind: number,
  payload: Record<string, unknown>,
  { cold, columns }: Written,
  what: string,
): Record<string, unknown> {
  const steps = cold.get(kind);
  if (!steps) return payload;
  const event = columns.kinds[kind];
  if (event?.lane === 'cold') checkPayload(event, payload, what);
  return deepFreeze(steps.reduce((lifted, { upcast }) => upcast(lifted), payload));
}

/** Throws a TapeError unless the payload has the schema of its kind. */
export function checkPayload(event: AnyEvent & { lane: 'cold' }, payload: unknown, what: string): void {
  const { error } = event.schema.safeParse(payload);
  if (!error) return;
  const { path, message } = error.issues[0];
  throw new TapeError(`${what}: the payload of ${event.name} is wrong at "${path.join('.')}": ${message}`);
}
