/**
 * The laws that every run obeys, one function each. A law gets a run that was recorded, and says in sentences where it does
 * not hold: what, where, expected, found.
 */
import { diffReference, hashState, initialReference, printDifference, Simulation } from '@pagetape/core';
import { reduceReferenceAll, referenceOf } from '@pagetape/core';
import { collectBlocks, parseEvent, printEvent } from '@pagetape/events';
import { isDeepStrictEqual } from 'node:util';
import { allEvents, compareEvents } from './compare.ts';
import { Player } from './player.ts';
import { nameOfStep, recordRun, type Program, type Recording } from './recording.ts';

export type Law = (program: Program, recording: Recording) => string[];

/** Places of a run at which checkpoints are made; few, as each is played to the end. */
const CHECKPOINTS = 4;

const lastOf = ({ marks }: Recording) => marks[marks.length - 1];

/** Law 1: the reducers alone, given the events, come to the state that the run had, at each mark. */
export const replayGivesTheSameStates: Law = (program, { blocks, marks }) => {
  const player = Player.open(program.machine, blocks);
  for (const { steps, seq, state } of marks) {
    player.playTo(seq);
    const found = hashState(player.view);
    if (found === state) continue;
    return [`after ${nameOfStep(program, steps)}, event ${seq}: the run had state ${state}, its replay has ${found}`];
  }
  return [];
};

/** Law 2: the same steps with the same seed give the same events, byte for byte, and the same answers. */
export const rerunGivesTheSameEvents: Law = (program, recording) => {
  const again = recordRun(program, { invariants: false });
  const failures = compareEvents(recording.blocks, again.blocks, ['the first run', 'the second']);
  if (!isDeepStrictEqual(again.results, recording.results)) failures.push('the second run gave other answers');
  return failures;
};

/** Law 3: what is printed and parsed again is the same event. */
export const textGivesTheSameEvents: Law = (_program, { blocks }) => {
  for (const event of allEvents(blocks)) {
    const line = printEvent(event);
    const parsed = parseEvent(line);
    if (isDeepStrictEqual(parsed, event)) continue;
    return [`event ${event.seq} is read back from its line as another one: ${line} became ${printEvent(parsed)}`];
  }
  return [];
};

/** Law 4: a checkpoint at any event and the rest of the tape come to the end of the tape; the rest leaves it alone. */
export const checkpointAndRestGiveTheEnd: Law = (program, recording) => {
  const end = lastOf(recording);
  const player = Player.open(program.machine, recording.blocks);
  for (let n = 1; n <= CHECKPOINTS; n++) {
    player.playTo(Math.floor((end.seq * n) / (CHECKPOINTS + 1)));
    const before = hashState(player.view);
    const fork = player.fork();
    fork.playTo(end.seq);
    const found = hashState(fork.view);
    const where = `a checkpoint at event ${player.seq}`;
    if (found !== end.state) return [`${where} and the rest give state ${found}, the run ended in ${end.state}`];
    if (hashState(player.view) !== before) return [`${where} changed while its copy was played on`];
  }
  player.playTo(end.seq);
  const found = hashState(player.view);
  return found === end.state ? [] : [`a replay that was copied ends in ${found}, the run ended in ${end.state}`];
};

/** Law 4 for runs: one that goes on from a checkpoint between two steps gives the same rest. */
export const resumedRunGivesTheRest: Law = (program, recording) => {
  const { results, blocks, marks } = recording;
  if (recording.refused) return [];
  const half = marks[Math.floor(results.length / 2)];
  const first = new Simulation(program);
  for (const step of program.steps.slice(0, half.steps)) first.perform(step);
  const { blocks: rest, sink } = collectBlocks();
  const second = new Simulation({ from: first.checkpoint(), sink });
  for (const step of program.steps.slice(half.steps, results.length)) second.perform(step);
  second.finish();
  const failures = compareEvents(blocks, rest, ['the run', 'the resumed run'], half.seq + 1);
  const expected = lastOf(recording).state;
  const found = hashState(second.view);
  if (found !== expected) failures.push(`the resumed run ends in ${found}, the run ended in ${expected}`);
  return failures.map((sentence) => `from a checkpoint after ${nameOfStep(program, half.steps)}: ${sentence}`);
};

/** Law 5: every invariant holds after each step. They were looked at while the run was recorded. */
export const invariantsHold: Law = (_program, { broken }) => [...broken];

/** Law 7: the reference reducer comes to the same state, after each step. */
export const referenceAgrees: Law = (program, { blocks, marks }) => {
  const player = Player.open(program.machine, blocks);
  const events = allEvents(blocks);
  let reference = initialReference(program.machine);
  for (const { steps, seq } of marks) {
    const next = [];
    for (let n = player.seq; n < seq; n++) next.push(events.next().value!);
    reference = reduceReferenceAll(reference, next);
    player.playTo(seq);
    const differences = diffReference(referenceOf(player.view), reference, 3);
    if (differences.length === 0) continue;
    const text = differences.map((each) => printDifference(each, ['the fast state', 'the reference']));
    return [`after ${nameOfStep(program, steps)}, event ${seq}: ${text.join('; ')}`];
  }
  return [];
};
