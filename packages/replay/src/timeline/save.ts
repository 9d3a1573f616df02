/**
 * A branch as a tape of its own. It holds a whole run: the steps of the trunk up to the branch are served again, then those of the
 * branch. So it can be asked, compared and verified like any other tape. Where the branch goes on by other rules, its header says
 * after which event, and whose.
 */
import { hashState, NotSimulated, PRNG_NAME, ScenarioFault } from '@pagetape/core';
import type { Stimulus } from '@pagetape/events';
import { Recorder, type RunStart } from '../run/record.ts';
import { PAGETAPE_VERSION } from '../run/version.ts';
import { TapeError, TapeWriter } from '../tape/index.ts';
import { stepsOf, type Branch, type Otherwise } from './fork.ts';
import type { Timeline } from './timeline.ts';

/** What is on the tape of a branch. */
export interface SavedBranch {
  /** Its last event, and the last one that it has in common with the trunk, if not more by chance. */
  readonly last: number;
  readonly common: number;
  /** Why the run went no further than it did; null: it went to its end. */
  readonly ended: string | null;
}

/** Records the branch. Throws a TapeError where the steps of the trunk do not give its events again. */
export function saveBranch(timeline: Timeline, branch: Branch, otherwise: Otherwise, file: string): SavedBranch {
  const { profile, steps = [], rest = true } = otherwise;
  const start = startOfBranch(timeline.start, branch, profile);
  const common = stepsOf(timeline)
    .slice(0, branch.before)
    .map(({ stimulus }) => stimulus);
  const { machine, ...others } = start;
  const header = {
    ...others,
    machine: { ...machine },
    level: 'full',
    prng: PRNG_NAME,
    pagetape: PAGETAPE_VERSION,
  } as const;
  const recorder = new Recorder(start, TapeWriter.create(file, header));
  for (const step of common) recorder.perform(step);
  if (recorder.seq !== branch.seq || hashState(recorder.view) !== hashState(branch.checkpoint.machine.view)) {
    recorder.abandon();
    throw new TapeError('the steps of the tape give other events now; "pagetape verify" says where');
  }
  const ended = performAll(recorder, rest ? [...steps, ...branch.rest] : steps);
  return { last: recorder.seq, common: branch.seq, ended };
}

/** The turns of the trunk up to the branch, and one there, when other rules are wanted. */
function startOfBranch(
  { machine, seed, profile, turns = [] }: RunStart,
  { seq, checkpoint }: Branch,
  other?: string,
): RunStart {
  const before = turns.filter((turn) => turn.seq <= seq);
  const all = other === undefined || other === checkpoint.profile ? before : [...before, { seq, profile: other }];
  return { machine, seed, profile, ...(all.length > 0 ? { turns: all } : {}) };
}

/** Serves steps up to one that these rules cannot serve, which leaves a tape without an end, or that does not return. */
function performAll(recorder: Recorder, steps: readonly Stimulus[]): string | null {
  for (const step of steps) {
    try {
      const { stop } = recorder.perform(step);
      if (!stop) continue;
      recorder.end({ outcome: stop });
      return 'a step never returns';
    } catch (error) {
      recorder.abandon();
      if (error instanceof NotSimulated || error instanceof ScenarioFault) return error.message;
      throw error;
    }
  }
  recorder.end({ outcome: 'done' });
  return null;
}
