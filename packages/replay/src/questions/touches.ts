/**
 * Which blocks of a tape name a page, so that a question about one page reads few of them. For each block there is a set of
 * hashed keys (a Bloom filter: it may say yes in vain, never no in vain) and a set of the kinds in it.
 */
import { EVENTS, ROW_LENGTH, type Block } from '@pagetape/events';
import type { Timeline } from '../timeline/timeline.ts';

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

/** 32-bit words of keys a block: at most 4096 events, each with a few keys. */
const WORDS = 4096;
/** Two bits a key, each a number below 32 * WORDS. */
const SHIFT = 15;
const firstBit = (key: Key): number => key >>> SHIFT;
const secondBit = (key: Key): number => Math.imul(key, 0x9e3779b1) >>> SHIFT;

export class TouchIndex {
  private readonly keys: Int32Array;
  private readonly kinds: Int32Array;

  constructor(timeline: Timeline) {
    const { count } = timeline.tape.blocks;
    this.keys = new Int32Array(count * WORDS);
    this.kinds = new Int32Array(count * 8);
    for (let n = 0; n < count; n++) this.add(n, timeline.blockAt(n));
  }

  private add(n: number, { rows }: Block): void {
    for (let offset = 0; offset < rows.length; offset += ROW_LENGTH[rows[offset]]) {
      const kind = rows[offset];
      this.kinds[n * 8 + (kind >>> 5)] |= 1 << (kind & 31);
      const naming = NAMING[kind];
      if (!naming) continue;
      for (const at of naming.frames) this.set(n, frameKey(rows[offset + at]));
      for (const [mm, vpn] of naming.pages) this.set(n, pageKey(rows[offset + mm], rows[offset + vpn]));
    }
  }

  private set(n: number, key: Key): void {
    const [one, two] = [firstBit(key), secondBit(key)];
    this.keys[n * WORDS + (one >>> 5)] |= 1 << (one & 31);
    this.keys[n * WORDS + (two >>> 5)] |= 1 << (two & 31);
  }

  /** Whether block `n` may name it. */
  mayName(n: number, key: Key): boolean {
    const [one, two] = [firstBit(key), secondBit(key)];
    return (
      (this.keys[n * WORDS + (one >>> 5)] & (1 << (one & 31))) !== 0 &&
      (this.keys[n * WORDS + (two >>> 5)] & (1 << (two & 31))) !== 0
    );
  }

  /** Whether an event of one of these kinds is in block `n`. */
  hasKind(n: number, kinds: ReadonlySet<number>): boolean {
    for (const kind of kinds) if ((this.kinds[n * 8 + (kind >>> 5)] & (1 << (kind & 31))) !== 0) return true;
    return false;
  }
}
