/** The system calls of mm/mempolicy.c, as each family of kernels serves them. */
import type { Kernel } from '../kernel.ts';
import { do_get_mempolicy, sys_mbind, sys_migrate_pages, sys_set_mempolicy } from '../mm/mempolicy_calls.ts';
import * as later from '../mm/mempolicy_kernel.ts';
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
