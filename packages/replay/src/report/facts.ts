/**
 * What a person wants to know about a run, folded from its events while it happens or is replayed. Events are read as
 * rows, so that a run of millions of them is told at the speed at which it is read.
 */
import { CHECK, errnoName, FAULT_MAJOR, FAULT_MINOR, type Block, type Check, type Stimulus } from '@pagetape/events';
import { read, type Result, type StateView, type Traits } from '@pagetape/core';
import { LEDGER_KINDS, LedgerFold, type Ledger } from '../ledger/ledger.ts';
import { kindNumber, RowCursor } from '../run/rows.ts';
import { freeMemory, memoryOf, memoryOfAll, placeOf, type FreeMemory, type MemoryOf } from './places.ts';

/** Who waits for what in a deadlock. */
export interface DeadlockWait {
  readonly task: string;
  readonly op: number;
  readonly for: string;
  readonly held_by: string;
}

/** What is known of one step. */
export interface StepFacts {
  /** `op` of its events. */
  readonly op: number;
  /** The step that it belongs to; 0: none. */
  readonly parent: number;
  /** The task that acts; null: somebody outside. */
  readonly task: string | null;
  readonly stimulus: Stimulus;
  /** Steps in it, in the order in which the scenario has them. */
  readonly steps: StepFacts[];
  readonly began: number;
  /** Virtual time at its end, and its answer; null when it did not end. */
  ended: number | null;
  result: Result | null;
  minorFaults: number;
  majorFaults: number;
  /** Pages that were mapped on each node, those that came from swap, and mappings of the zero page. */
  readonly mapped: Record<number, number>;
  fromSwap: number;
  zeroMapped: number;
  /** The page that was mapped last. */
  lastMapped: number;
  warnings: number;
  check: { readonly check: Check; readonly errno: string } | null;
  /** Tasks whose cpuset came to allow other nodes. */
  readonly allowed: Record<string, readonly number[]>;
  /** Address spaces that a kernel worker moved because of a cpuset; `left` is what it counts as not moved. */
  readonly worker: {
    readonly tasks: string;
    readonly from: readonly number[];
    readonly to: readonly number[];
    left: number;
  }[];
  /** What a reader of the manual page would not expect of its node masks. */
  readonly quirks: string[];
  ledger: Ledger | null;
  /** The memory of the process that the call is about, before and after it. */
  before: MemoryOf | null;
  after: MemoryOf | null;
  /** The node masks of a call, by which one it is. */
  readonly masks: Record<string, readonly number[]>;
  /**
   * Pages to be moved that lie in areas that the profile's walk does not enter: VM_* bits of the areas, number of
   * pages.
   */
  unentered: { readonly flags: number; readonly pages: number } | null;
}

/** What is known of a whole run. */
export interface RunFacts {
  readonly steps: readonly StepFacts[];
  readonly deadlock: readonly DeadlockWait[] | null;
  readonly nodes: readonly number[];
  readonly freeAtStart: FreeMemory;
  readonly freeAtEnd: FreeMemory;
  readonly memory: readonly MemoryOf[];
  readonly events: number;
  /** Virtual nanoseconds. */
  readonly t: number;
}

const K = {
  began: kindNumber('StimulusBegan'),
  ended: kindNumber('StimulusEnded'),
  deadlock: kindNumber('DeadlockFound'),
  mask: kindNumber('NodemaskRead'),
  check: kindNumber('CheckFailed'),
  warning: kindNumber('KernelWarningRaised'),
  fault: kindNumber('PageFaultResolved'),
  anon: kindNumber('AnonPageMapped'),
  file: kindNumber('FilePageMapped'),
  swap: kindNumber('SwapEntryMapped'),
  fromSwapCache: kindNumber('PageMovedFromSwapCache'),
  zero: kindNumber('ZeroPageMapped'),
  copied: kindNumber('CowBroken'),
  applied: kindNumber('TaskCpusetApplied'),
  workBegan: kindNumber('CpusetMigrationStarted'),
  workEnded: kindNumber('CpusetMigrationEnded'),
} as const;
const IN_LEDGER: ReadonlySet<number> = new Set(LEDGER_KINDS.map(kindNumber));

interface Began {
  readonly op: number;
  readonly parent: number;
  readonly task: number;
  readonly stimulus: Stimulus;
}

/** Called after each step of the scenario, with the machine as the step left it. */
export type StepListener = (s: StateView, step: StepFacts) => void;

/** Reads the events of a run, in order, each soon after it happened, and answers with the facts at any time. */
export class Narrator {
  private readonly s: StateView;
  private readonly traits: Traits;
  private readonly cursor = new RowCursor();
  private readonly steps: StepFacts[] = [];
  private readonly open = new Map<number, StepFacts>();
  private readonly folds = new Map<number, LedgerFold>();
  private readonly freeAtStart: FreeMemory;
  private deadlock: DeadlockWait[] | null = null;
  private before: MemoryOf | null = null;
  private readonly onStep: StepListener | undefined;

  /** `s` must be the state before the first step; names of tasks and memory are read from it as it goes on. */
  constructor(s: StateView, traits: Traits, onStep?: StepListener) {
    this.s = s;
    this.traits = traits;
    this.onStep = onStep;
    this.freeAtStart = freeMemory(s);
  }

  /** Call before a step of the scenario: notes the memory of the process that it is about. */
  stepBegins(stimulus: Stimulus): void {
    const mm = subjectMm(this.s, stimulus);
    this.before = mm === 0 ? null : this.memoryOf(mm);
  }

  /** Call after a step of the scenario, when all its events have been read. */
  stepEnded(): void {
    const step = this.steps.at(-1);
    const { before } = this;
    if (!step) return;
    if (before) {
      step.before = before;
      step.after = this.memoryOf(before.mm);
      step.unentered = unentered(this.s, before.mm, step, this.traits);
    }
    this.onStep?.(this.s, step);
  }

  /** Reads the rows from `from` up to before `to` of a block. */
  readonly read = (block: Block, from: number, to: number): void => {
    this.cursor.open(block, from, to);
    while (this.cursor.next()) this.visit(this.cursor);
  };

  facts(): RunFacts {
    const { s, steps, deadlock, freeAtStart } = this;
    for (const [op, step] of this.open) step.ledger = this.folds.get(op)?.ledger() ?? null;
    const { seq, t } = this.cursor.at;
    const [memory, freeAtEnd] = [memoryOfAll(s), freeMemory(s)];
    return { steps, deadlock, nodes: s.topology.nodes, freeAtStart, freeAtEnd, memory, events: seq, t };
  }

  private visit(cursor: RowCursor): void {
    const { kind } = cursor;
    if (kind === K.began) return this.begin(cursor.payload as Began);
    const step = this.open.get(cursor.at.op);
    if (kind === K.deadlock) this.deadlock = this.waits(cursor.payload);
    if (!step) return;
    if (IN_LEDGER.has(kind)) this.fold(step, cursor);
    else if (kind === K.ended) this.finish(step, cursor.payload as { result: Result });
    else note(step, cursor, this.s);
  }

  private begin({ op, parent, task, stimulus }: Began): void {
    const name = task === 0 ? null : this.taskName(task);
    const step: StepFacts = { ...nothingYet(), op, parent, stimulus, task: name, began: this.cursor.at.t };
    this.open.set(op, step);
    const siblings = this.open.get(parent)?.steps ?? this.steps;
    siblings.push(step);
    if (parent !== 0) siblings.sort((a, b) => a.op - b.op);
  }

  private finish(step: StepFacts, { result }: { result: Result }): void {
    step.ended = this.cursor.at.t;
    step.result = result;
    step.ledger = this.folds.get(step.op)?.ledger() ?? null;
    this.open.delete(step.op);
    this.folds.delete(step.op);
  }

  private fold({ op }: StepFacts, cursor: RowCursor): void {
    let fold = this.folds.get(op);
    if (!fold) this.folds.set(op, (fold = new LedgerFold()));
    const { kind, data } = cursor.event();
    fold.add(kind, data);
  }

  private waits(payload: unknown): DeadlockWait[] {
    const { waits } = payload as { waits: (Omit<DeadlockWait, 'task'> & { task: number })[] };
    return waits.map((wait) => ({ ...wait, task: wait.task === 0 ? 'somebody outside' : this.taskName(wait.task) }));
  }

  private taskName(pid: number): string {
    return (
      this.s.cold.tasks[pid]?.name ?? Object.entries(this.s.cold.pids).find(([, id]) => id === pid)?.[0] ?? `pid ${pid}`
    );
  }

  private memoryOf(mm: number): MemoryOf {
    return memoryOf(this.s, mm, namesOf(this.s, mm));
  }
}

const namesOf = (s: StateView, mm: number): string[] =>
  Object.values(s.cold.tasks)
    .filter((task) => task.mm === mm)
    .map(({ name }) => name);

/** A step of which nothing is known but that it began. */
const nothingYet = (): Omit<StepFacts, keyof Began | 'began'> => ({
  steps: [],
  ended: null,
  result: null,
  minorFaults: 0,
  majorFaults: 0,
  mapped: {},
  fromSwap: 0,
  zeroMapped: 0,
  lastMapped: -1,
  warnings: 0,
  check: null,
  allowed: {},
  worker: [],
  quirks: [],
  ledger: null,
  before: null,
  after: null,
  masks: {},
  unentered: null,
});

/** Takes down one event that says something by itself. */
function note(step: StepFacts, cursor: RowCursor, s: StateView): void {
  switch (cursor.kind) {
    case K.fault:
      if (cursor.field(2) === FAULT_MINOR) step.minorFaults++;
      else if (cursor.field(2) === FAULT_MAJOR) step.majorFaults++;
      break;
    case K.swap:
      step.fromSwap++;
      countMapped(step, cursor, s);
      break;
    case K.fromSwapCache:
      step.fromSwap++;
      break;
    case K.anon:
    case K.file:
      countMapped(step, cursor, s);
      break;
    case K.copied:
      // A page that came from swap in this step, and is copied at once: the copy counts instead.
      if (cursor.field(2) === step.lastMapped) addToNode(step, s, cursor.field(0), -1);
      break;
    case K.zero:
      step.zeroMapped++;
      break;
    case K.warning:
      step.warnings++;
      break;
    case K.check:
      step.check = { check: CHECK[cursor.field(0)], errno: errnoName(cursor.field(1)) };
      break;
    case K.applied: {
      const { task, mems_allowed } = cursor.payload as { task: number; mems_allowed: readonly number[] };
      step.allowed[s.cold.tasks[task].name] = mems_allowed;
      break;
    }
    case K.workBegan: {
      const { mm, from, to } = cursor.payload as { mm: number; from: readonly number[]; to: readonly number[] };
      step.worker.push({ tasks: namesOf(s, mm).join(', '), from, to, left: 0 });
      break;
    }
    case K.workEnded:
      step.worker[step.worker.length - 1].left = (cursor.payload as { result: number }).result;
      break;
    case K.mask: {
      const { which, nodes, quirk } = cursor.payload as { which: string; nodes: readonly number[]; quirk?: string };
      step.masks[which] = nodes;
      if (quirk) step.quirks.push(`${which}: ${quirk}`);
    }
  }
}

function countMapped(step: StepFacts, cursor: RowCursor, s: StateView): void {
  addToNode(step, s, cursor.field(0), 1);
  step.lastMapped = cursor.field(2);
}

function addToNode({ mapped }: StepFacts, s: StateView, pfn: number, pages: number): void {
  const nid = read.page_to_nid(s, pfn);
  mapped[nid] = (mapped[nid] ?? 0) + pages;
}

/** The address space that a call moves pages of; 0 for other steps, and when there is none. */
function subjectMm({ cold }: StateView, stimulus: Stimulus): number {
  const mmOf = (name: string): number => cold.tasks[cold.pids[name]]?.mm ?? 0;
  if (stimulus.op === 'mbind' || stimulus.op === 'cg_attach') return mmOf(stimulus.t);
  if (stimulus.op !== 'migrate_pages') return 0;
  const { pid, t } = stimulus;
  if (typeof pid === 'number') return pid === 0 ? mmOf(t) : (cold.tasks[pid]?.mm ?? 0);
  return mmOf(pid === 'self' ? t : pid);
}

/** The pages that migrate_pages(2) leaves where they are because of their area, without an event. */
function unentered(s: StateView, mm: number, { masks, result }: StepFacts, traits: Traits): StepFacts['unentered'] {
  const { 'mask-old': from, 'mask-new': to } = masks;
  if (!from || !to || (result?.ret ?? -1) < 0) return null;
  let [flags, pages] = [0, 0];
  for (const id of s.cold.mms[mm]?.vmas ?? []) {
    const vma = s.cold.vmas[id];
    if ((vma.flags & traits.not_migratable) === 0) continue;
    for (let vpn = vma.start; vpn < vma.end; vpn++) {
      const place = placeOf(s, mm, vpn);
      if (typeof place !== 'number' || !from.includes(place) || to.includes(place)) continue;
      flags |= vma.flags & traits.not_migratable;
      pages++;
    }
  }
  return pages === 0 ? null : { flags, pages };
}
