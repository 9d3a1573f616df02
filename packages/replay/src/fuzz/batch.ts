/** Some seeds of one profile: the unit of work that threads and machines take, and that a campaign records as done. */
import { Hash64 } from '@pagetape/events';
import { generate } from './generate.ts';
import { judge } from './judge.ts';
import type { Finding } from './finding.ts';

export interface Batch {
  readonly profile: string;
  /** Seeds from `from` to before `to`. */
  readonly from: number;
  readonly to: number;
  /** One program in so many is judged deeply; 0: none. */
  readonly deep: number;
}

export interface Failure {
  readonly seed: string;
  readonly profile: string;
  readonly finding: Finding;
}

export interface BatchResult {
  readonly programs: number;
  readonly deep: number;
  readonly failures: readonly Failure[];
  /** Of all that was found: two runs of one batch must agree. */
  readonly hash: string;
}

export function runBatch({ profile, from, to, deep }: Batch): BatchResult {
  const failures: Failure[] = [];
  const hash = new Hash64();
  let judged = 0;
  for (let seed = from; seed < to; seed++) {
    const deeply = deep > 0 && seed % deep === 0;
    if (deeply) judged++;
    for (const found of judge(generate(seed, profile), { deep: deeply })) {
      failures.push({ seed: `${seed}`, profile, finding: found });
      hash.text(`${seed} ${found.signature}\n`);
    }
  }
  return { programs: to - from, deep: judged, failures, hash: hash.digest() };
}
