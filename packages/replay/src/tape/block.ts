/** Block records: the events of a stretch of the run, or the stimuli among them alone. */
import { canonicalJson, StimulusBegan, StimulusEnded } from '@pagetape/events';
import type { Block, Position } from '@pagetape/events';
import { ByteReader, ByteWriter } from './bytes.ts';
import { chainRows } from './chain.ts';
import { pack, unpack, type CodecName } from './codec.ts';
import { rowLength } from './columns.ts';
import { decodeRows } from './decode.ts';
import type { RowEncoder } from './encode.ts';
import { TapeError } from './error.ts';
import { LIMITS, RECORD, type TapeStimulus } from './format.ts';
import { frame } from './frame.ts';
import { parseObject } from './json.ts';
import { checkPayload, upcastPayload, upcastRows, type Written } from './upcast.ts';

/** What stands before the contents of a block: where it belongs. */
export interface BlockHead {
  readonly firstSeq: number;
  readonly events: number;
  /** Chain hash before and after the block. */
  readonly before: string;
  readonly chain: string;
  /** Position before the first event of the block. */
  readonly start: Readonly<Position>;
}

/** A block record taken apart, its contents still packed. */
export interface PackedBlock {
  readonly head: BlockHead;
  readonly codec: number;
  readonly bytes: Uint8Array;
  /** Bytes of the contents when unpacked. */
  readonly length: number;
}

function encodeRecord(type: number, head: BlockHead, raw: Uint8Array, codecName: CodecName): Buffer {
  if (raw.length > LIMITS.raw) throw new Error(`a block of ${raw.length} bytes is too long; ${LIMITS.raw} fit`);
  const { codec, bytes } = pack(raw, codecName);
  const { start } = head;
  const body = new ByteWriter().u64(head.firstSeq).u32(head.events).hash(head.before).hash(head.chain);
  body.u64(start.t).u32(start.cpu).u32(start.task).u64(start.op).u8(codec).u32(raw.length);
  return frame(type, body.done(), bytes);
}

/** Takes the body of a block or inputs record apart. */
export function decodeHead(body: Uint8Array, what: string): PackedBlock {
  const reader = new ByteReader(body, what);
  const [firstSeq, events, before, chain] = [reader.u64(), reader.u32(), reader.hash(), reader.hash()];
  const [t, cpu, task, op] = [reader.u64(), reader.u32(), reader.u32(), reader.u64()];
  const [codec, length] = [reader.u8(), reader.u32()];
  if (firstSeq < 1) throw new TapeError(`${what}: its first event is ${firstSeq}, and events count from 1`);
  if (events < 1 || events > LIMITS.events)
    throw new TapeError(`${what}: ${events} events; 1 to ${LIMITS.events} may be`);
  if (length > LIMITS.raw) throw new TapeError(`${what}: ${length} bytes of contents; at most ${LIMITS.raw} may be`);
  const start = Object.freeze({ seq: firstSeq - 1, t, cpu, task, op });
  return { head: { firstSeq, events, before, chain, start }, codec, length, bytes: reader.raw(reader.left) };
}

/** The record of a block of a `full` tape. `payloads` is their canonical JSON. */
export function encodeBlock(
  block: Block,
  payloads: readonly string[],
  head: BlockHead,
  rowEncoder: RowEncoder,
  codec: CodecName,
): Buffer {
  const rows = rowEncoder.encode(block);
  if (payloads.length === 0) return encodeRecord(RECORD.block, head, rows, codec);
  const raw = new ByteWriter().raw(rows);
  for (const payload of payloads) raw.text(payload);
  return encodeRecord(RECORD.block, head, raw.done(), codec);
}

/**
 * The events of a block record, as today's versions have them; the chain hash is that of the rows as they are written.
 * Whatever is not as it should be throws a TapeError.
 */
export function decodeBlock({ head, codec, bytes, length }: PackedBlock, what: string, written: Written): Block {
  const { firstSeq, events } = head;
  const raw = unpack({ codec, bytes }, length, what);
  const { rows, cold, end } = decodeRows(raw, events, firstSeq, what, written.columns);
  const reader = new ByteReader(raw, what, end);
  const texts: string[] = [];
  const payloads = cold.map((kind) => {
    const text = reader.text();
    texts.push(text);
    return parsePayload(kind, text, what, written);
  });
  reader.end();
  if (chainRows(head.before, rows, texts) !== head.chain)
    throw new TapeError(`${what}: its events do not have its chain hash`);
  return Object.freeze({ firstSeq, events, rows: upcastRows(rows, written), payloads: Object.freeze(payloads) });
}

function parsePayload(kind: number, text: string, what: string, written: Written): unknown {
  const event = written.today[kind];
  if (event?.lane !== 'cold') throw new TapeError(`${what}: kind ${kind} has no payload`);
  const payload = upcastPayload(kind, parseObject(text, `${what}, ${event.name}`), written, what);
  checkPayload(event, payload, what);
  return payload;
}

/** The stimuli among the events of a block, in order. */
export function* stimuliOf({ firstSeq, rows, payloads }: Block): Generator<TapeStimulus> {
  for (let i = 0, seq = firstSeq; i < rows.length; seq++) {
    const kind = rows[i];
    const name = stimulusName(kind);
    if (name) yield Object.freeze({ seq, kind: name, payload: payloads[rows[i + 1]] });
    i += rowLength(kind);
  }
}

function stimulusName(kind: number): TapeStimulus['kind'] | undefined {
  if (kind === StimulusBegan.number) return StimulusBegan.name;
  return kind === StimulusEnded.number ? StimulusEnded.name : undefined;
}

/** The record of a block of an `inputs` tape; none when the block has no stimuli. */
export function encodeInputs(block: Block, head: BlockHead, codec: CodecName): Buffer | undefined {
  const stimuli = [...stimuliOf(block)];
  if (stimuli.length === 0) return undefined;
  const raw = new ByteWriter().varint(stimuli.length);
  let before = block.firstSeq;
  for (const { seq, kind, payload } of stimuli) {
    raw.varint(seq - before).u8(kind === 'StimulusBegan' ? StimulusBegan.number : StimulusEnded.number);
    raw.text(canonicalJson(payload));
    before = seq;
  }
  return encodeRecord(RECORD.inputs, head, raw.done(), codec);
}

/** The stimuli of an inputs record. */
export function decodeInputs(
  { head, codec, bytes, length }: PackedBlock,
  what: string,
  written: Written,
): TapeStimulus[] {
  const reader = new ByteReader(unpack({ codec, bytes }, length, what), what);
  const stimuli: TapeStimulus[] = [];
  let seq = head.firstSeq;
  for (let left = reader.varint(); left > 0; left--) {
    const step = reader.varint();
    seq += step;
    const number = reader.u8();
    const kind = stimulusName(number);
    if (!kind) throw new TapeError(`${what}: event ${seq} has kind ${number}, which is no stimulus`);
    const last = head.firstSeq + head.events - 1;
    if (seq > last) throw new TapeError(`${what}: stimulus ${seq} lies beyond its last event, ${last}`);
    if (step === 0 && stimuli.length > 0) throw new TapeError(`${what}: two stimuli are event ${seq}`);
    stimuli.push(Object.freeze({ seq, kind, payload: parsePayload(number, reader.text(), what, written) }));
  }
  reader.end();
  return stimuli;
}
