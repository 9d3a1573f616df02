/** Running a scenario, onto a tape if one is wanted. */
import {
  DEFAULT_PROFILE,
  NotSimulated,
  PRNG_NAME,
  ALL_PROFILES,
  PROFILES,
  ScenarioFault,
  type Result,
  type StateView,
} from '@pagetape/core';
import { printStimulus } from '@pagetape/events';
import type { Scenario } from '../scenario/load.ts';
import { TapeWriter, type TapeStart } from '../tape/index.ts';
import { Narrator, type RunFacts, type StepListener } from '../report/facts.ts';
import { Recorder, type RunStart } from './record.ts';
import { ChainSink, type RunSink } from './sink.ts';
import { PAGETAPE_VERSION } from './version.ts';

export interface RunOptions {
  /** Whose rules hold; else the scenario says, else DEFAULT_PROFILE. */
  readonly profile?: string | undefined;
  /** Else the scenario says, else "0". */
  readonly seed?: string | undefined;
  /** The file of the tape; none: the run is not recorded. */
  readonly tape?: string | undefined;
  /** `full` unless told: with events; `inputs`: stimuli and marks alone. */
  readonly level?: TapeStart['level'] | undefined;
  readonly onStep?: StepListener | undefined;
}

/** A run that is over. */
export interface Run {
  readonly start: RunStart;
  /** Answers of the steps; fewer than steps when one did not return. */
  readonly results: readonly Result[];
  /** Why the last of these did not return; undefined when all did. */
  readonly stop: Result['stop'];
  /** Steps that the run did not come to. */
  readonly unreached: number;
  readonly facts: RunFacts;
  readonly chain: string;
  /** Hash of the last state. */
  readonly state: string;
  /** The machine after the last step. */
  readonly view: StateView;
}

/** A step that makes no sense, or that is not simulated yet: `step` counts from 0. */
export class StepFault extends Error {
  override readonly name = 'StepFault';
  readonly step: number;

  constructor(step: number, text: string, cause: Error) {
    super(`step ${step + 1} (${text}): ${cause.message}`, { cause });
    this.step = step;
  }
}

/** What a run of this scenario starts from. Throws a ScenarioFault for a profile that there is not. */
export function startOfRun(scenario: Scenario, { profile, seed }: RunOptions = {}): RunStart {
  const chosen = profile ?? scenario.profile ?? DEFAULT_PROFILE;
  if (!Object.hasOwn(ALL_PROFILES, chosen)) {
    const known = Object.keys(PROFILES).join(', ');
    throw new ScenarioFault(`there is no profile "${chosen}" that can be run; there are ${known}`);
  }
  return { machine: scenario.machine, profile: chosen, seed: seed ?? scenario.seed ?? '0' };
}

/** Runs all steps. Throws StepFault, after which a tape holds all that came before, without an end. */
export function runScenario(scenario: Scenario, options: RunOptions = {}): Run {
  const start = startOfRun(scenario, options);
  const sink = openSink(start, options);
  const recorder = new Recorder(start, sink, (...rows) => narrator.read(...rows));
  const narrator = new Narrator(recorder.view, ALL_PROFILES[start.profile], options.onStep);
  const results: Result[] = [];
  for (const [i, step] of scenario.steps.entries()) {
    narrator.stepBegins(step);
    const result = attempt(() => recorder.perform(step), i, printStimulus(step), recorder);
    narrator.stepEnded();
    results.push(result);
    if (result.stop) break;
  }
  const stop = results.at(-1)?.stop;
  const state = recorder.end({ outcome: stop ?? 'done', steps: results.length });
  const unreached = scenario.steps.length - results.length;
  return { start, results, stop, unreached, facts: narrator.facts(), chain: sink.chain, state, view: recorder.view };
}

function openSink({ machine, profile, seed }: RunStart, { tape, level = 'full' }: RunOptions): RunSink {
  if (tape === undefined) return new ChainSink();
  return TapeWriter.create(tape, {
    profile,
    seed,
    level,
    prng: PRNG_NAME,
    pagetape: PAGETAPE_VERSION,
    machine: { ...machine },
  });
}

function attempt<T>(action: () => T, step: number, text: string, recorder: Recorder): T {
  try {
    return action();
  } catch (error) {
    recorder.abandon();
    if (error instanceof ScenarioFault || error instanceof NotSimulated)
      throw new StepFault(step, shorten(text), error);
    throw error;
  }
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
