/** Problems in a file of the user's: where they are, and how they are shown. */

export type Path = readonly (string | number)[];

/** A problem by its place in the data. `at` says whether the key or what it holds is wrong. */
export interface Finding {
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly message: string;
}

/** A problem by its place in the file. */
export interface Problem {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** As in `steps[3].addr`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** A problem with what is needed to show it. */
export interface ShownProblem extends Problem {
  /** The text of that line. */
  readonly source: string;
  /** How many characters of it are meant. */
  readonly length: number;
}

const SHOWN_MAX = 10;
const WIDTH_MAX = 110;

/** Says what is wrong with a scenario, and where. `problems` are in the order of the file; the first ten are shown. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  readonly file: string;
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly ShownProblem[]) {
    const shown = problems.slice(0, SHOWN_MAX).map((problem) => show(file, problem));
    const more = problems.length - SHOWN_MAX;
    if (more > 0) shown.push(`${file}: and ${more} more`);
    super(shown.join('\n'));
    this.file = file;
    this.problems = problems.map(({ line, column, path, message }) => ({ line, column, path, message }));
  }
}

/** `steps[3].addr[1]` */
export function printPath(path: Path): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

/** The text without what a terminal would obey; each such character becomes one that can be seen, so columns stay. */
function visible(text: string): string {
  return text.replace(/(?!\t)[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd'.repeat(character.length);
  });
}

function show(file: string, { line, column, message, source, length }: ShownProblem): string {
  const head = `${file}:${line}:${column}: ${visible(message)}`;
  if (source.trim() === '') return head;
  // A long line is cut so that the place is in sight.
  const from = column > WIDTH_MAX - 20 ? column - 21 : 0;
  const text = visible(source.slice(from, from + WIDTH_MAX));
  const gutter = `${line}`.padStart(4);
  const blank = text.slice(0, column - 1 - from).replace(/[^\t]/g, ' ');
  const carets = '^'.repeat(Math.max(1, Math.min(length, text.length - blank.length)));
  return `${head}\n${gutter} | ${text}\n${' '.repeat(gutter.length)} | ${blank}${carets}`;
}
