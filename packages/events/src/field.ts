/**
 * Field types of hot events: one 32-bit integer each, with the text that people read.
 *
 * A field type says which integers it holds and how they are printed. Everything else about an event (TypeScript
 * type, schema, columns, text line) follows from its list of fields.
 */

const INT32_MAX = 0x7fffffff;

/** What one kind of integer means: its range, and how it is written in text. */
export interface FieldType {
  readonly id: string;
  readonly min: number;
  readonly max: number;
  readonly doc: string;
  readonly print: (value: number) => string;
  /** The inverse of `print`; NaN when the text is not of this type. */
  readonly parse: (text: string) => number;
}

/** A named field of a hot event. */
export interface Field<Name extends string = string> {
  readonly name: Name;
  readonly type: FieldType;
}

type FieldMaker = <const Name extends string>(name: Name) => Field<Name>;

const decimal = (text: string): number => (/^-?\d+$/.test(text) ? Number(text) : NaN);
const hex = (text: string): number => (/^0x[0-9a-f]+$/.test(text) ? Number.parseInt(text, 16) : NaN);

function integer(id: string, min: number, max: number, doc: string): FieldMaker {
  const type: FieldType = { id, min, max, doc, print: (value) => `${value}`, parse: decimal };
  return (name) => ({ name, type });
}

export const pfn = integer('pfn', 0, 0x0fffffff, 'page frame number');
export const nid = integer('nid', -1, 1023, 'node id; -1: no node');
export const cpu = integer('cpu', 0, 4095, 'CPU number');
export const mm = integer('mm', 0, INT32_MAX, 'address space, numbered from 1; 0: none');
export const pid = integer('pid', 0, INT32_MAX, 'process id of a task');
export const file = integer('file', 1, INT32_MAX, 'file, numbered from 1');
export const slot = integer(
  'slot',
  0,
  0x0fffffff,
  'swap slot, counted over all swap areas; 0 is the header of the first',
);
export const area = integer('area', 0, 31, 'swap area, in the order of swapon');
export const anonVma = integer('anon_vma', 0, INT32_MAX, 'anon_vma, numbered from 1; 0: none');
export const count = integer('count', 0, INT32_MAX, 'a number of things');
export const signed = integer('signed', -0x80000000, INT32_MAX, 'a number that may be negative');
export const nanoseconds = integer('ns', 0, INT32_MAX, 'virtual nanoseconds');

const vpnType: FieldType = {
  id: 'vpn',
  min: 0,
  max: INT32_MAX,
  doc: 'virtual page number: an address shifted right by 12',
  print: (value) => `0x${value.toString(16)}`,
  parse: hex,
};
export const vpn: FieldMaker = (name) => ({ name, type: vpnType });

/** A field that holds the position of a word in a fixed list. Words may be added at the end, never moved. */
export function oneOf<const Name extends string>(name: Name, words: readonly string[]): Field<Name> {
  const type: FieldType = {
    id: words.join('|'),
    min: 0,
    max: words.length - 1,
    doc: `one of ${words.join(', ')}`,
    print: (value) => words[value] ?? `?${value}`,
    parse: (text) => {
      const at = words.indexOf(text);
      return at < 0 ? NaN : at;
    },
  };
  return { name, type };
}

export const flag = <const Name extends string>(name: Name): Field<Name> => oneOf(name, ['no', 'yes']);
