/** The bodies of mark, end and index records. */
import { canonicalJson } from '@pagetape/events';
import { ByteReader, ByteWriter } from './bytes.ts';
import { TapeError } from './error.ts';
import { FRAME_BYTES, RECORD, TRAILER_MAGIC } from './format.ts';
import type { TapeEnd, TapeMark } from './format.ts';
import { frame } from './frame.ts';
import { parseObject } from './json.ts';

/** What the index says about a block, or an inputs record. */
export interface BlockEntry {
  /** Where the record begins. */
  readonly offset: number;
  readonly firstSeq: number;
  readonly events: number;
  /** Chain hash after the block. */
  readonly chain: string;
}

/** What the index holds. */
export interface Contents {
  readonly blocks: readonly BlockEntry[];
  readonly marks: readonly TapeMark[];
  /** Where the end record begins. */
  readonly endOffset: number;
}

/** Bytes at the end of an index: where it begins, and the magic. */
export const TRAILER_BYTES = 12;

export function encodeMark({ seq, state, chain }: TapeMark): Buffer {
  return frame(RECORD.mark, new ByteWriter().u64(seq).hash(state).hash(chain).done());
}

export function decodeMark(body: Uint8Array, what: string): TapeMark {
  const reader = new ByteReader(body, what);
  const mark = readMark(reader);
  reader.end();
  return mark;
}

const readMark = (reader: ByteReader): TapeMark =>
  Object.freeze({ seq: reader.u64(), state: reader.hash(), chain: reader.hash() });

export function encodeEnd({ seq, t, chain, summary }: TapeEnd): Buffer {
  return frame(RECORD.end, new ByteWriter().u64(seq).u64(t).hash(chain).text(canonicalJson(summary)).done());
}

export function decodeEnd(body: Uint8Array, what: string): TapeEnd {
  const reader = new ByteReader(body, what);
  const [seq, t, chain] = [reader.u64(), reader.u64(), reader.hash()];
  const summary = parseObject(reader.text(), what);
  reader.end();
  return Object.freeze({ seq, t, chain, summary });
}

/** The index record that begins at `offset`. */
export function encodeIndex({ blocks, marks, endOffset }: Contents, offset: number): Buffer {
  const body = new ByteWriter().u64(endOffset).u32(blocks.length).u32(marks.length);
  for (const block of blocks) body.u64(block.offset).u64(block.firstSeq).u32(block.events).hash(block.chain);
  for (const mark of marks) body.u64(mark.seq).hash(mark.state).hash(mark.chain);
  return frame(RECORD.index, body.u64(offset).raw(TRAILER_MAGIC).done());
}

const INDEX_HEAD_BYTES = 16;
const BLOCK_ENTRY_BYTES = 28;
const MARK_ENTRY_BYTES = 24;

/** Takes the index apart that begins at `offset`. `first` is where the records after the header begin. */
export function decodeIndex(body: Uint8Array, offset: number, first: number): Contents {
  const what = `the index at byte ${offset}`;
  const reader = new ByteReader(body, what);
  const [endOffset, blockCount, markCount] = [reader.u64(), reader.u32(), reader.u32()];
  const entries = blockCount * BLOCK_ENTRY_BYTES + markCount * MARK_ENTRY_BYTES;
  if (INDEX_HEAD_BYTES + entries + TRAILER_BYTES !== body.length) {
    throw new TapeError(`${what}: ${blockCount} blocks and ${markCount} marks do not fill its ${body.length} bytes`);
  }
  const blocks: BlockEntry[] = [];
  let [seq, from] = [0, first];
  for (let i = 0; i < blockCount; i++) {
    const entry = { offset: reader.u64(), firstSeq: reader.u64(), events: reader.u32(), chain: reader.hash() };
    if (entry.offset < from || entry.firstSeq <= seq || entry.events < 1)
      throw new TapeError(`${what}: block ${i} is wrong`);
    from = entry.offset + FRAME_BYTES;
    seq = entry.firstSeq + entry.events - 1;
    blocks.push(entry);
  }
  const marks = Array.from({ length: markCount }, () => readMark(reader));
  if (endOffset < from || endOffset >= offset) throw new TapeError(`${what}: the end of the run is not where it says`);
  return { blocks, marks, endOffset };
}
