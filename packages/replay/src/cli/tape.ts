/** Opening tapes for commands. */
import { readTape, type Tape } from '../tape/index.ts';
import { parsePosition, seqOf } from '../timeline/position.ts';
import { Timeline } from '../timeline/timeline.ts';
import type { Context } from './context.ts';
import { needFile, UsageError } from './errors.ts';

/** Opens a tape. What is missing of it is said on standard error. Errors name the file. */
export function openTape(file: string, context: Context): Tape {
  needFile(file);
  const tape = naming(file, () => readTape(file));
  if (tape.problem) context.err(`${file}: ${tape.problem}\n`);
  return tape;
}

/** A tape opened at a position that was written as `X.tape@SEQ`; at its start where none was. */
export function openTimeline(text: string, context: Context): { readonly file: string; readonly timeline: Timeline } {
  const position = parsePosition(text);
  const { file } = position;
  const tape = openTape(file, context);
  const timeline = naming(file, () => Timeline.open(tape, { cache: `${file}.cache` }));
  const seq = naming(file, () => seqOf(position, timeline.last, 0));
  naming(file, () => timeline.seek(seq));
  return { file, timeline };
}

/** Puts the name of the tape in front of what is wrong with it. */
export function naming<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error && error.name === 'TapeError' && !error.message.includes(file)) {
      error.message = `${file}: ${error.message}`;
    }
    throw error;
  }
}

/** Opens a tape that has events. */
export function openFull(file: string, context: Context): Tape {
  const tape = openTape(file, context);
  if (tape.header.level === 'full') return tape;
  throw new UsageError(`${file} holds steps alone, no events; record it without --inputs`);
}

interface RangeOptions {
  readonly from?: string;
  readonly to?: string;
  readonly range?: string;
}

/** The events that --from, --to or --range ask for, both ends included. */
export function rangeOf(options: RangeOptions): { from: number; to: number } {
  const { from, to } = readRange(options);
  if (from > to) throw new UsageError(`the events asked for begin at ${from} and end at ${to}; give the smaller first`);
  return { from, to };
}

function readRange({ from, to, range }: RangeOptions): { from: number; to: number } {
  if (range === undefined) {
    return {
      from: from === undefined ? 1 : wholeNumber('--from', from),
      to: to === undefined ? Infinity : wholeNumber('--to', to),
    };
  }
  if (from !== undefined || to !== undefined)
    throw new UsageError('--range stands for --from and --to; leave them out');
  const match = /^(\d*)\.\.(\d*)$/.exec(range);
  if (!match) throw new UsageError(`--range is "${range}"; it should be as 100..200, 100.. or ..200`);
  return { from: match[1] === '' ? 1 : Number(match[1]), to: match[2] === '' ? Infinity : Number(match[2]) };
}

export function wholeNumber(option: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`${option} is "${text}"; it should be a whole number`);
}
