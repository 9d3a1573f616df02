/**
 * One event kind is one value. From it come its TypeScript type, schema, columns on the tape, text line, emitter, the
 * place that a reducer must fill, and its entry in EVENTS.md.
 *
 * Hot events hold up to MAX_FIELDS integers and never exist as objects while a run is hot. Cold events hold an object
 * whose schema checks it where it enters from outside.
 */
import { z } from 'zod';
import type { Field } from './field.ts';

/** The longest row on a tape: the kind and its fields. Buffers keep this much room. */
export const MAX_FIELDS = 8;

interface Definition {
  /** PascalCase, past tense: what happened. */
  readonly name: string;
  /** Stable for ever; a retired number is never used again. */
  readonly number: number;
  readonly version: number;
  /** The kernel function it stands for, as `mm/vmscan.c:isolate_lru_page()`; `pagetape` for what Linux does not have. */
  readonly of: string;
  readonly doc: string;
}

/** A version that a hot kind had: its fields then, and how they become those of the version after it. */
export interface HotBefore {
  readonly version: number;
  readonly fields: readonly Field[];
  readonly upcast: (values: readonly number[]) => readonly number[];
}

/** A version that a cold kind had: its schema then, and how its payload becomes that of the version after it. */
export interface ColdBefore {
  readonly version: number;
  readonly schema: z.ZodType<unknown>;
  readonly upcast: (payload: Readonly<Record<string, unknown>>) => Record<string, unknown>;
}

export interface HotEvent<
  Name extends string = string,
  Fields extends readonly Field[] = readonly Field[],
> extends Definition {
  readonly lane: 'hot';
  readonly name: Name;
  readonly fields: Fields;
  /** Virtual time that the event takes. */
  readonly cost_ns: number;
  /** The versions before, the oldest first. */
  readonly before?: readonly HotBefore[];
}

export interface ColdEvent<Name extends string = string, Payload = unknown> extends Definition {
  readonly lane: 'cold';
  readonly name: Name;
  readonly cost_ns: number;
  readonly schema: z.ZodType<Payload>;
  readonly before?: readonly ColdBefore[];
}

export type AnyEvent = HotEvent | ColdEvent;

/** Arguments of the emitter and the reducer of a hot event: one number a field, in the order of the definition. */
export type Args<E> = E extends HotEvent<string, infer Fields> ? { [I in keyof Fields]: number } : never;
/** A value that nobody may change, at any depth. Events and states are such values. */
export type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** The object that a cold event carries. */
export type Payload<E> = E extends ColdEvent<string, infer P> ? DeepReadonly<P> : never;

/** Defines a hot event. `cost_ns` is the virtual time it takes: 0 when another event of the same action pays. */
export function defineEvent<const Name extends string, const Fields extends readonly Field[]>(
  definition: Omit<HotEvent<Name, Fields>, 'lane' | 'version' | 'cost_ns'> & {
    version?: number;
    cost_ns?: number;
  },
): HotEvent<Name, Fields> {
  if (definition.fields.length > MAX_FIELDS) throw new Error(`${definition.name} has more than ${MAX_FIELDS} fields`);
  const names = new Set(definition.fields.map((field) => field.name));
  if (names.size < definition.fields.length) throw new Error(`${definition.name} has two fields of one name`);
  return Object.freeze({ version: 1, cost_ns: 0, ...definition, lane: 'hot' });
}

/** Defines a cold event, whose payload is an object of the given schema. */
export function defineColdEvent<const Name extends string, Payload>(
  definition: Omit<ColdEvent<Name, Payload>, 'lane' | 'version' | 'cost_ns'> & { version?: number; cost_ns?: number },
): ColdEvent<Name, Payload> {
  return Object.freeze({ version: 1, cost_ns: 0, ...definition, lane: 'cold' });
}

const schemas = new Map<number, z.ZodType<unknown>>();

/** Validates an event as an object, as it comes from outside: a pasted line, a JSON file. Made at first use. */
export function schemaOf(event: AnyEvent): z.ZodType<unknown> {
  if (event.lane === 'cold') return event.schema;
  let schema = schemas.get(event.number);
  if (!schema) schemas.set(event.number, (schema = hotSchema(event)));
  return schema;
}

function hotSchema(event: HotEvent): z.ZodType<unknown> {
  const shape: Record<string, z.ZodType<number>> = {};
  for (const { name, type } of event.fields) shape[name] = z.number().int().min(type.min).max(type.max);
  return z.strictObject(shape);
}
