/** Opening a tape at a position, `X.tape@120`, for the commands that ask it something. */
import type { Questions } from '../questions/questions.ts';
import type { Tape } from '../tape/index.ts';
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
  const { naming, openTape } = await import('./tape.ts');
  const position = parsePosition(text);
  const { file } = position;
  const questions = context.open?.file === file ? context.open.questions : await ask(file, openTape(file, context));
  const { last } = questions.timeline;
  return { file, questions, seq: naming(file, () => seqOf(position, last, last)) };
}

/** Makes a tape ready to be asked: it is read once, or what the cache beside it knows is taken. */
export async function ask(file: string, tape: Tape): Promise<Questions> {
  const { Timeline } = await import('../timeline/timeline.ts');
  const { Questions } = await import('../questions/questions.ts');
  const { naming } = await import('./tape.ts');
  return naming(file, () => new Questions(Timeline.open(tape, { cache: `${file}.cache` })));
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
