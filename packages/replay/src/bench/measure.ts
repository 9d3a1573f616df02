/**
 * Taking times. Machines are shared and noisy: contenders take turns, round by round, so that a slow moment hits all of them,
 * and the median of the rounds counts. What is timed is the processor's time of this process, with that of its helpers such as
 * the garbage collector; time that others have the processor does not count.
 */

/** How much was done, and how long it took in nanoseconds. */
export interface Sample {
  readonly count: number;
  readonly ns: number;
}

/** Does its work once and times the part that counts. */
export type Contender = (round: number) => Sample;

/** Nanoseconds of a clock that never goes back. */
export const now = (): number => Number(process.hrtime.bigint());

/** Times a function that says how much it did. The clock has microseconds, and no work takes none. */
export function timed(work: () => number): Sample {
  const start = process.cpuUsage();
  const count = work();
  const { user, system } = process.cpuUsage(start);
  return { count, ns: Math.max(user + system, 1) * 1000 };
}

const perSecond = ({ count, ns }: Sample): number => (count / ns) * 1e9;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Lets the contenders take turns, after `warmups` rounds that do not count. Gives the median of each: things a second. */
export function interleave<Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  rounds: number,
  warmups: number,
  onRound: () => void = () => {},
): Record<Name, number> {
  const names = Object.keys(contenders) as Name[];
  const rates = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = -warmups; round < rounds; round++) {
    for (const name of names) {
      const sample = contenders[name](Math.max(round, 0));
      if (round >= 0) rates.get(name)?.push(perSecond(sample));
    }
    onRound();
  }
  return Object.fromEntries(names.map((name) => [name, median(rates.get(name) as number[])])) as Record<Name, number>;
}
