/** What can be done with cpusets from outside, as each family of kernels serves it. */
import type { Task } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import type { Traits } from '../profiles/traits.ts';
import { cgroup_file_read, cgroup_file_write, cgroup_mkdir, cgroup_procs_write } from './cgroup/cgroup.ts';
import * as applied from './cgroup/cpuset.ts';
import {
  attach_task,
  cpuset_create,
  cpuset_mems_allowed,
  cpuset_read,
  cpuset_write,
  set_cpus_allowed,
} from './cpuset.ts';

/** Errors are minus their number. */
interface CpusetCalls {
  readonly create: (k: Kernel, cg: string) => number;
  readonly write: (k: Kernel, cg: string, file: string, text: string) => Sleeping<number>;
  readonly read: (k: Kernel, cg: string, file: string) => string | number;
  readonly attach: (k: Kernel, cg: string, pid: number) => Sleeping<number>;
  /** `kernel/sched/core.c:sched_setaffinity()` of the running task, to one CPU. */
  readonly pin: (k: Kernel, cpu: number) => number;
  /** The nodes that the cpuset of a task allows. */
  readonly mems_allowed: (k: Kernel, task: Task) => readonly number[];
}

const CALLS: Readonly<Record<Traits['cpusets'], CpusetCalls>> = {
  noticed: {
    create: cpuset_create,
    write: cpuset_write,
    read: cpuset_read,
    attach: attach_task,
    pin: set_cpus_allowed,
    mems_allowed: cpuset_mems_allowed,
  },
  applied: {
    create: cgroup_mkdir,
    write: cgroup_file_write,
    read: cgroup_file_read,
    attach: cgroup_procs_write,
    pin: applied.sched_setaffinity,
    mems_allowed: applied.cpuset_mems_allowed,
  },
};

export const cpusetCalls = (k: Kernel): CpusetCalls => CALLS[k.traits.cpusets];
