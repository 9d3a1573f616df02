/** A run that is kept whole in memory, to check laws on: its blocks, its answers, and the hash of its state after each step. */
import { checkInvariants, hashState, NotSimulated, ScenarioFault, Simulation } from '@pagetape/core';
import type { MachineSpec, Result } from '@pagetape/core';
import { collectBlocks, printStimulus, type Block, type Stimulus } from '@pagetape/events';

/** All that a run depends on. */
export interface Program {
  readonly machine: MachineSpec;
  readonly profile: string;
  readonly seed: string;
  readonly steps: readonly Stimulus[];
}

/** The state after a step. */
export interface Mark {
  /** Steps before it. */
  readonly steps: number;
  /** Seq of the last event before it. */
  readonly seq: number;
  /** Hash of the state. */
  readonly state: string;
}

export interface Recording {
  /** Answers of the steps that were served. */
  readonly results: readonly Result[];
  readonly blocks: readonly Block[];
  /** One for the start and one for each step; the last one is the end of the run, however it ended. */
  readonly marks: readonly Mark[];
  /** Invariants that did not hold, each with the step after which. */
  readonly broken: readonly string[];
  /** A step that makes no sense or is not simulated; the run ended before it. */
  readonly refused?: Error;
  /** A bug: an error that nobody meant to throw. */
  readonly crash?: string;
}

/** A step as failures name it. */
export function nameOfStep({ steps }: Program, n: number): string {
  return n === 0 ? 'the start' : `step ${n} (${printStimulus(steps[n - 1])})`;
}

/** Runs a program, up to the first step that does not return or cannot be served. */
export function recordRun(program: Program, { invariants = true } = {}): Recording {
  const { blocks, sink } = collectBlocks();
  const run = new Simulation({ ...program, sink });
  const results: Result[] = [];
  const marks: Mark[] = [];
  const broken: string[] = [];
  const mark = (steps: number): void => void marks.push({ steps, seq: run.log.seq, state: hashState(run.view) });
  let ending: Pick<Recording, 'refused' | 'crash'> = {};
  mark(0);
  for (const step of program.steps) {
    const failure = serve(run, step, results);
    const number = marks.length;
    mark(number);
    if (failure) {
      ending = failure instanceof Error ? { refused: failure } : failure;
      break;
    }
    const { stop } = results[number - 1];
    if (invariants) {
      const found = checkInvariants(run.view, { midway: stop !== undefined });
      broken.push(...found.map((sentence) => `after ${nameOfStep(program, number)}: ${sentence}`));
    }
    if (stop) break;
  }
  run.finish();
  return { results, blocks, marks, broken, ...ending };
}

/** Serves a step. Returns the error of a step that cannot be served, or what the bug said. */
function serve(run: Simulation, step: Stimulus, results: Result[]): Error | { crash: string } | undefined {
  try {
    results.push(run.perform(step));
    return undefined;
  } catch (error) {
    if (error instanceof ScenarioFault || error instanceof NotSimulated) return error;
    return { crash: (error as Error).stack ?? String(error) };
  }
}
