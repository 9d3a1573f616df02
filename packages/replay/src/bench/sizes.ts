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
  /** Pages of each machine on which the kernel's operations are timed, and the rounds for each. */
  readonly operationPages: readonly number[];
  readonly operationRounds: readonly number[];
  /** Pages of the events that Immer, Redux Toolkit and a Map reduce, too. */
  readonly alternativePages: readonly number[];
  /** Frames to which events are emitted. */
  readonly emitFrames: readonly number[];
  /** Pages of the state that is copied and hashed. */
  readonly statePages: number;
  /** Small machines that are started in one go. */
  readonly starts: number;
  /** Pages of the smallest run of those that grow, and areas of the smallest address space. */
  readonly linearPages: number;
  readonly areas: number;
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
  operationPages: [1 << 12, 1 << 20],
  operationRounds: [25, 3],
  alternativePages: [10_000, 100_000],
  emitFrames: [1 << 12, 1 << 22],
  statePages: 1 << 20,
  starts: 200,
  linearPages: 2000,
  areas: 200,
  rounds: 9,
  warmups: 2,
  immerNs: 250_000_000,
  timelineEvents: 10_000_000,
  timelineMoves: 500,
  faults: 1000,
};

/** With the largest machine, for which there must be time and 8 GiB of memory. */
export const LARGE: Sizes = { ...FULL, operationPages: [...FULL.operationPages, 1 << 24], operationRounds: [25, 3, 1] };

/** For tests: only that it works. */
export const QUICK: Sizes = {
  pages: 256,
  listPages: 300,
  scanPages: 600,
  growthPages: 40,
  questionPages: 300,
  operationPages: [256],
  operationRounds: [1],
  alternativePages: [320],
  emitFrames: [256],
  statePages: 300,
  starts: 2,
  linearPages: 16,
  areas: 4,
  rounds: 2,
  warmups: 0,
  immerNs: 5_000_000,
  timelineEvents: 20_000,
  timelineMoves: 20,
  faults: 10,
};
