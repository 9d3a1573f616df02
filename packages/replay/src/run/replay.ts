/** Replaying a tape: its events through the reducers alone, without a kernel function. */
import { ROW_LENGTH, StimulusBegan, StimulusEnded, type Block, type Stimulus } from '@pagetape/events';
import { hashState, openMachine, ALL_PROFILES, type Machine } from '@pagetape/core';
import { Narrator, type RunFacts, type StepListener } from '../report/facts.ts';
import { TapeError, type Tape } from '../tape/index.ts';
import { startOf } from './stimuli.ts';

/** A mark that the replayed state does not agree with. */
export interface BadMark {
  readonly seq: number;
  readonly recorded: string;
  readonly replayed: string;
}

export interface Replay {
  readonly facts: RunFacts;
  /** Chain hash of the last block. */
  readonly chain: string;
  /** Hash of the last state. */
  readonly state: string;
  /** Marks that were compared. */
  readonly marks: number;
  /** The first mark that does not agree; the replay stops there. */
  readonly badMark: BadMark | null;
  /** The machine after the last event. */
  readonly machine: Machine;
}

interface StimulusPayload {
  readonly parent: number;
  readonly stimulus: Stimulus;
}

/**
 * Replays all events of a `full` tape, and compares the state with the tape's marks. Throws a TapeError for a damaged
 * one.
 */
export function replayTape(tape: Tape, onStep?: StepListener): Replay {
  if (tape.header.level !== 'full') {
    throw new TapeError(
      'the tape has stimuli and marks alone, so there are no events to replay; "pagetape verify" runs it again',
    );
  }
  const start = startOf(tape);
  const machine = openMachine(start.machine);
  const narrator = new Narrator(machine.view, ALL_PROFILES[start.profile], onStep);
  const { blocks } = tape;
  const marks = new Map(tape.marks.map(({ seq, state }) => [seq, state]));
  let [compared, badMark, chain]: [number, BadMark | null, string] = [0, null, ''];
  for (let i = 0; i < blocks.count && !badMark; i++) {
    replayTold(machine, blocks.blockAt(i), narrator);
    const { lastSeq, chain: chainHere } = blocks.entry(i);
    chain = chainHere;
    const recorded = marks.get(lastSeq);
    if (recorded === undefined) continue;
    compared++;
    const replayed = hashState(machine.view);
    if (replayed !== recorded) badMark = { seq: lastSeq, recorded, replayed };
  }
  return { facts: narrator.facts(), chain, state: hashState(machine.view), marks: compared, badMark, machine };
}

/** Reduces a block step by step, and lets the narrator look at the state between steps. */
function replayTold(machine: Machine, block: Block, narrator: Narrator): void {
  const { rows, payloads } = block;
  let from = 0;
  const upTo = (to: number): void => {
    machine.replay(block, from, to);
    narrator.read(block, from, to);
    from = to;
  };
  for (let i = 0; i < rows.length; i += ROW_LENGTH[rows[i]]) {
    if (rows[i] !== StimulusBegan.number && rows[i] !== StimulusEnded.number) continue;
    const { parent, stimulus } = payloads[rows[i + 1]] as StimulusPayload;
    if (parent !== 0) continue;
    if (rows[i] === StimulusBegan.number) {
      upTo(i);
      narrator.stepBegins(stimulus);
    } else {
      upTo(i + ROW_LENGTH[rows[i]]);
      narrator.stepEnded();
    }
  }
  upTo(rows.length);
}
