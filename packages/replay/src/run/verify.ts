/**
 * Verifying a tape: its steps are put to the kernel functions again, with the tape's machine, profile and seed, and
 * every event must be the recorded one. The first that is not ends the comparison.
 */
import { canonicalJson, StimulusBegan, StimulusEnded, type Block, type RecordedEvent } from '@pagetape/events';
import type { Tape, TapeStimulus } from '../tape/index.ts';
import { chainBlock, CHAIN_START } from '../tape/index.ts';
import { Recorder } from './record.ts';
import { RowCursor } from './rows.ts';
import type { RunSink } from './sink.ts';
import { startOf, stimuliOf } from './stimuli.ts';

/** The first place where the run on the tape and the run made again are not the same. */
export interface Divergence {
  readonly seq: number;
  /** An event, the state hash of a mark, or something thrown by a step that once went well. */
  readonly what: 'event' | 'mark' | 'error';
  /** What the tape has, and what came out this time; null: nothing, the run is over there. */
  readonly recorded: string | RecordedEvent | null;
  readonly again: string | RecordedEvent | null;
}

export interface Verdict {
  /** Events, or on an `inputs` tape stimuli, that agree. */
  readonly compared: number;
  readonly marks: number;
  readonly divergence: Divergence | null;
}

/** Ends a run that has nothing to prove any more. */
class Finished extends Error {}

/** Takes a run, and compares it with a tape while it happens. */
abstract class Comparison implements RunSink {
  chain = CHAIN_START;
  compared = 0;
  marks = 0;
  divergence: Divergence | null = null;
  protected readonly tape: Tape;
  private readonly states: ReadonlyMap<number, string>;

  constructor(tape: Tape) {
    this.tape = tape;
    this.states = new Map(tape.marks.map(({ seq, state }) => [seq, state]));
  }

  /** Compares the event that `again` stands on. */
  protected abstract compare(again: RowCursor): void;
  /** The run is over: is the tape, too? */
  protected abstract finish(): void;

  private readonly again = new RowCursor();

  block(block: Block): void {
    this.chain = chainBlock(this.chain, block);
    this.again.open(block);
    while (this.again.next()) this.compare(this.again);
  }

  mark(seq: number, state: string): void {
    const recorded = this.states.get(seq);
    if (recorded === undefined) return;
    if (recorded !== state) this.diverge({ seq, what: 'mark', recorded, again: state });
    this.marks++;
  }

  end(): void {
    this.finish();
  }

  close(): void {}

  /**
   * The run made again could not go on after event `seq`. A recorded run that failed there has left no end, either.
   */
  failed(seq: number, message: string): never {
    if (!this.tape.complete && this.tape.lastSeq <= seq) throw new Finished();
    this.diverge({ seq, what: 'error', recorded: null, again: message });
  }

  protected diverge(divergence: Divergence): never {
    this.divergence = divergence;
    throw new Finished();
  }
}

class EventComparison extends Comparison {
  private readonly recorded = new RowCursor(this.tape.blocks);

  protected compare(again: RowCursor): void {
    const { recorded, tape } = this;
    if (!recorded.next()) {
      if (!tape.complete) throw new Finished();
      this.diverge({ seq: again.at.seq, what: 'event', recorded: null, again: again.event() });
    }
    if (!recorded.isSameAs(again)) {
      this.diverge({ seq: again.at.seq, what: 'event', recorded: recorded.event(), again: again.event() });
    }
    this.compared++;
  }

  protected finish(): void {
    const { recorded } = this;
    if (recorded.next()) {
      this.diverge({ seq: recorded.at.seq, what: 'event', recorded: recorded.event(), again: null });
    }
  }
}

/** For tapes that hold stimuli alone. */
class StimulusComparison extends Comparison {
  private readonly recorded = this.tape.stimuli();

  protected compare(again: RowCursor): void {
    const { kind, at } = again;
    if (kind !== StimulusBegan.number && kind !== StimulusEnded.number) return;
    const { value, done } = this.recorded.next();
    if (done && !this.tape.complete) throw new Finished();
    const event = again.event();
    const recorded = done ? null : asEvent(value, event);
    const same = recorded?.seq === at.seq && recorded.kind === event.kind && isSame(recorded.data, event.data);
    if (!same) this.diverge({ seq: at.seq, what: 'event', recorded, again: event });
    this.compared++;
  }

  protected finish(): void {
    const { value, done } = this.recorded.next();
    if (done) return;
    this.diverge({
      seq: value.seq,
      what: 'event',
      recorded: `${value.kind} ${canonicalJson(value.payload)}`,
      again: null,
    });
  }
}

const isSame = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

/** A stimulus of an `inputs` tape, which does not know its time, as an event like the one made again. */
const asEvent = ({ seq, kind, payload }: TapeStimulus, like: RecordedEvent): RecordedEvent => ({
  ...like,
  seq,
  kind,
  data: payload as RecordedEvent['data'],
});

/**
 * Runs the steps of a tape again and compares. Of a tape that was cut off, what is there must agree. Throws a
 * TapeError for a damaged tape.
 */
export function verifyTape(tape: Tape): Verdict {
  const comparison = tape.header.level === 'full' ? new EventComparison(tape) : new StimulusComparison(tape);
  try {
    const recorder = new Recorder(startOf(tape), comparison);
    for (const step of stimuliOf(tape)) performAgain(recorder, step, comparison);
    recorder.end({});
  } catch (error) {
    if (!(error instanceof Finished)) throw error;
  }
  const { compared, marks, divergence } = comparison;
  return { compared, marks, divergence };
}

/**
 * Serves a step. One that fails is a divergence, unless the recorded run failed there, too, and left a tape without an
 * end.
 */
function performAgain(recorder: Recorder, step: Parameters<Recorder['perform']>[0], comparison: Comparison): void {
  try {
    recorder.perform(step);
  } catch (error) {
    if (!(error instanceof Error) || (error.name !== 'ScenarioFault' && error.name !== 'NotSimulated')) throw error;
    recorder.abandon();
    comparison.failed(recorder.seq, error.message);
  }
}
