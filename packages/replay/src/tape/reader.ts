/**
 * The reader's side of a tape. It believes nothing: lengths are bounded before anything is allocated, and every block
 * is checked when it is decoded, by its checksum, by the ranges of its fields, by the schemas of its payloads, by its
 * chain hash.
 */
import { EVENTS, type AnyEvent, type Block, type Position } from '@pagetape/events';
import { decodeBlock, decodeHead, decodeInputs, stimuliOf, type PackedBlock } from './block.ts';
import { TapeError } from './error.ts';
import { CHAIN_START, RECORD } from './format.ts';
import type { TapeEnd, TapeHeader, TapeMark, TapeStimulus } from './format.ts';
import { nameOf, readFrame } from './frame.ts';
import { readHeader } from './header.ts';
import { findRecords } from './open.ts';
import type { BlockEntry } from './records.ts';
import { bytesSource, fileSource, type ByteSource } from './source.ts';
import type { Written } from './upcast.ts';

/** A tape opened for reading. */
export interface Tape {
  readonly header: TapeHeader;
  /** The blocks of a `full` tape; an `inputs` tape has none. */
  readonly blocks: TapeBlocks;
  readonly marks: readonly TapeMark[];
  /** How the run ended; undefined when the tape was cut off before. */
  readonly end: TapeEnd | undefined;
  /** Seq of the last event that is known of. */
  readonly lastSeq: number;
  /**
   * Whether the tape goes on to the end of its run. Blocks between may still turn out damaged when they are decoded.
   */
  readonly complete: boolean;
  /** What is missing or wrong, as a sentence. A complete tape has one when only its index had to be made again. */
  readonly problem: string | undefined;
  /** All stimuli in order, from a tape of either level. */
  stimuli(): Generator<TapeStimulus>;
}

/** Block records, decoded when asked for. */
export class TapeBlocks implements Iterable<Block> {
  private readonly source: ByteSource;
  private readonly type: number;
  private readonly entries: readonly BlockEntry[];
  readonly written: Written;

  constructor(source: ByteSource, type: number, entries: readonly BlockEntry[], written: Written) {
    this.source = source;
    this.type = type;
    this.entries = entries;
    this.written = written;
  }

  get count(): number {
    return this.entries.length;
  }

  /** Decodes block `i`, from 0. Throws a TapeError when it is damaged. */
  blockAt(i: number): Block {
    return decodeBlock(this.packed(i), this.nameOf(i), this.written);
  }

  /** The position before the first event of block `i`, as a copy to go on with. */
  positionBefore(i: number): Position {
    return { ...this.packed(i).head.start };
  }

  /** Seqs of block `i` and its chain hash, without reading it. */
  entry(i: number): { readonly firstSeq: number; readonly lastSeq: number; readonly chain: string } {
    const { firstSeq, events, chain } = this.entryAt(i);
    return { firstSeq, lastSeq: firstSeq + events - 1, chain };
  }

  /** Which block holds the event `seq`; -1 when none does. */
  find(seq: number): number {
    let [low, high] = [0, this.entries.length - 1];
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const { firstSeq, lastSeq } = this.entry(middle);
      if (seq < firstSeq) high = middle - 1;
      else if (seq > lastSeq) low = middle + 1;
      else return middle;
    }
    return -1;
  }

  *[Symbol.iterator](): Generator<Block> {
    for (let i = 0; i < this.entries.length; i++) yield this.blockAt(i);
  }

  /** The record of block `i`, which must be what the index and the block before say. */
  packed(i: number): PackedBlock {
    const { offset, firstSeq, events, chain } = this.entryAt(i);
    const what = this.nameOf(i);
    const { type, body } = readFrame(this.source, offset);
    if (type !== this.type) throw new TapeError(`${what} is not there: a record of type 0x${type.toString(16)} is`);
    const block = decodeHead(body, what);
    const { head } = block;
    if (head.firstSeq !== firstSeq || head.events !== events || head.chain !== chain) {
      throw new TapeError(`${what} is not what the index says: event ${firstSeq} with chain ${chain}`);
    }
    if (this.type === RECORD.block) this.checkBefore(i, block);
    return block;
  }

  private checkBefore(i: number, { head }: PackedBlock): void {
    const before = i === 0 ? { lastSeq: 0, chain: CHAIN_START } : this.entry(i - 1);
    if (head.firstSeq === before.lastSeq + 1 && head.before === before.chain) return;
    throw new TapeError(`${this.nameOf(i)} does not follow event ${before.lastSeq} with chain ${before.chain}`);
  }

  private entryAt(i: number): BlockEntry {
    const entry = this.entries[i];
    if (!entry) throw new RangeError(`there is no block ${i}; the tape has ${this.entries.length}, counted from 0`);
    return entry;
  }

  /** How errors name block `i`. */
  nameOf(i: number): string {
    return nameOf(this.type, this.entryAt(i).offset);
  }
}

/**
 * Opens a tape, given its bytes or the path of its file. Throws a TapeError when it is no tape, or not one that this
 * version reads. A tape that is cut off or damaged further on is opened, and `problem` says what is missing. `today` are
 * the kinds that the reader knows; those of this version unless a test has others.
 */
export function readTape(from: Uint8Array | string, today: readonly AnyEvent[] = EVENTS): Tape {
  const source = typeof from === 'string' ? fileSource(from) : bytesSource(from);
  const { header, written, next } = readHeader(source, today);
  const full = header.level === 'full';
  const type = full ? RECORD.block : RECORD.inputs;
  const { blocks: entries, marks, end, problem } = findRecords(source, next, type);
  const records = new TapeBlocks(source, type, entries, written);
  const last = entries.at(-1);
  const lastSeq = end?.seq ?? Math.max(marks.at(-1)?.seq ?? 0, last ? last.firstSeq + last.events - 1 : 0);
  return Object.freeze({
    header,
    blocks: full ? records : new TapeBlocks(source, RECORD.block, [], written),
    marks: Object.freeze(marks),
    end,
    lastSeq,
    complete: end !== undefined,
    problem,
    stimuli: () => (full ? stimuliOfBlocks(records) : stimuliOfInputs(records)),
  });
}

function* stimuliOfBlocks(blocks: TapeBlocks): Generator<TapeStimulus> {
  for (const block of blocks) yield* stimuliOf(block);
}

function* stimuliOfInputs(records: TapeBlocks): Generator<TapeStimulus> {
  for (let i = 0; i < records.count; i++) yield* decodeInputs(records.packed(i), records.nameOf(i), records.written);
}
