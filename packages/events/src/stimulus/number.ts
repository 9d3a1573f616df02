/**
 * Numbers as steps write them: a whole number, "0x…" (numbers of 64 bits do not fit into a number of JavaScript), or
 * constants and numbers joined by "|", as in C.
 */
import { z } from 'zod';
import { CONSTANTS } from './constants.ts';
import { once } from './define.ts';

/** A number of up to 64 bits: 5, -1, "0xffffffffffffffff", "MPOL_F_NODE|MPOL_F_ADDR", "2|MPOL_F_STATIC_NODES". */
export type NumberValue = number | string;

const WORD_SOURCE = '(?:-?\\d+|0x[0-9a-fA-F]{1,16}|[A-Z][A-Z0-9_]*)';
const WORD = new RegExp(`^${WORD_SOURCE}$`);
const WORDS = new RegExp(`^${WORD_SOURCE}(?:\\|${WORD_SOURCE})*$`);
const PHRASE =
  'a whole number, "0x…" with up to 16 digits, or constants joined by "|", such as "MPOL_MF_MOVE|MPOL_MF_STRICT"';

/** The words of a number that are neither a number nor a name in `constants`. */
export function unknownWords(value: NumberValue, constants: Readonly<Record<string, number>> = CONSTANTS): string[] {
  if (typeof value === 'number') return [];
  return value
    .split('|')
    .filter((word) => !WORD.test(word) || (/^[A-Z]/.test(word) && !Object.hasOwn(constants, word)));
}

/**
 * The number that is meant. It may be negative: for what a register holds take `BigInt.asUintN(64, …)`.
 * Throws when a word of it is no number and no name in `constants`.
 */
export function resolveNumber(value: NumberValue, constants: Readonly<Record<string, number>> = CONSTANTS): bigint {
  if (typeof value === 'number') return BigInt(value);
  const [unknown] = unknownWords(value, constants);
  if (unknown !== undefined) throw new Error(`"${unknown}" is neither a number nor a constant known here`);
  return value.split('|').reduce((sum, word) => sum | resolveWord(word, constants), 0n);
}

function resolveWord(word: string, constants: Readonly<Record<string, number>>): bigint {
  if (/^[A-Z]/.test(word)) return BigInt(constants[word]);
  return word.startsWith('-') ? -BigInt(word.slice(1)) : BigInt(word);
}

/** Schema of `NumberValue`. An unknown constant is an issue of its own, whose `params.constant` is the word. */
export const numberValue = once(() =>
  z
    .union([z.int(PHRASE), z.string().regex(WORDS, PHRASE)], { error: PHRASE })
    .superRefine((value, context) => {
      for (const constant of unknownWords(value)) {
        const message = `"${constant}" is not a constant known here`;
        context.addIssue({ code: 'custom', message, params: { constant } });
      }
    })
    .meta({
      id: 'Number',
      description: 'A whole number, "0x…" (in quotes), or names of constants joined by "|": MPOL_*, MADV_*, MCL_*.',
    }),
);
