/**
 * The 64-bit hash that chains blocks and fingerprints states: two 32-bit lanes, each word multiplied and rotated into both.
 * It finds accidents and divergence; it is no defence against forgery. The algorithm is part of the tape format.
 */

/** The name that tapes carry. A change of the algorithm is a new name. */
export const HASH_NAME = 'pt64-1';

/** The first lane after one more word. */
export function laneA(a: number, word: number): number {
  const x = Math.imul(a ^ word, 0x9e3779b1);
  return (x << 13) | (x >>> 19);
}

/** The second lane after one more word. `a` is the first lane after it. */
export function laneB(b: number, word: number, a: number): number {
  const x = Math.imul(b + word, 0x85ebca77) ^ a;
  return (x << 17) | (x >>> 15);
}

/** The lanes are public for loops that do something else with the words as well: see `pass`. */
export class Hash64 {
  a = 0x243f6a88 | 0;
  b = 0x85a308d3 | 0;
  private words = 0;

  word(w: number): this {
    return this.pass(laneA(this.a, w), laneB(this.b, w, laneA(this.a, w)), 1);
  }

  /** Goes to where so many more words lead. */
  pass(a: number, b: number, words: number): this {
    this.a = a;
    this.b = b;
    this.words += words;
    return this;
  }

  /** Words `from` up to before `to`. */
  ints(words: { readonly [index: number]: number }, from: number, to: number): this {
    let { a, b } = this;
    for (let i = from; i < to; i++) {
      const w = words[i] as number;
      a = laneA(a, w);
      b = laneB(b, w, a);
    }
    return this.pass(a, b, to - from);
  }

  /** The UTF-16 units of a string and their number, so that two strings in a row differ from one. */
  text(text: string): this {
    for (let i = 0; i < text.length; i++) this.word(text.charCodeAt(i));
    return this.word(text.length);
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    return hex(mix(this.a ^ this.words)) + hex(mix(this.b ^ mix(this.a)));
  }
}

function mix(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hex(x: number): string {
  return (x >>> 0).toString(16).padStart(8, '0');
}
