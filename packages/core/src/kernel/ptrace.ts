/** Who may look at another task (kernel/ptrace.c). */
import type { Task } from '@pagetape/events';
import { capable, current, type Kernel } from '../kernel.ts';
import { permitted } from './sys.ts';

/**
 * `kernel/ptrace.c:__ptrace_may_access()` with PTRACE_MODE_READ_REALCREDS: threads of one process always, and who has
 * CAP_SYS_PTRACE. Others need the ids of the target, which must be dumpable and, as
 * `security/commoncap.c:cap_ptrace_access_check()` asks, may take no capability that they may not.
 */
export function ptrace_may_access(k: Kernel, task: Task): boolean {
  const caller = current(k);
  if (task.tgid === caller.tgid || capable(k, 'CAP_SYS_PTRACE')) return true;
  const dumpable = task.mm === 0 || k.s.cold.mms[task.mm].dumpable === 1;
  return has_ids_of(caller, task) && dumpable && permitted(task).every((name) => permitted(caller).includes(name));
}

/** The real ids of the caller are all the ids of the target. */
function has_ids_of({ uid, gid }: Task, task: Task): boolean {
  const users = [task.uid, task.euid, task.suid];
  const groups = [task.gid, task.egid, task.sgid];
  return users.every((id) => id === uid) && groups.every((id) => id === gid);
}
