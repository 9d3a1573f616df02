/** The names on a tape, gathered block by block: tasks, and steps with their numbers. And the nodes of frames. */
import { StimulusBegan, StimulusEnded, type Stimulus } from '@pagetape/events';
import { read, type Result, type StateView } from '@pagetape/core';
import { kindNumber, type RowCursor } from '../run/rows.ts';

/** A step, wherever it stands in the scenario. */
export interface Step {
  /** `op` of its events. */
  readonly op: number;
  /** As reports have it: 5, and 5.1 in it. */
  readonly number: string;
  readonly parent: number;
  readonly task: string | null;
  readonly stimulus: Stimulus;
  /** Seqs of its first and of its last event; null: it did not end. */
  readonly began: number;
  readonly ended: number | null;
  readonly result: Result | null;
}

interface Began {
  readonly op: number;
  readonly parent: number;
  readonly task: number;
  readonly stimulus: Stimulus;
}

const SPAWNED = kindNumber('TaskSpawned');

export class TapeNames {
  private readonly pids = new Map<string, number>();
  private readonly byPid = new Map<number, string>();
  private readonly begun = new Map<number, Omit<Step, 'number'>>();
  /** Those of `begun` with their numbers; made anew when another one has begun or ended. */
  private steps: ReadonlyMap<number, Step> | undefined;
  /** Of the machine, in any state. */
  private readonly topology: StateView;

  constructor(machine: StateView) {
    this.topology = machine;
  }

  /** Takes the next event. */
  add(cursor: RowCursor): void {
    const { kind, at } = cursor;
    if (kind === SPAWNED) {
      const { name, pid } = (cursor.payload as { task: { name: string; pid: number } }).task;
      this.name(name, pid);
    } else if (kind === StimulusBegan.number) {
      const { task, ...began } = cursor.payload as Began;
      this.put({ ...began, task: task === 0 ? null : this.task(task), began: at.seq, ended: null, result: null });
    } else if (kind === StimulusEnded.number) {
      const { op, result } = cursor.payload as { op: number; result: Result };
      const step = this.begun.get(op);
      if (step) this.put({ ...step, ended: at.seq, result });
    }
  }

  private name(name: string, pid: number): void {
    this.pids.set(name, pid);
    this.byPid.set(pid, name);
  }

  private put(step: Omit<Step, 'number'>): void {
    this.begun.set(step.op, step);
    this.steps = undefined;
  }

  /** The step that events with this `op` serve. */
  step(op: number): Step | undefined {
    return (this.steps ??= numbered(this.begun)).get(op);
  }

  /** In the order of their numbers. */
  allSteps(): readonly Step[] {
    return [...(this.steps ??= numbered(this.begun)).values()];
  }

  /** The process id that a name stood for last. */
  pid(name: string): number | undefined {
    return this.pids.get(name);
  }

  /** The name of a task, or what to say instead of it. */
  task(pid: number): string {
    return pid === 0 ? '-' : (this.byPid.get(pid) ?? `pid ${pid}`);
  }

  tasks(): string[] {
    return [...this.pids.keys()];
  }

  /** The node of a frame; undefined where there is no such frame. */
  node(pfn: number): number | undefined {
    const { topology } = this;
    return pfn < topology.topology.max_pfn ? read.page_to_nid(topology, pfn) : undefined;
  }

  toJson(): unknown {
    return { tasks: [...this.byPid].map(([pid, name]) => [name, pid]), steps: [...this.begun.values()] };
  }

  /** Takes what `toJson` gave. */
  fromJson(json: unknown): void {
    const { tasks, steps } = json as { tasks: [string, number][]; steps: Omit<Step, 'number'>[] };
    for (const task of tasks) this.name(...task);
    for (const step of steps) this.put(step);
  }
}

/** Numbers steps as reports do: those in another one in the order of their ops, whichever began first. */
function numbered(begun: ReadonlyMap<number, Omit<Step, 'number'>>): Map<number, Step> {
  const steps = new Map<number, Step>();
  const children = new Map<number, number>();
  for (const step of [...begun.values()].sort((a, b) => a.op - b.op)) {
    const n = (children.get(step.parent) ?? 0) + 1;
    children.set(step.parent, n);
    const outer = steps.get(step.parent)?.number;
    steps.set(step.op, { ...step, number: outer === undefined ? `${n}` : `${outer}.${n}` });
  }
  return steps;
}
