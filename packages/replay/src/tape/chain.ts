/** The chain hash: one value for all events up to the end of a block, so that two runs are compared by 16 digits. */
import { canonicalJson, Hash64, type Block } from '@pagetape/events';

/**
 * The chain hash after a block, from the one before it (`CHAIN_START` for the first): the digits of the previous
 * hash, the rows, the canonical JSON of each payload. It depends on where blocks were cut, so recorders cut them
 * alike.
 */
export function chainBlock(previous: string, block: Block): string {
  return chainRows(previous, block.rows, block.payloads.map(canonicalJson));
}

/** The same where the payloads are canonical JSON already. */
export function chainRows(previous: string, rows: Int32Array, payloads: readonly string[]): string {
  const hash = new Hash64().text(previous).ints(rows, 0, rows.length);
  for (const payload of payloads) hash.text(payload);
  return hash.digest();
}
