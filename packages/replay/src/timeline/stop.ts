/** What a timeline runs to, in both directions: an event of some sort, or a change of something in the state. */
import type { StateView } from '@pagetape/core';
import type { Block } from '@pagetape/events';
import type { RowCursor } from '../run/rows.ts';
import type { Timeline } from './timeline.ts';

/** Stops at events that it knows by themselves: blocks are searched without reducing them. */
export interface EventStop {
  readonly on: 'events';
  matches(row: RowCursor): boolean;
}

/** Stops where something in the state is not as it was. It remembers how that was. */
export interface StateStop {
  readonly on: 'state';
  /** The search begins in this state. */
  begin(s: StateView): void;
  /** Whether to stop after this event; its row begins at `offset`. */
  after(s: StateView, block: Block, offset: number): boolean;
}

export type Stop = EventStop | StateStop;

/** The first event after the position of the timeline, up to `to`, where it stops. The timeline may move. */
export function nextHit(timeline: Timeline, stop: Stop, to: number): number | null {
  if (stop.on === 'state') {
    stop.begin(timeline.state);
    return timeline.playEach(to, (...event) => stop.after(...event)) ? timeline.seq : null;
  }
  if (timeline.seq >= to) return null;
  const cursor = timeline.cursorAt(timeline.seq + 1);
  for (let more = cursor !== null; more && cursor && cursor.at.seq <= to; more = cursor.next())
    if (stop.matches(cursor)) return cursor.at.seq;
  return null;
}

/**
 * The last event before that of the position, from `from` on, where it stops. Stretches between images are searched from the
 * last one on; of the stretch that has one, the last counts.
 */
export function lastHit(timeline: Timeline, stop: Stop, from: number): number | null {
  return stop.on === 'state' ? lastStateHit(timeline, stop, from) : lastEventHit(timeline, stop, from);
}

function lastStateHit(timeline: Timeline, stop: StateStop, from: number): number | null {
  for (let end = timeline.seq - 1; end >= from;) {
    timeline.rewind(end);
    const begin = timeline.seq;
    stop.begin(timeline.state);
    let hit: number | null = null;
    timeline.playEach(end, (...event) => {
      if (stop.after(...event)) hit = timeline.seq;
      return false;
    });
    if (hit !== null) return hit >= from ? hit : null;
    end = begin;
  }
  return null;
}

function lastEventHit(timeline: Timeline, stop: EventStop, from: number): number | null {
  const { blocks } = timeline.tape;
  const end = timeline.seq - 1;
  for (let n = blocks.find(end); n >= 0 && blocks.entry(n).lastSeq >= from; n--) {
    const cursor = timeline.cursorAt(blocks.entry(n).firstSeq);
    let hit: number | null = null;
    const last = Math.min(end, blocks.entry(n).lastSeq);
    for (let more = cursor !== null; more && cursor && cursor.at.seq <= last; more = cursor.next())
      if (stop.matches(cursor)) hit = cursor.at.seq;
    if (hit !== null) return hit >= from ? hit : null;
  }
  return null;
}
