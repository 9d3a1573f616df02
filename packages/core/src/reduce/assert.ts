/** A broken invariant is a bug of ours: it throws, always. */
export function invariant(holds: boolean, what: string, ...values: readonly (number | string)[]): asserts holds {
  if (!holds) throw new Error(`invariant broken: ${what} ${values.join(' ')}`.trimEnd());
}
