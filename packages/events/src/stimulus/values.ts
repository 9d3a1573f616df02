/**
 * What the keys of steps may hold. Each schema's error text completes the sentence "this must be …", so that whoever
 * shows an error can say what would be right.
 */
import { z } from 'zod';
import { CAPABILITY_NAMES } from './constants.ts';
import { once } from './define.ts';

export { numberValue, type NumberValue } from './number.ts';

/** The words that stand for something else where a task could stand are no names of tasks. */
const TASK = /^(?!(?:self|kthread|init|none)$)[A-Za-z_][A-Za-z0-9_-]*$/;
const HEX = /^0x[0-9a-fA-F]{1,16}$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** What every JavaScript object has: who looks such a name up in an object finds what nobody put there. */
const OWNED =
  'constructor prototype hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf ' +
  '__proto__ __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__';
const UNTAKEN = new RegExp(`^(?!(?:${OWNED.replaceAll(' ', '|')})$)`);
const UNTAKEN_PHRASE = 'a name that JavaScript objects do not have by themselves';
const MAX_PAGES = 0x0fffffff;
/** The arena begins at 0x40000000; its last page must have a 31-bit number. */
const MAX_ARENA_PAGE = 0x7fffffff - 0x40000;

/** Whole numbers from `min` to `max`. */
export function whole(phrase: string, min: number, max: number = Number.MAX_SAFE_INTEGER): z.ZodInt {
  return z.int(phrase).min(min, phrase).max(max, phrase);
}

/** Makes the schema of a key that may be left out. `undefined` is not allowed in its place. */
export const optional = z.exactOptional;

export const taskName = once(() => {
  const phrase = 'the name of a task: a letter, then letters, digits, "_" or "-"; not self, kthread, init or none';
  return z.string(phrase).regex(TASK, phrase).regex(UNTAKEN, UNTAKEN_PHRASE).meta({
    id: 'Task',
    description: 'The name of a task, such as A. "self", "kthread", "init" and "none" mean something else.',
  });
});

/** Who can be put into a control group. */
export const memberName = once(() => {
  const phrase = 'the name of a task, or kthread';
  return z
    .union([taskName(), z.literal('kthread')], { error: phrase })
    .meta({ id: 'Member', description: 'The name of a task, or "kthread": a kernel thread.' });
});

export const regionName = once(() => {
  const phrase = 'the name of a region: a letter, then letters, digits, "_" or "-"';
  return z
    .string(phrase)
    .regex(NAME, phrase)
    .regex(UNTAKEN, UNTAKEN_PHRASE)
    .meta({ id: 'Region', description: 'The name that mmap gave to a region of the task.' });
});

export const fileName = once(() => {
  const phrase = 'the name of a file';
  return z
    .string(phrase)
    .min(1, phrase)
    .regex(UNTAKEN, UNTAKEN_PHRASE)
    .meta({ id: 'File', description: 'The name of a file that the step "file" made.' });
});

export const pageCount = once(() =>
  whole(`a number of pages, from 1 to ${MAX_PAGES}`, 1, MAX_PAGES).meta({
    id: 'Pages',
    description: 'How many pages, from `addr` on where there is one.',
  }),
);

/** Pages of a file, or a place in it: may be 0. */
export const filePages = once(() => whole(`a number of pages, from 0 to ${MAX_PAGES}`, 0, MAX_PAGES));

export const arenaPage = once(() =>
  whole(`a page number of the arena, from 0 to ${MAX_ARENA_PAGE}`, 0, MAX_ARENA_PAGE).meta({
    id: 'ArenaPage',
    description: 'A page of the arena. Page n is address 0x40000000 + n * 4096.',
  }),
);

export const nodeId = once(() =>
  whole('a node number, from 0 to 1023', 0, 1023).meta({ id: 'Node', description: 'The number of a node.' }),
);

export const cpuId = once(() =>
  whole('a cpu number, from 0', 0, 4095).meta({
    id: 'Cpu',
    description: 'The number of a cpu; they are counted in the order of the nodes.',
  }),
);

export const count = once(() => whole('a whole number from 0', 0, 0x7fffffff));
export const userId = once(() => whole('a user or group id, from 0', 0, 0xffffffff));
export const yesNo = once(() => z.boolean('true or false'));

/**
 * An address. `[region, page, byte?]`: a byte of a page of the task's region; the page may lie beyond its end.
 * `["@", page, byte?]`: the same by page of the arena. "NULL" and null: the null pointer. "bad": an address where
 * nothing is ever mapped. "0x…": just that number.
 */
export type Address =
  | readonly [region: string, page: number]
  | readonly [region: string, page: number, byte: number]
  | 'NULL'
  | 'bad'
  | `0x${string}`
  | null;

export const address = once(() => {
  const phrase = 'an address: [region, page], [region, page, byte], ["@", page], "NULL", "bad" or "0x…" in quotes';
  const region = z.string().regex(/^(@|[A-Za-z_][A-Za-z0-9_-]*)$/, 'the name of a region, or "@"');
  const page = whole('a page number, from 0', 0);
  const union = either(phrase, [
    z.tuple([region, page]),
    z.tuple([region, page, whole('a number of bytes, from 0', 0)]),
    z.enum(['NULL', 'bad']),
    z.string().regex(HEX, phrase),
    z.null(),
  ]);
  return (union as unknown as z.ZodType<Address>).meta({
    id: 'Address',
    description:
      '[region, page, byte?]; ["@", page, byte?] by page of the arena; "NULL" or null; "bad": never mapped; or "0x…".',
  });
});

/**
 * Memory that holds a node mask. A list of node numbers: the bytes after them are zero, for more than 4096 bytes.
 * null: no pointer. "bad": a pointer that cannot be read. `{words}`: 64-bit words, zero bytes following; with `edge`
 * nothing readable follows the last word, and `skew` adds bytes to the pointer.
 */
export type NodeMask =
  | readonly number[]
  | null
  | 'bad'
  | { readonly words: readonly (number | string)[]; readonly edge?: boolean; readonly skew?: number };

export const nodeMask = once(() => {
  const phrase = 'a 64-bit word: a whole number from 0, or "0x…" in quotes';
  const word = either(phrase, [whole(phrase, 0), z.string().regex(HEX, phrase)]);
  const union = either('a node mask: a list of node numbers, null, "bad" or {words: ["0x…", …], edge?, skew?}', [
    z.array(whole('a node number, from 0 to 65535', 0, 65_535)),
    z.null(),
    z.literal('bad'),
    z.strictObject({ words: z.array(word), edge: optional(yesNo()), skew: optional(integer()) }),
  ]);
  return (union as unknown as z.ZodType<NodeMask>).meta({
    id: 'NodeMask',
    description:
      'Node numbers; null: no pointer; "bad": cannot be read; or 64-bit words (edge: nothing readable follows them).',
  });
});

/** Whom a call is about: the caller ("self" = 0), a kernel thread, process 1, nobody, a task, or a number as given. */
export type PidValue = string | number;

export const pidValue = once(() => {
  const phrase = '"self", "kthread", "init", "none", the name of a task, or a number';
  return either(phrase, [z.int(phrase), z.string().regex(NAME, phrase)]).meta({
    id: 'Pid',
    description:
      '"self" = 0; "kthread": a kernel thread; "init": process 1; "none": no such process; a task; or a number.',
  });
});

export const capabilities = once(() =>
  z
    .array(
      z.enum(CAPABILITY_NAMES, 'the name of a capability, such as CAP_SYS_NICE'),
      'a list of capabilities, such as [CAP_SYS_NICE]',
    )
    .meta({ id: 'Capabilities' }),
);

export const protection = once(() => {
  const phrase = 'letters of "rwx" in this order, such as "rw"; "" for none';
  return z
    .string(phrase)
    .regex(/^r?w?x?$/, phrase)
    .meta({ id: 'Protection', description: 'Letters of rwx; "" is PROT_NONE.' });
});

/** A choice of fixed words. */
export function word<const Words extends readonly [string, ...string[]]>(
  words: Words,
): z.ZodEnum<z.core.util.ToEnum<Words[number]>> {
  const quoted = words.map((text) => `"${text}"`);
  const last = quoted.pop() as string;
  return z.enum(words, quoted.length > 0 ? `${quoted.join(', ')} or ${last}` : last);
}

/** A choice of values of several kinds, with the words that say what they are. */
export function either<const Options extends readonly [z.ZodType, ...z.ZodType[]]>(
  phrase: string,
  options: Options,
): z.ZodUnion<Options> {
  return z.union(options, { error: phrase });
}

/** Whole numbers of either sign. */
export const integer = (): z.ZodInt => z.int('a whole number');
