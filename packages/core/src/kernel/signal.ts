/** Signals that end a process (kernel/signal.c). */
import type { Task } from '@pagetape/events';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { WAIT_HANDOVER, waitFor } from '../sched/wait.ts';
import { do_exit } from './exit.ts';

/**
 * `kernel/signal.c:__group_complete_signal()` of a signal that nobody handles: it ends all threads of the process, in
 * the order of their process ids.
 */
export function send_signal(k: Kernel, target: Task, sig: NonNullable<Task['signal']>): void {
  const group = Object.values(k.s.cold.tasks).filter(({ tgid, state }) => tgid === target.tgid && state === 'running');
  for (const { pid, signal } of group) if (signal === undefined) k.emit.SignalSent({ task: pid, sig });
}

/** Whether the running task is to end when it is in user mode again: fatal_signal_pending() of later kernels. */
export function signal_pending(k: Kernel): boolean {
  const task: Task | undefined = current(k);
  return task?.state === 'running' && task.signal !== undefined;
}

/** Ends the tasks of a process for which a signal waits, one after the other, but for those that do something at the moment. */
export function* end_idle_tasks(k: Kernel, tgid: number): Sleeping<void> {
  const group = Object.values(k.s.cold.tasks).filter((task) => task.tgid === tgid && task.state === 'running');
  for (const { pid, signal } of group) {
    if (signal === undefined || k.under_way.includes(pid)) continue;
    yield waitFor(WAIT_HANDOVER, pid);
    yield* get_signal_to_deliver(k);
  }
}

/**
 * `kernel/signal.c:get_signal_to_deliver()`, right before the running task is in user mode: a signal that waits ends it.
 * Returns its name, or null.
 */
export function* get_signal_to_deliver(k: Kernel): Sleeping<NonNullable<Task['signal']> | null> {
  if (!signal_pending(k)) return null;
  const { pid, signal: sig } = current(k) as Task & { readonly signal: NonNullable<Task['signal']> };
  k.emit.SignalDelivered({ task: pid, sig });
  yield* do_exit(k);
  return sig;
}
