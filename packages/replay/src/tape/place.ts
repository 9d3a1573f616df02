/** Where a run stands at the border of two blocks, without making objects of its events. */
import { ActorSwitched, COST_NS, StimulusBegan, StimulusEnded } from '@pagetape/events';
import type { Block, Position } from '@pagetape/events';
import { rowLength } from './columns.ts';

const member = (payload: unknown, name: 'op' | 'parent'): number => (payload as Record<typeof name, number>)[name];

/**
 * Moves `at` over a whole block, to where `eventsOf` leaves it after the last event. Where the events of each kind are counted
 * already, they say how long all took, and the rows are looked at only if somebody else runs after them.
 */
export function passBlock(at: Position, block: Block, counts: Int32Array = countKinds(block)): void {
  const [BEGAN, ENDED, SWITCHED] = [StimulusBegan.number, StimulusEnded.number, ActorSwitched.number];
  for (let kind = 0; kind < 256; kind++) if (counts[kind] > 0) at.t += counts[kind] * COST_NS[kind];
  at.seq += block.events;
  if (counts[BEGAN] + counts[ENDED] + counts[SWITCHED] === 0) return;
  const { rows, payloads } = block;
  for (let i = 0; i < rows.length;) {
    const kind = rows[i];
    if (kind === BEGAN) at.op = member(payloads[rows[i + 1]], 'op');
    else if (kind === ENDED) at.op = member(payloads[rows[i + 1]], 'parent');
    else if (kind === SWITCHED) {
      at.task = rows[i + 1];
      at.cpu = rows[i + 2];
      at.op = rows[i + 3];
    }
    i += rowLength(kind);
  }
}

function countKinds({ rows }: Block): Int32Array {
  const counts = new Int32Array(256);
  for (let i = 0; i < rows.length; i += rowLength(rows[i])) counts[rows[i]]++;
  return counts;
}
