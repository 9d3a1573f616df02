/** Who has to go when there is no memory (mm/oom_kill.c). */
import { current, type Kernel } from '../kernel.ts';
import { send_signal } from '../kernel/signal.ts';

/**
 * `mm/oom_kill.c:out_of_memory()` with vm.oom_kill_allocating_task: the process that found no memory is to end when it is in
 * user mode again. Returns whether it is; a kernel thread cannot be ended.
 */
export function out_of_memory(k: Kernel): boolean {
  const task = current(k);
  if (task.mm === 0) return false;
  send_signal(k, task, 'SIGKILL');
  return true;
}
