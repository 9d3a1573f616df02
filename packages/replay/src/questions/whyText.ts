/** The text of `pagetape why`. */
import type { RecordedEvent } from '@pagetape/events';
import { indent, table } from '../report/table.ts';
import { stepText } from '../report/text.ts';
import { count } from '../report/words.ts';
import type { Step } from '../learned/names.ts';
import { eventLine, type Cause, type NotMoved, type Why } from './why.ts';

/** Causes and events that are shown; of more, the first and the last. */
const SHOWN = 12;

export function printWhy({ page, is, causes, notMoved, seq }: Why): string[] {
  return [
    `${page} is ${is} (after event ${seq})`,
    '',
    ...(causes.length === 0 ? ['nothing has happened to it'] : ['because']),
    ...indent(printCauses(causes), 2),
    ...(notMoved ? ['', ...printNotMoved(notMoved)] : []),
  ];
}

function printCauses(causes: readonly Cause[]): string[] {
  const shown = middleLeftOut(causes);
  let op = -1;
  return shown.flatMap((cause) => {
    if (typeof cause === 'number') return [`… ${count(cause, 'event')} between`];
    const { event, step, says } = cause;
    const head = event.op === op || !step ? [] : [stepLine(step)];
    op = event.op;
    return [...head, ...indent(table([[`${event.seq}`, event.kind, says]], ['r', 'l', 'l']), 2)];
  });
}

function middleLeftOut<T>(items: readonly T[]): (T | number)[] {
  if (items.length <= SHOWN) return [...items];
  const half = SHOWN / 2;
  return [...items.slice(0, half), items.length - SHOWN, ...items.slice(-half)];
}

/** "step 13, db: migrate_pages pid="self" …" */
export function stepLine(step: Step): string {
  return `step ${step.number}${step.task === null ? '' : `, ${step.task}`}: ${stepText(step)}`;
}

/** Events as lines; of several of one kind for one reason, the first. */
function printEvents(events: readonly RecordedEvent[]): string[] {
  const alike = (a: RecordedEvent | undefined, b: RecordedEvent): boolean =>
    a?.kind === b.kind && a.data['reason'] === b.data['reason'];
  const lines: string[] = [];
  for (let from = 0; from < events.length;) {
    let end = from + 1;
    while (end < events.length && alike(events[from], events[end])) end++;
    const more = end - from - 1;
    lines.push(eventLine(events[from]) + (more > 0 ? `, and ${more} more up to event ${events[end - 1].seq}` : ''));
    from = end;
  }
  return lines;
}

function printNotMoved({ step, reason, rule, events, met, since, remedy }: NotMoved): string[] {
  const answer = step.result?.ret ?? null;
  const sinceLines = since.map(
    ({ event, step: by, says }) => `${says} by event ${event.seq}, ${by ? stepLine(by) : ''}`,
  );
  return [
    `it was not moved by ${stepLine(step)}${answer === null ? '' : ` → ${answer}`}`,
    ...indent(
      [
        ...printEvents(events),
        `the rule: ${reason}: ${rule}`,
        ...met.map((line, i) => `${i === 0 ? 'it met:   ' : '          '}${line}`),
        ...sinceLines.map((line) => `          ${line}`),
        `what would have let it move: ${remedy}`,
      ],
      2,
    ),
  ];
}
