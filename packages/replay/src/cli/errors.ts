/** Errors as a user reads them: what, where, and what would be right, in a line or two. */
import { statSync } from 'node:fs';
import { BAD_INPUT, BUG, type Context } from './context.ts';

/** Wrong usage that commander cannot see: the message is a sentence with the way out. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Errors that are about what the user gave us. Their messages are sentences. By name: their modules are loaded lazily.
 */
const ABOUT_INPUT: ReadonlySet<string> = new Set([
  'UsageError',
  'ScenarioError',
  'ScenarioFault',
  'NotSimulated',
  'StepFault',
  'TapeError',
  'SnapshotError',
  'ExpressionError',
  'QuestionError',
  'TargetError',
  'CampaignError',
  'FarmError',
]);

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be opened by you',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
};

/**
 * Throws the error of the file system unless there is such a file to read. Errors while reading do not say which file.
 */
export function needFile(file: string): void {
  if (!statSync(file).isDirectory()) return;
  throw Object.assign(new Error(`${file} is a folder`), { code: 'EISDIR', path: file });
}

/** Tells the user about an error, and sets the exit status. */
export function report(context: Context, error: unknown): void {
  const { code, path, name, message, stack } = error as NodeJS.ErrnoException;
  const known = code === undefined ? undefined : FILE_ERRORS[code];
  if (known && path) {
    context.err(`error: cannot open ${path}: ${known}\n`);
    context.status = BAD_INPUT;
  } else if (ABOUT_INPUT.has(name)) {
    context.err(`error: ${message}\n`);
    context.status = BAD_INPUT;
  } else {
    context.err(`pagetape failed. This is a bug in it; please report it with these lines:\n${stack ?? message}\n`);
    context.status = BUG;
  }
}
