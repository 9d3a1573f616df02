/** Where two states differ: for laws that compare them, and for people who ask what changed. */

/** A place in a state, as `frames.7.count`, and what stands there in the one and in the other; undefined: nothing. */
export interface Difference {
  readonly path: string;
  readonly a: unknown;
  readonly b: unknown;
}

type Container = Readonly<Record<string, unknown>>;

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/**
 * The first differences of two states of the reference's shape, at most `limit`. Members are compared in the order in which
 * `a` has them, then those that only `b` has; the order of lists counts.
 */
export function diffReference(a: unknown, b: unknown, limit = 10): Difference[] {
  const found: Difference[] = [];
  const compare = (path: string, left: unknown, right: unknown): void => {
    if (found.length >= limit || left === right) return;
    if (isContainer(left) && isContainer(right) && Array.isArray(left) === Array.isArray(right)) {
      for (const key of keysOfBoth(left, right)) compare(path === '' ? key : `${path}.${key}`, left[key], right[key]);
    } else if (!Object.is(left, right)) found.push({ path, a: left, b: right });
  };
  compare('', a, b);
  return found;
}

/** A difference in a line; `names` say whose the two values are. */
export function printDifference({ path, a, b }: Difference, names: readonly [string, string] = ['a', 'b']): string {
  const text = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
  return `${path}: ${names[0]} has ${text(a)}, ${names[1]} has ${text(b)}`;
}

function keysOfBoth(a: Container, b: Container): string[] {
  return [...Object.keys(a), ...Object.keys(b).filter((key) => !(key in a))];
}
