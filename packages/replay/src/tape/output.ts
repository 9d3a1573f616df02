/**
 * Where the bytes of a tape go. Each record is one write, so that a crash leaves whole records and at most one part.
 */
import fs from 'node:fs';
import { TapeError } from './error.ts';

export interface TapeOutput {
  write(bytes: Uint8Array): void;
  close(): void;
}

/**
 * Creates the file, or empties it. Writing is synchronous: what `write` was given has left the process when it
 * returns.
 */
export function fileOutput(path: string): TapeOutput {
  const attempt = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw new TapeError(`cannot write the tape ${path}: ${(error as Error).message}`);
    }
  };
  const file = attempt(() => fs.openSync(path, 'w'));
  const write = (bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length;) done += fs.writeSync(file, bytes, done);
  };
  return { write: (bytes) => attempt(() => write(bytes)), close: () => attempt(() => fs.closeSync(file)) };
}

/** Keeps the tape in memory. */
export function memoryOutput(): TapeOutput & { readonly bytes: () => Uint8Array } {
  const parts: Uint8Array[] = [];
  return { write: (bytes) => void parts.push(Buffer.from(bytes)), close: () => {}, bytes: () => Buffer.concat(parts) };
}
