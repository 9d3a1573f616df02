/** Which program it is that runs seeds: two results of a seed can be compared when they come from the same one. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderOf, programsIn } from '../../timeline/key.ts';

/** The folders of this package that have a part in what a seed gives. */
const PARTS = ['fuzz', 'laws', 'ledger', 'run', 'tape'];

let known: string | undefined;

/** A hash of the text of everything that has a part in the result of a seed: 16 hexadecimal digits. */
export function engineKey(): string {
  if (known !== undefined) return known;
  const here = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const roots = [folderOf('@pagetape/events'), folderOf('@pagetape/core'), ...PARTS.map((part) => join(here, part))];
  const hash = createHash('sha256');
  for (const [n, root] of roots.entries()) {
    for (const file of programsIn(root)) {
      hash
        .update(`${n}${file.slice(root.length)}\0`)
        .update(readFileSync(file))
        .update('\0');
    }
  }
  return (known = hash.digest('hex').slice(0, 16));
}
