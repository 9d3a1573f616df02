/**
 * A run while it is recorded: steps go in, blocks and marks come out. Whoever runs the same steps with the same seed
 * gets the same blocks, cut at the same places, and the same marks: the rule for a mark counts events and words, no
 * time.
 */
import type { Block, Stimulus } from '@pagetape/events';
import {
  hashState,
  HOT_ARRAYS,
  layout,
  Simulation,
  type Checkpoint,
  type MachineSpec,
  type ResumeOptions,
  type Result,
  type StateView,
} from '@pagetape/core';
import type { RunSink } from './sink.ts';

/** What a run starts from. */
export interface RunStart {
  readonly machine: MachineSpec;
  readonly profile: string;
  readonly seed: string;
  /** Where the run goes on by other rules: between two steps, in the order of the run. */
  readonly turns?: readonly Turn[];
}

/** After the event `seq` the rules of this profile hold. */
export interface Turn {
  readonly seq: number;
  readonly profile: string;
}

/** Whose rules hold for the event that comes after this one. */
export const profileAfter = ({ profile, turns = [] }: Pick<RunStart, 'profile' | 'turns'>, seq: number): string =>
  turns.filter((turn) => turn.seq <= seq).at(-1)?.profile ?? profile;

/** Sees each event once, soon after it: rows `from` up to before `to` of a block. */
export type RowListener = (block: Block, from: number, to: number) => void;

/** A mark may cost as much as the events since the last one: hashing a word costs about 1/64 of an event. */
const WORDS_PER_EVENT = 64;

/** The integers that `hashState` reads. */
function hashedWords({ scalars, ...s }: StateView): number {
  const frames = scalars[layout.FRAMES_USED] * layout.FRAME;
  const tables = scalars[layout.TABLES_USED] * layout.TABLE;
  const others = HOT_ARRAYS.filter((name) => name !== 'scalars' && name !== 'frames' && name !== 'tables');
  return others.reduce((sum, name) => sum + s[name as Exclude<typeof name, 'scalars'>].length, frames + tables);
}

export class Recorder {
  private readonly simulation: Simulation;
  private readonly sink: RunSink;
  private readonly listener: RowListener | undefined;
  /** Turns that are still to come. */
  private readonly turns: Turn[];
  private markedSeq = 0;
  private markedState = '';
  /** Integers of the block in hand that the listener has seen. */
  private heard = 0;

  /** A run from its start, or from a checkpoint between two steps. */
  constructor(start: RunStart | (ResumeOptions & Pick<RunStart, 'turns'>), sink: RunSink, listener?: RowListener) {
    this.sink = sink;
    this.listener = listener;
    this.turns = [...(start.turns ?? [])];
    this.simulation = new Simulation({ ...start, sink: (block) => this.take(block) });
  }

  get view(): StateView {
    return this.simulation.view;
  }

  /** Seq of the last event. */
  get seq(): number {
    return this.simulation.log.seq;
  }

  /** Serves a step to its end. After a step that did not return there must be no other. */
  perform(stimulus: Stimulus): Result {
    while (this.turns.length > 0 && this.turns[0].seq <= this.seq) this.simulation.turnTo(this.turns.shift()!.profile);
    const result = this.simulation.perform(stimulus);
    this.hear();
    if ((this.seq - this.markedSeq) * WORDS_PER_EVENT >= hashedWords(this.view)) this.mark();
    return result;
  }

  /** All that a run needs to go on from here. */
  checkpoint(): Checkpoint {
    return this.simulation.checkpoint();
  }

  /** Ends the run with a mark. Returns the hash of its last state. */
  end(summary: Readonly<Record<string, unknown>>): string {
    this.hear();
    const state = this.mark();
    this.sink.end(summary);
    return state;
  }

  /** Gives the sink what there is, and closes it without an end: something went wrong. */
  abandon(): void {
    this.simulation.finish();
    this.sink.close();
  }

  private mark(): string {
    if (this.seq === this.markedSeq) return this.markedState;
    this.simulation.finish();
    this.markedSeq = this.seq;
    this.markedState = hashState(this.view);
    this.sink.mark(this.markedSeq, this.markedState);
    return this.markedState;
  }

  private take(block: Block): void {
    this.listener?.(block, this.heard, block.rows.length);
    this.heard = 0;
    this.sink.block(block);
  }

  /** Tells the listener about the block in hand, which is not full yet. */
  private hear(): void {
    if (!this.listener) return;
    const { rows, length, events, seq, payloads } = this.simulation.log;
    this.listener({ firstSeq: seq - events + 1, events, rows: rows.subarray(0, length), payloads }, this.heard, length);
    this.heard = length;
  }
}
