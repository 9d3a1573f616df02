/** Reducers of cpusets, and of what tasks know of them. */
import type { Catalogue, Cpuset, Payload } from '@pagetape/events';
import type { Draft } from 'immer';
import type { ColdState } from '../state/cold.ts';
import { TASK, T_CPU } from '../state/layout.ts';
import { edit } from './draft.ts';
import { copyPolicy } from './policy.ts';
import type { ColdReducers } from './types.ts';

function keep(draft: Draft<ColdState>, { cg, cpuset }: { readonly cg: string; readonly cpuset: Cpuset }): void {
  draft.cpusets[cg] = { ...cpuset, cpus: [...cpuset.cpus], mems: [...cpuset.mems] };
  draft.next.cpuset_generation = Math.max(draft.next.cpuset_generation, cpuset.generation + 1);
}

/** What a task knows of its cpuset, beside the CPU that it runs on. */
export function keepApplied(draft: Draft<ColdState>, applied: Payload<Catalogue['TaskCpusetApplied']>): void {
  const it = edit(draft.tasks, applied.task);
  if (applied.pinned === undefined) delete it.pinned;
  else it.pinned = applied.pinned;
  it.mems_allowed = [...applied.mems_allowed];
  it.policy = copyPolicy(applied.policy);
}

export const cpusetReducers: ColdReducers<
  'CpusetCreated' | 'CpusetChanged' | 'CpusetAttached' | 'TaskMemsUpdated' | 'TaskMemsOverridden' | 'TaskCpusetApplied'
> = {
  CpusetCreated: keep,
  CpusetChanged: keep,
  CpusetAttached(draft, { task, cg }) {
    edit(draft.tasks, task).cpuset = cg;
  },
  TaskMemsUpdated(draft, { task, generation, mems_allowed, policy }) {
    const it = edit(draft.tasks, task);
    it.mems_generation = generation;
    it.mems_allowed = [...mems_allowed];
    it.policy = copyPolicy(policy);
  },
  TaskMemsOverridden(draft, { task, mems_allowed }) {
    edit(draft.tasks, task).mems_allowed = [...mems_allowed];
  },
  TaskCpusetApplied(draft, applied, state) {
    keepApplied(draft, applied);
    state.tasks[applied.task * TASK + T_CPU] = applied.cpu;
  },
};
