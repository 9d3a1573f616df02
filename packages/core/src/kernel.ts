/**
 * What every kernel function gets as its first argument: the state to read, the emitters to write with, the rules of the
 * profile. There is no other way for a kernel function to change anything.
 */
import type { Emitters } from '@pagetape/events';
import type { Traits } from './profiles/traits.ts';
import type { Chance } from './prng.ts';
import { CURRENT_CPU, CURRENT_TASK, TASK, T_CPU } from './state/layout.ts';
import type { StateView } from './state/view.ts';
import type { Task } from '@pagetape/events';

export interface Kernel {
  readonly s: StateView;
  readonly emit: Emitters;
  readonly traits: Traits;
  readonly chance: Chance;
  /** More than one task is on its way: functions that can be preempted yield between pages. */
  contended: boolean;
  /** Tasks whose step is not over, or has not begun; once for each such step. */
  readonly under_way: number[];
}

/** A kernel function that may sleep or give way. It yields what it waits for; see sched/wait.ts. */
export type Sleeping<T> = Generator<number, T, void>;

/** The running task. */
export function current(k: Kernel): Task {
  return k.s.cold.tasks[k.s.scalars[CURRENT_TASK]];
}

export const smp_processor_id = (k: Kernel): number => k.s.scalars[CURRENT_CPU];
export const numa_node_id = (k: Kernel): number => k.s.topology.cpu_to_node[k.s.scalars[CURRENT_CPU]];
export const task_cpu = (k: Kernel, pid: number): number => k.s.tasks[pid * TASK + T_CPU];

/** `include/linux/cpumask.h:cpu_online()`, num_online_cpus() */
export const cpu_online = (k: Kernel, cpu: number): boolean => !k.s.cold.offline_cpus.includes(cpu);
export const num_online_cpus = (k: Kernel): number => k.s.topology.cpu_to_node.length - k.s.cold.offline_cpus.length;

/** Whether the running task has a capability. */
export function capable(k: Kernel, capability: string): boolean {
  return current(k).capabilities.includes(capability);
}
