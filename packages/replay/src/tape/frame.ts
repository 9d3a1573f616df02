/**
 * The frame of every record: type, length, CRC-32, body. The checksum covers the type and the length too, so that no
 * byte of a record can change unseen.
 */
import { crc32 } from './crc32.ts';
import { TapeError } from './error.ts';
import { FRAME_BYTES, LIMITS, RECORD } from './format.ts';
import type { ByteSource } from './source.ts';

export interface Frame {
  readonly type: number;
  /** Lent: a view of what was read. */
  readonly body: Uint8Array;
  /** Where the next record begins. */
  readonly next: number;
}

const NAMES = new Map<number, string>(Object.entries(RECORD).map(([name, type]) => [type, name]));

/** How errors name a record. */
export const nameOf = (type: number, offset: number): string =>
  `the ${NAMES.get(type) ?? 'next'} record at byte ${offset}`;

/** The bytes of a record whose body is the given parts. */
export function frame(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > LIMITS.record) throw new Error(`a record of ${length} bytes is too long; ${LIMITS.record} fit`);
  const bytes = Buffer.allocUnsafe(FRAME_BYTES + length);
  bytes.writeUInt8(type, 0);
  bytes.writeUInt32LE(length, 1);
  let at = FRAME_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  bytes.writeUInt32LE(checksum(bytes), 5);
  return bytes;
}

const checksum = (record: Uint8Array): number => crc32(record.subarray(FRAME_BYTES), crc32(record.subarray(0, 5)));

/** The record at `offset`. Throws a TapeError when it is cut off or damaged. */
export function readFrame(source: ByteSource, offset: number): Frame {
  const left = source.size - offset;
  if (left < FRAME_BYTES) throw new TapeError(`the tape is cut off at byte ${source.size}, in the head of a record`);
  const head = Buffer.from(source.read(offset, FRAME_BYTES));
  const type = head.readUInt8(0);
  const length = head.readUInt32LE(1);
  const what = nameOf(type, offset);
  if (length > LIMITS.record) throw new TapeError(`${what} is damaged: no record is ${length} bytes long`);
  if (length > left - FRAME_BYTES) {
    throw new TapeError(`${what} is cut off: ${length} bytes should follow its head, ${left - FRAME_BYTES} do`);
  }
  const record = source.read(offset, FRAME_BYTES + length);
  if (checksum(record) !== head.readUInt32LE(5)) throw new TapeError(`${what} is damaged: its checksum is wrong`);
  return { type, body: record.subarray(FRAME_BYTES), next: offset + FRAME_BYTES + length };
}
