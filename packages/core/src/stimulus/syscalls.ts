/** Steps that are system calls or accesses of a task. */
import {
  EFAULT,
  EINVAL,
  ENOSYS,
  ERRNO,
  FAULT_OOM,
  FAULT_SIGBUS,
  FAULT_SIGSEGV,
  PAGE_SIZE,
  READ,
  VM_DENYWRITE,
  VM_HUGETLB,
  VM_LOCKED,
  VM_RESERVED,
  VM_ACCOUNT,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_WRITE,
  VM_SHARED,
  VM_SHM,
  WRITE,
  type Op,
  type StimulusByOp,
  type VmaMigrate,
} from '@pagetape/events';
import { NotSimulated, ScenarioFault } from '../errors.ts';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { cpusetCalls } from '../kernel/cpuset_calls.ts';
import { in_root_cpuset } from '../kernel/cpuset.ts';
import { do_exit } from '../kernel/exit.ts';
import { clone_thread, fork, spawn } from '../kernel/fork.ts';
import { generic_file_write } from '../mm/filemap.ts';
import { remap_file_pages, sys_remap_file_pages } from '../mm/fremap.ts';
import { WAIT_PREEMPT } from '../sched/wait.ts';
import { set_dumpable, sys_setresgid, sys_setresuid } from '../kernel/sys.ts';
import { signal_pending } from '../kernel/signal.ts';
import { killed_by_oops } from '../kernel/panic.ts';
import { access_without_fault, do_page_fault } from '../mm/memory.ts';
import { set_mempolicy_home_node } from '../mm/mempolicy_kernel.ts';
import { do_mmap_pgoff, do_munmap } from '../mm/mmap.ts';
import { shmem_punch_hole } from '../mm/truncate.ts';
import { sys_mprotect } from '../mm/mprotect.ts';
import { shmem_file_write } from '../mm/shmem.ts';
import { copy_nodes_to_user, nr_node_ids } from '../mm/user_mask.ts';
import { changingAreas, populate_if_locked } from './memory.ts';
import { policyCalls } from './policy_calls.ts';
import {
  ARENA_VPN,
  resolveAddress,
  resolveCapabilities,
  resolveCpu,
  resolveFile,
  resolveInt,
  resolveLong,
  resolveMask,
  resolvePage,
  resolvePid,
  resolveProtection,
} from './resolve.ts';
import { HUGE } from '../state/layout.ts';
import { fromKernel, type Result } from './result.ts';

type Step<O extends Op> = StimulusByOp<O>;

/* eslint-disable require-yield -- every step has the same shape, also those that never sleep */

export function* performSpawn(k: Kernel, step: Step<'spawn'>): Sleeping<Result> {
  const uid = step.uid ?? 0;
  const { nodes } = k.s.topology;
  const request = {
    name: step.t,
    uid,
    euid: uid,
    suid: uid,
    gid: uid,
    egid: uid,
    sgid: uid,
    capabilities: resolveCapabilities(uid, step.caps),
    ...(step.compat ? { compat: true } : {}),
    ...(step.mems ? { mems_allowed: [...step.mems].sort((a, b) => a - b) } : in_root_cpuset(k)),
  };
  const outside = request.mems_allowed.find((nid) => !nodes.includes(nid));
  if (outside !== undefined)
    throw new ScenarioFault(`the cpuset of ${step.t} names node ${outside}, which is not there`);
  const pid = spawn(k, request, resolveCpu(k.s, step));
  set_dumpable(k, k.s.cold.tasks[pid].mm, step.dumpable ?? 1);
  return { ret: 0 };
}

export function* performFork(k: Kernel, step: Step<'fork'>): Sleeping<Result> {
  return yield* changingAreas(k, function* () {
    fork(k, step.as);
    return 0;
  });
}

export function* performThread(k: Kernel, step: Step<'thread'>): Sleeping<Result> {
  clone_thread(k, step.as);
  return { ret: 0 };
}

export function* performExit(k: Kernel, step: Step<'exit'>): Sleeping<Result> {
  yield* do_exit(k, step.zombie ?? false);
  return { ret: 0 };
}

export function* performUid(k: Kernel, step: Step<'uid'>): Sleeping<Result> {
  const { mm, uid, euid, suid } = current(k);
  const ids = { uid: step.uid ?? uid, euid: step.euid ?? euid, suid: step.suid ?? suid };
  return dumpableAgain(k, mm, sys_setresuid(k, ids));
}

export function* performGid(k: Kernel, step: Step<'gid'>): Sleeping<Result> {
  const { mm, gid, egid, sgid } = current(k);
  return dumpableAgain(k, mm, sys_setresgid(k, step.gid ?? gid, step.egid ?? egid, step.sgid ?? sgid));
}

/** Other ids make a task hide its memory from others, which the step undoes. */
function dumpableAgain(k: Kernel, mm: number, value: number): Result {
  if (value === 0) set_dumpable(k, mm, 1);
  return fromKernel(value);
}

export function* performDumpable(k: Kernel, step: Step<'dumpable'>): Sleeping<Result> {
  set_dumpable(k, current(k).mm, step.value);
  return { ret: 0 };
}

export function* performCapdrop(k: Kernel, step: Step<'capdrop'>): Sleeping<Result> {
  k.emit.CapabilitiesDropped({ task: current(k).pid, capabilities: [...step.caps] });
  return { ret: 0 };
}

export function* performPin(k: Kernel, step: Step<'pin'>): Sleeping<Result> {
  return fromKernel(cpusetCalls(k).pin(k, resolveCpu(k.s, step)));
}

/** VM_* bits of what a mapping may ask for. */
const AREA_FLAGS: Readonly<Record<string, number>> = {
  locked: VM_LOCKED,
  hugetlb: VM_HUGETLB,
  denywrite: VM_DENYWRITE,
  shm: VM_SHM,
  reserved: VM_RESERVED,
};

/**
 * VM_* bits of a new area. A shared mapping without the right to write is of a file that was opened for reading, so it never
 * gets that right. Private memory that may be written is accounted for, which keeps it apart from other memory for ever.
 */
function areaFlags(kind: string, protection: number): number {
  const writable = (protection & VM_WRITE) !== 0;
  if (kind === 'shared') return protection | VM_SHARED | VM_MAYSHARE | VM_MAYWRITE;
  if (kind === 'file') return protection | VM_MAYSHARE | (writable ? VM_SHARED | VM_MAYWRITE : 0);
  return protection | VM_MAYWRITE | (writable ? VM_ACCOUNT : 0);
}

/** What vm_ops->migrate() of a new area does. */
function vmaMigrate({ errno, answer = 0, moves = false }: NonNullable<Step<'mmap'>['migrate']>): VmaMigrate {
  return { answer: errno ? -ERRNO[errno] : answer, moves };
}

export function* performMmap(k: Kernel, step: Step<'mmap'>): Sleeping<Result> {
  const kind = step.kind ?? 'anon';
  const populate = step.flags?.includes('populate') ?? false;
  const flags = (step.flags ?? []).filter((flag) => flag !== 'populate' || k.traits.populates === 'at-once');
  const unknown = flags.find((flag) => AREA_FLAGS[flag] === undefined);
  if (unknown) throw new NotSimulated(`mmap with the flag ${unknown}`);
  const asked = flags.reduce((bits, flag) => bits | AREA_FLAGS[flag], 0);
  const start = ARENA_VPN + step.at;
  if ((asked & VM_HUGETLB) !== 0 && kind !== 'anon') throw new NotSimulated('hugetlb memory that is not private');
  const request = {
    start,
    pages: (asked & VM_HUGETLB) === 0 ? step.pages : Math.ceil(step.pages / HUGE) * HUGE,
    flags: areaFlags(kind, resolveProtection(step.prot ?? 'rw')) | asked,
    file: kind === 'anon' || kind === 'shared' ? 0 : resolveFile(k.s, step.file),
    offset: step.off ?? 0,
    ...(step.migrate ? { migrate: vmaMigrate(step.migrate) } : {}),
  };
  const mapped = yield* changingAreas(k, function* () {
    const error = yield* do_mmap_pgoff(k, request);
    if (error === 0) k.emit.RegionNamed({ mm: current(k).mm, name: step.r, start, pages: step.pages });
    return error;
  });
  if (mapped.ret === 0) yield* populate_if_locked(k, start, start + step.pages, populate);
  return mapped;
}

export function* performMunmap(k: Kernel, step: Step<'munmap'>): Sleeping<Result> {
  return yield* changingAreas(k, function* () {
    const { mm, pid } = current(k);
    return yield* do_munmap(k, mm, resolvePage(k.s, pid, step.addr), step.pages);
  });
}

export function* performMprotect(k: Kernel, step: Step<'mprotect'>): Sleeping<Result> {
  const start = resolvePage(k.s, current(k).pid, step.addr);
  return yield* changingAreas(k, () => sys_mprotect(k, start, step.pages, resolveProtection(step.prot)));
}

export function* performRemapFilePages(k: Kernel, step: Step<'remap_file_pages'>): Sleeping<Result> {
  const start = resolvePage(k.s, current(k).pid, step.addr);
  const protection = resolveProtection(step.prot ?? '');
  const nonblock = step.nonblock ?? false;
  if (k.traits.nonlinear_areas)
    return yield* answering(sys_remap_file_pages(k, start, step.pages, protection, step.off, nonblock));
  if (protection !== 0) return fromKernel(-EINVAL);
  const mapped = yield* changingAreas(k, () => remap_file_pages(k, start, step.pages, step.off));
  if (mapped.ret === 0) yield* populate_if_locked(k, start, start + step.pages, !nonblock);
  return mapped;
}

const SIGNALS: Readonly<Record<number, string>> = {
  [FAULT_SIGSEGV]: 'SIGSEGV',
  [FAULT_SIGBUS]: 'SIGBUS',
  [FAULT_OOM]: 'SIGKILL',
};

export function* performTouch(k: Kernel, step: Step<'touch'>): Sleeping<Result> {
  const { mm, pid } = current(k);
  const access = step.mode === 'r' ? READ : WRITE;
  const stride = step.stride ?? 1;
  const first = resolvePage(k.s, pid, step.addr);
  for (let n = 0; n < step.pages; n++) {
    const vpn = first + n * stride;
    if (n > 0 && k.contended) {
      yield WAIT_PREEMPT;
      if (signal_pending(k)) return { ret: n };
    }
    while (!access_without_fault(k, mm, vpn, access)) {
      const sig = SIGNALS[yield* do_page_fault(k, mm, vpn, access)];
      if (signal_pending(k)) return { ret: n };
      if (sig === 'SIGKILL') yield* do_exit(k);
      if (sig) return { ret: n, sig };
    }
  }
  return { ret: step.pages };
}

/** write(2) of whole pages, a call each. The first one that fails ends it. */
export function* performPwrite(k: Kernel, step: Step<'pwrite'>): Sleeping<Result> {
  const file = resolveFile(k.s, step.file);
  const write = k.s.cold.files[file].fs === 'tmpfs' ? shmem_file_write : generic_file_write;
  for (let n = 0; n < step.pages; n++) {
    const error = yield* write(k, file, step.off + n);
    if (error !== 0) return n > 0 ? { ret: n } : fromKernel(error);
    if (signal_pending(k)) return { ret: n + 1 };
  }
  return { ret: step.pages };
}

/** `fs/open.c:ksys_fallocate()` that punches a hole. */
export function* performPunch(k: Kernel, step: Step<'punch'>): Sleeping<Result> {
  const file = resolveFile(k.s, step.file);
  if (k.s.cold.files[file].fs !== 'tmpfs') throw new NotSimulated('a hole in a file that is not of tmpfs');
  yield* shmem_punch_hole(k, file, step.off, step.off + step.pages);
  return { ret: 0 };
}

/** A system call, as the C library shows its answer. */
export function* answering(call: Sleeping<number>): Sleeping<Result> {
  return fromKernel(yield* call);
}

export function* performMigratePages(k: Kernel, step: Step<'migrate_pages'>): Sleeping<Result> {
  const pid = resolvePid(k.s, step.pid);
  const maxnode = resolveLong(step.maxnode);
  const [from, to] = [resolveMask(step.old), resolveMask(step.new)];
  return yield* killed_by_oops(k, answering(policyCalls(k).migrate_pages(k, pid, maxnode, from, to)));
}

export function* performMbind(k: Kernel, step: Step<'mbind'>): Sleeping<Result> {
  const start = resolveAddress(k.s, current(k).pid, step.addr);
  const len = step.len === undefined ? BigInt(step.pages ?? 0) * BigInt(PAGE_SIZE) : resolveLong(step.len);
  const flags = BigInt.asUintN(32, resolveLong(step.flags));
  const [mask, maxnode] = [resolveMask(step.mask), resolveLong(step.maxnode)];
  const mode = resolveLong(step.mode);
  return yield* killed_by_oops(k, answering(policyCalls(k).mbind(k, { start, len }, mode, mask, maxnode, flags)));
}

export function* performSetMempolicy(k: Kernel, step: Step<'set_mempolicy'>): Sleeping<Result> {
  return fromKernel(
    policyCalls(k).set_mempolicy(k, resolveInt(step.mode), resolveMask(step.mask), resolveLong(step.maxnode)),
  );
}

export function* performHomeNode(k: Kernel, step: Step<'home_node'>): Sleeping<Result> {
  if (k.traits.policies !== 'nodemasks') return fromKernel(-ENOSYS);
  const start = resolveAddress(k.s, current(k).pid, step.addr);
  const range = { start, len: BigInt(step.pages) * BigInt(PAGE_SIZE) };
  return yield* answering(set_mempolicy_home_node(k, range, resolveLong(step.node), resolveLong(step.flags)));
}

/** `mm/mempolicy.c:sys_get_mempolicy()`, with the writes to the caller's memory that the step describes. */
export function* performGetMempolicy(k: Kernel, step: Step<'get_mempolicy'>): Sleeping<Result> {
  const maxnode = resolveLong(step.maxnode);
  if (step.pmask !== null && maxnode < BigInt(nr_node_ids(k))) return fromKernel(-EINVAL);
  const addr = resolveAddress(k.s, current(k).pid, step.addr);
  const answer = yield* policyCalls(k).get_mempolicy(k, addr, resolveLong(step.flags));
  if (typeof answer === 'number') return fromKernel(answer);
  if (step.pmode === 'bad') return fromKernel(-EFAULT);
  const mode = step.pmode === null ? {} : { mode: answer.policy };
  if (step.pmask === null) return { ret: 0, ...mode };
  const { error, mask } = copy_nodes_to_user(k, step.pmask, maxnode, answer.nodes);
  return { ...fromKernel(error), ...mode, ...(mask ? { mask } : {}) };
}
