/**
 * A tape opened at any event, to move about in both ways. A position is a seq: the machine is as it was after that event; 0 is
 * before the first one. Going back is going forward again from an image of the state, so nothing ever has to be undone.
 *
 * Images are taken at borders of blocks while events are reduced: some for good, over the whole tape (`Checkpoints`), and all of
 * the last few blocks, so that stepping back costs less than a block.
 */
import { openMachine, type Machine, type StateImage, type StateView } from '@pagetape/core';
import { BLOCK_EVENTS, ROW_LENGTH, type Block, type RecordedEvent } from '@pagetape/events';
import type { RunStart } from '../run/record.ts';
import { RowCursor } from '../run/rows.ts';
import { startOf } from '../run/stimuli.ts';
import { readTape, type Tape } from '../tape/index.ts';
import { Learned } from '../learned/learned.ts';
import { TapeCache } from './cache.ts';
import { Checkpoints, isBorder, ownBytes, Recent, SPACING, type Checkpoint } from './images.ts';
import { withEvents } from './rerun.ts';
import { lastHit, nextHit, type Stop } from './stop.ts';

export interface TimelineOptions {
  /** The file that keeps checkpoints from one time to the next; null: none. Usual: beside the tape, `X.tape.cache`. */
  readonly cache?: string | null;
  /** Events from one checkpoint to the next, while they have room. Usual: SPACING. */
  readonly spacing?: number;
}

/** Bytes that checkpoints may take, and images of the blocks around. */
const CHECKPOINT_ROOM = 256 * 2 ** 20;
const NEAR_ROOM = 64 * 2 ** 20;
/** Integers of rows that stay decoded. */
const DECODED_ROOM = 2 ** 22;
/** Events from one image to the next near the position. */
const NEAR_SPACING = BLOCK_EVENTS;

export class Timeline {
  /** The tape, with its events. */
  readonly tape: Tape;
  readonly start: RunStart;
  /** The last position: that of the last event that is whole on the tape. */
  readonly last: number;
  private readonly machine: Machine;
  private readonly checkpoints: Checkpoints;
  private readonly near: Recent<StateImage>;
  private readonly decoded = new Recent<Block>(DECODED_ROOM, ({ rows }) => rows.length);
  private readonly cache: TapeCache | undefined;
  /** What was learned so far: of the blocks that came by in their order. */
  private known: Learned;
  /** The image that the state was last equal to: what the next one shares with. */
  private base: StateImage;
  private at = 0;
  /** The block that holds the next event, and the integer where its row begins. At the end of the tape: one that is not there. */
  private block = 0;
  private offset = 0;

  /** Opens a tape, or the file of one. Of a tape that holds steps alone the events are made again first. */
  static open(from: Tape | string, { cache, spacing = SPACING }: TimelineOptions = {}): Timeline {
    const tape = typeof from === 'string' ? readTape(from) : from;
    const file = cache === undefined && typeof from === 'string' ? `${from}.cache` : cache;
    return new Timeline(withEvents(tape), file ?? null, spacing);
  }

  private constructor(tape: Tape, cacheFile: string | null, spacing: number) {
    const { blocks } = tape;
    this.tape = tape;
    this.start = startOf(tape);
    this.last = blocks.count === 0 ? 0 : blocks.entry(blocks.count - 1).lastSeq;
    this.machine = openMachine(this.start.machine);
    this.base = this.machine.image();
    this.near = new Recent<StateImage>(NEAR_ROOM, (image) => ownBytes(image, this.base));
    this.checkpoints = new Checkpoints(tape, CHECKPOINT_ROOM, spacing);
    this.checkpoints.add(0, this.base);
    this.known = new Learned(this.machine.view);
    if (cacheFile === null) return;
    this.cache = new TapeCache(cacheFile, tape, this.machine.view);
    this.known = this.cache.load(this.checkpoints) ?? this.known;
  }

  /** Seq of the event after which the machine stands. */
  get seq(): number {
    return this.at;
  }

  /** The machine at the position. It is one machine that moves: what is read from it is of the position at that moment. */
  get state(): StateView {
    return this.machine.view;
  }

  /** What there is to know of the whole tape. Reads it to its end, once, and keeps it; the timeline stays where it is. */
  get learned(): Learned {
    const { known, checkpoints } = this;
    const { blocks } = this.tape;
    if (known.blocks < blocks.count) {
      const back = this.at;
      while (known.blocks < blocks.count) {
        const n = known.blocks;
        if (checkpoints.reaches(n)) known.take(this.blockAt(n));
        else {
          this.seek(blocks.entry(n).firstSeq - 1);
          this.playTo(this.last);
        }
      }
      this.seek(back);
      this.close();
    }
    return known;
  }

  /** An independent machine in the state of the position. */
  forkMachine(): Machine {
    return this.machine.fork();
  }

  /** Goes to a position. Throws a RangeError when there is none of this number. */
  seek(seq: number): void {
    if (!Number.isInteger(seq) || seq < 0 || seq > this.last)
      throw new RangeError(`there is no position ${seq}; positions are 0 to ${this.last}`);
    if (seq === this.at) return;
    const target = this.blockOf(seq);
    const from = this.imageBefore(target);
    if (seq < this.at || from.block > this.block) this.restore(from);
    this.playTo(seq);
  }

  /** Goes on by so many events, at most to the end. Returns how many these were. */
  step(events = 1): number {
    const from = this.at;
    this.seek(Math.min(from + events, this.last));
    return this.at - from;
  }

  /** Goes back by so many events, at most to the start. Returns how many these were. */
  stepBack(events = 1): number {
    const from = this.at;
    this.seek(Math.max(from - events, 0));
    return from - this.at;
  }

  /** The event that led to a position, usually to this one; null before the first event. */
  event(seq = this.at): RecordedEvent | null {
    return this.cursorAt(seq)?.event() ?? null;
  }

  /** A cursor that stands on an event; `next()` goes on from there, over the borders of blocks. null: there is no such event. */
  cursorAt(seq: number): RowCursor | null {
    const block = this.tape.blocks.find(seq);
    if (block < 0) return null;
    const cursor = new RowCursor(this.blocksFrom(block), this.tape.blocks.positionBefore(block));
    while (cursor.at.seq < seq) cursor.next();
    return cursor;
  }

  /** Block `n` of the tape. The latest few stay decoded. */
  blockAt(n: number): Block {
    let block = this.decoded.get(n);
    if (!block) this.decoded.set(n, (block = this.tape.blocks.blockAt(n)));
    return block;
  }

  *blocksFrom(n: number): Generator<Block> {
    for (let i = n; i < this.tape.blocks.count; i++) yield this.blockAt(i);
  }

  /** Goes on to the next event after which to stop, at most `to`, and returns its seq. null: there is none, and nothing moved. */
  runTo(stop: Stop, to = this.last): number | null {
    return this.search(() => nextHit(this, stop, to));
  }

  /** Goes back to the last event before this position after which to stop, at least `from`. null: there is none, and nothing moved. */
  runBackTo(stop: Stop, from = 1): number | null {
    return this.search(() => lastHit(this, stop, from));
  }

  private search(find: () => number | null): number | null {
    const from = this.at;
    const hit = find();
    this.seek(hit ?? from);
    return hit;
  }

  /**
   * Reduces the next events one by one, up to position `to`, and calls `after` after each with its block and the place of its
   * row. It ends where `after` says true, and returns whether it did.
   */
  playEach(to: number, after: (s: StateView, block: Block, offset: number) => boolean): boolean {
    const { machine } = this;
    const { view } = machine;
    while (this.at < to) {
      this.passBorder(false);
      const block = this.blockAt(this.block);
      const { rows } = block;
      let { offset } = this;
      let left = Math.min(to, block.firstSeq + block.events - 1) - this.at;
      let hit = false;
      while (left > 0 && !hit) {
        const end = offset + ROW_LENGTH[rows[offset]];
        machine.replay(block, offset, end);
        this.at++;
        left--;
        hit = after(view, block, offset);
        offset = end;
      }
      this.standAt(block, offset);
      if (hit) return true;
    }
    return false;
  }

  /** Goes back to the last image before a position; `seek` would go on from there. */
  rewind(seq: number): void {
    this.restore(this.imageBefore(this.blockOf(seq)));
  }

  /** Keeps the checkpoints and what was learned beside the tape. That they cannot be kept is no error: they are made again next time. */
  close(): void {
    this.cache?.save(this.checkpoints, this.known);
  }

  /** The checkpoints at or before a position, in the order of the tape. */
  checkpointsUpTo(seq: number): readonly Checkpoint[] {
    const target = this.blockOf(seq);
    return this.checkpoints.all.filter(({ block }) => block <= target);
  }

  /** The block that a position is in: that of its event. */
  private blockOf(seq: number): number {
    return seq === 0 ? 0 : this.tape.blocks.find(seq);
  }

  /** The nearest image at or before a block. */
  private imageBefore(block: number): Checkpoint {
    const checkpoint = this.checkpoints.before(block);
    for (let n = block; n > (checkpoint?.block ?? 0); n--) {
      const image = this.near.get(n);
      if (image) return { block: n, image };
    }
    if (checkpoint) return checkpoint;
    throw new Error(`there is no image before block ${block}`);
  }

  private restore({ block, image }: Checkpoint): void {
    this.machine.restore(image);
    this.base = image;
    this.at = this.tape.blocks.count === 0 ? 0 : this.tape.blocks.entry(block).firstSeq - 1;
    [this.block, this.offset] = [block, 0];
  }

  /** Reduces events up to a position. */
  private playTo(seq: number): void {
    while (this.at < seq) {
      this.passBorder(seq - this.at <= this.checkpoints.spacing);
      const block = this.blockAt(this.block);
      const left = block.firstSeq + block.events - 1 - this.at;
      const to = left <= seq - this.at ? block.rows.length : offsetAfter(block, this.offset, seq - this.at);
      this.at += this.machine.replay(block, this.offset, to);
      this.standAt(block, to);
    }
  }

  private standAt({ rows }: Block, offset: number): void {
    this.offset = offset;
    if (offset < rows.length) return;
    this.block++;
    this.offset = 0;
  }

  /** Where a block begins it is learned from, and an image is taken, when one is wanted there. `near`: the place to go to is near. */
  private passBorder(near: boolean): void {
    const { block } = this;
    if (this.offset > 0) return;
    if (this.known.blocks === block) this.known.take(this.blockAt(block));
    if (this.checkpoints.before(block)?.block === block) return;
    const lacks = this.checkpoints.lacks(block);
    if (!lacks && !(near && isBorder(this.tape, block, NEAR_SPACING) && !this.near.has(block))) return;
    this.base = this.machine.image(this.base);
    if (lacks) this.checkpoints.add(block, this.base);
    else this.near.set(block, this.base);
  }
}

/** Where the row begins that comes after so many more rows of the block. */
function offsetAfter({ rows }: Block, from: number, events: number): number {
  let offset = from;
  for (let n = 0; n < events; n++) offset += ROW_LENGTH[rows[offset]];
  return offset;
}
