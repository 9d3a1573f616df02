/**
 * What a rule is: something that must hold of a step, told without any kernel function's help from the arguments, the answer, the
 * events and the machine before and after.
 *
 * Kernels of history break some rules, and are known for it: each rule says by their traits who is excused. A kernel of the
 * museum has the excuses of its twin, so its bug is no excuse.
 */
import { ALL_PROFILES, exhibitId, EXHIBITS, twinId, type Result, type StateView, type Traits } from '@pagetape/core';
import type { RecordedEvent, Stimulus } from '@pagetape/events';
import type { WantedKind } from './events.ts';

/** Looks at what became of a step, and says in sentences what is wrong. */
export type Verdict = (result: Result, events: readonly RecordedEvent[]) => string[];

/** A rule for the run that is being looked at: it looks before each step, and gives back what looks after it. */
export type Look = (stimulus: Stimulus) => Verdict | null;

export interface Rule {
  readonly name: string;
  /** Whether the kernel is known to break the rule. */
  readonly excused: (traits: Traits) => boolean;
  readonly open: (view: StateView, traits: Traits) => Look;
}

/** A rule about the steps of one operation, with nothing else under way. */
export function about<Op extends Stimulus['op']>(
  ops: readonly Op[],
  look: (view: StateView, step: Extract<Stimulus, { op: Op }>, traits: Traits) => Verdict | null,
): Rule['open'] {
  return (view, traits) => (stimulus) => {
    const mine = (ops as readonly string[]).includes(stimulus.op);
    const alone = !('during' in stimulus) || !stimulus.during;
    return mine && alone ? look(view, stimulus as Extract<Stimulus, { op: Op }>, traits) : null;
  };
}

/** The traits by which a kernel is excused. */
export function excusesOf(profile: string): Traits {
  const exhibit = EXHIBITS.find((each) => exhibitId(each) === profile);
  return ALL_PROFILES[exhibit ? twinId(exhibit) : profile];
}

/** The number of a field of an event. */
export const field = ({ data }: RecordedEvent, name: string): number => data[name] as number;

/** The events of some kinds. */
export const ofKind = (events: readonly RecordedEvent[], ...kinds: WantedKind[]): RecordedEvent[] =>
  events.filter(({ kind }) => (kinds as string[]).includes(kind));
