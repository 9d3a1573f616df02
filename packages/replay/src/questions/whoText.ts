/** The text of `pagetape who`. */
import { printEvent } from '@pagetape/events';
import type { Who } from './who.ts';
import { stepLine } from './whyText.ts';

export function printWho({ seq, what, before, after, event, step }: Who): string[] {
  if (!event) return [`${what} is ${after} at event ${seq}, and has been since the start of the tape`];
  return [
    `${what} is ${after} at event ${seq}; before, it was ${before}`,
    `  ${printEvent(event)}`,
    ...(step ? [`  ${stepLine(step)}`] : []),
  ];
}
