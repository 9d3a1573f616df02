/**
 * The machine as everybody but a reducer sees it: both lanes read-only. A view is always of the newest state; reading
 * it after an event shows what the event did.
 */
import type { ColdState } from './cold.ts';
import type { Topology } from './topology.ts';

/** An Int32Array that may only be read. */
export interface ReadonlyInts {
  readonly length: number;
  readonly [index: number]: number;
}

/** Arrays may be replaced by larger ones at an event that needs more room, so do not keep one over an event. */
export interface StateView {
  readonly topology: Topology;
  readonly cold: ColdState;
  readonly clock: { readonly t: number };
  readonly frames: ReadonlyInts;
  readonly zones: ReadonlyInts;
  readonly nodes: ReadonlyInts;
  readonly cpus: ReadonlyInts;
  readonly tables: ReadonlyInts;
  readonly mms: ReadonlyInts;
  readonly tasks: ReadonlyInts;
  readonly files: ReadonlyInts;
  readonly areas: ReadonlyInts;
  readonly swap_map: ReadonlyInts;
  readonly zeromap: ReadonlyInts;
  readonly swap_cache: ReadonlyInts;
  readonly io: ReadonlyInts;
  readonly holders: ReadonlyInts;
  readonly pins: ReadonlyInts;
  readonly seized: ReadonlyInts;
  readonly hugetlb: ReadonlyInts;
  readonly scalars: ReadonlyInts;
  readonly vmstat: ReadonlyInts;
}
