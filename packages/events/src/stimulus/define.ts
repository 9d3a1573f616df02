/**
 * A stimulus is what comes from outside: a task's system call or memory access, or a disturbance. One definition gives
 * its TypeScript type, its schema, its text line and its entry in the JSON Schema for editors.
 *
 * Schemas are made when first asked for: making all of them at once would be most of the time a command needs to start.
 */
import { z } from 'zod';

/** Runs `make` when the value is first needed, and keeps it: equal parts of a schema must be the same object. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

type Fields = z.core.$ZodLooseShape;

/** Of the keys in `keys`, exactly one must be given, or at most one. */
interface Choice<Key> {
  readonly keys: readonly Key[];
  readonly required: boolean;
}

export interface StimulusDefinition<Op extends string = string, Shape extends Fields = Fields> {
  /** The operation: the `op` of a step, and the first word of its line. */
  readonly name: Op;
  readonly doc: string;
  /** Who acts: the task `t`, or somebody outside; then `t`, where there is one, only says whose memory is meant. */
  readonly by: 'task' | 'outside';
  /** Keys in the order in which they are printed, after `op`. */
  readonly keys: readonly string[];
  readonly schema: z.ZodObject<{ op: z.ZodLiteral<Op> } & Shape, z.core.$strict>;
}

/** The object that a definition describes. */
export type StimulusOf<D> = D extends { readonly schema: infer Schema } ? z.infer<Schema> : never;

/**
 * Defines an operation. `fields` gives the schema of each key, in the order of the text line; it is called when the
 * schema is first needed. `choice` names keys that exclude each other.
 */
export function defineStimulus<const Op extends string, Shape extends Fields>(definition: {
  readonly name: Op;
  readonly doc: string;
  /** Usual: the task. */
  readonly by?: 'outside';
  readonly fields: () => Shape;
  readonly choice?: Choice<keyof Shape & string>;
}): StimulusDefinition<Op, Shape> {
  const { name, doc, by = 'task', fields, choice } = definition;
  const schema = once(() => {
    const object = z.strictObject({ op: z.literal(name), ...fields() }) as StimulusDefinition<Op, Shape>['schema'];
    const chosen = choice ? choose(object, choice) : object;
    return chosen.meta({ id: name, description: doc, ...(choice?.required ? oneOf(choice) : {}) });
  });
  return Object.freeze({
    name,
    doc,
    by,
    get keys() {
      return Object.keys(schema().shape).slice(1);
    },
    get schema() {
      return schema();
    },
  });
}

function choose<S extends z.ZodObject>(object: S, { keys, required }: Choice<string>): S {
  const list = keys.map((key) => `"${key}"`);
  const given = (value: unknown): number => keys.filter((key) => Object.hasOwn(value as object, key)).length;
  return object
    .refine((value) => given(value) <= 1, { error: `takes only one of ${list.join(' and ')}` })
    .refine((value) => !required || given(value) >= 1, { error: `needs ${list.join(' or ')}` });
}

/** What `choice` is in JSON Schema. */
function oneOf({ keys }: Choice<string>): { oneOf: { required: string[] }[] } {
  return { oneOf: keys.map((key) => ({ required: [key] })) };
}
