/** The events of a tape that holds steps alone: the steps are put to the kernel functions again. */
import { NotSimulated, ScenarioFault } from '@pagetape/core';
import { Recorder } from '../run/record.ts';
import { startOf, stimuliOf } from '../run/stimuli.ts';
import { memoryOutput, readTape, TapeError, TapeWriter, type Tape } from '../tape/index.ts';

/** The tape itself when it has events; else one in memory that has them. Throws a TapeError when they come out otherwise now. */
export function withEvents(tape: Tape): Tape {
  if (tape.header.level === 'full') return tape;
  const start = startOf(tape);
  const output = memoryOutput();
  const writer = new TapeWriter(output, { ...tape.header, ...start, machine: { ...start.machine }, level: 'full' });
  const recorder = new Recorder(start, writer);
  try {
    for (const step of stimuliOf(tape)) recorder.perform(step);
  } catch (error) {
    if (!(error instanceof ScenarioFault || error instanceof NotSimulated)) throw error;
    if (tape.complete) throw new TapeError(`the steps of the tape cannot be run again: ${error.message}`);
  }
  recorder.end({ ...tape.end?.summary });
  if (tape.end && writer.chain !== tape.end.chain)
    throw new TapeError('the steps of the tape give other events now; "pagetape verify" says where');
  return readTape(output.bytes());
}
