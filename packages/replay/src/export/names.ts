/**
 * Names of a scenario where they become names of real things. A scenario may come from anybody, and what is exported may be run
 * as root: so no name of it is ever a path, a word of a shell, or the end of a comment.
 */

/** Files get names of their own, of which only the end is the scenario's. */
export class FileNames {
  readonly #names = new Map<string, string>();

  of(file: string): string {
    let name = this.#names.get(file);
    if (name === undefined) {
      const letters = file.replace(/[^A-Za-z0-9_-]/g, '').slice(0, 32);
      name = `pagetape-${this.#names.size}${letters === '' ? '' : `-${letters}`}`;
      this.#names.set(file, name);
    }
    return name;
  }
}

const GROUP = /^(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*)?$/;
const GROUP_FILE = /^[a-z]+(?:\.[a-z_]+)*$/;

/** Where a control group is, if its path is one that stays below the root of the hierarchy. */
export function groupFolder(group: string, hierarchy: 'v1' | 'v2' | undefined): string | undefined {
  const path = group.replace(/^\//, '');
  if (!GROUP.test(path)) return undefined;
  const root = hierarchy === 'v2' ? '/sys/fs/cgroup' : '/sys/fs/cgroup/cpuset';
  return path === '' ? root : `${root}/${path}`;
}

/** A file of a control group. */
export function groupFile(group: string, file: string, hierarchy: 'v1' | 'v2' | undefined): string | undefined {
  const folder = groupFolder(group, hierarchy);
  return folder !== undefined && GROUP_FILE.test(file) ? `${folder}/${file}` : undefined;
}

/** Text that is safe in a line of a comment: one line, of letters that show. */
export const commentText = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')
    .replace(/\?(?=\?)/g, '? ')
    .replace(/\\+$/, '');
