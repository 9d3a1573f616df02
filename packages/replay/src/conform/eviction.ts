/** Recordings of swap migration: every line of the trace, and the whole state page by page. */
import { ALL_PROFILES, Simulation, type MachineSpec } from '@pagetape/core';
import { eventsOf, START, type Position, type RecordedEvent, type Stimulus } from '@pagetape/events';
import type { OracleResult } from '../scenario/oracle.ts';
import { compareAnswer, type Comparison, type Difference } from './compare.ts';
import { Expectation } from './expect.ts';
import { observe } from './observe.ts';
import { Names } from './pages.ts';
import { traceOf } from './trace.ts';

const ANSWERS = ['ret', 'errno', 'sig', 'stop', 'mode', 'mask'];

export class EvictionComparison implements Comparison {
  private readonly names: Names;
  private readonly simulation: Simulation;
  private readonly expectation: Expectation;
  private readonly at: Position = { ...START };
  private events: RecordedEvent[] = [];
  private readonly done: 'evicted' | 'moved';

  constructor(machine: MachineSpec, profile: string) {
    this.simulation = new Simulation({
      machine,
      profile,
      sink: (block) => this.events.push(...eventsOf({ ...block, rows: block.rows.slice() }, this.at)),
    });
    this.done = ALL_PROFILES[profile].evicted_page === 'moved-list' ? 'moved' : 'evicted';
    this.names = new Names(this.simulation.view);
    this.takeTrace();
    this.expectation = new Expectation(observe(this.simulation.view, this.names), 'state.');
  }

  private takeTrace(): string[] {
    this.simulation.finish();
    const trace = traceOf(this.events, this.names, this.done);
    this.events = [];
    return trace;
  }

  step(stimulus: Stimulus, recorded: OracleResult): Difference | null {
    const { trace, state, ...answer } = recorded;
    const result = this.simulation.perform(stimulus);
    const got = this.takeTrace();
    this.expectation.tell((state ?? {}) as Record<string, unknown>);
    return (
      compareAnswer(answer, result, ANSWERS) ??
      (trace ? compareTrace(trace as string[], got) : null) ??
      this.expectation.compare(observe(this.simulation.view, this.names))
    );
  }
}

function compareTrace(recorded: readonly string[], got: readonly string[]): Difference | null {
  const length = Math.max(recorded.length, got.length);
  for (let n = 0; n < length; n++) {
    if (recorded[n] !== got[n]) return { field: `trace[${n}]`, expected: recorded[n] ?? null, got: got[n] ?? null };
  }
  return null;
}
