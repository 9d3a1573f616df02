/** Where a run stands at the border of two blocks, without making objects of its events. */
import { ActorSwitched, COST_NS, StimulusBegan, StimulusEnded } from '@pagetape/events';
import type { Block, Position } from '@pagetape/events';
import { rowLength } from './columns.ts';

const member = (payload: unknown, name: 'op' | 'parent'): number => (payload as Record<typeof name, number>)[name];

/** Moves `at` over a whole block, to where `eventsOf` leaves it after the last event. */
export function passBlock(at: Position, { events, rows, payloads }: Block): void {
  const [BEGAN, ENDED, SWITCHED] = [StimulusBegan.number, StimulusEnded.number, ActorSwitched.number];
  let { t } = at;
  for (let i = 0; i < rows.length;) {
    const kind = rows[i];
    t += COST_NS[kind];
    if (kind === BEGAN) at.op = member(payloads[rows[i + 1]], 'op');
    else if (kind === ENDED) at.op = member(payloads[rows[i + 1]], 'parent');
    else if (kind === SWITCHED) {
      at.task = rows[i + 1];
      at.cpu = rows[i + 2];
      at.op = rows[i + 3];
    }
    i += rowLength(kind);
  }
  at.t = t;
  at.seq += events;
}
