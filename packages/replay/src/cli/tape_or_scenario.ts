/** Telling a tape from a scenario, for commands that take either. */
import { closeSync, openSync, readSync } from 'node:fs';
import { MAGIC } from '../tape/format.ts';

/** Whether a file begins as tapes do. */
export function isTape(file: string): boolean {
  const bytes = new Uint8Array(MAGIC.length);
  const open = openSync(file, 'r');
  try {
    return readSync(open, bytes) === MAGIC.length && bytes.every((byte, i) => byte === MAGIC[i]);
  } finally {
    closeSync(open);
  }
}
