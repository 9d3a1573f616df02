/**
 * The file that keeps the checkpoints of a tape, and what was learned of it, from one time to the next. It is only a cache: it is
 * dropped when it belongs to another tape, or when the text of what reduces events or learns of them changed; a damaged one gives
 * what is whole; one that cannot be written is not. It is replaced as a whole, so a reader never sees half of one.
 *
 * After a head come records, framed and checked like those of a tape: one of what was learned of the whole tape, then one a
 * checkpoint, which holds only the pieces that the checkpoint before it does not have.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { HOT_ARRAYS, PIECE, type ArrayImage, type HotArray, type StateImage, type StateView } from '@pagetape/core';
import { canonicalJson } from '@pagetape/events';
import { Learned, learningKey } from '../learned/learned.ts';
import { ByteReader, ByteWriter } from '../tape/bytes.ts';
import { frame, readFrame } from '../tape/frame.ts';
import { deepFreeze } from '../tape/json.ts';
import { bytesSource } from '../tape/source.ts';
import type { Tape } from '../tape/index.ts';
import type { Checkpoint, Checkpoints } from './images.ts';
import { reducingKey } from './key.ts';

/** Types of records, as letters: head, what was learned, checkpoint. */
const HEAD = 0x68;
const LEARNED = 0x6c;
const CHECKPOINT = 0x63;
const FORMAT = 2;
/** An array of more integers is damage. */
const LENGTH_MAX = 2 ** 28;

export class TapeCache {
  private readonly file: string;
  private readonly tape: Tape;
  private readonly machine: StateView;
  /** What the file has: checkpoints, and whether it has what was learned. */
  private kept = { checkpoints: 0, learned: false };

  constructor(file: string, tape: Tape, machine: StateView) {
    this.file = file;
    this.tape = tape;
    this.machine = machine;
  }

  /** Adds the checkpoints of the file, as far as they are good, and gives what was learned, if that is there. */
  load(checkpoints: Checkpoints): Learned | undefined {
    const found: { learned?: Learned } = {};
    try {
      this.read(checkpoints, found);
    } catch {
      // There is none, or it is damaged from here on: what is missing is made again.
    }
    this.kept = { checkpoints: checkpoints.all.length, learned: found.learned !== undefined };
    return found.learned;
  }

  /** Writes the file again when there is something that it does not have. */
  save(checkpoints: Checkpoints, learned: Learned): void {
    const { all, spacing } = checkpoints;
    const isWhole = learned.blocks > 0 && learned.blocks === this.tape.blocks.count;
    if (all.length === this.kept.checkpoints && isWhole === this.kept.learned) return;
    const temporary = `${this.file}.${process.pid}`;
    try {
      const parts = [this.head(spacing), ...(isWhole ? [this.learned(learned)] : []), ...this.records(all)];
      fs.writeFileSync(temporary, Buffer.concat(parts));
      fs.renameSync(temporary, this.file);
      this.kept = { checkpoints: all.length, learned: isWhole };
    } catch {
      fs.rmSync(temporary, { force: true });
    }
  }

  /** What the checkpoints depend on besides the events, which their chain hashes stand for. */
  private get key(): string {
    const { machine } = this.tape.header;
    return createHash('sha256').update(reducingKey()).update(canonicalJson(machine)).digest('hex').slice(0, 16);
  }

  private head(spacing: number): Buffer {
    return frame(HEAD, new ByteWriter().u32(FORMAT).hash(this.key).u32(spacing).done());
  }

  /** The last chain hash stands for all events. */
  private get chain(): string {
    const { blocks } = this.tape;
    return blocks.entry(blocks.count - 1).chain;
  }

  private learned(learned: Learned): Buffer {
    return frame(LEARNED, new ByteWriter().hash(learningKey()).hash(this.chain).done(), learned.encode());
  }

  private records(all: readonly Checkpoint[]): Buffer[] {
    return all.slice(1).map(({ block, image }, i) => {
      const { chain } = this.tape.blocks.entry(block - 1);
      const body = new ByteWriter().u32(block).hash(chain).done();
      return frame(CHECKPOINT, body, deflateRawSync(encodeImage(image, all[i].image), { level: 1 }));
    });
  }

  private read(checkpoints: Checkpoints, found: { learned?: Learned }): void {
    const source = bytesSource(fs.readFileSync(this.file));
    const first = readFrame(source, 0);
    const head = new ByteReader(first.body, 'the head of the cache');
    if (first.type !== HEAD || head.u32() !== FORMAT || head.hash() !== this.key) return;
    checkpoints.spacing = head.u32();
    let before = checkpoints.all[0].image;
    for (let at = first.next; at < source.size;) {
      const { type, body, next } = readFrame(source, at);
      const reader = new ByteReader(body, 'a record of the cache');
      if (type === LEARNED) {
        const isOfThis = reader.hash() === learningKey() && reader.hash() === this.chain;
        if (isOfThis) found.learned = Learned.decode(reader.raw(reader.left), this.machine);
      } else {
        const [block, chain] = [reader.u32(), reader.hash()];
        const { blocks } = this.tape;
        if (type !== CHECKPOINT || block >= blocks.count || blocks.entry(block - 1).chain !== chain) return;
        before = decodeImage(inflateRawSync(reader.raw(reader.left)), before);
        checkpoints.add(block, before);
      }
      at = next;
    }
  }
}

function encodeImage(image: StateImage, before: StateImage): Buffer {
  const body = new ByteWriter().u64(image.t).text(image.cold === before.cold ? '' : JSON.stringify(image.cold));
  for (const name of HOT_ARRAYS) encodeArray(body, image.arrays[name], before.arrays[name]);
  return body.done();
}

function encodeArray(body: ByteWriter, { length, pieces }: ArrayImage, before: ArrayImage): void {
  const changed = pieces.flatMap((piece, i) => (piece === (before.pieces[i] ?? null) ? [] : [i]));
  body.u32(length).u32(pieces.length).u32(changed.length);
  for (const i of changed) {
    const piece = pieces[i];
    body.u32(i).u8(piece === null ? 0 : 1);
    if (piece !== null) body.raw(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
  }
}

function decodeImage(bytes: Uint8Array, before: StateImage): StateImage {
  const reader = new ByteReader(bytes, 'a checkpoint');
  const [t, json] = [reader.u64(), reader.text()];
  const cold = json === '' ? before.cold : deepFreeze(JSON.parse(json) as StateImage['cold']);
  const arrays = {} as Record<HotArray, ArrayImage>;
  for (const name of HOT_ARRAYS) arrays[name] = decodeArray(reader, before.arrays[name]);
  reader.end();
  return { t, cold, arrays };
}

function decodeArray(reader: ByteReader, before: ArrayImage): ArrayImage {
  const [length, count, changed] = [reader.u32(), reader.u32(), reader.u32()];
  if (length > LENGTH_MAX || (count - 1) * PIECE >= length || changed > count) throw new RangeError('no such array');
  const pieces = Array.from({ length: count }, (_, i) => before.pieces[i] ?? null);
  for (let n = 0; n < changed; n++) {
    const [i, filled] = [reader.u32(), reader.u8()];
    if (i >= count) throw new RangeError('no such piece');
    pieces[i] = filled === 0 ? null : pieceOf(reader.raw(4 * Math.min(PIECE, length - i * PIECE)));
  }
  return { length, pieces };
}

function pieceOf(bytes: Uint8Array): Int32Array {
  const piece = new Int32Array(bytes.length / 4);
  new Uint8Array(piece.buffer).set(bytes);
  return piece;
}
