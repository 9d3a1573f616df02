/** The text that `pagetape whatif` prints. */
import { ALL_PROFILES } from '@pagetape/core';
import type { StepFacts } from '../report/facts.ts';
import { indent, table } from '../report/table.ts';
import { stepText } from '../report/text.ts';
import { count } from '../report/words.ts';
import type { Comparison, Contrast } from './compare.ts';
import type { Twin } from './twin.ts';

/** Lines: the two runs, each step that differs with what differs in it, and what the runs come to. */
export function printWhatIf(a: Twin, b: Twin, comparison: Comparison, heading: (text: string) => string): string[] {
  const { before, steps, compared, timeAlone, totals } = comparison;
  const width = Math.max(8, ...steps.flatMap(({ contrasts }) => contrasts.map((each) => each.a.length)));
  const shown = steps.flatMap(({ step, contrasts }) => [
    nameOf(step, a.steps[step - 1 - before].facts),
    ...indent(rows(contrasts, Math.min(width, 40)), 4),
  ]);
  return [
    heading('What if'),
    ...indent(table([titleOf('recorded', a), titleOf('what if', b)], ['l', 'l', 'l']), 2),
    ...(before > 0 ? [`  the first ${count(before, 'step')} in common`] : []),
    '',
    ...(shown.length > 0 ? [heading('Steps that differ: recorded, then what if'), ...indent(shown, 2), ''] : []),
    heading('In all'),
    ...indent(rows(totals, 12), 2),
    ...(timeAlone > 0 ? [`  ${count(timeAlone, 'step differs', 'steps differ')} in nothing but time`] : []),
    ...(steps.length === 0 ? [`  the same answers and placement in all ${count(compared, 'step')}`] : []),
    ...ends(a, b, compared, before),
  ];
}

function titleOf(what: string, { start }: Twin): string[] {
  const { id, about } = ALL_PROFILES[start.profile];
  return [what, id, `seed ${start.seed}: ${about}`];
}

function rows(contrasts: readonly Contrast[], width: number): string[] {
  return table(
    contrasts.map(({ what, a, b }) => [what, a.padEnd(width), b]),
    ['l', 'l', 'l'],
    2,
    40,
  );
}

function ends(a: Twin, b: Twin, compared: number, before: number): string[] {
  const tell = (what: string, { ended, steps }: Twin): string[] =>
    ended === null || steps.length > compared
      ? []
      : [`  ${what}, the run ends at step ${before + compared + 1}: ${ended}`];
  return [...tell('recorded', a), ...tell('what if', b)];
}

const nameOf = (step: number, facts: StepFacts): string =>
  `${step}  ${facts.task === null ? '' : `${facts.task}: `}${shorten(stepText(facts))}`;

const shorten = (text: string): string => (text.length > 100 ? `${text.slice(0, 99)}…` : text);
