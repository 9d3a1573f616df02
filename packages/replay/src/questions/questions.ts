/**
 * A tape that is asked: a timeline, the names on it, and which blocks name what. Everything here is made in one pass when it is
 * opened; a question then reads the few blocks that it is about.
 */
import { ROW_LENGTH, type Block, type RecordedEvent } from '@pagetape/events';
import { ALL_PROFILES, type Traits } from '@pagetape/core';
import type { Timeline } from '../timeline/timeline.ts';
import { CallLedgers } from './ledgers.ts';
import { TapeNames, type Step } from './names.ts';
import { frameKey, namesFrame, namesPage, pageKey, TouchIndex, type Key } from './touches.ts';

/** Says of a row whether it is looked for. */
type RowTest = (rows: Block['rows'], offset: number) => boolean;

export class Questions {
  readonly timeline: Timeline;
  readonly names: TapeNames;
  readonly touches: TouchIndex;
  readonly traits: Traits;

  private made: CallLedgers | undefined;

  constructor(timeline: Timeline) {
    this.timeline = timeline;
    this.names = new TapeNames(timeline.tape, timeline.blocksFrom(0));
    this.touches = new TouchIndex(timeline);
    this.traits = ALL_PROFILES[timeline.start.profile];
  }

  /** What became of the pages of calls. Made when it is first asked for. */
  get ledgers(): CallLedgers {
    return (this.made ??= new CallLedgers(this.timeline));
  }

  /** The event `seq`. */
  event(seq: number): RecordedEvent {
    const event = this.timeline.event(seq);
    if (!event) throw new RangeError(`there is no event ${seq}`);
    return event;
  }

  stepOf({ op }: Pick<RecordedEvent, 'op'>): Step | undefined {
    return this.names.step(op);
  }

  /** The last events up to `seq` that name a frame and pass the test, the newest first; at most so many. */
  aboutFrame(pfn: number, seq: number, test: RowTest = () => true, most = Infinity): Generator<number> {
    return this.backwards(seq, frameKey(pfn), (rows, at) => namesFrame(rows, at, pfn) && test(rows, at), most);
  }

  /** The same of a page of an address space. */
  aboutPage(mm: number, vpn: number, seq: number, test: RowTest = () => true, most = Infinity): Generator<number> {
    return this.backwards(seq, pageKey(mm, vpn), (rows, at) => namesPage(rows, at, mm, vpn) && test(rows, at), most);
  }

  private *backwards(seq: number, key: Key, test: RowTest, most: number): Generator<number> {
    const { blocks } = this.timeline.tape;
    let found = 0;
    for (let n = seq < 1 ? -1 : blocks.find(seq); n >= 0; n--) {
      if (!this.touches.mayName(n, key)) continue;
      for (const hit of matches(this.timeline.blockAt(n), test, seq).reverse()) {
        yield hit;
        if (++found >= most) return;
      }
    }
  }
}

/** Seqs of the rows of a block, up to `to`, that pass. */
function matches({ rows, firstSeq }: Block, test: RowTest, to: number): number[] {
  const found: number[] = [];
  let seq = firstSeq;
  for (let offset = 0; offset < rows.length && seq <= to; offset += ROW_LENGTH[rows[offset]]) {
    if (test(rows, offset)) found.push(seq);
    seq++;
  }
  return found;
}
