/** How much is measured. */

export interface Sizes {
  /** Pages of the run that is recorded and replayed. */
  readonly pages: number;
  /** Pages that are isolated and put back. */
  readonly listPages: number;
  /** Pages that are only walked over. */
  readonly scanPages: number;
  /** Pages that are held from outside; and ten times as many. */
  readonly growthPages: number;
  /** Pages of the run that is asked questions: a million events. */
  readonly questionPages: number;
  readonly rounds: number;
  /** Rounds before them, until the engine has compiled what is hot. */
  readonly warmups: number;
  /** Nanoseconds of a round that the baseline gets. */
  readonly immerNs: number;
  /** Events of the tape that is moved about on, and seeks on it. */
  readonly timelineEvents: number;
  readonly timelineMoves: number;
  /** Faults that are injected. */
  readonly faults: number;
}

export const FULL: Sizes = {
  pages: 16_384,
  listPages: 100_000,
  scanPages: 1 << 20,
  growthPages: 4000,
  questionPages: 18_700,
  rounds: 9,
  warmups: 2,
  immerNs: 250_000_000,
  timelineEvents: 10_000_000,
  timelineMoves: 500,
  faults: 1000,
};

/** For tests: only that it works. */
export const QUICK: Sizes = {
  pages: 256,
  listPages: 300,
  scanPages: 600,
  growthPages: 40,
  questionPages: 300,
  rounds: 2,
  warmups: 0,
  immerNs: 5_000_000,
  timelineEvents: 20_000,
  timelineMoves: 20,
  faults: 10,
};
