/** Steps of whoever runs the machine that are writes to files under /sys, or commands: the same for every format that runs as root. */
import { type Stimulus } from '@pagetape/events';
import type { MachineSpec } from '@pagetape/core';
import { groupFile, groupFolder } from './names.ts';

/** Write `value` to `file`, read a file, or make a folder. `task`: the value is the process id of that task. */
export type Deed =
  | { readonly kind: 'write'; readonly file: string; readonly value: string }
  | { readonly kind: 'write-pid'; readonly file: string; readonly task: string }
  | { readonly kind: 'read'; readonly file: string }
  | { readonly kind: 'folder'; readonly file: string };

const ODD_GROUP = 'the name of the control group or of its file is not one that a path can have';

/** What somebody does for the step; a sentence where it cannot be done by files; undefined for other steps. */
export function deedOf(step: Stimulus, { cgroup }: MachineSpec): Deed | string | undefined {
  switch (step.op) {
    case 'cg_new': {
      const file = groupFolder(step.cg, cgroup);
      return file === undefined ? ODD_GROUP : { kind: 'folder', file };
    }
    case 'cg_set': {
      const file = groupFile(step.cg, step.file, cgroup);
      return file === undefined ? ODD_GROUP : { kind: 'write', file, value: String(step.value) };
    }
    case 'cg_get': {
      const file = groupFile(step.cg, step.file, cgroup);
      return file === undefined ? ODD_GROUP : { kind: 'read', file };
    }
    case 'cg_attach': {
      const file = groupFile(step.cg, cgroup === 'v2' || cgroup === 'v1' ? 'cgroup.procs' : 'tasks', cgroup);
      if (file === undefined) return ODD_GROUP;
      return step.t === 'kthread' ? { kind: 'write', file, value: '2' } : { kind: 'write-pid', file, task: step.t };
    }
    case 'cpu_offline':
    case 'cpu_online': {
      const value = step.op === 'cpu_online' ? '1' : '0';
      return { kind: 'write', file: `/sys/devices/system/cpu/cpu${step.cpu}/online`, value };
    }
    case 'weight':
      return { kind: 'write', file: weightFile(step.node), value: String(step.value) };
    case 'weight_get':
      return { kind: 'read', file: weightFile(step.node) };
    default:
      return undefined;
  }
}

const weightFile = (node: number): string => `/sys/kernel/mm/mempolicy/weighted_interleave/node${node}`;
