/** What one seed gives: a text that two machines must agree on. */
import { Hash64 } from '@pagetape/events';
import { generate } from '../generate.ts';
import { judgeLaws } from '../judge.ts';
import { judgeRelations } from '../relations.ts';
import { runnerFor } from '../runner.ts';

/** Seeds of one profile: what a worker takes at once. */
export interface Batch {
  readonly profile: string;
  /** Seeds from `from` to before `to`. */
  readonly from: number;
  readonly to: number;
  /** One in so many is judged by all laws and relations; 0: none. */
  readonly deep: number;
}

export interface SeedResult {
  /** What the result belongs to, besides the program that ran it. */
  readonly key: string;
  /** A hash of the answers of all steps, then the signatures of what was found. */
  readonly text: string;
  readonly failed: boolean;
}

/** A seed of a profile; a seed that was judged by all laws is another one. */
export const seedKey = (profile: string, seed: number, deep: boolean): string =>
  `${profile} ${seed}${deep ? ' deep' : ''}`;

export const isDeep = ({ deep }: Batch, seed: number): boolean => deep > 0 && seed % deep === 0;

/** Runs one seed of a batch. */
export function runSeed(batch: Batch, seed: number): SeedResult {
  const { profile } = batch;
  const deep = isDeep(batch, seed);
  const program = generate(seed, profile);
  const { results, findings } = runnerFor(program).judge(program);
  const hash = new Hash64();
  for (const result of results) hash.text(JSON.stringify(result));
  const all = findings.length > 0 || !deep ? findings : [...judgeRelations(program), ...judgeLaws(program)];
  return {
    key: seedKey(profile, seed, deep),
    text: [hash.digest(), ...all.map(({ signature }) => signature)].join('\n'),
    failed: all.length > 0,
  };
}

/** The signatures in the text of a result. */
export const signaturesOf = (text: string): string[] => text.split('\n').slice(1);
