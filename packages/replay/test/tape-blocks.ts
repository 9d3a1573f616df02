/**
 * Blocks made up from the catalogue, for tests of the tape: random valid rows of every kind, and scans of many pages.
 */
import fc from 'fast-check';
import { z } from 'zod';
import { BLOCK_EVENTS, EVENTS, eventByName, schemaOf, type AnyEvent, type Block } from '@pagetape/events';
import { memoryOutput, TapeWriter, type TapeStart, type TapeWriterOptions } from '../src/tape/index.ts';

/** Property tests run with this seed; a failure prints it with the path to its counterexample. */
export const SEED = Number(process.env['PAGETAPE_SEED'] ?? 20261121);

export const START: TapeStart = {
  profile: 'swap-v5-seed',
  machine: { nodes: [{ pages: 4096 }, { pages: 4096 }] },
  seed: '42',
  prng: 'alea',
  level: 'full',
  pagetape: '0.1.0',
};

/** An event before it is a row: its kind and its fields, or its payload. */
export interface Made {
  readonly event: AnyEvent;
  readonly fields?: readonly number[];
  readonly payload?: unknown;
}

interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Values of a schema. Positions are made of members called `op` and `parent`, which are never negative. */
function valuesOf(schema: JsonSchema, name = ''): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => valuesOf(one, name)));
  if (schema.type === 'object' && schema.properties) {
    const members = Object.entries(schema.properties).map(([key, one]) => [key, valuesOf(one, key)] as const);
    return fc.record(Object.fromEntries(members), { requiredKeys: [...(schema.required ?? [])] });
  }
  if (schema.type === 'object') return fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });
  if (schema.type === 'array') return fc.array(valuesOf(schema.items ?? {}), { maxLength: 3 });
  if (schema.type === 'integer') return integers(schema, name === 'op' || name === 'parent');
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'null') return fc.constant(null);
  if (schema.type === 'string') return fc.string({ unit: 'binary', maxLength: 8 });
  return fc.jsonValue({ maxDepth: 1 });
}

function integers({ minimum = -Infinity, maximum = Infinity }: JsonSchema, natural: boolean): fc.Arbitrary<number> {
  const min = Math.max(minimum, natural ? 0 : -(2 ** 31));
  const small = fc.integer({ min, max: Math.min(maximum, 2 ** 31 - 1) });
  return maximum > 2 ** 31 && minimum <= 0 ? fc.oneof(small, fc.maxSafeNat()) : small;
}

/** Random valid events of one kind. */
export function eventsLike(event: AnyEvent): fc.Arbitrary<Made> {
  if (event.lane === 'cold') {
    const payloads = valuesOf(z.toJSONSchema(schemaOf(event)) as JsonSchema);
    return payloads.map((payload) => ({ event, payload }));
  }
  const fields = fc.tuple(...event.fields.map(({ type: { min, max } }) => fc.integer({ min, max })));
  return fields.map((values) => ({ event, fields: values }));
}

/** Random valid events of any kind. */
export const anyEvents: fc.Arbitrary<Made> = fc.oneof(...EVENTS.map(eventsLike));

/** The block of some events. */
export function blockOf(made: readonly Made[], firstSeq = 1): Block {
  const rows: number[] = [];
  const payloads: unknown[] = [];
  for (const { event, fields, payload } of made) {
    rows.push(event.number, ...(fields ?? [payloads.push(payload) - 1]));
  }
  return { firstSeq, events: made.length, rows: Int32Array.from(rows), payloads };
}

/** Blocks of some events each, one after the other. */
export function blocksOf(made: readonly (readonly Made[])[]): Block[] {
  let seq = 1;
  return made.map((events) => {
    const block = blockOf(events, seq);
    seq += events.length;
    return block;
  });
}

/** One event by the name of its kind. */
export function make(name: string, ...fields: readonly number[]): Made {
  const event = eventByName(name);
  if (!event) throw new Error(`no event is called ${name}`);
  return { event, fields };
}

/** The blocks that a log would make of these events. */
export function* fullBlocks(made: Iterable<Made>): Generator<Block> {
  let [seq, events]: [number, Made[]] = [1, []];
  for (const event of made) {
    events.push(event);
    if (events.length < BLOCK_EVENTS) continue;
    yield blockOf(events, seq);
    seq += events.length;
    events = [];
  }
  if (events.length > 0) yield blockOf(events, seq);
}

/** What a scan of pages does to each: it isolates it. */
export function* isolate(pfns: Iterable<number>): Generator<Made> {
  for (const pfn of pfns) yield make('PageIsolated', pfn, 1);
}

/** The same with the reference that it takes before. */
export function* pinAndIsolate(pfns: Iterable<number>): Generator<Made> {
  for (const pfn of pfns) {
    yield make('PageReferenceTaken', pfn, 0);
    yield make('PageIsolated', pfn, 1);
  }
}

/** A small generator, so that scattered pages are the same in each process. */
export function chance(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % below;
  };
}

function shuffle<T>(things: T[], seed: number): T[] {
  const draw = chance(seed);
  for (let i = things.length - 1; i > 0; i--) {
    const j = draw(i + 1);
    [things[i], things[j]] = [things[j], things[i]];
  }
  return things;
}

const PAGES_FROM = 50_000;

/** So many page frames in a row. */
export const ascending = (pages: number): number[] => Array.from({ length: pages }, (_, i) => PAGES_FROM + i);

/**
 * In any order, which no prediction can know: log2(100,000) bits, 2.08 bytes, is the least that such a number takes.
 */
export const shuffled = (pages: number): number[] => shuffle(ascending(pages), 7);

/**
 * As a machine that has run for a while hands frames out: pieces of 1 to 32 frames in a row, the pieces in any order.
 */
export function pieces(pages: number): number[] {
  const draw = chance(11);
  const all: number[][] = [];
  const rest = ascending(pages);
  while (rest.length > 0) all.push(rest.splice(0, 1 << draw(6)));
  return shuffle(all, 13).flat();
}

/** The bytes of a tape of these blocks, with a mark after each. */
export function tapeOf(
  blocks: Iterable<Block>,
  options: TapeWriterOptions & { level?: TapeStart['level'] } = {},
): Uint8Array {
  const { level = 'full', ...rest } = options;
  const output = memoryOutput();
  const writer = new TapeWriter(output, { ...START, level }, rest);
  for (const block of blocks) {
    writer.block(block);
    writer.mark(writer.seq, stateAt(writer.seq));
  }
  writer.end({ reason: 'finished' });
  return output.bytes();
}

/** A stand-in for the hash of the state after an event. */
export const stateAt = (seq: number): string => (seq * 2654435761).toString(16).padStart(16, '0').slice(-16);
