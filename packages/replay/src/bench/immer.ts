/**
 * The baseline: what a user would write at first, a reducer over plain objects that makes each next state with Immer. It is
 * the reference reducer, on the same events. It is much too slow for a whole run, so each round takes another stretch of it.
 */
import { openMachine, reduceReference, referenceOf, replayBlock, type Machine, type MachineSpec } from '@pagetape/core';
import { eventsOf, START, type Block, type Position, type RecordedEvent } from '@pagetape/events';
import { passBlock } from '../tape/index.ts';
import { now, type Contender, type Sample } from './measure.ts';

/** The stretches begin at blocks that are spread over all from number `first` on. Each is reduced for about `budget` ns. */
export function immerBaseline(
  spec: MachineSpec,
  blocks: readonly Block[],
  first: number,
  rounds: number,
  budget: number,
): Contender {
  const machine = openMachine(spec);
  const at: Position = { ...START };
  let next = 0;
  return (round) => {
    const target = first + Math.floor((round * (blocks.length - first)) / rounds);
    for (; next < target; next++) {
      replayBlock(machine, blocks[next]);
      passBlock(at, blocks[next]);
    }
    return reduceStretch(machine, [...eventsOf(blocks[target], { ...at })], budget);
  };
}

/** The first event is not timed: with it Immer freezes the whole state. */
function reduceStretch(machine: Machine, events: readonly RecordedEvent[], budget: number): Sample {
  let state = reduceReference(referenceOf(machine.view), events[0]);
  const start = now();
  let count = 0;
  let ns = 0;
  while (ns < budget && count + 1 < events.length) {
    state = reduceReference(state, events[++count]);
    ns = now() - start;
  }
  return { count, ns };
}
