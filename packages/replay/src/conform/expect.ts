/** What a recorded scenario says the state is after each step: the last value of every entry that it told. */
import type { Observation } from './observe.ts';

/** Entries with these values are at rest: a scenario tells only changes, so what it never told must be so. */
function isAtRest(part: string, key: string, value: string | number | undefined, initial: Observation): boolean {
  if (value === undefined || value === 0) return true;
  const started = initial[part];
  return typeof started === 'object' && started[key] === value;
}

/** One field that is not as expected. */
export interface Difference {
  readonly field: string;
  readonly expected: unknown;
  readonly got: unknown;
}

export class Expectation {
  private readonly told: Record<string, Record<string, string | number | null> | string> = {};
  private readonly initial: Observation;

  /** `initial`: the state before the first step. */
  constructor(initial: Observation) {
    this.initial = initial;
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
    if (unknown) throw new UnknownField(`state.${unknown}`);
    for (const [part, entries] of Object.entries(got)) {
      const difference =
        typeof entries === 'string' ? this.compareText(part, entries) : this.comparePart(part, entries);
      if (difference) return difference;
    }
    return null;
  }

  private compareText(part: string, got: string): Difference | null {
    const expected = this.told[part] ?? '';
    return expected === got ? null : { field: `state.${part}`, expected, got };
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
      if (!fits)
        return { field: `state.${part}.${key}`, expected: key in told ? expected : 'unchanged', got: value ?? null };
    }
    return null;
  }
}

/** A recorded result has a field that is not compared yet. */
export class UnknownField extends Error {
  readonly field: string;
  constructor(field: string) {
    super(`the field ${field} is not simulated yet`);
    this.field = field;
  }
}
