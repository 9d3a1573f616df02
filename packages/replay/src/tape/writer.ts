/** The recorder's side of a tape: append-only and synchronous, so that a crash loses at most the block in hand. */
import { canonicalJson, Hash64, HASH_NAME, START, type Block, type BlockSink, type Position } from '@pagetape/events';
import { encodeBlock, encodeInputs, type BlockHead } from './block.ts';
import type { CodecName } from './codec.ts';
import { RowEncoder } from './encode.ts';
import { CHAIN_START, type TapeEnd, type TapeMark, type TapeStart } from './format.ts';
import { encodeHeader } from './header.ts';
import { fileOutput, type TapeOutput } from './output.ts';
import { passBlock } from './place.ts';
import { encodeEnd, encodeIndex, encodeMark, type BlockEntry } from './records.ts';

export interface TapeWriterOptions {
  /** How contents are compressed; `brotli` unless told. */
  readonly codec?: CodecName;
  /** The catalogue to carry, for examples that are to outlive it; that of this version unless told. */
  readonly catalogue?: string;
}

export class TapeWriter {
  private readonly output: TapeOutput;
  private readonly codec: CodecName;
  private readonly level: TapeStart['level'];
  private readonly rowEncoder = new RowEncoder();
  private readonly at: Position = { ...START };
  private chainHash = CHAIN_START;
  private bytes = 0;
  private readonly blocks: BlockEntry[] = [];
  private readonly marks: TapeMark[] = [];
  private closed = false;

  /** Begins a tape in the file, which is created, or emptied. */
  static create(path: string, start: TapeStart, options: TapeWriterOptions = {}): TapeWriter {
    return new TapeWriter(fileOutput(path), start, options);
  }

  constructor(output: TapeOutput, start: TapeStart, { codec = 'brotli', catalogue }: TapeWriterOptions = {}) {
    this.output = output;
    this.codec = codec;
    this.level = start.level;
    this.append(encodeHeader({ ...start, hash: HASH_NAME }, codec, catalogue));
  }

  /** Seq of the last event that was written. */
  get seq(): number {
    return this.at.seq;
  }

  /** Chain hash up to it. */
  get chain(): string {
    return this.chainHash;
  }

  /** Takes the next block: a sink for `EventLog`. */
  readonly block: BlockSink = (block) => {
    this.expect(block.firstSeq - 1, 'a block');
    const payloads = block.payloads.map(canonicalJson);
    const before = this.chainHash;
    const chain = this.chainOf(block, payloads);
    const start = { ...this.at };
    const head: BlockHead = { firstSeq: block.firstSeq, events: block.events, before, chain, start };
    const record = this.encode(block, payloads, head);
    const offset = this.bytes;
    if (record) {
      this.append(record);
      this.blocks.push({ offset, firstSeq: head.firstSeq, events: head.events, chain });
    }
    passBlock(this.at, block, this.rowEncoder.survey.counts);
    this.chainHash = chain;
  };

  /** What chainRows() says, from the walk over the rows that encoding them takes anyway. */
  private chainOf(block: Block, payloads: readonly string[]): string {
    const hash = new Hash64().text(this.chainHash);
    this.rowEncoder.survey.take(block, hash);
    for (const payload of payloads) hash.text(payload);
    return hash.digest();
  }

  private encode(block: Block, payloads: readonly string[], head: BlockHead): Buffer | undefined {
    if (this.level === 'inputs') return encodeInputs(block, head, this.codec);
    return encodeBlock(block, payloads, head, this.rowEncoder, this.codec);
  }

  /** Notes the hash of the state after the event `seq`, which is the last one of the last block. */
  mark(seq: number, state: string): void {
    this.expect(seq, 'a mark');
    const mark = Object.freeze({ seq, state, chain: this.chainHash });
    this.append(encodeMark(mark));
    this.marks.push(mark);
  }

  /** Ends the tape: why the run ended, and the index. Closes the output. */
  end(summary: Readonly<Record<string, unknown>>): TapeEnd {
    const { seq, t } = this.at;
    const end = Object.freeze({ seq, t, chain: this.chainHash, summary });
    const endOffset = this.bytes;
    this.append(encodeEnd(end));
    this.append(encodeIndex({ blocks: this.blocks, marks: this.marks, endOffset }, this.bytes));
    this.close();
    return end;
  }

  /** Closes the output without an end: the tape stays readable up to here, and says that its end is missing. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.output.close();
  }

  private expect(seq: number, what: string): void {
    if (seq === this.at.seq) return;
    throw new Error(`${what} comes after event ${seq}, but the tape ends with ${this.at.seq}; flush the log first`);
  }

  private append(record: Uint8Array): void {
    if (this.closed) throw new Error('the tape is closed; nothing can be written behind its end');
    try {
      this.output.write(record);
    } catch (error) {
      this.close(); // A part of the record may be there: nothing that followed it could be read.
      throw error;
    }
    this.bytes += record.length;
  }
}
