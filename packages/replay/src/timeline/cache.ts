/**
 * The file that keeps the checkpoints of a tape from one time to the next. It is only a cache: it is dropped when it belongs to
 * another tape, or when the text of what reduces events changed; a damaged one gives what is whole; one that cannot be
 * written is not. It is replaced as a whole, so a reader never sees half of one.
 *
 * After a head come records, one a checkpoint, framed and checked like those of a tape. A record holds only the pieces that
 * the checkpoint before it does not have.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { HOT_ARRAYS, PIECE, type ArrayImage, type HotArray, type StateImage } from '@pagetape/core';
import { canonicalJson } from '@pagetape/events';
import { ByteReader, ByteWriter } from '../tape/bytes.ts';
import { frame, readFrame } from '../tape/frame.ts';
import { deepFreeze } from '../tape/json.ts';
import { bytesSource } from '../tape/source.ts';
import type { Tape } from '../tape/index.ts';
import type { Checkpoint, Checkpoints } from './images.ts';
import { reducingKey } from './key.ts';

/** Types of records, as letters: head, checkpoint. */
const HEAD = 0x68;
const CHECKPOINT = 0x63;
const FORMAT = 1;
/** An array of more integers is damage. */
const LENGTH_MAX = 2 ** 28;

export class CheckpointCache {
  private readonly file: string;
  private readonly tape: Tape;
  /** Checkpoints that the file has. */
  private kept = 0;

  /** Adds the checkpoints of the file, as far as they are good, to those of the tape. */
  static load(file: string, tape: Tape, checkpoints: Checkpoints): CheckpointCache {
    const cache = new CheckpointCache(file, tape);
    try {
      cache.read(checkpoints);
    } catch {
      // There is none, or it is damaged from here on: what is missing is made again.
    }
    cache.kept = checkpoints.all.length;
    return cache;
  }

  private constructor(file: string, tape: Tape) {
    this.file = file;
    this.tape = tape;
  }

  /** Writes the file again when there are other checkpoints than it has. */
  save(checkpoints: Checkpoints): void {
    const { all, spacing } = checkpoints;
    if (all.length === this.kept) return;
    const temporary = `${this.file}.${process.pid}`;
    try {
      fs.writeFileSync(temporary, Buffer.concat([this.head(spacing), ...this.records(all)]));
      fs.renameSync(temporary, this.file);
      this.kept = all.length;
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

  private records(all: readonly Checkpoint[]): Buffer[] {
    return all.slice(1).map(({ block, image }, i) => {
      const { chain } = this.tape.blocks.entry(block - 1);
      const body = new ByteWriter().u32(block).hash(chain).done();
      return frame(CHECKPOINT, body, deflateRawSync(encodeImage(image, all[i].image), { level: 1 }));
    });
  }

  private read(checkpoints: Checkpoints): void {
    const source = bytesSource(fs.readFileSync(this.file));
    const first = readFrame(source, 0);
    const head = new ByteReader(first.body, 'the head of the cache');
    if (first.type !== HEAD || head.u32() !== FORMAT || head.hash() !== this.key) return;
    checkpoints.spacing = head.u32();
    let before = checkpoints.all[0].image;
    for (let at = first.next; at < source.size;) {
      const { type, body, next } = readFrame(source, at);
      const reader = new ByteReader(body, 'a checkpoint');
      const [block, chain] = [reader.u32(), reader.hash()];
      const { blocks } = this.tape;
      if (type !== CHECKPOINT || block >= blocks.count || blocks.entry(block - 1).chain !== chain) return;
      before = decodeImage(inflateRawSync(reader.raw(reader.left)), before);
      checkpoints.add(block, before);
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
