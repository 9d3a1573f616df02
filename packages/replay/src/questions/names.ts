/** The names on a tape, gathered in one pass over it: tasks, steps with their numbers, and the nodes of frames. */
import { StimulusBegan, StimulusEnded, type Block, type Stimulus } from '@pagetape/events';
import { openMachine, read, type Result, type StateView } from '@pagetape/core';
import { kindNumber, RowCursor } from '../run/rows.ts';
import { startOf } from '../run/stimuli.ts';
import type { Tape } from '../tape/index.ts';

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

export class TapeNames {
  private readonly pids = new Map<string, number>();
  private readonly byPid = new Map<number, string>();
  private readonly steps = new Map<number, Step>();
  private readonly empty: StateView;

  /** Reads the blocks of the tape, as they are on it or as they are at hand. */
  constructor(tape: Tape, blocks: Iterable<Block> = tape.blocks) {
    this.empty = openMachine(startOf(tape).machine).view;
    const drafts = new Map<number, Omit<Step, 'number'>>();
    const spawned = kindNumber('TaskSpawned');
    const cursor = new RowCursor(blocks);
    while (cursor.next()) {
      if (cursor.kind === spawned) this.add(cursor.payload as { task: { name: string; pid: number } });
      else if (cursor.kind === StimulusBegan.number) {
        const { task, ...began } = cursor.payload as Began;
        const step = { ...began, task: task === 0 ? null : this.task(task), began: cursor.at.seq };
        drafts.set(step.op, { ...step, ended: null, result: null });
      } else if (cursor.kind === StimulusEnded.number) {
        const { op, result } = cursor.payload as { op: number; result: Result };
        const draft = drafts.get(op);
        if (draft) drafts.set(op, { ...draft, ended: cursor.at.seq, result });
      }
    }
    this.number(drafts);
  }

  private add({ task }: { task: { name: string; pid: number } }): void {
    this.pids.set(task.name, task.pid);
    this.byPid.set(task.pid, task.name);
  }

  /** Numbers steps as reports do: those in another one in the order of their ops. */
  private number(drafts: ReadonlyMap<number, Omit<Step, 'number'>>): void {
    const children = new Map<number, number>();
    for (const op of [...drafts.keys()].sort((a, b) => a - b)) {
      const draft = drafts.get(op) as Omit<Step, 'number'>;
      const { parent } = draft;
      const n = (children.get(parent) ?? 0) + 1;
      children.set(parent, n);
      const outer = this.steps.get(parent)?.number;
      this.steps.set(op, { ...draft, number: outer === undefined ? `${n}` : `${outer}.${n}` });
    }
  }

  /** The step that events with this `op` serve. */
  step(op: number): Step | undefined {
    return this.steps.get(op);
  }

  allSteps(): readonly Step[] {
    return [...this.steps.values()];
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
    return pfn < this.empty.topology.max_pfn ? read.page_to_nid(this.empty, pfn) : undefined;
  }
}
