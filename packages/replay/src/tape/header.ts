/** The start of a tape: magic, version of the format, and the header record. */
import { canonicalJson, catalogueText, HASH_NAME, type AnyEvent } from '@pagetape/events';
import { agreeOnCatalogue, catalogueHash } from './catalogue.ts';
import { ByteReader, ByteWriter, decodeText } from './bytes.ts';
import { pack, unpack, type CodecName } from './codec.ts';
import { TapeError } from './error.ts';
import { FORMAT_VERSION, headerSchema, LIMITS, MAGIC, PREAMBLE_BYTES, RECORD } from './format.ts';
import type { TapeHeader } from './format.ts';
import { frame, readFrame } from './frame.ts';
import { parseObject } from './json.ts';
import type { ByteSource } from './source.ts';
import type { Written } from './upcast.ts';

/** The bytes of a tape up to its first block. `catalogue` is that of this version, except in examples. */
export function encodeHeader(header: TapeHeader, codec: CodecName, catalogue = catalogueText()): Buffer {
  const raw = Buffer.from(catalogue, 'utf8');
  const packed = pack(raw, codec);
  const body = new ByteWriter().hash(catalogueHash(catalogue)).text(canonicalJson(headerSchema.parse(header)));
  body.u8(packed.codec).u32(raw.length).raw(packed.bytes);
  const preamble = new ByteWriter().raw(MAGIC).u32(FORMAT_VERSION);
  return Buffer.concat([preamble.done(), frame(RECORD.header, body.done())]);
}

/** What the start of a tape says. */
export interface Opened {
  readonly header: TapeHeader;
  /** Which versions of events the tape has. */
  readonly written: Written;
  /** Where the first record after the header begins. */
  readonly next: number;
}

/**
 * The header of a tape and where the first record after it begins. Throws a TapeError for what this reader cannot
 * read.
 */
export function readHeader(source: ByteSource, today: readonly AnyEvent[]): Opened {
  checkPreamble(source);
  const { type, body, next } = readFrame(source, PREAMBLE_BYTES);
  if (type !== RECORD.header) throw new TapeError('the tape does not begin with a header record');
  const reader = new ByteReader(body, 'the header of the tape');
  const hash = reader.hash();
  const header = parseHeader(reader.text());
  const codec = reader.u8();
  const length = reader.u32();
  if (length > LIMITS.raw) throw new TapeError(`the catalogue in the tape is ${length} bytes long, more than any is`);
  const catalogue = unpack({ codec, bytes: reader.raw(reader.left) }, length, 'the catalogue in the tape');
  const text = decodeText(catalogue, 'the catalogue in the tape');
  return { header, written: agreeOnCatalogue(text, hash, header.pagetape, today), next };
}

function checkPreamble(source: ByteSource): void {
  const bytes = Buffer.from(source.read(0, Math.min(source.size, PREAMBLE_BYTES)));
  const magic = bytes.subarray(0, MAGIC.length);
  if (!magic.equals(MAGIC.subarray(0, magic.length)) || magic.length === 0) {
    throw new TapeError('this is not a tape: a tape begins with the byte 0x89 and the letters PTAPE');
  }
  if (bytes.length < PREAMBLE_BYTES)
    throw new TapeError(`the tape is cut off in its header, after ${source.size} bytes`);
  const version = bytes.readUInt32LE(MAGIC.length);
  if (version !== FORMAT_VERSION) {
    throw new TapeError(`the tape has format version ${version}; this version of pagetape reads ${FORMAT_VERSION}`);
  }
}

function parseHeader(text: string): TapeHeader {
  const header = parseObject(text, 'the header of the tape');
  const { error } = headerSchema.safeParse(header);
  if (error) {
    const { path, message } = error.issues[0];
    throw new TapeError(`the header of the tape is wrong at "${path.join('.')}": ${message}`);
  }
  if (header.hash !== HASH_NAME) {
    throw new TapeError(`the tape is hashed with ${header.hash}; this version of pagetape knows ${HASH_NAME}`);
  }
  return header as TapeHeader;
}
