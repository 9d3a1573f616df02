/** All that `pagetape bench` measures, in one process. */
import type { Row } from './row.ts';
import { measureGrowth } from './growth.ts';
import { measureQuestions } from './questions.ts';
import { measureScan } from './scan.ts';
import { measureSizes } from './size.ts';
import { FULL, QUICK } from './sizes.ts';
import { measureSpeed } from './speed.ts';
import { measureTimeline } from './timeline.ts';

export interface BenchOptions {
  /** A few hundred pages, to see that it works: its times say nothing. */
  readonly quick?: boolean;
  /** Called after each step of the work: the part that is done, from 0 to 1. */
  readonly onProgress?: (part: number) => void;
}

/** Measures everything. The timeline comes first, while the memory of the process is its own. Takes about a minute, or less than one if quick. */
export function measureAll({ quick = false, onProgress = () => {} }: BenchOptions = {}): Row[] {
  const sizes = quick ? QUICK : FULL;
  const steps = 5 * (sizes.rounds + sizes.warmups) + 6;
  let done = 0;
  const step = (): void => onProgress(++done / steps);
  const timeline = measureTimeline(sizes, step);
  const speed = measureSpeed(sizes, step);
  const scan = measureScan(sizes, step);
  const growth = measureGrowth(sizes, step);
  const size = measureSizes(sizes);
  const questions = measureQuestions(sizes);
  step();
  return [...speed, ...scan, ...growth, ...size, ...questions, ...timeline];
}
