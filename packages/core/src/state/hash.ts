/** The fingerprint of a state: both lanes, every integer that a run has touched. */
import { canonicalJson, Hash64 } from '@pagetape/events';
import { FRAME, FRAMES_USED, TABLE, TABLES_USED } from './layout.ts';
import { HOT_ARRAYS } from './state.ts';
import type { StateView } from './view.ts';

/** 16 hexadecimal digits, equal for equal states. */
export function hashState(s: StateView): string {
  const hash = new Hash64();
  const used: Partial<Record<string, number>> = {
    frames: s.scalars[FRAMES_USED] * FRAME,
    tables: s.scalars[TABLES_USED] * TABLE,
  };
  for (const name of HOT_ARRAYS) {
    const array = s[name];
    hash.ints(array, 0, Math.min(used[name] ?? array.length, array.length));
  }
  hash.text(`${s.clock.t}`);
  return hash.text(canonicalJson(s.cold)).digest();
}
