/** Who may look at another task (kernel/ptrace.c). */
import type { Task } from '@pagetape/events';
import { capable, current, type Kernel } from '../kernel.ts';

/**
 * `kernel/ptrace.c:ptrace_may_access()` with PTRACE_MODE_READ_REALCREDS: threads of one process always; else the real user
 * id of the caller must be all user ids of the target, or the caller has CAP_SYS_PTRACE.
 */
export function ptrace_may_access(k: Kernel, task: Task): boolean {
  const { uid, tgid } = current(k);
  if (task.tgid === tgid || capable(k, 'CAP_SYS_PTRACE')) return true;
  return task.euid === uid && task.suid === uid && task.uid === uid;
}
