/**
 * The one walk over the rows of a block while a run is hot: it checks that they are rows, notes and counts their kinds, and
 * feeds the chain hash.
 *
 * To find where a row ends takes the row, and the hash of a word takes that of the word before. Both are chains of waiting,
 * and in one loop the processor waits for both at the same time.
 */
import { BLOCK_EVENTS, Hash64, laneA, laneB, ROW_LENGTH, type Block } from '@pagetape/events';
import { badRow } from './columns.ts';
import { LIMITS } from './format.ts';

export class Survey {
  /** The block that was looked at last. */
  block: Block | undefined;
  /** The kind of each of its events. */
  kinds = new Uint8Array(BLOCK_EVENTS);
  /** Where the row of each begins. */
  offsets = new Int32Array(BLOCK_EVENTS);
  /** Its events of each kind. */
  readonly counts = new Int32Array(256);

  /** Throws an Error when a row is not what the catalogue says. */
  take(block: Block, hash: Hash64 = new Hash64()): void {
    const { events, firstSeq, rows } = block;
    if (events < 1 || events > LIMITS.events)
      throw new Error(`a block has ${events} events; 1 to ${LIMITS.events} fit`);
    if (events > this.kinds.length) {
      this.kinds = new Uint8Array(events);
      this.offsets = new Int32Array(events);
    }
    this.block = block;
    const { kinds, offsets } = this;
    const counts = this.counts.fill(0);
    const lengths = ROW_LENGTH;
    const all = rows.length;
    let { a, b } = hash;
    let i = 0;
    for (let event = 0; event < events; event++) {
      const word = rows[i];
      const kind = word & 0xff;
      const end = i + lengths[kind];
      if (kind !== word || end === i || end > all) throw new Error(badRow(rows, i, 0, firstSeq + event));
      kinds[event] = kind;
      offsets[event] = i;
      counts[kind]++;
      for (; i < end; i++) {
        const w = rows[i];
        a = laneA(a, w);
        b = laneB(b, w, a);
      }
    }
    if (i !== all) throw new Error(`a block of ${events} events has ${all - i} integers too many`);
    hash.pass(a, b, all);
  }
}
