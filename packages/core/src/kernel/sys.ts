/** The ids of the running task, and who may look at it (kernel/sys.c). */
import { EPERM, type Credentials, type Task } from '@pagetape/events';
import { capable, current, type Kernel } from '../kernel.ts';

/** Ids of one kind: real, effective, saved. */
type Ids = readonly [real: number, effective: number, saved: number];

/** Whether the running task may take these ids: they are all its own, or it has the capability. */
function may_take(k: Kernel, asked: Ids, own: Ids, capability: string): boolean {
  return k.traits.setresuid === 'plain' || asked.every((id) => own.includes(id)) || capable(k, capability);
}

/** `kernel/sys.c:sys_setresuid()`. Returns 0 or minus an error number. */
export function sys_setresuid(k: Kernel, { uid, euid, suid }: Credentials): number {
  const old = current(k);
  if (!may_take(k, [uid, euid, suid], [old.uid, old.euid, old.suid], 'CAP_SETUID')) return -EPERM;
  const fresh = { uid, euid, suid };
  const all = permitted(old);
  const leaves = k.traits.setresuid === 'checked' && isRoot(old) && !isRoot(fresh);
  const aside = k.traits.setresuid === 'checked' && !leaves ? cap_emulate_setxuid(old, fresh) : {};
  k.emit.CredentialsChanged({ task: old.pid, ...fresh, ...aside });
  if (leaves && all.length > 0) k.emit.CapabilitiesDropped({ task: old.pid, capabilities: [...all] });
  return 0;
}

const isRoot = ({ uid, euid, suid }: Credentials): boolean => [uid, euid, suid].includes(0);

/** The capabilities that a task has, or may take again. */
export const permitted = (task: Task): readonly string[] => task.permitted ?? task.capabilities;

/**
 * `security/commoncap.c:cap_emulate_setxuid()` of who does not leave user 0 for good: capabilities have effect only as long as
 * the effective user is 0, and come back with it.
 */
function cap_emulate_setxuid(old: Task, { euid }: Credentials): { capabilities?: string[]; permitted?: string[] } {
  if ((old.euid === 0) === (euid === 0)) return {};
  return { capabilities: euid === 0 ? [...permitted(old)] : [], permitted: [...permitted(old)] };
}

/** `kernel/sys.c:sys_setresgid()`. Returns 0 or minus an error number. */
export function sys_setresgid(k: Kernel, gid: number, egid: number, sgid: number): number {
  const old = current(k);
  if (!may_take(k, [gid, egid, sgid], [old.gid, old.egid, old.sgid], 'CAP_SETGID')) return -EPERM;
  k.emit.GroupIdsChanged({ task: old.pid, gid, egid, sgid });
  return 0;
}

/** `fs/exec.c:set_dumpable()` */
export function set_dumpable(k: Kernel, mm: number, dumpable: 0 | 1): void {
  if (k.s.cold.mms[mm].dumpable !== dumpable) k.emit.DumpableSet({ mm, dumpable });
}
