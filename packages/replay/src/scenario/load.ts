/** Reads scenarios: a file of YAML or JSON becomes a checked `Scenario`, or an error that says where and what. */
import { readFileSync } from 'node:fs';
import type { MachineSpec } from '@pagetape/core';
import type { Stimulus } from '@pagetape/events';
import { checkSteps } from './check.ts';
import { explain, type Given } from './explain.ts';
import { readMachine } from './machine.ts';
import type { Finding, Path } from './problem.ts';
import { scenarioSchema, type ScenarioFile } from './schema.ts';
import { Source } from './source.ts';

/** A machine, and what is done to it. */
export interface Scenario {
  readonly name?: string;
  readonly about?: string;
  /** Whose rules hold; absent: for the caller to say. */
  readonly profile?: string;
  /** Other profiles that it is worth comparing with. */
  readonly compare?: readonly string[];
  readonly seed?: string;
  readonly machine: MachineSpec;
  readonly steps: readonly Stimulus[];
}

/** Reads a scenario file. Throws ScenarioError, or the error of the file system. */
export function loadScenario(path: string): Scenario {
  return parseScenario(readFileSync(path, 'utf8'), path);
}

/** Reads a scenario from text of YAML or JSON. `fileName` is for errors. Throws ScenarioError. */
export function parseScenario(text: string, fileName: string): Scenario {
  const source = new Source(text, fileName);
  const result = readScenario({ value: source.value, quote: (path) => source.quote(path) });
  if (result.findings.length > 0 || !result.scenario) throw source.error(result.findings);
  return result.scenario;
}

/** Checks data that claims to be a scenario file. There is a scenario when there are no findings. */
export function readScenario(given: Given): { scenario?: Scenario; findings: Finding[] } {
  const parsed = scenarioSchema.safeParse(given.value);
  const issues = parsed.error?.issues ?? [];
  const findings: Finding[] = explain(issues, given);
  const broken = brokenParts(issues.map((issue) => issue.path as Path));

  const file = given.value as Partial<ScenarioFile> | null | undefined;
  const sound = issues.every(({ path }) => path.length > 0 && path[0] !== 'machine');
  const read = sound && file?.machine ? readMachine(file.machine) : undefined;
  const machine = read?.findings.length === 0 ? read.machine : undefined;
  findings.push(...(read?.findings ?? []));
  if (Array.isArray(file?.steps)) findings.push(...checkSteps(file.steps, machine, broken));

  if (!parsed.success || !machine || findings.length > 0) return { findings };
  const { name, about, profile, compare, seed, steps } = parsed.data;
  const scenario: Scenario = {
    ...(name === undefined ? {} : { name }),
    ...(about === undefined ? {} : { about }),
    ...(profile === undefined ? {} : { profile }),
    ...(compare === undefined ? {} : { compare }),
    ...(seed === undefined ? {} : { seed: String(seed) }),
    machine,
    steps,
  };
  return { scenario, findings };
}

/** The steps that issues are about, each by its path as JSON; not the steps around them. */
function brokenParts(paths: readonly Path[]): Set<string> {
  const broken = new Set<string>();
  for (const path of paths) {
    let end = path.length - 1;
    while (end > 0 && !(path[end - 1] === 'steps' && typeof path[end] === 'number')) end--;
    if (end > 0) broken.add(JSON.stringify(path.slice(0, end + 1)));
  }
  return broken;
}
