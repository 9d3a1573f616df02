/** What a recorded scenario says the state is after each step: the last value of every entry that it told. */
import { UnknownField, type Difference } from './compare.ts';
import type { Observation } from './observe.ts';

/** Entries with these values are at rest: a scenario tells only changes, so what it never told must be so. */
function isAtRest(part: string, key: string, value: string | number | undefined, initial: Observation): boolean {
  if (value === undefined || value === 0) return true;
  const started = initial[part];
  return typeof started === 'object' && started[key] === value;
}

export class Expectation {
  private readonly told: Record<string, Record<string, string | number | null> | string> = {};
  private readonly initial: Observation;
  private readonly prefix: string;

  /** `initial`: the state before the first step. `prefix`: what stands before the name of a part where a field is named. */
  constructor(initial: Observation, prefix = '') {
    this.initial = initial;
    this.prefix = prefix;
  }

  /** Takes over what a step told. */
  tell(state: Readonly<Record<string, unknown>>): void {
    for (const [part, entries] of Object.entries(state)) {
      if (typeof entries === 'string') this.told[part] = entries;
      else Object.assign((this.told[part] ??= {}), entries);
    }
  }

  /** The first entry of the state that is not as told. */
  compare(got: Observation): Difference | null {
    const unknown = Object.keys(this.told).find((part) => got[part] === undefined);
    if (unknown) throw new UnknownField(`${this.prefix}${unknown}`);
    for (const [part, entries] of Object.entries(got)) {
      const difference =
        typeof entries === 'string' ? this.compareText(part, entries) : this.comparePart(part, entries);
      if (difference) return difference;
    }
    return null;
  }

  private compareText(part: string, got: string): Difference | null {
    const expected = this.told[part] ?? '';
    return expected === got ? null : { field: `${this.prefix}${part}`, expected, got };
  }

  private comparePart(part: string, got: Readonly<Record<string, string | number>>): Difference | null {
    const told = (this.told[part] ?? {}) as Record<string, string | number | null>;
    for (const key of new Set([...Object.keys(told), ...Object.keys(got)])) {
      const value = got[key];
      const expected = told[key];
      const fits =
        key in told
          ? (expected ?? undefined) === value || (expected === 0 && value === undefined)
          : isAtRest(part, key, value, this.initial);
      if (fits) continue;
      const field = `${this.prefix}${part}.${key}`;
      return { field, expected: key in told ? expected : 'unchanged', got: value ?? null };
    }
    return null;
  }
}
