/**
 * Recordings of kernels 6.x: the answer of each step, what it added to the counters of migration and swap, and where every
 * page lies after it.
 *
 * Before each step all per-CPU batches are drained, as they were when the recording was made. A page that was just touched
 * is so on its LRU list, and has no reference that nobody knows of.
 */
import { layout, ALL_PROFILES, Simulation, type MachineSpec, type Result, type StateView } from '@pagetape/core';
import { canonicalJson, type Stimulus } from '@pagetape/events';
import type { OracleResult } from '../scenario/oracle.ts';
import { compareAnswer, type Comparison, type Difference } from './compare.ts';
import { Expectation } from './expect.ts';
import { observePlacement } from './places.ts';

const ANSWERS = [
  'ret',
  'errno',
  'sig',
  'killed',
  'touched',
  'dead',
  'status',
  'mode',
  'mask',
  'out',
  'value',
  'maps',
  'vmstat',
  'shared',
  'sharing',
];

/** The counters of /proc/vmstat that a step tells when it added to them. */
const COUNTERS = [
  'pgmigrate_success',
  'pgmigrate_fail',
  'thp_migration_success',
  'thp_migration_fail',
  'thp_migration_split',
  'pswpin',
  'pswpout',
];

/** Steps of which it was not recorded what they added. */
const UNCOUNTED: ReadonlySet<string> = new Set(['hog']);

export class PlacementComparison implements Comparison {
  private readonly simulation: Simulation;
  private readonly expectation: Expectation;
  /** The counters when a step last asked for them. */
  private asked: number[];
  private readonly observe: () => ReturnType<typeof observePlacement>;

  constructor(machine: MachineSpec, profile: string) {
    this.simulation = new Simulation({ machine, profile });
    const { view } = this.simulation;
    this.observe = () => observePlacement(view, ALL_PROFILES[profile]);
    this.asked = countersOf(view);
    this.expectation = new Expectation(this.observe());
  }

  step(stimulus: Stimulus, recorded: OracleResult): Difference | null {
    const { simulation, expectation } = this;
    // Numbers in `approx` were not the same each time.
    const { vm = {}, pl = {}, sw = {}, approx: _, ...answer } = recorded;
    simulation.perform({ op: 'drain' });
    const before = countersOf(simulation.view);
    const result = this.inTheirWords(simulation.perform(stimulus), stimulus.op);
    const added = addedSince(before, countersOf(simulation.view));
    expectation.tell({ pl, sw });
    return (
      compareAnswer(answer, result, ANSWERS) ??
      (UNCOUNTED.has(stimulus.op) ? null : compareCounters(vm, added)) ??
      expectation.compare(this.observe())
    );
  }

  /** Who recorded told of counters what was added since he last asked for them. */
  private inTheirWords(result: Result, op: Stimulus['op']): object {
    if (result.sig === 'SIGKILL') return toldByOthers(result, op);
    if (!result.vmstat) return result;
    const now = countersOf(this.simulation.view);
    const vmstat = Object.fromEntries(COUNTERS.map((name, n) => [name, now[n] - this.asked[n]]));
    this.asked = now;
    return { ...result, vmstat };
  }
}

/**
 * A task that finds no memory is killed. Who recorded could then not ask it for the return value any more, but for how many
 * pages it had touched.
 */
function toldByOthers({ ret }: Result, op: Stimulus['op']): object {
  return { ret: null, killed: 9, ...(op === 'touch' && ret !== null ? { touched: ret } : {}) };
}

const countersOf = ({ vmstat }: StateView): number[] =>
  COUNTERS.map((name) => vmstat[(layout.VMSTAT as readonly string[]).indexOf(name)] ?? 0);

function addedSince(before: readonly number[], after: readonly number[]): Record<string, number> {
  const added = COUNTERS.map((name, n) => [name, after[n] - before[n]] as const);
  return Object.fromEntries(added.filter(([, number]) => number !== 0));
}

function compareCounters(expected: unknown, got: Readonly<Record<string, number>>): Difference | null {
  return canonicalJson(expected) === canonicalJson(got) ? null : { field: 'vm', expected, got };
}
