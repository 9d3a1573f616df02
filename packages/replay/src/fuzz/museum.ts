/**
 * The fuzzer in the museum: how long it takes, with nothing but a seed, to find each bug that these kernels had. The rules that judge
 * know no bug; they say what must hold of any kernel.
 */
import { exhibitId, EXHIBITS, type Exhibit } from '@pagetape/core';
import type { Program } from '../laws/recording.ts';
import type { Finding } from './finding.ts';
import { generate } from './generate.ts';
import { judgeRules } from './judges/run.ts';
import { minimise } from './minimise.ts';

/** The seeds of a master seed: so many, from its multiple on. */
export const SEEDS_OF_MASTER = 1_000_000;

export interface Hunt {
  readonly exhibit: Exhibit;
  readonly master: number;
  /** Programs until the bug was found, that one with them. */
  readonly programs: number;
  /** Of one thread's own time. */
  readonly seconds: number;
  /** Null: it was not found in the time that it had. */
  readonly found: { readonly seed: number; readonly finding: Finding } | null;
}

const cpuSeconds = (): number => process.cpuUsage().user / 1e6;

/** Judges programs of a master seed until the bug is found, or the time is over. */
export function hunt(exhibit: Exhibit, master: number, limitSeconds: number): Hunt {
  const start = cpuSeconds();
  const first = master * SEEDS_OF_MASTER;
  for (let programs = 1; ; programs++) {
    const seed = first + programs - 1;
    const [finding] = judgeRules(generate(seed, exhibitId(exhibit)));
    const seconds = cpuSeconds() - start;
    if (finding) return { exhibit, master, programs, seconds, found: { seed, finding } };
    if (seconds > limitSeconds) return { exhibit, master, programs, seconds, found: null };
  }
}

/** The smallest program that still breaks the same rule. */
export function shrunk({ exhibit, found }: Hunt): Program | null {
  if (!found) return null;
  const breaks = (program: Program): boolean =>
    judgeRules(program).some(({ signature }) => signature === found.finding.signature);
  return minimise(generate(found.seed, exhibitId(exhibit)), breaks);
}

/** All hunts of some master seeds, exhibit by exhibit. */
export function* huntAll(masters: readonly number[], limitSeconds: number): Iterable<readonly Hunt[]> {
  for (const exhibit of EXHIBITS) yield masters.map((master) => hunt(exhibit, master, limitSeconds));
}
