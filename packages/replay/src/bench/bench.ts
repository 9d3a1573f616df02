/** All that `pagetape bench` measures, in one process. */
import type { Row } from './row.ts';
import { measureAlternatives } from './alternatives.ts';
import { measureGrowth, measureLinear } from './growth.ts';
import { Limit } from './limit.ts';
import { measureOperations } from './operations.ts';
import { measureEmitting, measureState, measureTape } from './pipeline.ts';
import { measureQuestions } from './questions.ts';
import { measureScan } from './scan.ts';
import { measureSizes } from './size.ts';
import { FULL, LARGE, QUICK, type Sizes } from './sizes.ts';
import { measureSpeed } from './speed.ts';
import { measureStart } from './start.ts';
import { measureTimeline } from './timeline.ts';

export interface BenchOptions {
  /** A few hundred pages, to see that it works: its times say nothing. */
  readonly quick?: boolean;
  /** Machines of 16 million pages as well. */
  readonly large?: boolean;
  /** Only rows whose ids begin so. */
  readonly only?: string;
  /** Called after each step of the work: how much of it is done. */
  readonly onProgress?: (steps: number) => void;
}

type Measure = (sizes: Sizes, limit: () => Limit | null, onRound: () => void) => Row[] | Promise<Row[]>;

/** What is measured, with how the ids of its rows begin. The timeline comes first, while the memory of the process is its own. */
const MEASURES: readonly (readonly [prefixes: readonly string[], measure: Measure])[] = [
  [['timeline'], (sizes, _, onRound) => measureTimeline(sizes, onRound)],
  [['record', 'replay'], (sizes, limit, onRound) => measureSpeed(sizes, limit(), onRound)],
  [['emit'], (sizes, _, onRound) => measureEmitting(sizes, onRound)],
  [['scan'], (sizes, _, onRound) => measureScan(sizes, onRound)],
  [['op'], (sizes, limit, onRound) => measureOperations(sizes, limit(), onRound)],
  [['growth'], (sizes, _, onRound) => measureGrowth(sizes, onRound)],
  [['linear'], (sizes, _, onRound) => measureLinear(sizes, onRound)],
  [['against'], (sizes, _, onRound) => measureAlternatives(sizes, onRound)],
  [['state', 'memory'], (sizes, _, onRound) => measureState(sizes, onRound)],
  [['tape.encode', 'tape.write', 'tape.read'], (sizes, _, onRound) => measureTape(sizes, onRound)],
  [['tape.bytes'], (sizes) => measureSizes(sizes)],
  [['question'], (sizes) => measureQuestions(sizes)],
  [['start'], (sizes, _, onRound) => measureStart(sizes, onRound)],
];

/** Measures everything, or what is asked for: some minutes, or one if quick. */
export async function measureAll({
  quick = false,
  large = false,
  only = '',
  onProgress = () => {},
}: BenchOptions = {}): Promise<Row[]> {
  const sizes = quick ? QUICK : large ? LARGE : FULL;
  let built: Limit | null | undefined;
  const limit = (): Limit | null => (built === undefined ? (built = Limit.build()) : built);
  let steps = 0;
  const rows: Row[] = [];
  try {
    for (const [prefixes, measure] of MEASURES) {
      if (!prefixes.some((prefix) => prefix.startsWith(only) || only.startsWith(prefix))) continue;
      rows.push(...(await measure(sizes, limit, () => onProgress(++steps))));
    }
  } finally {
    built?.close();
  }
  return rows.filter(({ id }) => id.startsWith(only));
}
