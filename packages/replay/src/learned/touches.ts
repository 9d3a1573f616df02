/**
 * Which blocks of a tape name a page, so that a question about one page reads few of them. For each block there is a set of
 * hashed keys (a Bloom filter: it may say yes in vain, never no in vain) and a set of the kinds in it.
 */
import { EVENTS, ROW_LENGTH, type Block } from '@pagetape/events';
import type { ByteReader, ByteWriter } from '../tape/bytes.ts';

/** A hashed name of a frame, or of a page of an address space. */
export type Key = number;

const mix = (n: number): Key => Math.imul(n ^ (n >>> 15), 0x2c1b3c6d) | 0;
export const frameKey = (pfn: number): Key => mix(Math.imul(pfn, 2));
export const pageKey = (mm: number, vpn: number): Key => mix(Math.imul(vpn, 2) ^ Math.imul(mm, 0x9e3779b1) ^ 1);

/** Where the rows of a kind name things: positions in the row. */
interface Naming {
  readonly frames: readonly number[];
  readonly pages: readonly (readonly [mm: number, vpn: number])[];
}

const NAMING: readonly (Naming | undefined)[] = namings();

function namings(): (Naming | undefined)[] {
  const found: (Naming | undefined)[] = [];
  for (const event of EVENTS) {
    if (event.lane !== 'hot') continue;
    const at = (id: string): number[] => event.fields.flatMap(({ type }, i) => (type.id === id ? [i + 1] : []));
    const [frames, mms, vpns] = [at('pfn'), at('mm'), at('vpn')];
    const pages = mms.flatMap((mm) => vpns.map((vpn) => [mm, vpn] as const));
    if (frames.length + pages.length > 0) found[event.number] = { frames, pages };
  }
  return found;
}

/** Whether a row names a frame. */
export function namesFrame(rows: Block['rows'], offset: number, pfn: number): boolean {
  return NAMING[rows[offset]]?.frames.some((at) => rows[offset + at] === pfn) ?? false;
}

/** Whether a row names a page of an address space. */
export function namesPage(rows: Block['rows'], offset: number, mm: number, vpn: number): boolean {
  const pages = NAMING[rows[offset]]?.pages;
  return pages?.some(([m, v]) => rows[offset + m] === mm && rows[offset + v] === vpn) ?? false;
}

/** 32-bit words of the largest set: a block has at most some thousands of events, each with a few keys. */
const WORDS = 4096;
/** Of a key two bits are set, each a number below 32 * WORDS. A smaller set has the low bits of these. */
const SHIFT = 15;
const firstBit = (key: Key): number => key >>> SHIFT;
const secondBit = (key: Key): number => Math.imul(key, 0x9e3779b1) >>> SHIFT;

const has = (set: Int32Array, bit: number): boolean => (set[(bit >>> 5) & (set.length - 1)] & (1 << (bit & 31))) !== 0;

/** Words of the set of the kinds. */
const KIND_WORDS = 8;

/** The set of the block in hand. */
const scratch = new Int32Array(WORDS);

export class TouchIndex {
  /** By block. The length of a set is a power of two, a word for each of its keys or more. */
  private readonly keys: Int32Array[] = [];
  private readonly kinds: Int32Array[] = [];

  /** Takes the next block. */
  add({ rows }: Block): void {
    const kinds = new Int32Array(KIND_WORDS);
    scratch.fill(0);
    let found = 0;
    const set = (key: Key): void => {
      const [one, two] = [firstBit(key), secondBit(key)];
      const was = (scratch[one >>> 5] >>> (one & 31)) & (scratch[two >>> 5] >>> (two & 31)) & 1;
      found += 1 - was;
      scratch[one >>> 5] |= 1 << (one & 31);
      scratch[two >>> 5] |= 1 << (two & 31);
    };
    for (let offset = 0; offset < rows.length; offset += ROW_LENGTH[rows[offset]]) {
      const kind = rows[offset];
      kinds[kind >>> 5] |= 1 << (kind & 31);
      const naming = NAMING[kind];
      if (!naming) continue;
      const { frames, pages } = naming;
      for (let i = 0; i < frames.length; i++) set(frameKey(rows[offset + frames[i]]));
      for (let i = 0; i < pages.length; i++) set(pageKey(rows[offset + pages[i][0]], rows[offset + pages[i][1]]));
    }
    this.kinds.push(kinds);
    this.keys.push(folded(scratch, found));
  }

  /** Whether block `n` may name it. */
  mayName(n: number, key: Key): boolean {
    const set = this.keys[n];
    return has(set, firstBit(key)) && has(set, secondBit(key));
  }

  /** Whether an event of one of these kinds is in block `n`. */
  hasKind(n: number, kinds: ReadonlySet<number>): boolean {
    const set = this.kinds[n];
    for (const kind of kinds) if ((set[kind >>> 5] & (1 << (kind & 31))) !== 0) return true;
    return false;
  }

  write(to: ByteWriter): void {
    for (const [n, keys] of this.keys.entries()) to.u32(keys.length).raw(bytesOf(keys)).raw(bytesOf(this.kinds[n]));
  }

  /** Reads the sets of so many blocks. */
  read(from: ByteReader, blocks: number): void {
    for (let n = 0; n < blocks; n++) {
      const words = from.u32();
      if (words < 1 || words > WORDS || (words & (words - 1)) !== 0) throw new RangeError('no such set of keys');
      this.keys.push(integersOf(from.raw(4 * words)));
      this.kinds.push(integersOf(from.raw(4 * KIND_WORDS)));
    }
  }
}

/** The set with as few words as its keys need. */
function folded(set: Int32Array, keys: number): Int32Array {
  let words = 1;
  while (words < keys && words < WORDS) words *= 2;
  const small = new Int32Array(words);
  for (let i = 0; i < WORDS; i++) small[i & (words - 1)] |= set[i];
  return small;
}

const bytesOf = (integers: Int32Array): Uint8Array =>
  new Uint8Array(integers.buffer, integers.byteOffset, integers.byteLength);

function integersOf(bytes: Uint8Array): Int32Array {
  const integers = new Int32Array(bytes.length / 4);
  new Uint8Array(integers.buffer).set(bytes);
  return integers;
}
