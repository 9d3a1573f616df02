/** Opening tapes for commands. */
import { readTape, type Tape } from '../tape/index.ts';
import type { Context } from './context.ts';
import { needFile } from './errors.ts';

/** Opens a tape. What is missing of it is said on standard error. Errors name the file. */
export function openTape(file: string, context: Context): Tape {
  needFile(file);
  const tape = naming(file, () => readTape(file));
  if (tape.problem) context.err(`${file}: ${tape.problem}\n`);
  return tape;
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
