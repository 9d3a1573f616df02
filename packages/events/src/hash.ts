/**
 * The 64-bit hash that chains blocks and fingerprints states: two 32-bit lanes, each word multiplied and rotated into both.
 * It finds accidents and divergence; it is no defence against forgery. The algorithm is part of the tape format.
 */

/** The name that tapes carry. A change of the algorithm is a new name. */
export const HASH_NAME = 'pt64-1';

export class Hash64 {
  private a = 0x243f6a88 | 0;
  private b = 0x85a308d3 | 0;
  private words = 0;

  word(w: number): this {
    let { a, b } = this;
    a = Math.imul(a ^ w, 0x9e3779b1);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b + w, 0x85ebca77) ^ a;
    b = (b << 17) | (b >>> 15);
    this.a = a;
    this.b = b;
    this.words++;
    return this;
  }

  /** Words `from` up to before `to`. */
  ints(words: { readonly [index: number]: number }, from: number, to: number): this {
    let { a, b } = this;
    for (let i = from; i < to; i++) {
      const w = words[i] as number;
      a = Math.imul(a ^ w, 0x9e3779b1);
      a = (a << 13) | (a >>> 19);
      b = Math.imul(b + w, 0x85ebca77) ^ a;
      b = (b << 17) | (b >>> 15);
    }
    this.a = a;
    this.b = b;
    this.words += to - from;
    return this;
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
