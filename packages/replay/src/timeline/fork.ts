/**
 * Branches of a run. A step is a generator of the kernel and cannot be taken over in its middle, so a branch begins between two
 * steps: from a position inside a step, at the start of that step. From there other steps can be served, or the same ones by
 * other rules. A branch goes on exactly as the trunk would have: with its state, its numbers, and its chance.
 */
import { Chance, layout, PRNG_NAME, STREAMS, type Checkpoint } from '@pagetape/core';
import { ROW_LENGTH, stimulusSchema, type Stimulus } from '@pagetape/events';
import { kindNumber } from '../run/rows.ts';
import { profileAfter, type RunStart } from '../run/record.ts';
import { TapeError } from '../tape/index.ts';
import { compareTwins, type Comparison } from '../whatif/compare.ts';
import { runTwin, type Twin, type TwinStep } from '../whatif/twin.ts';
import type { Timeline } from './timeline.ts';

/** A step of the trunk that belongs to no other one. */
export interface TrunkStep {
  /** Counted from 1. */
  readonly number: number;
  /** Seq of its first event. */
  readonly began: number;
  readonly stimulus: Stimulus;
}

/** A place between two steps, with all that a run needs to go on from there. */
export interface Branch {
  /** The position: that which was asked for, or the start of the step which it lies in. */
  readonly seq: number;
  /** The step that the position lies in, and that the branch takes back; null: the position lies between two steps. */
  readonly inside: TrunkStep | null;
  /** Steps before it. */
  readonly before: number;
  readonly checkpoint: Checkpoint;
  /** The steps that the trunk serves from there on. */
  readonly rest: readonly Stimulus[];
}

/** What is to be other in a branch. */
export interface Otherwise {
  readonly profile?: string;
  /** Steps that are served first. */
  readonly steps?: readonly Stimulus[];
  /** Whether the steps of the trunk follow; they do unless told. */
  readonly rest?: boolean;
}

export interface Fork {
  readonly branch: Branch;
  readonly trunk: Twin;
  /** What came of the steps that the trunk does not have. */
  readonly inserted: readonly TwinStep[];
  /** The steps of the trunk as they go in the branch; none where they were not wanted. */
  readonly other: Twin;
  /** Step by step: of the steps that both serve. */
  readonly comparison: Comparison;
}

/** The steps of the trunk, in order. */
export function stepsOf({ learned }: Timeline): TrunkStep[] {
  const steps = learned.names.allSteps().filter(({ parent }) => parent === 0);
  return steps.map(({ began, stimulus }, i) => {
    const { data, error } = stimulusSchema.safeParse(stimulus);
    if (data) return { number: i + 1, began, stimulus: data };
    throw new TapeError(`the step at event ${began} is none that this version knows: ${error.issues[0].message}`);
  });
}

/**
 * The branch of a position. Before the first step there is none to go back to: it begins at the start of that one. The timeline
 * stays where it is.
 */
export function branchAt(timeline: Timeline, seq = timeline.seq): Branch {
  const steps = stepsOf(timeline);
  const back = timeline.seq;
  const served = steps.filter(({ began }) => began <= seq).length;
  const next = steps[served];
  const isBetween = next ? next.began - 1 === seq : seq === timeline.last;
  const before = isBetween ? served : Math.max(served - 1, 0);
  const at = steps[before] ? steps[before].began - 1 : timeline.last;
  timeline.seek(at);
  const checkpoint = {
    profile: profileAfter(timeline.start, at),
    seq: at,
    machine: timeline.forkMachine(),
    chance: chanceHere(timeline),
  };
  timeline.seek(back);
  const inside = isBetween || served === 0 ? null : steps[before];
  return { seq: at, inside, before, checkpoint, rest: steps.slice(before).map(({ stimulus }) => stimulus) };
}

/** Runs the branch of a position otherwise, and the trunk from the same place, and compares them. */
export function forkAt(timeline: Timeline, otherwise: Otherwise, seq = timeline.seq): Fork {
  const branch = branchAt(timeline, seq);
  const { checkpoint, rest, before } = branch;
  const { profile = checkpoint.profile, steps = [], rest: goesOn = true } = otherwise;
  const { machine, seed, turns = [] } = timeline.start;
  const start: RunStart = { machine, seed, profile };
  const trunkStart: RunStart = {
    ...start,
    profile: checkpoint.profile,
    turns: turns.filter(({ seq: at }) => at > branch.seq),
  };
  const trunk = runTwin(trunkStart, goesOn ? rest : [], undefined, checkpoint);
  const own = runTwin(start, goesOn ? [...steps, ...rest] : steps, undefined, checkpoint);
  const inserted = own.steps.slice(0, steps.length);
  const other = { ...own, steps: own.steps.slice(steps.length) };
  return { branch, trunk, inserted, other, comparison: compareTwins(trunk, other, before) };
}

/** Chance as it was at the position: drawn again from the seed, as often as the tape says, with the values that it has. */
function chanceHere(timeline: Timeline): Checkpoint['chance'] {
  const { header } = timeline.tape;
  if (header.prng !== PRNG_NAME)
    throw new TapeError(
      `the tape drew its chance from ${header.prng}; this version has ${PRNG_NAME}, so it cannot go on`,
    );
  const chance = new Chance(timeline.start.seed);
  for (const block of blocksWithDraws(timeline)) drawAgain(timeline, chance, block);
  return chance.save();
}

/** The blocks up to the position in which something was drawn: between checkpoints with equal numbers of draws there is none. */
function blocksWithDraws(timeline: Timeline): number[] {
  const { seq, state, tape } = timeline;
  const end = seq === 0 ? 0 : tape.blocks.find(seq) + 1;
  const drawn = (scalars: ArrayLike<number>): number =>
    STREAMS.reduce((sum, _, stream) => sum + (scalars[layout.DRAWS + stream] ?? 0), 0);
  const marks = timeline
    .checkpointsUpTo(seq)
    .map(({ block, image }) => ({ block, draws: drawn(image.arrays.scalars.pieces[0] ?? []) }));
  return marks.flatMap(({ block, draws }, i) => {
    const next = marks[i + 1] ?? { block: end, draws: drawn(state.scalars) };
    return next.draws === draws ? [] : Array.from({ length: next.block - block }, (_, n) => block + n);
  });
}

const DRAWN = kindNumber('ChanceDrawn');

function drawAgain(timeline: Timeline, chance: Chance, block: number): void {
  const { rows, firstSeq } = timeline.blockAt(block);
  for (let i = 0, seq = firstSeq; i < rows.length && seq <= timeline.seq; i += ROW_LENGTH[rows[i]], seq++) {
    if (rows[i] !== DRAWN) continue;
    if (chance.below(STREAMS[rows[i + 1]], rows[i + 2]) !== rows[i + 3])
      throw new TapeError(`the seed of the tape does not give the draw of event ${seq}`);
  }
}
