/**
 * What checkpoints depend on besides the tape: the definitions of events, the reducers, and the layout of the state. The key is
 * a hash of their program text, as it is installed, so nobody has to remember to change a version. A test sees to it that no
 * other text has a part in reducing.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folders whose text counts, by package; an empty name: the whole package. */
export const REDUCING: Readonly<Record<string, readonly string[]>> = {
  '@pagetape/events': [''],
  '@pagetape/core': ['reduce', 'state'],
};

/** The folder of a package that its program runs from: its source, or what was built of it. */
export const folderOf = (name: string): string => dirname(fileURLToPath(import.meta.resolve(name)));

let known: string | undefined;

/** The hash of all of it: 64 hexadecimal digits. */
export function reducingKey(): string {
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  for (const [name, folders] of Object.entries(REDUCING)) {
    for (const file of folders.flatMap((folder) => programsIn(join(folderOf(name), folder)))) {
      hash
        .update(`${file.slice(folderOf(name).length)}\0`)
        .update(readFileSync(file))
        .update('\0');
    }
  }
  return (known = hash.update(immerVersion()).digest('hex'));
}

/** The programs in a folder and those below it, in a fixed order. */
export function programsIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile() && /(?<!\.test|\.d)\.[jt]s$/.test(entry.name));
  return files.map(({ parentPath, name }) => join(parentPath, name)).sort((a, b) => (a < b ? -1 : 1));
}

/** Immer makes the trees of the cold lane. */
function immerVersion(): string {
  const { resolve } = createRequire(import.meta.resolve('@pagetape/core'));
  return (JSON.parse(readFileSync(resolve('immer/package.json'), 'utf8')) as { version: string }).version;
}
