/** Opening a tape at a position, `X.tape@120`, for the commands that ask it something. */
import type { Questions } from '../questions/questions.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';

export interface Opened {
  readonly file: string;
  readonly questions: Questions;
  /** The position that was asked for; usual: the end of the tape. */
  readonly seq: number;
}

/** How positions are explained in the help of a command. */
export const POSITION_HELP = 'a tape, at its end; or at an event of it, as X.tape@120';

/** Opens the tape of a position, and finds the position on it. */
export async function openAt(text: string, context: Context): Promise<Opened> {
  const { parsePosition, seqOf } = await import('../timeline/position.ts');
  const { Timeline } = await import('../timeline/timeline.ts');
  const { Questions } = await import('../questions/questions.ts');
  const { naming, openTape } = await import('./tape.ts');
  const position = parsePosition(text);
  const { open } = context;
  const known = open?.file === position.file ? open.questions : undefined;
  const tape = known?.timeline.tape ?? openTape(position.file, context);
  return naming(position.file, () => {
    const questions = known ?? new Questions(Timeline.open(tape, { cache: `${position.file}.cache` }));
    const { last } = questions.timeline;
    return { file: position.file, questions, seq: seqOf(position, last, last) };
  });
}

/** Exactly one of several options must be given. */
export function oneOf(options: Readonly<Record<string, unknown>>, names: readonly string[]): string {
  const given = names.filter((name) => options[name] !== undefined);
  if (given.length === 1) return given[0];
  const list = names.map((name) => `--${name}`).join(', ');
  throw new UsageError(
    given.length === 0 ? `say what is asked about: ${list}` : `only one of ${list} can be asked about`,
  );
}
