/** How the bytes of a record are compressed. Each codec has a number for ever, so that others can join. */
import zlib from 'node:zlib';
import { TapeError } from './error.ts';

export type CodecName = 'stored' | 'brotli';

interface Codec {
  readonly id: number;
  readonly name: CodecName;
  readonly pack: (raw: Uint8Array) => Uint8Array;
  /** `length` is what the raw bytes should be; more are never allocated. */
  readonly unpack: (packed: Uint8Array, length: number) => Uint8Array;
}

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants;

const stored: Codec = { id: 0, name: 'stored', pack: (raw) => raw, unpack: (packed) => packed };

/** Quality 1: residues are mostly zeros, on which more effort is lost. */
const brotli: Codec = {
  id: 1,
  name: 'brotli',
  pack: (raw) =>
    zlib.brotliCompressSync(raw, { params: { [BROTLI_PARAM_QUALITY]: 1, [BROTLI_PARAM_SIZE_HINT]: raw.length } }),
  unpack: (packed, length) => zlib.brotliDecompressSync(packed, { maxOutputLength: Math.max(1, length) }),
};

const CODECS: readonly Codec[] = [stored, brotli];

export interface Packed {
  readonly codec: number;
  readonly bytes: Uint8Array;
}

/** Compresses as asked, or not at all where that is no shorter. */
export function pack(raw: Uint8Array, name: CodecName): Packed {
  const codec = name === 'brotli' ? brotli : stored;
  const bytes = codec.pack(raw);
  return bytes.length < raw.length ? { codec: codec.id, bytes } : { codec: stored.id, bytes: raw };
}

/** The raw bytes, exactly `length` of them. */
export function unpack({ codec, bytes }: Packed, length: number, what: string): Uint8Array {
  const known = CODECS.find(({ id }) => id === codec);
  if (!known) {
    const names = CODECS.map(({ id, name }) => `${id} (${name})`).join(', ');
    throw new TapeError(`${what}: codec ${codec} is unknown; this reader knows ${names}`);
  }
  const raw = inflate(known, bytes, length, what);
  if (raw.length !== length) {
    throw new TapeError(`${what}: ${raw.length} bytes came out of codec ${known.name}, ${length} were announced`);
  }
  return raw;
}

function inflate(codec: Codec, bytes: Uint8Array, length: number, what: string): Uint8Array {
  try {
    return codec.unpack(bytes, length);
  } catch (error) {
    throw new TapeError(`${what}: codec ${codec.name} cannot read its bytes (${(error as Error).message})`);
  }
}
