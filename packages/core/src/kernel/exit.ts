/** The end of tasks (kernel/exit.c). */
import type { Task } from '@pagetape/events';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { down_read } from '../mm/memory.ts';
import { mmput } from './fork.ts';

/**
 * `kernel/exit.c:exit_notify()`: of a thread nothing is left. The leader of a process stays as a zombie, which keeps the
 * process id, until the last thread is gone; then its parent reaps it at once, unless nobody waits for it.
 */
function exit_notify(k: Kernel, { pid, tgid }: Task, unwaited: boolean): void {
  if (pid !== tgid) k.emit.TaskReaped({ task: pid });
  const leader = k.s.cold.tasks[tgid];
  const lives = Object.values(k.s.cold.tasks).some((task) => task.tgid === tgid && task.state === 'running');
  if (leader && !lives && !unwaited && !leader.unwaited) k.emit.TaskReaped({ task: tgid });
}

/**
 * `kernel/exit.c:do_exit()` of the running task. exit_mm() takes the mmap_sem for a moment, so it waits for whoever changes
 * areas. `unwaited`: nobody waits for the process.
 */
export function* do_exit(k: Kernel, unwaited = false): Sleeping<void> {
  const task = current(k);
  yield* down_read(k, task.mm);
  k.emit.MmapLockReleased(task.mm, 1);
  k.emit.TaskExited({ task: task.pid, ...(unwaited ? { unwaited } : {}) });
  yield* mmput(k, task.mm);
  exit_notify(k, task, unwaited);
}
