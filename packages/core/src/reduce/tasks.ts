/** Reducers of tasks, and of the run itself. */
import { MPOL_INTERLEAVE } from '@pagetape/events';
import {
  CURRENT_CPU,
  CURRENT_OP,
  CURRENT_TASK,
  DRAWS,
  MM,
  LAST_OP,
  M_USERS,
  PF_SWAPWRITE,
  STOPPED,
  TASK,
  T_CPU,
  T_FLAGS,
  T_IL_NEXT,
  T_IL_PREV,
  T_IL_WEIGHT,
} from '../state/layout.ts';
import type { State } from '../state/state.ts';
import { edit } from './draft.ts';
import { ensure } from './grow.ts';
import { plain } from './list.ts';
import { copyPolicy } from './policy.ts';
import type { ColdReducers } from './types.ts';

function setTaskFlags(state: State, task: number, set: number, clear: number): void {
  const at = task * TASK + T_FLAGS;
  state.tasks[at] = (state.tasks[at] & ~clear) | set;
}

function ActorSwitched(state: State, task: number, cpu: number, op: number): void {
  state.scalars[CURRENT_TASK] = task;
  state.scalars[CURRENT_CPU] = cpu;
  state.scalars[CURRENT_OP] = op;
}

export const runReducers = {
  ActorSwitched,
  ChanceDrawn: (state: State, stream: number) => void state.scalars[DRAWS + stream]++,
  SwapWriteGranted: (state: State, task: number) => setTaskFlags(state, task, PF_SWAPWRITE, 0),
  SwapWriteRevoked: (state: State, task: number) => setTaskFlags(state, task, 0, PF_SWAPWRITE),
  TaskInterleaveTaken(state: State, task: number, prev: number, weight: number): void {
    state.tasks[task * TASK + T_IL_PREV] = prev;
    state.tasks[task * TASK + T_IL_WEIGHT] = weight;
  },
  TaskInterleaveAdvanced: (state: State, task: number, next: number) =>
    void (state.tasks[task * TASK + T_IL_NEXT] = next),
  TaskMovedToCpu: (state: State, task: number, cpu: number) => void (state.tasks[task * TASK + T_CPU] = cpu),
  MmPinned: (state: State, mm: number) => void state.mms[mm * MM + M_USERS]++,
  MmReleased: (state: State, mm: number) => void state.mms[mm * MM + M_USERS]--,
};

export const taskReducers: ColdReducers<
  | 'StimulusBegan'
  | 'StimulusEnded'
  | 'DeadlockFound'
  | 'TaskSpawned'
  | 'TaskExited'
  | 'TaskReaped'
  | 'KernelOopsed'
  | 'IsolatedPagesLeaked'
  | 'CredentialsChanged'
  | 'GroupIdsChanged'
  | 'DumpableSet'
  | 'CapabilitiesDropped'
  | 'TaskPolicySet'
  | 'InterleaveWeightSet'
  | 'IoModeSet'
  | 'CongestionSet'
  | 'CpuStateChanged'
  | 'SignalSent'
  | 'SignalDelivered'
> = {
  StimulusBegan(_draft, { op }, state) {
    state.scalars[CURRENT_OP] = op;
    state.scalars[LAST_OP] = Math.max(state.scalars[LAST_OP], op);
  },
  StimulusEnded: (_draft, { parent }, state) => void (state.scalars[CURRENT_OP] = parent),
  DeadlockFound: (_draft, _payload, state) => void (state.scalars[STOPPED] = 1),
  TaskSpawned(draft, { task, cpu, il_next, fresh_mm }, state) {
    const { permitted, ...rest } = task;
    draft.tasks[task.pid] = {
      ...rest,
      ...(permitted ? { permitted: [...permitted] } : {}),
      capabilities: [...task.capabilities],
      mems_allowed: [...task.mems_allowed],
      policy: copyPolicy(task.policy),
    };
    draft.pids[task.name] = task.pid;
    draft.next.pid = Math.max(draft.next.pid, task.pid + 1);
    ensure(state, 'tasks', (task.pid + 1) * TASK);
    state.tasks[task.pid * TASK + T_CPU] = cpu;
    state.tasks[task.pid * TASK + T_IL_NEXT] = il_next;
    if (task.mm === 0) return;
    ensure(state, 'mms', (task.mm + 1) * MM);
    state.mms[task.mm * MM + M_USERS]++;
    if (!fresh_mm) return;
    draft.mms[task.mm] = { vmas: [], dumpable: 1, def_flags: 0 };
    draft.next.mm = task.mm + 1;
  },
  TaskExited(draft, { task, unwaited }) {
    const it = edit(draft.tasks, task);
    it.state = 'zombie';
    it.mm = 0;
    if (unwaited) it.unwaited = true;
  },
  TaskReaped(draft, { task }) {
    delete draft.tasks[task];
  },
  KernelOopsed(draft, { task, mm, mmap_sem, users, isolated }) {
    draft.oopses = [...plain(draft.oopses), { task, mm, mmap_sem, users, isolated: [...isolated] }];
  },
  IsolatedPagesLeaked: (draft, { pages }) => void (draft.leaked = [...plain(draft.leaked), ...pages]),
  CredentialsChanged(draft, { task, uid, euid, suid, capabilities, permitted }) {
    const it = edit(draft.tasks, task);
    Object.assign(it, { uid, euid, suid });
    if (capabilities) it.capabilities = [...capabilities];
    if (permitted) it.permitted = [...permitted];
  },
  GroupIdsChanged(draft, { task, gid, egid, sgid }) {
    Object.assign(edit(draft.tasks, task), { gid, egid, sgid });
  },
  DumpableSet(draft, { mm, dumpable }) {
    edit(draft.mms, mm).dumpable = dumpable;
  },
  CapabilitiesDropped(draft, { task, capabilities }) {
    const kept = (names: readonly string[]): string[] => names.filter((name) => !capabilities.includes(name));
    const it = edit(draft.tasks, task);
    it.capabilities = kept(it.capabilities);
    if (it.permitted) it.permitted = kept(it.permitted);
  },
  TaskPolicySet(draft, { task, policy }, state) {
    edit(draft.tasks, task).policy = copyPolicy(policy);
    if (policy?.mode === MPOL_INTERLEAVE) state.tasks[task * TASK + T_IL_NEXT] = policy.nodes[0];
  },
  InterleaveWeightSet(draft, { node, weight }) {
    draft.il_weights[node] = weight;
  },
  IoModeSet(draft, { mode }) {
    draft.io_mode = mode;
  },
  CongestionSet(draft, { device, congested }) {
    const others = plain(draft.congested).filter((each) => each !== device);
    draft.congested = congested ? [...others, device] : others;
  },
  CpuStateChanged(draft, { cpu, online }) {
    const others = plain(draft.offline_cpus).filter((each) => each !== cpu);
    draft.offline_cpus = online ? others : [...others, cpu].sort((a, b) => a - b);
  },
  SignalSent(draft, { task, sig }) {
    edit(draft.tasks, task).signal = sig;
  },
  SignalDelivered(draft, { task }) {
    delete edit(draft.tasks, task).signal;
  },
};
