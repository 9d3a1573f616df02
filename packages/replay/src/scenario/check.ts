/**
 * What a schema cannot see: that a step speaks of tasks, regions, files, nodes and cpus that exist by then.
 *
 * Only names are checked. What a task hands to the kernel may be as wrong as it likes: process ids that nobody has,
 * nodes that are offline, addresses without memory. That is what a scenario may be about.
 */
import { stimulusByName } from '@pagetape/events';
import type { MachineSpec } from '@pagetape/core';
import type { Finding, Path } from './problem.ts';
import { insteadOf, inWords, soFar } from './suggest.ts';

type Step = Readonly<Record<string, unknown>>;

/** What the threads of a process have in common. */
interface Process {
  readonly regions: Set<string>;
  /** All its regions are known: no mistake before hides where it comes from, or what it mapped. */
  sure: boolean;
}

/** Words that may stand for a task where one is asked about. */
const NO_TASKS: ReadonlySet<unknown> = new Set(['self', 'kthread', 'init', 'none']);

/** Steps that need a node with a cpu, and steps that need a node of any kind. */
const NEED_CPU: ReadonlySet<unknown> = new Set(['spawn', 'pin']);
const NEED_NODE: ReadonlySet<unknown> = new Set(['hog', 'unhog', 'node_offline', 'node_online']);

/**
 * Checks the steps of a scenario. Steps whose own form is wrong (`broken`, by their paths as JSON) are not checked, but
 * the names that they bring count, and an unknown name is told once: one mistake should give one finding.
 * Without a machine, nodes and cpus are not checked.
 */
export function checkSteps(
  steps: readonly unknown[],
  machine: MachineSpec | undefined,
  broken: ReadonlySet<string>,
): Finding[] {
  const checker = new Checker(machine, broken);
  checker.all(steps, ['steps'], undefined);
  return checker.findings;
}

class Checker {
  readonly findings: Finding[] = [];
  readonly #machine: MachineSpec | undefined;
  readonly #broken: ReadonlySet<string>;
  readonly #tasks = new Map<string, Process>();
  readonly #files = new Set<string>();

  constructor(machine: MachineSpec | undefined, broken: ReadonlySet<string>) {
    this.#machine = machine;
    this.#broken = broken;
  }

  /** Steps in their order. `inside` is the step that holds them. */
  all(steps: unknown, path: Path, inside: Step | undefined): void {
    if (!Array.isArray(steps)) return;
    for (const [i, step] of steps.entries()) {
      if (typeof step === 'object' && step !== null) this.#step(step as Step, [...path, i], inside);
    }
  }

  #step(step: Step, path: Path, inside: Step | undefined): void {
    const sound = !this.#broken.has(JSON.stringify(path));
    if (sound) {
      if (inside) this.#place(step, path, inside);
      this.#names(step, path);
      this.#nodes(step, path);
    }
    this.#learn(step, sound);
    this.all(step['steps'], [...path, 'steps'], step);
    if (!Array.isArray(step['during'])) return;
    for (const [i, entry] of step['during'].entries()) {
      this.all((entry as Step | null)?.['steps'], [...path, 'during', i, 'steps'], step);
    }
  }

  #report(path: Path, message: string): void {
    this.findings.push({ path, at: 'value', message });
  }

  /** What may stand inside of another step. */
  #place({ op, t }: Step, path: Path, inside: Step): void {
    if (op === 'parallel') {
      this.#report(
        [...path, 'op'],
        '"parallel" cannot be inside of another step; put it among the steps of the scenario',
      );
    }
    const acts = stimulusByName(String(op))?.by === 'task';
    if (inside['op'] === 'parallel' || !acts || inside['t'] !== t) return;
    this.#report([...path, 't'], `${t} is busy with this ${inside['op']}; another task must do what happens during it`);
  }

  #names(step: Step, path: Path): void {
    const { op, t, as, pid } = step;
    if (op === 'spawn') this.#newTask(t, [...path, 't']);
    else if (t !== undefined && t !== 'kthread') this.#task(t, [...path, 't']);
    if (as !== undefined) this.#newTask(as, [...path, 'as']);
    if (typeof pid === 'string' && !NO_TASKS.has(pid)) this.#task(pid, [...path, 'pid']);
    this.#regions(step, path);
    if (op === 'mmap') this.#mapping(step, path);
    if (op === 'pwrite' || op === 'punch') this.#file(step['file'], [...path, 'file']);
    if (op === 'truncate') this.#file(step['name'], [...path, 'name']);
    if (op === 'file' && this.#files.has(String(step['name']))) {
      this.#report([...path, 'name'], `there is a file "${step['name']}" already; take another name`);
    }
  }

  #newTask(name: unknown, path: Path): void {
    if (!this.#tasks.has(String(name))) return;
    this.#report(path, `there is a task "${name}" already; take a name that no task had before`);
  }

  #task(value: unknown, path: Path): void {
    const name = String(value);
    if (this.#tasks.has(name)) return;
    const known = [...this.#tasks.keys()];
    const otherwise = known.length > 0 ? soFar(known) : `spawn it first with {op: spawn, t: ${name}}`;
    this.#report(path, `there is no task "${name}" yet; ${insteadOf(name, known, otherwise)}`);
    this.#tasks.set(name, { regions: new Set(), sure: false });
  }

  #file(value: unknown, path: Path): void {
    const name = String(value);
    if (this.#files.has(name)) return;
    const known = [...this.#files];
    const otherwise = known.length > 0 ? soFar(known) : `make it first with {op: file, name: ${name}, pages: …}`;
    this.#report(path, `there is no file "${name}" yet; ${insteadOf(name, known, otherwise)}`);
    this.#files.add(name);
  }

  #mapping({ kind, file }: Step, path: Path): void {
    const wants = kind === 'file' || kind === 'filepriv';
    if (wants && file === undefined) {
      this.#report([...path, 'kind'], `a region of kind ${kind} needs "file": the name of a file`);
    }
    if (!wants && file !== undefined) {
      this.#report([...path, 'file'], 'a region with a file is of kind file or filepriv; say which with "kind"');
    }
    if (wants && file !== undefined) this.#file(file, [...path, 'file']);
  }

  /** Regions are those of the task; move_pages may speak of addresses of any task. */
  #regions(step: Step, path: Path): void {
    const process = this.#tasks.get(String(step['t']));
    if (!process) return;
    const processes = step['op'] === 'move_pages' ? [...this.#tasks.values()] : [process];
    if (processes.some(({ sure }) => !sure)) return;
    const known = new Set(processes.flatMap(({ regions }) => [...regions]));
    for (const { name, at } of regionsIn(step)) {
      if (known.has(name)) continue;
      const first = `map it first with {op: mmap, t: ${step['t']}, r: ${name}, …}`;
      const meant = insteadOf(name, known, known.size > 0 ? soFar([...known]) : first);
      this.#report([...path, ...at], `${step['t']} has no region "${name}" yet; ${meant}`);
      process.regions.add(name);
      known.add(name);
    }
  }

  #nodes({ op, node, cpu, mems }: Step, path: Path): void {
    if (NEED_CPU.has(op)) this.#node(node, [...path, 'node'], true);
    if (NEED_NODE.has(op)) this.#node(node, [...path, 'node'], false);
    if (op === 'spawn' && Array.isArray(mems)) mems.forEach((id, i) => this.#node(id, [...path, 'mems', i], false));
    if (typeof cpu === 'number') this.#cpu(cpu, [...path, 'cpu']);
  }

  #node(id: unknown, path: Path, withCpu: boolean): void {
    if (!this.#machine || id === undefined) return;
    const { nodes } = this.#machine;
    const node = nodes.find((candidate) => candidate.id === id);
    if (!node) this.#report(path, `the machine has no node ${id}; it has ${nodeList(nodes)}`);
    if (node?.cpus !== 0 || !withCpu) return;
    this.#report(
      path,
      `node ${id} has no cpu to run on; take ${nodeList(
        nodes.filter(({ cpus }) => cpus > 0),
        'or',
      )}`,
    );
  }

  #cpu(cpu: number, path: Path): void {
    const count = this.#machine?.nodes.reduce((sum, node) => sum + node.cpus, 0) ?? Infinity;
    if (cpu < count) return;
    this.#report(
      path,
      `the machine has no cpu ${cpu}; it has ${count === 1 ? 'only cpu 0' : `cpus 0 to ${count - 1}`}`,
    );
  }

  /** Notes the names that the step brings. An unknown operation may have been meant to bring any. */
  #learn({ op, t, as, r, name }: Step, sound: boolean): void {
    const unknown = typeof op !== 'string' || !stimulusByName(op);
    if ((op === 'spawn' || unknown) && typeof t === 'string' && !this.#tasks.has(t)) {
      this.#tasks.set(t, { regions: new Set(), sure: !unknown });
    }
    const process = this.#tasks.get(String(t));
    if (typeof as === 'string') this.#tasks.set(as, childOf(process, op === 'thread'));
    if ((op === 'mmap' || unknown) && typeof r === 'string') process?.regions.add(r);
    if ((op === 'mmap' || unknown) && !sound && process) process.sure = false;
    if ((op === 'file' || unknown) && typeof name === 'string') this.#files.add(name);
  }
}

function childOf(parent: Process | undefined, thread: boolean): Process {
  if (!parent) return { regions: new Set(), sure: false };
  return thread ? parent : { regions: new Set(parent.regions), sure: parent.sure };
}

/** "node 3", "nodes 0, 1 and 3" */
function nodeList(nodes: MachineSpec['nodes'], and = 'and'): string {
  return `${nodes.length === 1 ? 'node' : 'nodes'} ${inWords(
    nodes.map(({ id }) => id),
    and,
  )}`;
}

/** The names of regions in a step, and where in it they stand. */
function regionsIn(step: Step): { name: string; at: Path }[] {
  const found: { name: string; at: Path }[] = [];
  const address = (value: unknown, at: Path): void => {
    if (!Array.isArray(value) || typeof value[0] !== 'string' || value[0] === '@') return;
    found.push({ name: value[0], at: [...at, 0] });
  };
  const addresses = (value: unknown, at: Path): void => {
    if (Array.isArray(value)) value.forEach((item, i) => address(item, [...at, i]));
  };
  address(step['addr'], ['addr']);
  address(step['range'], ['range']);
  addresses(step['addrs'], ['addrs']);
  addresses(step['args'], ['args']);
  if (Array.isArray(step['args'])) {
    step['args'].forEach((value, i) => addresses((value as Step | null)?.['addrs32'], ['args', i, 'addrs32']));
  }
  if (step['op'] === 'mremap' && typeof step['r'] === 'string') found.push({ name: step['r'], at: ['r'] });
  return found;
}
