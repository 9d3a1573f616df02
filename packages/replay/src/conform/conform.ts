/**
 * Runs recorded scenarios and compares every field of every result of every step with what was recorded. An operation or
 * a field that is not simulated yet makes a scenario `unsupported`; it never counts as matched.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NotSimulated, ALL_PROFILES } from '@pagetape/core';
import { loadOracle, type Oracle, type OracleResult } from '../scenario/oracle.ts';
import { UnknownField } from './compare.ts';
import { EvictionComparison } from './eviction.ts';
import { PlacementComparison } from './placement.ts';

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

/** How a recording is compared depends on the kernel that made it. */
const comparisonOf = ({ kernel }: Oracle) => (kernel.startsWith('swap-v5/') ? EvictionComparison : PlacementComparison);

function conformScenario(oracle: Oracle, profile: string, recorded: readonly OracleResult[]): Outcome {
  const { scenario } = oracle;
  if (!ALL_PROFILES[profile]) return { status: 'unsupported', step: 0, field: `profile ${profile}` };
  let step = 0;
  try {
    const run = new (comparisonOf(oracle))(scenario.machine, profile);
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
