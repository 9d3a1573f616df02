/**
 * Runs recorded scenarios and compares every field of every result of every step with what was recorded. An operation or
 * a field that is not simulated yet makes a scenario `unsupported`; it never counts as matched.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NotSimulated, PROFILES, Simulation, type Result } from '@pagetape/core';
import { eventsOf, START, type Position, type RecordedEvent } from '@pagetape/events';
import { loadOracle, type Oracle, type OracleResult } from '../scenario/oracle.ts';
import { Expectation, UnknownField, type Difference } from './expect.ts';
import { observe } from './observe.ts';
import { Names } from './pages.ts';
import { traceOf } from './trace.ts';

/** How one run of one file came out. */
export interface ScenarioReport {
  readonly file: string;
  readonly profile: string;
  readonly status: 'matched' | 'mismatched' | 'unsupported';
  /** The first step that is not as recorded, counted from 0. */
  readonly step?: number;
  readonly field?: string;
  readonly expected?: unknown;
  readonly got?: unknown;
}

export interface ConformReport {
  readonly matched: number;
  readonly mismatched: number;
  readonly unsupported: number;
  readonly total: number;
  readonly scenarios: readonly ScenarioReport[];
}

/** The recorded scenarios in files and folders, in the order of their names. Throws when a path is not there. */
export function oracleFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).filter((name) => name.endsWith('.json'));
    return names.sort((a, b) => (a < b ? -1 : 1)).map((name) => join(path, name));
  });
}

/**
 * Runs a file: under the profile of its kernel and, where it has results for a second kernel, under that too. A file that
 * cannot be understood is unsupported, with the reason as its field.
 */
export function conformFile(file: string, profile?: string): ScenarioReport[] {
  let oracle: Oracle;
  try {
    oracle = loadOracle(file);
  } catch (error) {
    return [{ file, profile: profile ?? 'unknown', status: 'unsupported', field: (error as Error).message }];
  }
  const own = oracle.scenario.profile as string;
  const rc1 = 'swap-v5-rc1';
  const recorded = (name: string): readonly OracleResult[] =>
    name === rc1 && oracle.resultsRc1 ? oracle.resultsRc1 : oracle.results;
  const profiles = profile ? [profile] : oracle.resultsRc1 ? [own, rc1] : [own];
  return profiles.map((name) => ({ file, profile: name, ...conformScenario(oracle, name, recorded(name)) }));
}

/** Counts how runs came out. */
export function summarise(scenarios: readonly ScenarioReport[]): ConformReport {
  const count = (status: ScenarioReport['status']): number => scenarios.filter((each) => each.status === status).length;
  return {
    matched: count('matched'),
    mismatched: count('mismatched'),
    unsupported: count('unsupported'),
    total: scenarios.length,
    scenarios,
  };
}

type Outcome = Omit<ScenarioReport, 'file' | 'profile'>;

function conformScenario({ scenario }: Oracle, profile: string, recorded: readonly OracleResult[]): Outcome {
  if (!PROFILES[profile]) return { status: 'unsupported', step: 0, field: `profile ${profile}` };
  let step = 0;
  try {
    const run = new Comparison(scenario.machine, profile);
    for (; step < recorded.length; step++) {
      const difference = run.step(scenario.steps[step], recorded[step]);
      if (difference) return { status: 'mismatched', step, ...difference };
    }
    return { status: 'matched' };
  } catch (error) {
    if (error instanceof NotSimulated) return { status: 'unsupported', step, field: error.what };
    if (error instanceof UnknownField) return { status: 'unsupported', step, field: error.field };
    return { status: 'mismatched', step, field: 'run', expected: 'an answer', got: (error as Error).message };
  }
}

/** A simulation beside what was recorded of it. */
class Comparison {
  private readonly names: Names;
  private readonly simulation: Simulation;
  private readonly expectation: Expectation;
  private readonly at: Position = { ...START };
  private events: RecordedEvent[] = [];
  private readonly done: 'evicted' | 'moved';

  constructor(machine: Oracle['scenario']['machine'], profile: string) {
    this.simulation = new Simulation({
      machine,
      profile,
      sink: (block) => this.events.push(...eventsOf({ ...block, rows: block.rows.slice() }, this.at)),
    });
    this.done = PROFILES[profile].evicted_page === 'moved-list' ? 'moved' : 'evicted';
    this.names = new Names(this.simulation.view);
    this.takeTrace();
    this.expectation = new Expectation(observe(this.simulation.view, this.names));
  }

  private takeTrace(): string[] {
    this.simulation.finish();
    const trace = traceOf(this.events, this.names, this.done);
    this.events = [];
    return trace;
  }

  /** Serves a step, and finds the first field that is not as recorded. */
  step(stimulus: Oracle['scenario']['steps'][number], recorded: OracleResult): Difference | null {
    const { trace, state, ...answer } = recorded;
    const result = this.simulation.perform(stimulus);
    const got = this.takeTrace();
    this.expectation.tell((state ?? {}) as Record<string, unknown>);
    return (
      compareAnswer(answer, result) ??
      (trace ? compareTrace(trace as string[], got) : null) ??
      this.expectation.compare(observe(this.simulation.view, this.names))
    );
  }
}

const ANSWERS = ['ret', 'errno', 'sig', 'stop', 'mode', 'mask'];

function compareAnswer(recorded: OracleResult, result: Result): Difference | null {
  const unknown = Object.keys(recorded).find((field) => !ANSWERS.includes(field));
  if (unknown) throw new UnknownField(unknown);
  const got = result as unknown as Record<string, unknown>;
  const differs = ANSWERS.find((field) => JSON.stringify(recorded[field]) !== JSON.stringify(got[field]));
  return differs ? { field: differs, expected: recorded[differs] ?? null, got: got[differs] ?? null } : null;
}

function compareTrace(recorded: readonly string[], got: readonly string[]): Difference | null {
  const length = Math.max(recorded.length, got.length);
  for (let n = 0; n < length; n++) {
    if (recorded[n] !== got[n]) return { field: `trace[${n}]`, expected: recorded[n] ?? null, got: got[n] ?? null };
  }
  return null;
}
