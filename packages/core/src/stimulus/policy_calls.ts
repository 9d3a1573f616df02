/** The system calls of mm/mempolicy.c and mm/migrate.c, as each family of kernels serves them. */
import { ENOSYS } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { do_get_mempolicy, sys_mbind, sys_migrate_pages, sys_set_mempolicy } from '../mm/mempolicy_calls.ts';
import * as later from '../mm/mempolicy_kernel.ts';
import { sys_move_pages } from '../mm/migrate_collect_pages.ts';
import { kernel_move_pages } from '../mm/migrate_move_pages.ts';
import type { Traits } from '../profiles/traits.ts';

const zonelists = {
  migrate_pages: sys_migrate_pages,
  mbind: sys_mbind,
  set_mempolicy: sys_set_mempolicy,
  get_mempolicy: do_get_mempolicy,
};

const CALLS: Readonly<Record<Traits['policies'], typeof zonelists>> = {
  zonelists,
  nodemasks: {
    migrate_pages: later.kernel_migrate_pages,
    mbind: later.kernel_mbind,
    set_mempolicy: later.kernel_set_mempolicy,
    get_mempolicy: later.do_get_mempolicy,
  },
};

export const policyCalls = (k: Kernel): typeof zonelists => CALLS[k.traits.policies];

/** `kernel/sys_ni.c:sys_ni_syscall()`: a call that the kernel was built without. */
// eslint-disable-next-line require-yield -- it has the shape of what it stands for
function* sys_ni_syscall(): Sleeping<number> {
  return -ENOSYS;
}

const MOVE_PAGES: Readonly<Partial<Record<Traits['engine'], typeof sys_move_pages>>> = {
  none: sys_ni_syscall,
  direct: sys_move_pages,
  batched: kernel_move_pages,
};

/** move_pages(2); undefined: the kernel is older than the call. */
export const movePagesCall = (k: Kernel): typeof sys_move_pages | undefined => MOVE_PAGES[k.traits.engine];
