/** A run: a machine, the rules of a kernel and a seed; steps go in, events come out. */
import { EventLog, type BlockSink, type Stimulus } from '@pagetape/events';
import { NotSimulated, ScenarioFault } from './errors.ts';
import type { Kernel } from './kernel.ts';
import { in_root_cpuset } from './kernel/cpuset.ts';
import { hugetlb_init } from './mm/hugetlb.ts';
import { map_program } from './kernel/fork.ts';
import { DEFAULT_PROFILE, ALL_PROFILES, PROFILES } from './profiles/index.ts';
import type { Traits } from './profiles/traits.ts';
import { Chance, type ChanceState } from './prng.ts';
import { openMachine, type Machine } from './reduce/index.ts';
import { Scheduler } from './sched/scheduler.ts';
import { STOPPED } from './state/layout.ts';
import { notSimulatedSetting, type MachineSpec } from './state/topology.ts';
import type { StateView } from './state/view.ts';
import { INIT_PID, KTHREAD_PID, resolveCapabilities } from './stimulus/resolve.ts';
import type { Result } from './stimulus/result.ts';

export interface SimulationOptions {
  readonly machine: MachineSpec;
  /** Name of the profile; usual: DEFAULT_PROFILE. */
  readonly profile?: string;
  /** Any text. The same seed and steps give the same events. */
  readonly seed?: string;
  /** Takes blocks of events when they are full; the rows are only lent. */
  readonly sink?: BlockSink;
  /** It can be begun again with another seed, and makes its trees without freezing them: for many short runs. */
  readonly restartable?: boolean;
}

export interface ResumeOptions {
  readonly from: Checkpoint;
  /** Go on by the rules of another kernel, which must keep its memory in the same way. */
  readonly profile?: string;
  readonly sink?: BlockSink;
}

/** All that a run needs to go on exactly from between two steps. */
export interface Checkpoint {
  readonly profile: string;
  /** Seq of the last event before it. */
  readonly seq: number;
  readonly machine: Machine;
  readonly chance: ChanceState;
}

export class Simulation {
  readonly view: StateView;
  readonly log: EventLog;
  private readonly machine: Machine;
  private k: Kernel;
  private scheduler: Scheduler;
  /** Goes back to the state after boot; only of a run that can be begun again. */
  private readonly toStart: (() => void) | undefined;
  private readonly startSeq: number;

  /** A run from its start, or from a checkpoint, which stays as it is and may be used again. */
  constructor(options: SimulationOptions | ResumeOptions) {
    const from = 'from' in options ? options.from : undefined;
    const start = 'from' in options ? undefined : options;
    const traits = findProfile(options.profile ?? from?.profile ?? DEFAULT_PROFILE);
    if (from) assertSuits(traits, from.profile);
    const missing = start && notSimulatedSetting(start.machine, traits);
    if (missing) throw new NotSimulated(missing);
    this.machine = from
      ? from.machine.fork()
      : openMachine((start as SimulationOptions).machine, start?.restartable ? 'plain' : 'frozen');
    this.view = this.machine.view;
    this.log = new EventLog(options.sink);
    this.log.seq = from?.seq ?? 0;
    const emit = this.machine.emitters(this.log);
    const chance = new Chance(start?.seed ?? '0', from?.chance);
    this.k = { s: this.view, emit, traits, chance, contended: false, under_way: [] };
    this.scheduler = new Scheduler(this.k);
    if (start) boot(this.k);
    this.startSeq = this.log.seq;
    if (start?.restartable) this.toStart = this.machine.keepStart();
  }

  /**
   * Begins the run again with another seed: what follows is as in a new one. The events of the boot are not emitted again. Only of a run
   * that was made `restartable`.
   */
  restart(seed: string): void {
    if (!this.toStart) throw new Error('the run was not made to be begun again');
    this.toStart();
    this.log.forget(this.startSeq);
    this.k = { ...this.k, chance: new Chance(seed), contended: false, under_way: [] };
    this.scheduler = new Scheduler(this.k);
  }

  /** Serves a step to its end. After a step that did not return, further steps are refused. */
  perform(stimulus: Stimulus): Result {
    if (this.view.scalars[STOPPED] !== 0) throw new ScenarioFault('the run has stopped: a step before did not return');
    return this.scheduler.serve(stimulus);
  }

  /** From here on the rules of another kernel hold, which must keep its memory in the same way. Between two steps. */
  turnTo(profile: string): void {
    const traits = findProfile(profile);
    assertSuits(traits, this.k.traits.id);
    this.k = { ...this.k, traits, contended: false, under_way: [] };
    this.scheduler = new Scheduler(this.k);
  }

  /** A copy of the state and of chance, as they are between two steps. */
  checkpoint(): Checkpoint {
    const { traits, chance } = this.k;
    return { profile: traits.id, seq: this.log.seq, machine: this.machine.fork(), chance: chance.save() };
  }

  /** Hands out the block that is not full yet. */
  finish(): void {
    this.log.flush();
  }
}

function findProfile(name: string): Traits {
  const traits = ALL_PROFILES[name];
  if (traits) return traits;
  throw new ScenarioFault(`there is no profile ${name}; known are ${Object.keys(PROFILES).join(', ')}`);
}

/** A kernel can go on only with a state that it could have made itself. */
function assertSuits(traits: Traits, from: string): void {
  if (traits.policies === findProfile(from).policies) return;
  throw new ScenarioFault(`${traits.id} cannot go on where ${from} stopped: they keep memory and policies apart`);
}

/** The tasks that every system has: init, which root owns, and a kernel thread. */
function boot(k: Kernel): void {
  const root = {
    uid: 0,
    euid: 0,
    suid: 0,
    gid: 0,
    egid: 0,
    sgid: 0,
    policy: null,
    capabilities: resolveCapabilities(0, []),
    ...in_root_cpuset(k),
  };
  const task = (name: string, pid: number, mm: number) =>
    ({ ...root, name, pid, tgid: pid, mm, state: 'running' }) as const;
  const { mm } = k.s.cold.next;
  k.emit.TaskSpawned({ task: task('init', INIT_PID, mm), cpu: 0, il_next: 0, fresh_mm: true });
  map_program(k, mm);
  if (k.s.hugetlb.length > 0) hugetlb_init(k);
  k.emit.TaskSpawned({ task: task('kthread', KTHREAD_PID, 0), cpu: 0, il_next: 0, fresh_mm: false });
}
