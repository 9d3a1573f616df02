/**
 * What is learned of a tape when it is read once from its start: the names on it, which blocks name what, and what became of
 * pages. Blocks are taken in their order, by whoever comes along; what was learned can be kept and read again.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Block } from '@pagetape/events';
import type { StateView } from '@pagetape/core';
import { RowCursor } from '../run/rows.ts';
import { ByteReader, ByteWriter } from '../tape/bytes.ts';
import { TapeNames } from './names.ts';
import { OutcomeLog } from './outcomes.ts';
import { TouchIndex } from './touches.ts';

export class Learned {
  readonly names: TapeNames;
  readonly touches = new TouchIndex();
  readonly outcomes = new OutcomeLog();
  /** Blocks that were taken: the next one has this number. */
  private taken = 0;
  private readonly cursor = new RowCursor();

  /** The machine is asked for what no event changes. */
  constructor(machine: StateView) {
    this.names = new TapeNames(machine);
  }

  get blocks(): number {
    return this.taken;
  }

  /** Takes the next block. */
  take(block: Block): void {
    const { cursor, names, touches, outcomes } = this;
    touches.add(block);
    outcomes.open(block);
    cursor.open(block);
    while (cursor.next()) {
      names.add(cursor);
      outcomes.add(cursor);
    }
    outcomes.close();
    this.taken++;
  }

  encode(): Buffer {
    const body = new ByteWriter().u32(this.taken).text(JSON.stringify(this.names.toJson()));
    this.touches.write(body);
    this.outcomes.write(body);
    return deflateRawSync(body.done(), { level: 1 });
  }

  /** Reads what `encode` made of a whole tape. Throws when it is not that. */
  static decode(bytes: Uint8Array, machine: StateView): Learned {
    const learned = new Learned(machine);
    const reader = new ByteReader(inflateRawSync(bytes), 'what was learned');
    const blocks = reader.u32();
    learned.names.fromJson(JSON.parse(reader.text()));
    learned.touches.read(reader, blocks);
    learned.outcomes.read(reader, blocks);
    reader.end();
    learned.taken = blocks;
    return learned;
  }
}

let known: string | undefined;

/** A hash of the text of all that makes it of events. The definitions of events are not among it. */
export function learningKey(): string {
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  for (const folder of LEARNING) {
    const path = fileURLToPath(new URL(`../${folder}/`, import.meta.url));
    for (const name of readdirSync(path).sort((a, b) => (a < b ? -1 : 1)))
      if (/(?<!\.test|\.d)\.[jt]s$/.test(name))
        hash
          .update(`${name}\0`)
          .update(readFileSync(path + name))
          .update('\0');
  }
  return (known = hash.digest('hex').slice(0, 16));
}

/** The folders of this package whose text counts. */
export const LEARNING: readonly string[] = ['learned', 'ledger', 'run', 'tape'];
