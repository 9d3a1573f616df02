/** Where the generator takes its choices from: a seed in campaigns, a list of numbers in property tests. */
import { Chance } from '@pagetape/core';

export interface Draw {
  /** A whole number from 0 to below `bound`. */
  below(bound: number): number;
}

/** Choices of a seed. The stream is that of the simulator's own generator, whose name stands on every campaign. */
export function drawsOf(seed: string): Draw {
  const chance = new Chance(seed);
  return { below: (bound) => chance.below('fuzz', bound) };
}

/** Choices that are given; when they are used up, each is the first. Leaving some out makes a simpler program. */
export function drawsFrom(numbers: readonly number[]): Draw {
  let at = 0;
  return { below: (bound) => (at < numbers.length ? numbers[at++] % bound : 0) };
}

export function pick<T>(draw: Draw, list: readonly T[]): T {
  return list[draw.below(list.length)];
}

/** True once in so many times. */
export const once = (draw: Draw, times: number): boolean => draw.below(times) === times - 1;
