/** Whose step it is: a task of the scenario, or somebody outside (task 0). */
import type { Stimulus } from '@pagetape/events';
import type { StateView } from '../state/view.ts';
import { INIT_PID, taskPid } from '../stimulus/resolve.ts';

export interface Subject {
  readonly task: number;
}

/** Steps whose task does not exist before them, or that no task does. */
const BY_NOBODY: ReadonlySet<Stimulus['op']> = new Set(['spawn', 'unpin', 'unlock', 'kill']);

/** Steps of whoever runs the machine that can sleep: somebody must be there to do it. */
const BY_INIT: ReadonlySet<Stimulus['op']> = new Set([
  'node_offline',
  'node_online',
  'cpu_offline',
  'cpu_online',
  'cg_new',
  'cg_set',
  'cg_get',
  'cg_attach',
  'ksm',
]);

export function subjectOf(s: StateView, stimulus: Stimulus): Subject {
  const given = stimulus.op === 'swapoff' || stimulus.op === 'node_offline' ? stimulus.t : undefined;
  const by_init = given === undefined && (BY_INIT.has(stimulus.op) || stimulus.op === 'swapoff');
  if (by_init) return { task: INIT_PID };
  if (BY_NOBODY.has(stimulus.op) || !('t' in stimulus) || stimulus.t === undefined) return { task: 0 };
  return { task: taskPid(s, stimulus.t) };
}

/** The task has ended: its step does nothing. */
export function isSubjectDead(s: StateView, { task }: Subject): boolean {
  return task !== 0 && s.cold.tasks[task]?.state !== 'running';
}
