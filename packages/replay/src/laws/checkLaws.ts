/** The one checker of the laws that every run obeys: tests, the fuzzer and the shrinker all ask it. */
import { ALL_PROFILES, type Traits } from '@pagetape/core';
import type { RecordedEvent } from '@pagetape/events';
import { allEvents } from './compare.ts';
import {
  checkpointAndRestGiveTheEnd,
  invariantsHold,
  referenceAgrees,
  replayGivesTheSameStates,
  rerunGivesTheSameEvents,
  resumedRunGivesTheRest,
  textGivesTheSameEvents,
  type Law,
} from './laws.ts';
import { recordRun, type Program, type Recording } from './recording.ts';
import { tapeGivesTheSameEvents } from './tape.ts';

/** The laws by name, in the order in which they are checked: cheap ones first. */
const CHECKS = {
  invariants: invariantsHold,
  replay: replayGivesTheSameStates,
  rerun: rerunGivesTheSameEvents,
  resume: resumedRunGivesTheRest,
  reference: referenceAgrees,
  tape: tapeGivesTheSameEvents,
  text: textGivesTheSameEvents,
  checkpoint: checkpointAndRestGiveTheEnd,
} satisfies Record<string, Law>;

export type LawName = keyof typeof CHECKS | 'ledger';
export const LAW_NAMES = [...Object.keys(CHECKS), 'ledger'] as readonly LawName[];

/** Law 6: says where the refusals of calls do not account for what they returned, by the counting rule of the profile. */
export type LedgerLaw = (events: Iterable<RecordedEvent>, traits: Traits) => string[];

export interface LawOptions {
  /** Law 6 is checked only when somebody says how. */
  readonly ledger?: LedgerLaw;
  /** Laws to leave out, for speed. */
  readonly skip?: readonly LawName[];
}

/** What the checker found, and the run that it looked at. */
export interface LawReport extends Recording {
  /** What does not hold, each sentence beginning with the name of its law; `crash` for a bug that threw. */
  readonly failures: readonly string[];
  /** Events of the run. */
  readonly events: number;
}

/** Runs a program and checks all laws on it. A run that hangs, or meets a step that makes no sense, is legal up to there. */
export function checkLaws(program: Program, { ledger, skip = [] }: LawOptions = {}): LawReport {
  const recording = recordRun(program, { invariants: !skip.includes('invariants') });
  const events = recording.marks[recording.marks.length - 1].seq;
  if (recording.crash !== undefined) return { ...recording, events, failures: [`crash: ${recording.crash}`] };
  const laws: Partial<Record<LawName, Law>> = {
    ...CHECKS,
    ...(ledger && { ledger: ({ profile }, { blocks }) => ledger(allEvents(blocks), ALL_PROFILES[profile]) }),
  };
  const failures = LAW_NAMES.filter((name) => !skip.includes(name)).flatMap((name) => {
    return check(laws[name], program, recording).map((sentence) => `${name}: ${sentence}`);
  });
  return { ...recording, events, failures };
}

/** A law that throws does not hold. */
function check(law: Law | undefined, program: Program, recording: Recording): string[] {
  try {
    return law?.(program, recording) ?? [];
  } catch (error) {
    return [`it could not be checked: ${(error as Error).stack}`];
  }
}
