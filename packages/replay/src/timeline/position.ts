/** Positions as people write them and commands take them: `X.tape@SEQ`. */
import { TapeError } from '../tape/index.ts';

/** A place on a tape: after the event `seq`. 0: before the first event. null: nothing was said. */
export interface TapePosition {
  readonly file: string;
  readonly seq: number | 'end' | null;
}

/** Takes `X.tape@120`, `X.tape@end` or `X.tape` apart. A name that ends otherwise is the name of a file. */
export function parsePosition(text: string): TapePosition {
  const [, file, at] = /^(.+)@(\d+|end)$/s.exec(text) ?? [];
  if (file === undefined || at === undefined) return { file: text, seq: null };
  return { file, seq: at === 'end' ? 'end' : Number(at) };
}

export const printPosition = (file: string, seq: number): string => `${file}@${seq}`;

/** The event that a position is after, on a tape whose last event is `last`. Throws a TapeError where there is none. */
export function seqOf({ file, seq }: TapePosition, last: number, usual: number): number {
  if (seq === null) return usual;
  if (seq === 'end') return last;
  if (seq <= last) return seq;
  throw new TapeError(`there is no position ${printPosition(file, seq)}: the last event of the tape is ${last}`);
}
