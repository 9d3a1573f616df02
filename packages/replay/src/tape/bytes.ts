/**
 * Bytes of records: little-endian integers, varints, hashes and texts. Readers check each length against what is there
 * before they allocate anything.
 */
import { TapeError } from './error.ts';

const HIGH = 2 ** 32;
const HASH_TEXT = /^[0-9a-f]{16}$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Writes a varint at `at` and returns where it ends: 7 bits a byte, low ones first, the top bit set when more follow.
 */
export function putVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value >>> 0;
  let end = at;
  while (rest > 0x7f) {
    out[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[end++] = rest;
  return end;
}

/** Gathers the bytes of one record. */
export class ByteWriter {
  private buffer = Buffer.alloc(256);
  length = 0;

  private room(bytes: number): number {
    const at = this.length;
    if (at + bytes > this.buffer.length) {
      const larger = Buffer.alloc(Math.max(2 * this.buffer.length, at + bytes));
      this.buffer.copy(larger, 0, 0, at);
      this.buffer = larger;
    }
    this.length = at + bytes;
    return at;
  }

  u8(value: number): this {
    const at = this.room(1);
    this.buffer.writeUInt8(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.room(4);
    this.buffer.writeUInt32LE(value, at);
    return this;
  }

  /** A whole number up to 2^53 - 1, in eight bytes. */
  u64(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${value} is not a whole number below 2^53`);
    return this.u32(value % HIGH).u32(Math.floor(value / HIGH));
  }

  varint(value: number): this {
    const at = this.room(5);
    this.length = putVarint(this.buffer, at, value);
    return this;
  }

  /** 16 hexadecimal digits as eight bytes, in the order of the digits. */
  hash(digits: string): this {
    if (!HASH_TEXT.test(digits)) throw new Error(`"${digits}" is not a hash; it would be 16 hexadecimal digits`);
    return this.raw(Buffer.from(digits, 'hex'));
  }

  raw(bytes: Uint8Array): this {
    const at = this.room(bytes.length);
    this.buffer.set(bytes, at);
    return this;
  }

  /** The length of the UTF-8 bytes as a varint, then the bytes. */
  text(text: string): this {
    const bytes = Buffer.from(text, 'utf8');
    return this.varint(bytes.length).raw(bytes);
  }

  /** What was written; the bytes are lent until the next write. */
  done(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}

/** Takes the bytes of one record apart. `what` is named when they end too early. */
export class ByteReader {
  private readonly bytes: Uint8Array;
  private readonly what: string;
  private at: number;

  constructor(bytes: Uint8Array, what: string, at = 0) {
    this.bytes = bytes;
    this.what = what;
    this.at = at;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  private take(bytes: number): number {
    if (bytes > this.left) throw new TapeError(`${this.what}: ${bytes} bytes are due, and ${this.left} are left`);
    const at = this.at;
    this.at += bytes;
    return at;
  }

  u8(): number {
    return this.bytes[this.take(1)];
  }

  u32(): number {
    const at = this.take(4);
    const { bytes } = this;
    return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
  }

  u64(): number {
    const value = this.u32() + this.u32() * HIGH;
    if (!Number.isSafeInteger(value)) throw new TapeError(`${this.what}: a number is 2^53 or more, which none may be`);
    return value;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80 && value < HIGH) return value;
    }
    throw new TapeError(`${this.what}: a varint is longer than 32 bits`);
  }

  hash(): string {
    return Buffer.from(this.raw(8)).toString('hex');
  }

  /** The next bytes, lent. */
  raw(bytes: number): Uint8Array {
    const at = this.take(bytes);
    return this.bytes.subarray(at, at + bytes);
  }

  text(): string {
    return decodeText(this.raw(this.varint()), this.what);
  }

  /** Says that nothing may follow. */
  end(): void {
    if (this.left > 0) throw new TapeError(`${this.what}: ${this.left} bytes follow where it should end`);
  }
}

/** UTF-8 to text; refuses what is not UTF-8. */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new TapeError(`${what}: a text is not valid UTF-8`);
  }
}
