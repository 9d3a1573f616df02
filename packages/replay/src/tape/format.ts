/** The constants of the tape format and the shapes of what a tape says. TAPE.md describes each byte. */
import { z } from 'zod';

/** The first bytes of a tape. As in PNG, the byte that is not ASCII and the line end show a file mangled as text. */
export const MAGIC: Uint8Array = Uint8Array.from([0x89, 0x50, 0x54, 0x41, 0x50, 0x45, 0x0d, 0x0a]);
/** The last bytes of a tape with an index. */
export const TRAILER_MAGIC: Uint8Array = Uint8Array.from([0x50, 0x54, 0x49, 0x58]);
export const FORMAT_VERSION = 1;

/** Bytes before the first record: the magic and the version of the format. */
export const PREAMBLE_BYTES = 12;
/** Bytes before the body of a record: type, length, CRC-32. */
export const FRAME_BYTES = 9;

/** Types of records: ASCII letters, so that a hex dump can be read. */
export const RECORD = { header: 0x48, block: 0x42, inputs: 0x49, mark: 0x4d, end: 0x45, index: 0x58 } as const;

/** What a reader accepts at most, so that a damaged length cannot exhaust memory. Writers keep to it. */
export const LIMITS = { record: 2 ** 28, raw: 2 ** 28, events: 2 ** 16 } as const;

/** The chain hash before the first block. */
export const CHAIN_START = '0'.repeat(16);

export const headerSchema = z.strictObject({
  /** Whose rules the run follows. */
  profile: z.string(),
  /** What the run starts from. */
  machine: z.record(z.string(), z.unknown()),
  seed: z.string(),
  /** Name of the generator of chance. */
  prng: z.string(),
  /** Name of the hash algorithm of chain and state hashes. */
  hash: z.string(),
  /** `full`: stimuli and events; `inputs`: stimuli and marks alone, from which a run gives the rest. */
  level: z.enum(['full', 'inputs']),
  /** Version of Pagetape that recorded the tape. */
  pagetape: z.string(),
  /** Where the run went on by the rules of another kernel: after which event, and whose. Absent: nowhere. */
  turns: z.exactOptional(
    z
      .array(z.strictObject({ seq: z.int().min(0), profile: z.string() }))
      .min(1)
      .readonly(),
  ),
});
/** The canonical JSON object at the start of a tape. */
export type TapeHeader = z.infer<typeof headerSchema>;
/** What a recorder says about a run; the hash algorithm is filled in. */
export type TapeStart = Omit<TapeHeader, 'hash'>;

/** A place where the state of the run was hashed: after the event `seq`. */
export interface TapeMark {
  readonly seq: number;
  /** State hash, 16 hexadecimal digits. */
  readonly state: string;
  /** Chain hash of the events up to `seq`. */
  readonly chain: string;
}

/** How a run ended. */
export interface TapeEnd {
  /** Seq of the last event. */
  readonly seq: number;
  /** Virtual nanoseconds after it. */
  readonly t: number;
  readonly chain: string;
  /** Why it ended, and whatever the recorder wants to say. */
  readonly summary: Readonly<Record<string, unknown>>;
}

/** A stimulus as a tape of either level gives it back. */
export interface TapeStimulus {
  readonly seq: number;
  readonly kind: 'StimulusBegan' | 'StimulusEnded';
  readonly payload: unknown;
}
