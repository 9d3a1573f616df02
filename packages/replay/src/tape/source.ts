/** Where the bytes of a tape come from: memory, or a file that is read in windows. */
import fs from 'node:fs';
import { TapeError } from './error.ts';

export interface ByteSource {
  /** Bytes of the tape; a file that grows meanwhile is read up to this. */
  readonly size: number;
  /** `length` bytes from `offset` on, which lie within `size`. Lent: not to be written to. */
  read(offset: number, length: number): Uint8Array;
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** Bytes read from a file at a time, so that a scan does not ask for each small record. */
const WINDOW_BYTES = 2 ** 18;

/** Opens the file for each window alone, so that nobody has to close it. */
export function fileSource(path: string): ByteSource {
  const size = attempt(path, () => fs.statSync(path).size);
  let window: Uint8Array = new Uint8Array(0);
  let start = 0;
  const read = (offset: number, length: number): Uint8Array => {
    if (offset < start || offset + length > start + window.length) {
      const bytes = Math.min(Math.max(length, WINDOW_BYTES), size - offset);
      window = attempt(path, () => readPart(path, offset, bytes));
      start = offset;
    }
    return window.subarray(offset - start, offset - start + length);
  };
  return { size, read };
}

function readPart(path: string, offset: number, length: number): Uint8Array {
  const part = Buffer.allocUnsafe(length);
  const file = fs.openSync(path, 'r');
  try {
    for (let done = 0; done < length;) {
      const bytes = fs.readSync(file, part, done, length - done, offset + done);
      if (bytes === 0)
        throw new Error(`it ends at byte ${offset + done}, and was ${offset + length} bytes long before`);
      done += bytes;
    }
  } finally {
    fs.closeSync(file);
  }
  return part;
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new TapeError(`cannot read the tape ${path}: ${(error as Error).message}`);
  }
}
