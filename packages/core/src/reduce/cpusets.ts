/** Reducers of cpusets, and of what tasks know of them. */
import type { Cpuset } from '@pagetape/events';
import type { Draft } from 'immer';
import type { ColdState } from '../state/cold.ts';
import { copyPolicy } from './policy.ts';
import type { ColdReducers } from './types.ts';

function keep(draft: Draft<ColdState>, { cg, cpuset }: { readonly cg: string; readonly cpuset: Cpuset }): void {
  draft.cpusets[cg] = { ...cpuset, cpus: [...cpuset.cpus], mems: [...cpuset.mems] };
  draft.next.cpuset_generation = Math.max(draft.next.cpuset_generation, cpuset.generation + 1);
}

export const cpusetReducers: ColdReducers<'CpusetCreated' | 'CpusetChanged' | 'CpusetAttached' | 'TaskMemsUpdated'> = {
  CpusetCreated: keep,
  CpusetChanged: keep,
  CpusetAttached(draft, { task, cg }) {
    draft.tasks[task].cpuset = cg;
  },
  TaskMemsUpdated(draft, { task, generation, mems_allowed, policy }) {
    const it = draft.tasks[task];
    it.mems_generation = generation;
    it.mems_allowed = [...mems_allowed];
    it.policy = copyPolicy(policy);
  },
};
