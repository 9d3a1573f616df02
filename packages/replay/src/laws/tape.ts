/** Law 3 for tapes: what is encoded and decoded again is the same. */
import { PRNG_NAME } from '@pagetape/core';
import { checkTape, memoryOutput, readTape, TapeWriter } from '../tape/index.ts';
import { compareEvents } from './compare.ts';
import type { Law } from './laws.ts';

/** A tape of the run, written and read, has its events, and its marks. */
export const tapeGivesTheSameEvents: Law = ({ machine, profile, seed }, { blocks, marks }) => {
  const output = memoryOutput();
  const start = { machine: { ...machine }, profile, seed, prng: PRNG_NAME, level: 'full', pagetape: 'laws' } as const;
  const writer = new TapeWriter(output, start);
  for (const block of blocks) writer.block(block);
  const { seq, state } = marks[marks.length - 1];
  writer.mark(seq, state);
  writer.end({});
  const tape = readTape(output.bytes());
  checkTape(tape);
  const failures = compareEvents(blocks, tape.blocks, ['the run', 'its tape']);
  const mark = tape.marks.at(-1);
  if (mark?.seq !== seq || mark.state !== state) failures.push(`the tape lost the mark at event ${seq}`);
  if (tape.problem) failures.push(`the tape that was just written is not whole: ${tape.problem}`);
  return failures;
};
