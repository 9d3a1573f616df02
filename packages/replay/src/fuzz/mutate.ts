/**
 * Changes to programs that reached something new. A mutant has a seed of its own: that of its parent, "~", and a number. So the
 * seed alone makes it again, whatever the corpus was when it was tried.
 */
import { ALL_PROFILES } from '@pagetape/core';
import type { Stimulus } from '@pagetape/events';
import type { Program } from '../laws/recording.ts';
import { drawsOf, pick, type Draw } from './draw.ts';
import { generate, moreSteps } from './generate.ts';
import { World } from './world.ts';

/** The program of any seed: a number, or one with the numbers of mutations behind it, such as `17~4`. */
export function programOfSeed(seed: string, profile: string): Program {
  const cut = seed.lastIndexOf('~');
  if (cut < 0) return generate(Number(seed), profile);
  return mutant(programOfSeed(seed.slice(0, cut), profile), seed);
}

/** Whether a text is a seed. */
export const isSeed = (text: string): boolean => /^\d{1,15}(~\d{1,15})*$/.test(text);

type Mutation = (program: Program, draw: Draw) => readonly Stimulus[];

/** The program goes on. */
const goOn: Mutation = (program, draw) => [...program.steps, ...moreSteps(worldOf(program, draw), 1 + draw.below(6))];

/** The program is left off somewhere, and goes on in another way. */
const turnOff: Mutation = (program, draw) => {
  const steps = program.steps.slice(0, 3 + draw.below(Math.max(program.steps.length - 3, 1)));
  return [...steps, ...moreSteps(worldOf({ ...program, steps }, draw), 1 + draw.below(8))];
};

const dropOne: Mutation = ({ steps }, draw) => {
  const at = 2 + draw.below(Math.max(steps.length - 2, 1));
  return steps.filter((_, i) => i !== at);
};

const repeatOne: Mutation = ({ steps }, draw) => {
  const from = draw.below(steps.length);
  if (MAKES_NAMES.has(steps[from].op)) return steps;
  const to = from + 1 + draw.below(steps.length - from);
  return [...steps.slice(0, to), steps[from], ...steps.slice(to)];
};

/** What these make can be made but once. */
const MAKES_NAMES: ReadonlySet<string> = new Set(['spawn', 'fork', 'thread', 'file', 'exit', 'parallel']);

/** Only chance is another: who runs when. */
const reseed: Mutation = ({ steps }) => steps;

const MUTATIONS: readonly Mutation[] = [goOn, goOn, turnOff, turnOff, dropOne, repeatOne, reseed];

function mutant(parent: Program, seed: string): Program {
  const draw = drawsOf(seed);
  return { ...parent, seed, steps: pick(draw, MUTATIONS)(parent, draw) };
}

/** What is there after the steps of a program. */
function worldOf({ machine, profile, steps }: Program, draw: Draw): World {
  const world = new World(draw, machine, ALL_PROFILES[profile]?.policies === 'nodemasks');
  for (const step of steps) world.note(step);
  return world;
}
