/**
 * A tape that is asked: a timeline, and what was learned of the whole tape. A question then reads the few blocks that it is
 * about.
 */
import { ROW_LENGTH, type Block, type RecordedEvent } from '@pagetape/events';
import type { TapeNames, Step } from '../learned/names.ts';
import type { Outcomes } from '../learned/outcomes.ts';
import { frameKey, namesFrame, namesPage, pageKey, type TouchIndex, type Key } from '../learned/touches.ts';
import type { Timeline } from '../timeline/timeline.ts';

/** Says of a row whether it is looked for. */
type RowTest = (rows: Block['rows'], offset: number) => boolean;

export class Questions {
  readonly timeline: Timeline;
  readonly names: TapeNames;
  readonly touches: TouchIndex;

  constructor(timeline: Timeline) {
    const { names, touches } = timeline.learned;
    this.timeline = timeline;
    this.names = names;
    this.touches = touches;
  }

  /** What became of the pages of all calls up to a position. */
  outcomesUpTo(seq: number): Outcomes {
    const { blocks } = this.timeline.tape;
    const n = seq === 0 ? 0 : blocks.find(seq);
    const firstSeq = n < blocks.count ? blocks.entry(n).firstSeq : 1;
    return this.timeline.learned.outcomes.upTo(n, firstSeq, seq);
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
