/** What a comparison is, for every kind of recording, and how the answers of a step are compared. */
import { canonicalJson, type Stimulus } from '@pagetape/events';
import type { OracleResult } from '../scenario/oracle.ts';

/** One field that is not as expected. */
export interface Difference {
  readonly field: string;
  readonly expected: unknown;
  readonly got: unknown;
}

/** A simulation beside what was recorded of it. */
export interface Comparison {
  /** Serves a step, and finds the first field that is not as recorded. */
  step(stimulus: Stimulus, recorded: OracleResult): Difference | null;
}

/** A recorded result has a field that is not compared yet. */
export class UnknownField extends Error {
  readonly field: string;
  constructor(field: string) {
    super(`the field ${field} is not simulated yet`);
    this.field = field;
  }
}

/** Compares what the one who asked got to see. A field of `recorded` that is not among `fields` is an UnknownField. */
export function compareAnswer(recorded: OracleResult, result: object, fields: readonly string[]): Difference | null {
  const unknown = Object.keys(recorded).find((field) => !fields.includes(field));
  if (unknown) throw new UnknownField(unknown);
  const got = result as Readonly<Record<string, unknown>>;
  const text = (value: unknown): string => (value === undefined ? '' : canonicalJson(value));
  const differs = fields.find((field) => text(recorded[field]) !== text(got[field]));
  return differs ? { field: differs, expected: recorded[differs] ?? null, got: got[differs] ?? null } : null;
}
