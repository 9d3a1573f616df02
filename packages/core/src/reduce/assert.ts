/** Part of what is said. */
type Value = number | string;

/**
 * A broken invariant is a bug of ours: it throws, always. Values are parameters of their own, not a list: each event is checked
 * so, and a list would be made each time.
 */
export function invariant(
  holds: boolean,
  what: string,
  a: Value = '',
  b: Value = '',
  c: Value = '',
  d: Value = '',
  e: Value = '',
): asserts holds {
  if (!holds) broken([what, a, b, c, d, e]);
}

function broken(words: readonly Value[]): never {
  throw new Error(`invariant broken: ${words.filter((word) => word !== '').join(' ')}`);
}
