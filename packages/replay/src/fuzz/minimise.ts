/**
 * Makes a failing program small, as long as it still fails: first what follows the failure goes, then calls that have nothing to
 * do with it, one by one from the end, then what happens meanwhile, then arguments and sizes. All is tried again until nothing helps.
 */
import type { MachineSpec } from '@pagetape/core';
import type { Stimulus } from '@pagetape/events';
import type { Program } from '../laws/recording.ts';

export type StillFails = (program: Program) => boolean;

/** Passes over all that can be made smaller; the second is rarely of use. */
const ROUNDS = 4;

export function minimise(program: Program, stillFails: StillFails): Program {
  let best = dropWhatFollows(program, stillFails);
  for (let round = 0; round < ROUNDS; round++) {
    const before = JSON.stringify(best);
    for (const pass of [dropCalls, dropDisturbances, simplifyArguments, shrinkMachine]) best = pass(best, stillFails);
    if (JSON.stringify(best) === before) break;
  }
  return best;
}

/** The first variant that still fails, or the program as it is. */
function firstOf(program: Program, variants: Iterable<Program>, stillFails: StillFails): Program | null {
  for (const variant of variants) if (stillFails(variant)) return variant;
  return null;
}

/** As long as there is a variant that still fails. */
function repeat(
  program: Program,
  variantsOf: (program: Program) => Iterable<Program>,
  stillFails: StillFails,
): Program {
  let best = program;
  for (;;) {
    const smaller = firstOf(best, variantsOf(best), stillFails);
    if (!smaller) return best;
    best = smaller;
  }
}

/** The shortest beginning that fails, found by halving, as a longer one then fails, too. */
function dropWhatFollows(program: Program, stillFails: StillFails): Program {
  let [low, high] = [0, program.steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stillFails({ ...program, steps: program.steps.slice(0, middle) })) high = middle;
    else low = middle + 1;
  }
  const shortest = { ...program, steps: program.steps.slice(0, high) };
  return stillFails(shortest) ? shortest : program;
}

/** The list with something else in place of its item `i`, or with nothing. */
function put<T>(list: readonly T[], i: number, ...items: T[]): T[] {
  return [...list.slice(0, i), ...items, ...list.slice(i + 1)];
}

const withSteps = (program: Program, steps: readonly Stimulus[]): Program => ({ ...program, steps });

function dropCalls(program: Program, stillFails: StillFails): Program {
  let best = program;
  for (let i = best.steps.length - 1; i >= 0; i--) {
    const without = withSteps(best, put(best.steps, i));
    if (stillFails(without)) best = without;
  }
  return best;
}

/** Steps at the same time one after the other; what happens during a call not at all. */
function dropDisturbances(program: Program, stillFails: StillFails): Program {
  return repeat(program, variantsWithout, stillFails);
}

function* variantsWithout(program: Program): Iterable<Program> {
  for (let i = program.steps.length - 1; i >= 0; i--) {
    const step = program.steps[i];
    const instead = (...steps: Stimulus[]): Program => withSteps(program, put(program.steps, i, ...steps));
    if (step.op === 'parallel') {
      yield instead(...step.steps);
      for (let n = step.steps.length - 1; n >= 0; n--) yield instead({ ...step, steps: put(step.steps, n) });
    }
    if (!('during' in step) || !step.during) continue;
    const { during, ...alone } = step;
    yield instead(alone as Stimulus);
    for (let d = during.length - 1; d >= 0; d--) {
      const { pass, steps } = during[d];
      for (let n = steps.length - 1; n >= 0; n--) {
        yield instead({ ...step, during: put(during, d, { pass, steps: put(steps, n) }) } as Stimulus);
      }
    }
  }
}

/** Keys whose value says who or what; they are not made simpler one by one. */
const IDENTITIES: ReadonlySet<string> = new Set([
  'op',
  't',
  'r',
  'as',
  'name',
  'file',
  'cg',
  'caps',
  'during',
  'steps',
]);

function simplifyArguments(program: Program, stillFails: StillFails): Program {
  return repeat(program, variantsOfArguments, stillFails);
}

function* variantsOfArguments(program: Program): Iterable<Program> {
  for (let i = program.steps.length - 1; i >= 0; i--) {
    const step = program.steps[i] as unknown as Record<string, unknown>;
    for (const [key, value] of Object.entries(step)) {
      if (IDENTITIES.has(key)) continue;
      for (const simpler of simplerThan(key, value)) {
        const { [key]: _, ...rest } = step;
        const changed = simpler === undefined ? rest : { ...step, [key]: simpler };
        yield withSteps(program, put(program.steps, i, changed as unknown as Stimulus));
      }
    }
  }
}

/** Keys that a step does not need, and values that they have then. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'uid',
  'flags',
  'prot',
  'mode',
  'stride',
  'kind',
  'fs',
  'buffers',
  'off',
  'zombie',
  'sig',
  'nonblock',
  'migrate',
  'status_edge',
]);

function* simplerThan(key: string, value: unknown): Iterable<unknown> {
  const needed = key === 'flags' || key === 'mode' ? typeof value === 'number' : !OPTIONAL.has(key);
  if (!needed) yield undefined;
  if (key === 'pages') yield* smallerNumbers(value as number, 1);
  else if (key === 'at' || key === 'off' || key === 'count' || key === 'cpu') yield* smallerNumbers(value as number, 0);
  else if (key === 'maxnode' && value !== 64) yield 64;
  else if (key === 'pid' && value !== 'self') yield 'self';
  else if (key === 'addr' && Array.isArray(value) && value[1] !== 0) yield [value[0], 0];
  else if (Array.isArray(value)) for (let n = value.length - 1; n >= 0; n--) yield put(value, n);
}

function* smallerNumbers(value: number, least: number): Iterable<number> {
  if (value <= least) return;
  yield least;
  const half = least + ((value - least) >> 1);
  if (half > least) yield half;
  if (value - 1 > half) yield value - 1;
}

function shrinkMachine(program: Program, stillFails: StillFails): Program {
  return repeat(program, variantsOfMachine, stillFails);
}

const SETTINGS = ['distance', 'cgroup', 'fault_around', 'tmpfs_mpol', 'hugepages', 'thp', 'swap_device'] as const;

function* variantsOfMachine(program: Program): Iterable<Program> {
  const { machine } = program;
  const other = (changed: Partial<MachineSpec>): Program => ({ ...program, machine: { ...machine, ...changed } });
  for (const key of SETTINGS) {
    const { [key]: _, ...rest } = machine;
    if (machine[key] !== undefined) yield { ...program, machine: rest };
  }
  if (machine.nodes.length > 1 && machine.distance === undefined && machine.hugepages === undefined) {
    for (let n = machine.nodes.length - 1; n > 0; n--) yield other({ nodes: put(machine.nodes, n) });
  }
  for (let n = machine.nodes.length - 1; n >= 0; n--) {
    const { zones, dimm, ...node } = machine.nodes[n];
    const replace = (node: (typeof machine.nodes)[number]): Program => other({ nodes: put(machine.nodes, n, node) });
    if (zones || dimm) yield replace(node);
    if (!zones && node.pages > 64) yield replace({ ...machine.nodes[n], pages: 64 });
    if (node.cpus !== 1) yield replace({ ...machine.nodes[n], cpus: 1 });
  }
  for (let n = machine.swap.length - 1; n >= 0; n--) yield other({ swap: put(machine.swap, n) });
  if (machine.page_cluster > 0) yield other({ page_cluster: 0 });
  if (machine.io !== 'step') yield other({ io: 'step' });
}
