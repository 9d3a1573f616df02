/** What words of the kernel's and of ours mean to a reader: why a check failed, why a page stayed. */
import {
  VM_DENYWRITE,
  VM_HUGETLB,
  VM_IO,
  VM_LOCKED,
  VM_NONLINEAR,
  VM_PFNMAP,
  VM_RESERVED,
  VM_SHM,
  type Check,
} from '@pagetape/events';
import type { Traits } from '@pagetape/core';
import type { Reason } from '../ledger/ledger.ts';

const MASKS = {
  'mask-old': 'the mask of nodes to leave',
  'mask-new': 'the mask of nodes to go to',
  mask: 'the node mask',
};

const CHECKS: Readonly<Record<Exclude<Check, keyof typeof MASKS>, (traits: Traits) => string>> = {
  'task-exists': () => 'no process has this pid',
  'task-has-mm': () => 'the process has no memory of its own, as kernel threads and zombies',
  'same-owner': (traits) => `the process belongs to another user, and the caller lacks ${traits.migrate_capability}`,
  'target-nodes-allowed': (traits) =>
    traits.target_cpuset_checked
      ? `the cpuset does not allow all of these nodes, and the caller lacks ${traits.migrate_capability}`
      : `not all of these nodes are there, and the caller lacks ${traits.migrate_capability}`,
  mode: () => 'there is no such policy mode',
  flags: () => 'these flags are unknown, or cannot be used so',
  'move-all': (traits) => `MPOL_MF_MOVE_ALL needs ${traits.move_all_capability}`,
  alignment: () => 'the start is not at a page boundary',
  length: () => 'the range wraps around the end of the address space',
  'policy-nodes': () => 'this mode needs nodes, or must not have any',
  'nodes-online': () => 'the mask names a node that is not there',
  'range-mapped': () => 'a part of the range is not mapped',
  strict: () => 'MPOL_MF_STRICT: pages lie, or stayed, on nodes outside the mask',
  'vma-reserved': () => 'the first area of the range is reserved by its driver',
  buffer: () => 'the buffer is too small, or cannot be written',
  address: () => 'an address needs MPOL_F_ADDR',
  'ptrace-access': () => 'the caller may not look into this process, as ptrace(2) asks for, and lacks CAP_SYS_PTRACE',
  'no-node-left': () => 'none of these nodes is allowed to the caller and has memory',
  'policy-there': () => 'areas of the range have no policy, or one that has no home node',
  node: () => 'this is no node that is there and has memory',
  count: () => 'so many entries cannot be',
  'node-allowed': () => 'the cpuset of the process does not allow a node',
  'pages-to-move': () => 'no page had to be moved or could be',
  'vma-migrate': () => 'the driver of an area could not migrate it, so no page was looked at',
  'migration-built-in': () => 'the kernel was built without page migration',
  'swap-needed': () => 'pages can only be moved when a swap slot is free, and none is',
};

/** The sentence for a check that refused a call with this error. */
export function checkSentence(check: Check, errno: string, traits: Traits): string {
  if (check === 'mask-old' || check === 'mask-new' || check === 'mask') {
    return `${MASKS[check]} ${errno === 'EFAULT' ? 'cannot be read' : 'is longer than the kernel takes'}`;
  }
  return CHECKS[check](traits);
}

const ERRORS: Readonly<Record<string, string>> = {
  'remap_file_pages EINVAL': 'not within a shared mapping that may be written, or beyond the end of the file',
  'mlock ENOMEM': 'more than RLIMIT_MEMLOCK allows, or not all of it is mapped',
  'mprotect EACCES': 'the file was not opened for this',
  'mprotect ENOMEM': 'not all of it is mapped',
  'cg_new EEXIST': 'there is such a cpuset already',
  'cg_new ENOENT': 'there is no cpuset around it',
  'cg_set ENOENT': 'there is no such cpuset, or it has no such file',
  'cg_set EINVAL': 'this is no list of numbers, or an exclusive cpuset beside it has some of them',
  'cg_set ENOSPC': 'none of these is there',
  'cg_set EBUSY': 'a cpuset below it needs more',
  'cg_set EACCES': 'the cpuset around it does not have all of this',
  'cg_attach ENOSPC': 'the cpuset has no cpus or no nodes yet',
  'cg_attach ESRCH': 'the task has ended',
  'syscall ENOSYS': 'the table of system calls has no such number',
};

/** What control groups say otherwise than the cpusets of 2006. */
const CGROUP_ERRORS: Readonly<Record<string, string>> = {
  'cg_new EEXIST': 'there is such a group already',
  'cg_new ENOENT': 'there is no group around it',
  'cg_set ENOENT': 'there is no such group, or it has no such file, or the group around it hands none down',
  'cg_set EINVAL': 'this is no list of numbers, or names what is not there, or what an exclusive group beside it has',
  'cg_set ERANGE': 'there are no such numbers',
  'cg_set ENOSPC': 'tasks in it would have nothing left',
  'cg_set EBUSY': 'a group below it needs this',
  'cg_set EOPNOTSUPP': 'a group above it shares its cpuset between tasks and groups',
  'cg_get ENOENT': 'there is no such group, or it has no such file, or the group around it hands none down',
  'cg_attach ENOENT': 'there is no such group',
  'cg_attach EBUSY': 'its cpuset is shared between groups with tasks in them',
  'cg_attach EOPNOTSUPP': 'a group above it shares its cpuset between tasks and groups',
  'pin EINVAL': 'the cpuset does not allow this cpu',
};

/** Why a call without a recorded check failed; undefined where there is nothing to add to the error. */
export function errorSentence(op: string, errno: string, { cpusets }: Traits): string | undefined {
  const error = `${op} ${errno}`;
  return (cpusets === 'applied' ? CGROUP_ERRORS[error] : undefined) ?? ERRORS[error];
}

const REASONS: Readonly<Record<Reason, string>> = {
  'not-on-lru': 'on no LRU list: somebody else had isolated it, or it is a page that never is on one',
  'being-freed': 'was being freed',
  'shared-file': 'a file page that other processes map, too; only MPOL_MF_MOVE_ALL takes it',
  'page-locked': 'somebody else held its page lock',
  'under-writeback': 'was still being written',
  mlocked: 'locked in memory (mlock) by a task that maps it',
  'recently-used': 'was used again before the last pass',
  'still-mapped': 'a mapping of it could not be removed',
  'no-swap-slot': 'no swap slot was free',
  'referenced-elsewhere': 'somebody holds a reference to it, as direct I/O does',
  'no-mapping': 'belongs neither to a file nor to swap',
  'dirty-again': 'was written to again after it was cleaned',
  'no-writepage': 'its file system cannot write it',
  'written-out': 'was written last, and nobody came back to free it',
  'write-refused': 'its file system refused to write it',
  'has-buffers': 'its file system holds buffers for it',
  shared: 'other mappings have it, too; only MPOL_MF_MOVE_ALL takes it',
  'under-migration': 'somebody else was moving it',
  'area-not-migratable': 'lies in an area that the kernel does not move',
  'no-target-page': 'no frame could be had for it',
  leaked: 'isolated, and forgotten when the call failed: it is on no LRU list for ever',
  'call-failed': 'put back, because the call failed first',
  'not-finished': 'isolated, and the call came no further',
};

/** Why a page was not moved, in plain words. */
export function reasonSentence(reason: Reason, pages: readonly number[]): string {
  if (reason === 'not-on-lru' && pages.length === 1 && pages[0] === 0)
    return 'the shared zero page, which is on no LRU list';
  return REASONS[reason];
}

const FLAGS = {
  locked: VM_LOCKED,
  io: VM_IO,
  hugetlb: VM_HUGETLB,
  nonlinear: VM_NONLINEAR,
  pfnmap: VM_PFNMAP,
  reserved: VM_RESERVED,
  denywrite: VM_DENYWRITE,
  shm: VM_SHM,
};

/** The names of VM_* bits, in small letters. */
export function flagNames(flags: number): string[] {
  return Object.entries(FLAGS).flatMap(([name, flag]) => ((flags & flag) !== 0 ? [name] : []));
}

/** How a kernel of this profile comes to the number that it answers. */
export function countingRule({ engine, evicted_page }: Traits): string {
  if (engine !== 'swap') return 'this kernel counts the pages that are left on its list';
  switch (evicted_page) {
    case 'stays-on-list':
      return 'this kernel counts every page it isolated, also those it evicted';
    case 'freed-at-once':
      return 'this kernel counts the pages it put back';
    case 'moved-list':
      return 'this kernel counts the pages it gave up';
  }
}

/** "1 page", "2 pages". */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
}

const UNITS = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
] as const;

/** Virtual nanoseconds as people read them: three digits at least. */
export function duration(ns: number): string {
  for (const [unit, name] of UNITS) {
    if (ns < unit) continue;
    const value = ns / unit;
    return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)} ${name}`;
  }
  return `${ns} ns`;
}

/** "3 more pages not moved: mlocked", "1 fewer page evicted" */
export function moreText(more: number, what: string): string {
  return `${Math.abs(more)} ${more > 0 ? 'more' : 'fewer'} ${Math.abs(more) === 1 ? 'page' : 'pages'} ${what}`;
}
