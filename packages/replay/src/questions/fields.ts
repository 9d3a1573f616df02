/** What an event can be asked for: where and when it happened, and the fields of its kind. */
import { EVENT_BY_NUMBER, EVENTS, type FieldType } from '@pagetape/events';
import type { RowCursor } from '../run/rows.ts';
import { insteadOf } from '../scenario/suggest.ts';
import type { TapeNames } from '../learned/names.ts';

/** A field as a question reads it. Undefined: an event has no such field. */
export interface AskedField {
  /** The number or the text in the row that the cursor stands on. */
  readonly valueOf: (cursor: RowCursor) => number | string | undefined;
  /** What a value in the text of a question stands for in such a row; undefined: nothing that can be there. */
  readonly meaning: (text: string, cursor: RowCursor) => number | string | undefined;
  /** A value as people read it. */
  readonly print: (value: number | string, cursor: RowCursor) => string;
  /** Why a value makes no sense in any row; undefined when it does in some. */
  readonly problem: (text: string) => string | undefined;
}

const number = (text: string): number | undefined => {
  if (/^-?\d+$/.test(text)) return Number(text);
  return /^0x[0-9a-f]+$/i.test(text) ? Number.parseInt(text, 16) : undefined;
};

const plainNumber = (text: string): string | undefined =>
  number(text) === undefined ? `"${text}" should be a whole number` : undefined;

function positionField(name: 'seq' | 't' | 'cpu' | 'op'): AskedField {
  return {
    valueOf: ({ at }) => at[name],
    meaning: number,
    print: String,
    problem: plainNumber,
  };
}

const KINDS = EVENTS.map(({ name }) => name);
const NUMBERS = new Map(EVENTS.map(({ name, number: n }) => [name, n]));

const kindField: AskedField = {
  valueOf: ({ kind }) => kind,
  meaning: (text) => NUMBERS.get(text),
  print: (kind) => EVENT_BY_NUMBER[kind as number]?.name ?? `${kind}`,
  problem: (text) =>
    NUMBERS.has(text)
      ? undefined
      : `there is no event kind "${text}"; ${insteadOf(text, KINDS, 'they are listed in EVENTS.md')}`,
};

function taskField(names: TapeNames): AskedField {
  return {
    valueOf: ({ at }) => at.task,
    meaning: (text) => number(text) ?? names.pid(text),
    print: (pid) => names.task(pid as number),
    problem: (text) => {
      if (number(text) !== undefined || names.pid(text) !== undefined) return undefined;
      const known = names.tasks();
      return `no task on this tape is called "${text}"; ${insteadOf(text, known, `there are ${known.join(', ')}`)}`;
    },
  };
}

/** The step that an event serves, by the number that reports give it. */
function stepField(names: TapeNames): AskedField {
  return {
    valueOf: ({ at }) => names.step(at.op)?.number ?? '-',
    meaning: (text) => text,
    print: String,
    problem: (text) =>
      /^\d+(\.\d+)*$/.test(text) ? undefined : `"${text}" should be the number of a step, as 5 or 5.1`,
  };
}

/** What the step is that an event serves: migrate_pages, touch … */
function callField(names: TapeNames): AskedField {
  return {
    valueOf: ({ at }) => names.step(at.op)?.stimulus.op ?? '-',
    meaning: (text) => text,
    print: String,
    problem: () => undefined,
  };
}

/** The node of the frame that an event names first. */
function nodeField(names: TapeNames): AskedField {
  const pfns = new Int8Array(256).fill(-1);
  for (const event of EVENTS)
    if (event.lane === 'hot') pfns[event.number] = event.fields.findIndex(({ type }) => type.id === 'pfn');
  return {
    valueOf: (cursor) => (pfns[cursor.kind] < 0 ? undefined : names.node(cursor.field(pfns[cursor.kind]))),
    meaning: number,
    print: String,
    problem: plainNumber,
  };
}

interface Place {
  readonly index: number;
  readonly type: FieldType;
}

/** A field of events of whatever kinds have it; in payloads of cold ones by a path, as `result.ret`. */
function ownField(name: string): AskedField {
  const places: (Place | undefined)[] = [];
  const types = new Set<FieldType>();
  for (const event of EVENTS) {
    if (event.lane !== 'hot') continue;
    const index = event.fields.findIndex((field) => field.name === name);
    if (index < 0) continue;
    places[event.number] = { index, type: event.fields[index].type };
    types.add(event.fields[index].type);
  }
  const path = name.split('.');
  return {
    valueOf: (cursor) => {
      const place = places[cursor.kind];
      if (place) return cursor.field(place.index);
      return cursor.isCold ? member(cursor.payload, path) : undefined;
    },
    meaning: (text, { kind }) => {
      const place = places[kind];
      return place ? inField(place.type, text) : (number(text) ?? text);
    },
    print: (value, { kind }) => {
      const place = places[kind];
      return place ? place.type.print(value as number) : `${value}`;
    },
    problem: (text) => {
      if (types.size === 0 || path.length > 1 || isColdValue(name, text)) return undefined;
      if ([...types].some((type) => inField(type, text) !== undefined)) return undefined;
      const [{ id, doc }] = types;
      const words = id.includes('|') ? id.split('|') : [];
      return `"${text}" is no value of ${name}, which is ${doc.slice(0, 60)}; ${insteadOf(text, words, 'give one of these')}`;
    },
  };
}

function inField(type: FieldType, text: string): number | undefined {
  const value = type.parse(text);
  return Number.isNaN(value) ? number(text) : value;
}

function member(payload: unknown, path: readonly string[]): number | string | undefined {
  let value = payload;
  for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'number' || typeof value === 'string' ? value : undefined;
}

/** What says whether a value is right. */
interface Schema {
  safeParse(value: unknown): { readonly success: boolean };
}

/** The members that payloads of cold events have, with their schemas. */
const COLD: readonly (readonly [name: string, schema: Schema])[] = EVENTS.flatMap((event) => {
  const shape = event.lane === 'cold' ? (event.schema as { shape?: Record<string, Schema> }).shape : undefined;
  return Object.entries(shape ?? {});
});
const isCold = (name: string): boolean => COLD.some(([member]) => member === name);
const isColdValue = (name: string, text: string): boolean =>
  COLD.some(([member, schema]) => member === name && schema.safeParse(number(text) ?? text).success);

const OWN: ReadonlySet<string> = new Set(
  EVENTS.flatMap((event) => (event.lane === 'hot' ? event.fields.map(({ name }) => name) : [])),
);

const POSITION = ['seq', 't', 'cpu', 'op'] as const;

/**
 * The field of this name. A sentence when there is none: what would be right. `data.cpu` is the field `cpu` of the event's
 * kind, where `cpu` alone says where it happened.
 */
export function fieldOf(name: string, names: TapeNames): AskedField | string {
  const position = POSITION.find((each) => each === name);
  if (position) return positionField(position);
  if (name === 'kind') return kindField;
  if (name === 'task') return taskField(names);
  if (name === 'step') return stepField(names);
  if (name === 'call') return callField(names);
  if (name === 'node') return nodeField(names);
  const own = name.startsWith('data.') ? name.slice('data.'.length) : name;
  if (OWN.has(own) || isCold(own.split('.')[0])) return ownField(own);
  const known = [...POSITION, 'kind', 'task', 'step', 'call', 'node', ...OWN, ...COLD.map(([member]) => member)];
  return `events have no field "${name}"; ${insteadOf(name, known, 'fields are kind, seq, t, cpu, task, op, step, call, node, and those in EVENTS.md')}`;
}
