/** A run: a machine, the rules of a kernel and a seed; steps go in, events come out. */
import { EventLog, type BlockSink, type Stimulus } from '@pagetape/events';
import { ScenarioFault } from './errors.ts';
import type { Kernel } from './kernel.ts';
import { map_program } from './kernel/fork.ts';
import { DEFAULT_PROFILE, PROFILES } from './profiles/index.ts';
import { Chance } from './prng.ts';
import { openMachine, type Machine } from './reduce/index.ts';
import { Scheduler } from './sched/scheduler.ts';
import type { MachineSpec } from './state/topology.ts';
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
}

export class Simulation {
  readonly view: StateView;
  readonly log: EventLog;
  private readonly machine: Machine;
  private readonly scheduler: Scheduler;
  private stopped = false;

  constructor({ machine, profile = DEFAULT_PROFILE, seed = '0', sink }: SimulationOptions) {
    const traits = PROFILES[profile];
    if (!traits)
      throw new ScenarioFault(`there is no profile ${profile}; known are ${Object.keys(PROFILES).join(', ')}`);
    this.machine = openMachine(machine);
    this.view = this.machine.view;
    this.log = new EventLog(sink);
    const emit = this.machine.emitters(this.log);
    const k: Kernel = { s: this.view, emit, traits, chance: new Chance(seed), contended: false };
    this.scheduler = new Scheduler(k);
    boot(k);
  }

  /** Serves a step to its end. After a step that did not return, further steps are refused. */
  perform(stimulus: Stimulus): Result {
    if (this.stopped) throw new ScenarioFault('the run has stopped: a step before did not return');
    const result = this.scheduler.serve(stimulus);
    if (result.stop) this.stopped = true;
    return result;
  }

  /** Hands out the block that is not full yet. */
  finish(): void {
    this.log.flush();
  }
}

/** The tasks that every system has: init, which root owns, and a kernel thread. */
function boot(k: Kernel): void {
  const { nodes } = k.s.topology;
  const root = {
    uid: 0,
    euid: 0,
    suid: 0,
    policy: null,
    capabilities: resolveCapabilities(0, []),
    mems_allowed: [...nodes],
  };
  const task = (name: string, pid: number, mm: number) =>
    ({ ...root, name, pid, tgid: pid, mm, state: 'running' }) as const;
  const { mm } = k.s.cold.next;
  k.emit.TaskSpawned({ task: task('init', INIT_PID, mm), cpu: 0, il_next: 0, fresh_mm: true });
  map_program(k, mm);
  k.emit.TaskSpawned({ task: task('kthread', KTHREAD_PID, 0), cpu: 0, il_next: 0, fresh_mm: false });
}
