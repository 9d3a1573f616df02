/** From a step to the kernel function that serves it: one row an operation. */
import type { Op, Stimulus, StimulusByOp } from '@pagetape/events';
import { NotSimulated } from '../errors.ts';
import type { Kernel, Sleeping } from '../kernel.ts';
import { performSyscall } from './by_number.ts';
import * as disturb from './disturbances.ts';
import * as memory from './memory.ts';
import { performMovePages } from './move_pages.ts';
import * as ask from './questions.ts';
import type { Result } from './result.ts';
import * as call from './syscalls.ts';
import * as system from './system.ts';

type Performers = { readonly [O in Op]?: (k: Kernel, step: StimulusByOp<O>) => Sleeping<Result> };

const PERFORMERS: Performers = {
  spawn: call.performSpawn,
  fork: call.performFork,
  thread: call.performThread,
  exit: call.performExit,
  uid: call.performUid,
  gid: call.performGid,
  dumpable: call.performDumpable,
  capdrop: call.performCapdrop,
  pin: call.performPin,
  mmap: call.performMmap,
  munmap: call.performMunmap,
  mprotect: call.performMprotect,
  mlock: memory.performMlock,
  munlock: memory.performMlock,
  mlockall: memory.performMlockall,
  munlockall: memory.performMunlockall,
  mremap: memory.performMremap,
  madvise: memory.performMadvise,
  remap_file_pages: call.performRemapFilePages,
  touch: call.performTouch,
  migrate_pages: call.performMigratePages,
  mbind: call.performMbind,
  set_mempolicy: call.performSetMempolicy,
  get_mempolicy: call.performGetMempolicy,
  home_node: call.performHomeNode,
  move_pages: performMovePages,
  pwrite: call.performPwrite,
  punch: call.performPunch,
  file: disturb.performFile,
  truncate: disturb.performTruncate,
  lock: disturb.performLock,
  unlock: disturb.performUnlock,
  pinpages: disturb.performPinpages,
  unpin: disturb.performUnpin,
  writeback: disturb.performWriteback,
  age: disturb.performAge,
  deactivate: disturb.performDeactivate,
  drain: disturb.performDrain,
  swapfill: disturb.performSwapfill,
  swapfree: disturb.performSwapfree,
  io: disturb.performIo,
  io_done: disturb.performIoDone,
  ioerr: disturb.performIoerr,
  congest: disturb.performCongest,
  kill: disturb.performKill,
  syscall: performSyscall,
  cg_new: system.performCgNew,
  cg_set: system.performCgSet,
  cg_get: system.performCgGet,
  cg_attach: system.performCgAttach,
  weight: system.performWeight,
  weight_get: system.performWeightGet,
  numa_maps: ask.performNumaMaps,
  mems_allowed: ask.performMemsAllowed,
  nodes: ask.performNodes,
  pagemap: ask.performPagemap,
  vmstat: ask.performVmstat,
  swapon: system.performSwapon,
  swapoff: system.performSwapoff,
  hog: system.performHog,
  unhog: system.performUnhog,
  cpu_offline: system.performCpuOffline,
  cpu_online: system.performCpuOnline,
  node_offline: system.performNodeOffline,
  node_online: system.performNodeOnline,
  ksm: system.performKsm,
  soft_offline: system.performSoftOffline,
};

/** Starts to serve a step. Throws NotSimulated for an operation that the profile's kernel functions do not cover. */
export function perform(k: Kernel, step: Stimulus): Sleeping<Result> {
  const performer = PERFORMERS[step.op] as ((k: Kernel, step: Stimulus) => Sleeping<Result>) | undefined;
  if (!performer) throw new NotSimulated(`the operation ${step.op}`);
  return performer(k, step);
}
