/** Back to the start of a run: whoever runs many short programs on one machine need not make it anew for each. */
import { FRAME, FRAMES_USED, TABLE, TABLES_USED, ZONE, Z_FRESH, Z_START } from './layout.ts';
import { HOT_ARRAYS, type HotArray, type State } from './state.ts';

/** Arrays of which only a part is used, and which keep their room. */
const PARTLY: ReadonlySet<HotArray> = new Set<HotArray>(['frames', 'tables']);
const WHOLE = HOT_ARRAYS.filter((name) => !PARTLY.has(name));

/** Makes the state that of `start`, which is a copy of an earlier state of the same run. Only what was used since is written. */
export function resetState(state: State, start: State): void {
  resetFrames(state, start);
  resetTables(state, start);
  for (const name of WHOLE) {
    if (state[name].length === start[name].length) state[name].set(start[name]);
    else state[name] = start[name].slice();
  }
  state.clock.t = start.clock.t;
  state.cold = start.cold;
}

/** Of each zone the frames that were ever handed out. All others are as they were. */
function resetFrames({ frames, zones, topology }: State, start: State): void {
  const used = start.scalars[FRAMES_USED] * FRAME;
  for (let zone = 0; zone < topology.zones.length; zone++) {
    const first = zones[zone * ZONE + Z_START];
    frames.fill(0, first * FRAME, (first + zones[zone * ZONE + Z_FRESH]) * FRAME);
  }
  frames.set(start.frames.subarray(0, used));
}

function resetTables({ tables, scalars }: State, start: State): void {
  const used = start.scalars[TABLES_USED] * TABLE;
  tables.fill(0, used, scalars[TABLES_USED] * TABLE);
  tables.set(start.tables.subarray(0, Math.min(used, start.tables.length)));
}
