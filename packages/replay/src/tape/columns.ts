/**
 * The columns of a block, derived from the catalogue: one for each field of each event kind, numbered in the order of
 * kinds and fields. A cold kind has one column, whose values are the positions of payloads.
 */
import { EVENT_BY_NUMBER, ROW_LENGTH, type AnyEvent } from '@pagetape/events';

/** How the value of a field is predicted. Only the difference is stored. */
export const PREDICT_LAST = 0;
/** The last value of the column, plus what it had grown by. */
export const PREDICT_STRIDE = 1;
/** The last value that any field of this type had, in whatever event of the block. */
export const PREDICT_TYPE = 2;

/** The layout of a column that holds varints; smaller numbers are byte planes. */
export const VARINTS = 15;
/** Values of a column that are varints in any layout: nothing predicts them yet. */
export const UNPREDICTED = 2;

export interface Columns {
  /** Kinds by number, in the versions that are written. */
  readonly kinds: readonly (AnyEvent | undefined)[];
  /** Integers in the row of each kind, by number; 0: no such kind. */
  readonly lengths: Uint8Array;
  /** 1 for each cold kind, by number. */
  readonly cold: Uint8Array;
  /** The first column of each kind, by number, and where they end: 257 entries. */
  readonly first: Int32Array;
  /** Field type of each column: fields of equal type ids share a number, from 1. 0: positions of payloads. */
  readonly type: Int32Array;
  readonly min: Int32Array;
  readonly max: Int32Array;
  /** Highest number of a field type. */
  readonly types: number;
}

/** The columns of some kinds, which are given by number. */
export function layOutColumns(kinds: readonly (AnyEvent | undefined)[]): Columns {
  const numbers = new Map<string, number>();
  const first = new Int32Array(257);
  const cold = new Uint8Array(256);
  const lengths = new Uint8Array(256);
  const [type, min, max]: [number[], number[], number[]] = [[], [], []];
  const add = (id: number, low: number, high: number): void => {
    type.push(id);
    min.push(low);
    max.push(high);
  };
  for (let kind = 0; kind < 256; kind++) {
    first[kind] = type.length;
    const event = kinds[kind];
    if (event) lengths[kind] = 1 + (event.lane === 'hot' ? event.fields.length : 1);
    if (event?.lane === 'cold') cold[kind] = 1;
    if (event?.lane === 'cold') add(0, 0, 0x7fffffff);
    if (event?.lane !== 'hot') continue;
    for (const field of event.fields) {
      const number = numbers.get(field.type.id) ?? numbers.size + 1;
      numbers.set(field.type.id, number);
      add(number, field.type.min, field.type.max);
    }
  }
  first[256] = type.length;
  const ints = (values: number[]): Int32Array => Int32Array.from(values);
  return { kinds, lengths, cold, first, type: ints(type), min: ints(min), max: ints(max), types: numbers.size };
}

/** The columns of today's kinds: what is written. */
export const COLUMNS: Columns = layOutColumns(EVENT_BY_NUMBER);

/** Integers of a row of this kind. A kind that does not exist throws: it would stop a walk over rows for ever. */
export function rowLength(kind: number): number {
  return ROW_LENGTH[kind] || unknown(kind);
}

function unknown(kind: number): never {
  throw new Error(`a row has kind ${kind}, which is not in the catalogue`);
}

/** Why the row at `offset` cannot be: its kind, its field and what would be right. */
export function badRow(
  rows: Int32Array,
  offset: number,
  field: number,
  seq: number,
  { kinds, lengths } = COLUMNS,
): string {
  if (offset >= rows.length) return `event ${seq} is announced, but the rows of the block end before it`;
  const kind = rows[offset];
  const event = kinds[kind];
  if (!event) return `event ${seq} has kind ${kind}, which is not in the catalogue`;
  if (offset + lengths[kind] > rows.length) return `event ${seq}, ${event.name}, goes beyond the end of its block`;
  const value = rows[offset + 1 + field];
  if (event.lane === 'cold') return `event ${seq}, ${event.name}, refers to payload ${value} instead of the next one`;
  const { name, type } = event.fields[field];
  return `event ${seq}, ${event.name}, has ${name}=${value}; ${type.min} to ${type.max} would be a ${type.doc}`;
}
