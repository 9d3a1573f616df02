/** Reading a tape from end to end, to know that all of it is good. */
import { START, type Position } from '@pagetape/events';
import { TapeError } from './error.ts';
import { CHAIN_START } from './format.ts';
import { passBlock } from './place.ts';
import type { Tape } from './reader.ts';

/**
 * Decodes everything, and compares the positions before blocks, the marks and the end with the events themselves.
 * Throws a TapeError at the first thing that is wrong or missing.
 */
export function checkTape(tape: Tape): void {
  if (tape.problem) throw new TapeError(tape.problem);
  if (tape.header.level === 'inputs') {
    for (const { seq } of tape.stimuli())
      if (seq > tape.lastSeq) throw new TapeError(`stimulus ${seq} lies behind the end`);
    return;
  }
  const at: Position = { ...START };
  const chains = new Map<number, string>([[0, CHAIN_START]]);
  const { blocks } = tape;
  for (let i = 0; i < blocks.count; i++) {
    samePosition(blocks.positionBefore(i), at, blocks.nameOf(i));
    passBlock(at, blocks.blockAt(i));
    chains.set(at.seq, blocks.entry(i).chain);
  }
  for (const { seq, chain } of tape.marks) {
    if (chains.get(seq) !== chain)
      throw new TapeError(`the mark after event ${seq} does not have the chain hash there`);
  }
  const { end } = tape;
  if (end && (end.seq !== at.seq || end.t !== at.t || end.chain !== chains.get(at.seq))) {
    throw new TapeError(
      `the tape says it ends with event ${end.seq} at ${end.t} ns; its events end with ${at.seq} at ${at.t} ns`,
    );
  }
}

function samePosition(stored: Position, real: Position, what: string): void {
  for (const name of ['seq', 't', 'cpu', 'task', 'op'] as const) {
    if (stored[name] === real[name]) continue;
    throw new TapeError(
      `${what} says it begins at ${name} ${stored[name]}; the events before it lead to ${real[name]}`,
    );
  }
}
