/** The text that `pagetape diff` prints. */
import { printData, printStimulus, type RecordedEvent, type Stimulus } from '@pagetape/events';
import { indent, table } from '../report/table.ts';
import { count } from '../report/words.ts';
import type { FirstDifference } from './events.ts';
import type { DifferenceKind } from './state.ts';

/** Lines of detail for each kind of difference. */
const SHOWN_DETAILS = 8;

/** What is not the same in the headers of two tapes, by name. */
export interface HeaderDifference {
  readonly name: string;
  readonly a: string;
  readonly b: string;
}

/** "profile: A …, B …", a line each. */
export function printHeaders(headers: readonly HeaderDifference[]): string[] {
  return table(
    headers.map(({ name, a, b }) => [name, `A ${a}`, `B ${b}`]),
    ['l', 'l', 'l'],
  );
}

/** The first event that differs, with a few before it, the page that it is about, and the fields that are not the same. */
export function printFirst({ seq, a, b, before, step, fields }: FirstDifference, page: string | null): string[] {
  const line = (side: string, event: RecordedEvent | null): string[] => {
    if (!event) return [side, `${seq}`, '', '', 'nothing: the tape has ended'];
    return [side, `${event.seq}`, `t${event.t}`, `task${event.task}`, printData(event)];
  };
  const rows = [...before.map((event) => line('', event)), line('A', a), line('B', b)];
  const where = step ? `, in step ${step.number}: ${shorten(stepText(step.stimulus as Stimulus))}` : '';
  return [
    `the first ${count(seq - 1, 'event')} are the same; event ${seq} differs${where}`,
    ...indent(table(rows, ['l', 'r', 'l', 'l', 'l']), 2).map((text) =>
      text.length > 160 ? `${text.slice(0, 159)}…` : text,
    ),
    ...(page === null ? [] : [`  page: ${page}`]),
    ...fields.map((field) => `  ${field.name}: A ${shorten(field.a)}, B ${shorten(field.b)}`),
  ];
}

function stepText(stimulus: Stimulus): string {
  if (stimulus.op !== 'parallel') return printStimulus(stimulus);
  return `parallel: ${count(stimulus.steps.length, 'step')} at the same time`;
}

/** The kinds of difference with their numbers, then details of each. */
export function printState(kinds: readonly DifferenceKind[], when = 'at the end'): string[] {
  if (kinds.length === 0) return [`${when} both machines are in the same state`];
  const counts = kinds.map(({ kind, count: n }) => [n === 0 ? '' : `${n}`, kind]);
  return [
    when === 'at the end' ? 'at the end of the tapes' : when,
    ...indent(table(counts, ['r', 'l']), 2),
    ...kinds.flatMap((kind) => (kind.details.length > 0 ? ['', ...printKind(kind)] : [])),
  ];
}

function printKind({ kind, details }: DifferenceKind): string[] {
  const shown = details.slice(0, SHOWN_DETAILS).map(({ what, a, b }) => [what, shorten(a), shorten(b)]);
  const more = details.length - shown.length;
  return [
    ...table([[kind, 'A', 'B'], ...shown.map(([what, ...sides]) => [`  ${what}`, ...sides])], ['l', 'l', 'l']),
    ...(more > 0 ? [`  and ${more} more; --json has all`] : []),
  ];
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
