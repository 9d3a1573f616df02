/** The machine of a tape after any of its events. */
import { type StateView } from '@pagetape/core';
import { Player } from '../laws/player.ts';
import { startOf } from '../run/stimuli.ts';
import type { Tape } from '../tape/index.ts';

/** Seq of the last event that can be replayed. That of a tape that was cut off is the last of its last whole block. */
export function lastEvent({ blocks }: Tape): number {
  return blocks.count === 0 ? 0 : blocks.entry(blocks.count - 1).lastSeq;
}

/** Replays a `full` tape up to event `seq`; 0: the machine before its first event. */
export function stateAt(tape: Tape, seq: number): StateView {
  const { blocks } = tape;
  const needed = seq === 0 ? 0 : blocks.find(seq) + 1;
  const player = Player.open(
    startOf(tape).machine,
    Array.from({ length: needed }, (_, i) => blocks.blockAt(i)),
  );
  player.playTo(seq);
  return player.view;
}
