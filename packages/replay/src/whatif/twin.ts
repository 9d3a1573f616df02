/**
 * One of the two runs that `pagetape whatif` compares: the steps of a tape under some rules, with what a user of the machine
 * would notice of each.
 */
import {
  layout,
  NotSimulated,
  ALL_PROFILES,
  ScenarioFault,
  type Checkpoint,
  type Result,
  type StateView,
} from '@pagetape/core';
import type { Stimulus } from '@pagetape/events';
import { Narrator, type RunFacts, type StepFacts } from '../report/facts.ts';
import { memoryOfAll, type MemoryOf } from '../report/places.ts';
import { Recorder, type RunStart } from '../run/record.ts';
import { ChainSink } from '../run/sink.ts';

/** What is known of a step after it. */
export interface TwinStep {
  readonly facts: StepFacts;
  readonly result: Result;
  /** Virtual time from its begin to its end. */
  readonly took_ns: number;
  /** Pages that the swap devices wrote and read. */
  readonly written: number;
  readonly read: number;
  /** The memory of all tasks, by the name of the first task of each address space. */
  readonly memory: Readonly<Record<string, MemoryOf>>;
}

export interface Twin {
  readonly start: RunStart;
  readonly steps: readonly TwinStep[];
  /** Why the run went no further than its steps; null: it went to the end. */
  readonly ended: string | null;
  readonly facts: RunFacts;
}

const swapIo = ({ vmstat }: StateView): [written: number, read: number] => [
  vmstat[layout.PSWPOUT],
  vmstat[layout.PSWPIN],
];

const byFirstTask = (s: StateView): Record<string, MemoryOf> =>
  Object.fromEntries(memoryOfAll(s).map((memory) => [memory.tasks[0], memory]));

/** The step that gives a task its policy. */
export type PolicyStep = (task: string) => Stimulus;

/**
 * Runs the steps, from the start or from a checkpoint. A step that these rules cannot serve ends the run; what came before it
 * counts. With `policy`, every task that is spawned gets that policy first, as part of its step.
 */
export function runTwin(start: RunStart, stimuli: readonly Stimulus[], policy?: PolicyStep, from?: Checkpoint): Twin {
  const origin = from ? { from, profile: start.profile, turns: start.turns ?? [] } : start;
  const recorder = new Recorder(origin, new ChainSink(), (...rows) => narrator.read(...rows));
  const narrator = new Narrator(recorder.view, ALL_PROFILES[start.profile]);
  const notes: (Omit<TwinStep, 'facts' | 'took_ns'> & { readonly at: number })[] = [];
  let served = 0;
  let ended: string | null = null;
  for (const stimulus of stimuli) {
    const [written, read] = swapIo(recorder.view);
    narrator.stepBegins(stimulus);
    const result = attempt(() => recorder.perform(stimulus));
    const at = served++;
    if (policy && stimulus.op === 'spawn' && typeof result !== 'string') {
      recorder.perform(policy(stimulus.t));
      served++;
    }
    narrator.stepEnded();
    if (typeof result === 'string') {
      ended = result;
      break;
    }
    const [writtenBy, readBy] = swapIo(recorder.view);
    notes.push({ at, result, written: writtenBy - written, read: readBy - read, memory: byFirstTask(recorder.view) });
    if (!result.stop) continue;
    ended = 'the step never returns';
    break;
  }
  recorder.end({});
  const facts = narrator.facts();
  const steps = notes.map(({ at, ...note }) => {
    return { ...note, facts: facts.steps[at], took_ns: timeOf(facts.steps[at]) };
  });
  return { start, steps, ended, facts };
}

/** The state that a run has after all these steps, which both twins can go on from. */
export function runTo(start: RunStart, stimuli: readonly Stimulus[]): Checkpoint {
  const recorder = new Recorder(start, new ChainSink());
  for (const stimulus of stimuli) recorder.perform(stimulus);
  return recorder.checkpoint();
}

const timeOf = ({ began, ended }: StepFacts): number => (ended ?? began) - began;

function attempt(action: () => Result): Result | string {
  try {
    return action();
  } catch (error) {
    if (error instanceof NotSimulated || error instanceof ScenarioFault) return error.message;
    throw error;
  }
}
