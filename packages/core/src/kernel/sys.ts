/** The ids of the running task, and who may look at it (kernel/sys.c). */
import { EPERM, type Credentials } from '@pagetape/events';
import { NotSimulated } from '../errors.ts';
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
  k.emit.CredentialsChanged({ task: old.pid, uid, euid, suid });
  if (k.traits.setresuid === 'checked') cap_emulate_setxuid(k, old, { uid, euid, suid });
  return 0;
}

/**
 * `security/commoncap.c:cap_emulate_setxuid()`: who leaves user 0 loses its capabilities. A task has only one set of them
 * here, so none come back with user 0.
 */
function cap_emulate_setxuid(k: Kernel, old: Credentials, fresh: Credentials): void {
  const isRoot = ({ uid, euid, suid }: Credentials): boolean => [uid, euid, suid].includes(0);
  const { pid, capabilities } = current(k);
  if (old.euid !== 0 && fresh.euid === 0) throw new NotSimulated('setresuid back to user 0');
  const leaves = (isRoot(old) && !isRoot(fresh)) || (old.euid === 0 && fresh.euid !== 0);
  if (leaves && capabilities.length > 0) k.emit.CapabilitiesDropped({ task: pid, capabilities: [...capabilities] });
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
