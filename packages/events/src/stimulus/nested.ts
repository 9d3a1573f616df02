/** Steps that hold other steps: what happens at the same time. */
import { z } from 'zod';
import { defineStimulus, once } from './define.ts';
// Only its type: stimuli.ts imports this file, and says at its end what a step is.
import type { Stimulus } from './stimuli.ts';
import { count } from './values.ts';

/** A list of steps. An interface, because a type alias could not refer to itself on the way through the schemas. */
export interface Steps extends Array<Stimulus> {}

/** What others do right before a pass of a migration. */
export interface Intervention {
  pass: number;
  steps: Steps;
}

let anyStep: z.ZodType<Stimulus> | undefined;

/** Told once by the list of all operations, which is made after those that hold others. */
export function setStepSchema(schema: z.ZodType<Stimulus>): void {
  anyStep = schema;
}

const steps = once((): z.ZodType<Steps> => {
  if (!anyStep) throw new Error('stimuli.ts has not been loaded');
  return z.array(anyStep, 'a list of steps, each with an "op"').meta({ id: 'Steps' });
});

/** `during` of a call that migrates. */
export const during = once((): z.ZodType<Intervention[]> =>
  z
    .array(
      z.strictObject(
        { pass: count().describe('Passes are counted from 0.'), steps: steps() },
        'steps for a pass, such as {pass: 1, steps: [{op: exit, t: B}]}',
      ),
      'a list of {pass, steps}',
    )
    .meta({
      id: 'During',
      description: 'What others do right before that pass, at once and completely; never the caller itself.',
    }),
);

export const parallel = defineStimulus({
  name: 'parallel',
  doc:
    'Steps that run at the same time: those of one task in their order, those of different tasks interleaved ' +
    'as the seed decides. It is over when all are.',
  by: 'outside',
  fields: () => ({ steps: steps() }),
});
