/**
 * Finding the records of a tape: by the index at its end, or, where that is missing or wrong, from the start. A scan
 * stops at the first record that is cut off, damaged or out of place; what stands before it is good.
 */
import { decodeHead } from './block.ts';
import { TapeError } from './error.ts';
import { CHAIN_START, FRAME_BYTES, RECORD, TRAILER_MAGIC, type TapeEnd, type TapeMark } from './format.ts';
import { nameOf, readFrame, type Frame } from './frame.ts';
import { decodeEnd, decodeIndex, decodeMark, TRAILER_BYTES, type BlockEntry } from './records.ts';
import type { ByteSource } from './source.ts';

/** What a tape holds after its header. */
export interface Found {
  readonly blocks: readonly BlockEntry[];
  readonly marks: readonly TapeMark[];
  readonly end: TapeEnd | undefined;
  /** What is missing or wrong, as a sentence. */
  readonly problem: string | undefined;
}

/** Finds the records behind the header. `blockType` is the type of record that the level of the tape has. */
export function findRecords(source: ByteSource, first: number, blockType: number): Found {
  return byIndex(source, first, blockType) ?? new Scan(source, blockType).run(first);
}

/** What the index says; undefined when it is missing or wrong. */
function byIndex(source: ByteSource, first: number, blockType: number): Found | undefined {
  try {
    const offset = indexOffset(source, first);
    const index = readFrame(source, offset);
    if (index.type !== RECORD.index || index.next !== source.size) return undefined;
    const { blocks, marks, endOffset } = decodeIndex(index.body, offset, first);
    const record = readFrame(source, endOffset);
    if (record.type !== RECORD.end || record.next !== offset) return undefined;
    const end = decodeEnd(record.body, nameOf(RECORD.end, endOffset));
    const good = marksAgree(marks, end) && endAgrees(blocks.at(-1), end, blockType);
    return good ? { blocks, marks, end, problem: undefined } : undefined;
  } catch (error) {
    if (error instanceof TapeError) return undefined;
    throw error;
  }
}

function indexOffset(source: ByteSource, first: number): number {
  if (source.size < first + FRAME_BYTES + TRAILER_BYTES) throw new TapeError('the tape has no index');
  const trailer = Buffer.from(source.read(source.size - TRAILER_BYTES, TRAILER_BYTES));
  const offset = trailer.readUInt32LE(0) + trailer.readUInt32LE(4) * 2 ** 32;
  if (!trailer.subarray(8).equals(TRAILER_MAGIC) || offset < first || offset >= source.size) {
    throw new TapeError('the tape has no index');
  }
  return offset;
}

const marksAgree = (marks: readonly TapeMark[], end: TapeEnd): boolean =>
  marks.every(({ seq }, i) => seq <= end.seq && (i === 0 || seq >= marks[i - 1].seq));

/** Whether the end can follow the last block. On an `inputs` tape, blocks without stimuli lie between. */
function endAgrees(last: BlockEntry | undefined, end: TapeEnd, blockType: number): boolean {
  const seq = last ? last.firstSeq + last.events - 1 : 0;
  if (blockType === RECORD.inputs && seq < end.seq) return true;
  return end.seq === seq && end.chain === (last?.chain ?? CHAIN_START);
}

/** Reads record by record from the start. */
class Scan {
  private readonly source: ByteSource;
  private readonly blockType: number;
  private readonly blocks: BlockEntry[] = [];
  private readonly marks: TapeMark[] = [];
  private end: TapeEnd | undefined;
  private indexed = false;
  private seq = 0;
  private chain = CHAIN_START;

  constructor(source: ByteSource, blockType: number) {
    this.source = source;
    this.blockType = blockType;
  }

  run(first: number): Found {
    const problem = this.records(first) ?? this.ending();
    const { blocks, marks, end } = this;
    return { blocks, marks, end, problem };
  }

  /** Takes records up to the end of the file; returns what stopped it before. */
  private records(first: number): string | undefined {
    let offset = first;
    try {
      while (offset < this.source.size) {
        const record = readFrame(this.source, offset);
        this.take(record, offset);
        offset = record.next;
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof TapeError)) throw error;
      if (this.end) return `the index had to be made again: ${error.message}`;
      return `${error.message}; the tape is whole up to event ${this.seq}`;
    }
  }

  private ending(): string | undefined {
    if (this.end)
      return this.indexed
        ? 'the index at the end is wrong, and was made again'
        : 'the index at the end is missing, and was made again';
    return `the tape has no end: its recorder stopped after event ${this.seq}`;
  }

  private take({ type, body }: Frame, offset: number): void {
    const what = nameOf(type, offset);
    if (this.indexed || (this.end && type !== RECORD.index))
      throw new TapeError(`${what} stands behind the end of the run`);
    if (type === this.blockType) this.takeBlock(body, offset, what);
    else if (type === RECORD.mark) this.takeMark(decodeMark(body, what), what);
    else if (type === RECORD.end) this.takeEnd(decodeEnd(body, what), what);
    else if (type === RECORD.index && this.end) this.indexed = true;
    else throw new TapeError(`${what} has type 0x${type.toString(16)}, which does not belong there`);
  }

  private takeBlock(body: Uint8Array, offset: number, what: string): void {
    const { firstSeq, events, before, chain } = decodeHead(body, what).head;
    this.follows(firstSeq - 1, before, what);
    this.blocks.push({ offset, firstSeq, events, chain });
    this.seq = firstSeq + events - 1;
    this.chain = chain;
  }

  private takeMark(mark: TapeMark, what: string): void {
    this.follows(mark.seq, mark.chain, what);
    this.marks.push(mark);
    this.seq = mark.seq;
    this.chain = mark.chain;
  }

  private takeEnd(end: TapeEnd, what: string): void {
    this.follows(end.seq, end.chain, what);
    this.end = end;
  }

  /** On an `inputs` tape, blocks without stimuli are left out: there seq only grows, and the chain has gaps. */
  private follows(seq: number, chain: string, what: string): void {
    const gaps = this.blockType === RECORD.inputs && seq > this.seq;
    if (gaps || (seq === this.seq && chain === this.chain)) return;
    throw new TapeError(
      `${what} follows event ${seq} with chain ${chain}, not event ${this.seq} with chain ${this.chain}`,
    );
  }
}
