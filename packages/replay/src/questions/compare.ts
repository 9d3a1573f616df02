/** What differs between two positions, of one tape or of two: what became of pages, then the machines. */
import { stateDifferences, type DifferenceKind } from '../diff/state.ts';
import { printState } from '../diff/text.ts';
import { DONE } from '../learned/outcomes.ts';
import { indent } from '../report/table.ts';
import { moreText } from '../report/words.ts';
import type { Questions } from './questions.ts';

/** A position on an open tape. */
export interface Standing {
  readonly questions: Questions;
  readonly seq: number;
}

/** Pages of which more or fewer met one end up to B than up to A. */
export interface OutcomeDifference {
  readonly what: string;
  readonly more: number;
}

export interface PositionDifference {
  readonly outcomes: readonly OutcomeDifference[];
  readonly state: readonly DifferenceKind[];
}

/** Compares two positions. The timelines move. */
export function comparePositions(a: Standing, b: Standing): PositionDifference {
  const [before, after] = [a.questions.outcomesUpTo(a.seq), b.questions.outcomesUpTo(b.seq)];
  const outcomes = [...new Set([...before.keys(), ...after.keys()])]
    .map((what) => ({ what, more: (after.get(what) ?? 0) - (before.get(what) ?? 0) }))
    .filter(({ more }) => more !== 0)
    .sort((x, y) => rank(x) - rank(y) || Math.abs(y.more) - Math.abs(x.more));
  a.questions.timeline.seek(a.seq);
  const first = a.questions === b.questions ? a.questions.timeline.forkMachine().view : a.questions.timeline.state;
  b.questions.timeline.seek(b.seq);
  return { outcomes, state: stateDifferences(first, b.questions.timeline.state) };
}

/** What calls did comes in the order in which they do it, then the reasons why pages stayed. */
const rank = ({ what }: OutcomeDifference): number => (DONE.indexOf(what) + DONE.length + 1) % (DONE.length + 1);

/** Lines: in words first, then by page. */
export function printPositionDifference({ outcomes, state }: PositionDifference, a: string, b: string): string[] {
  return [
    `A is ${a}, B is ${b}`,
    ...(outcomes.length > 0
      ? [
          '',
          'in B',
          ...indent(
            outcomes.map(({ what, more }) => moreText(more, what)),
            2,
          ),
        ]
      : []),
    '',
    ...printState(state, 'there'),
  ];
}
