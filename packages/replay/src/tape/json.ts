/** JSON objects on a tape: canonical, so that equal values have equal bytes, and frozen when read. */
import { canonicalJson } from '@pagetape/events';
import { TapeError } from './error.ts';

/** The object that a canonical JSON text stands for. Throws a TapeError for any other text. */
export function parseObject(text: string, what: string): Record<string, unknown> {
  const value = parse(text, what);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TapeError(`${what}: a JSON object should stand here, not ${text.slice(0, 40)}`);
  }
  return value as Record<string, unknown>;
}

/** A text can be JSON and still too deep for the stack: that is no fault of the program either. */
function parse(text: string, what: string): unknown {
  let value: unknown;
  let canonical: string;
  try {
    value = deepFreeze(JSON.parse(text));
    canonical = canonicalJson(value);
  } catch (error) {
    throw new TapeError(`${what}: its JSON cannot be read (${(error as Error).message})`);
  }
  if (canonical !== text) throw new TapeError(`${what}: its JSON is not in canonical form`);
  return value;
}

export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
