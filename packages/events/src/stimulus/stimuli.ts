/**
 * All operations of this version. A new one is added by defining it in a file of this folder: what those files export
 * is found here.
 */
import { z } from 'zod';
import { once, type StimulusDefinition, type StimulusOf } from './define.ts';
import * as disturbance from './disturbance.ts';
import * as file from './file.ts';
import * as memory from './memory.ts';
import { parallel, setStepSchema } from './nested.ts';
import * as policy from './policy.ts';
import * as question from './question.ts';
import * as system from './system.ts';
import * as task from './task.ts';

const modules = [task, memory, file, policy, disturbance, { parallel }, system, question];

type Modules = typeof task &
  typeof memory &
  typeof file &
  typeof policy &
  typeof disturbance &
  typeof system &
  typeof question & { readonly parallel: typeof parallel };

type Definitions = { [K in keyof Modules as Modules[K] extends StimulusDefinition ? K : never]: Modules[K] };

/** What comes from outside: one step of a scenario. `op` says which. */
export type Stimulus = { [K in keyof Definitions]: StimulusOf<Definitions[K]> }[keyof Definitions];
/** The name of an operation. */
export type Op = Stimulus['op'];
/** The step with that `op`. */
export type StimulusByOp<O extends Op> = Extract<Stimulus, { op: O }>;

function collect(): StimulusDefinition[] {
  const found: StimulusDefinition[] = [];
  for (const module of modules) {
    for (const [name, value] of Object.entries<unknown>(module)) {
      if (typeof value !== 'object' || value === null || !('schema' in value)) continue;
      const definition = value as StimulusDefinition;
      if (definition.name !== name) throw new Error(`operation ${definition.name} is exported as ${name}`);
      found.push(definition);
    }
  }
  return found;
}

/** Every operation. */
export const STIMULI: readonly StimulusDefinition[] = Object.freeze(collect());

const byName = new Map(STIMULI.map((definition) => [definition.name, definition]));

export function stimulusByName(op: string): StimulusDefinition | undefined {
  return byName.get(op);
}

const union = once(() => {
  const options = STIMULI.map((definition) => definition.schema) as unknown as [z.ZodObject<{ op: z.ZodLiteral<Op> }>];
  const error = 'a step, such as {op: touch, t: A, addr: [r, 0], pages: 1}';
  return z.discriminatedUnion('op', options, { error }) as unknown as z.ZodType<Stimulus>;
});

/** Checks a step as it comes from outside. Unknown operations and unknown keys are errors. */
export const stimulusSchema: z.ZodType<Stimulus> = z
  .lazy(union)
  .meta({ id: 'Step', description: 'What one task does, or somebody outside.' });

setStepSchema(stimulusSchema);
