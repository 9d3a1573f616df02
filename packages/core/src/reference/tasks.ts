/**
 * What events do to tasks and to the run itself. What is cold in the fast state is the same tree here, changed by the
 * same reducers; what such an event does besides is written anew.
 */
import { MPOL_INTERLEAVE, type ColdName } from '@pagetape/events';
import { STREAMS } from '../prng.ts';
import { areaReducers } from '../reduce/areas.ts';
import { invariant } from '../reduce/assert.ts';
import { cpusetReducers, keepApplied } from '../reduce/cpusets.ts';
import { fileReducers } from '../reduce/files.ts';
import { forgetMm, ksmReducers } from '../reduce/ksm.ts';
import { copyPolicy } from '../reduce/policy.ts';
import type { SilentName } from '../reduce/silent.ts';
import { taskReducers } from '../reduce/tasks.ts';
import type { State } from '../state/state.ts';
import type { ReferenceDraft } from './state.ts';
import type { DataOf, ReferenceReducers } from './types.ts';

const coldReducers = { ...areaReducers, ...taskReducers, ...cpusetReducers, ...fileReducers, ...ksmReducers };

/** Stands where the reducers of the fast state expect its arrays: those that are reused as they are never look. */
const NO_ARRAYS = Object.freeze({}) as State;

type ColdRule = (draft: ReferenceDraft['cold'], data: unknown, state: State) => void;

/** The rule of an event that concerns only the cold tree. */
function onlyCold<Kind extends keyof typeof coldReducers>(
  kind: Kind,
): (draft: ReferenceDraft, data: DataOf<Kind>) => void {
  const reduce = coldReducers[kind] as ColdRule;
  return (draft, data) => reduce(draft.cold, data, NO_ARRAYS);
}

/** Kinds whose reducers write the arrays of the fast state too. */
type BothLanes =
  | 'StimulusBegan'
  | 'StimulusEnded'
  | 'DeadlockFound'
  | 'TaskSpawned'
  | 'TaskReaped'
  | 'TaskPolicySet'
  | 'TaskCpusetApplied'
  | 'MmDestroyed'
  | 'FileCreated'
  | 'FileDeleted';

const cold: ReferenceReducers<Exclude<ColdName, BothLanes | SilentName>> = {
  FileResized: onlyCold('FileResized'),
  SharedPolicySet: onlyCold('SharedPolicySet'),
  CpusetCreated: onlyCold('CpusetCreated'),
  CpusetChanged: onlyCold('CpusetChanged'),
  CpusetAttached: onlyCold('CpusetAttached'),
  TaskMemsUpdated: onlyCold('TaskMemsUpdated'),
  TaskMemsOverridden: onlyCold('TaskMemsOverridden'),
  IsolatedPagesLeaked: onlyCold('IsolatedPagesLeaked'),
  IoModeSet: onlyCold('IoModeSet'),
  CongestionSet: onlyCold('CongestionSet'),
  CpuStateChanged: onlyCold('CpuStateChanged'),
  SignalSent: onlyCold('SignalSent'),
  SignalDelivered: onlyCold('SignalDelivered'),
  RegionNamed: onlyCold('RegionNamed'),
  InterleaveWeightSet: onlyCold('InterleaveWeightSet'),
  TaskExited: onlyCold('TaskExited'),
  KernelOopsed: onlyCold('KernelOopsed'),
  CredentialsChanged: onlyCold('CredentialsChanged'),
  GroupIdsChanged: onlyCold('GroupIdsChanged'),
  DumpableSet: onlyCold('DumpableSet'),
  CapabilitiesDropped: onlyCold('CapabilitiesDropped'),
  VmaMapped: onlyCold('VmaMapped'),
  VmaUnmapped: onlyCold('VmaUnmapped'),
  VmaSplit: onlyCold('VmaSplit'),
  VmaMerged: onlyCold('VmaMerged'),
  VmaFlagsChanged: onlyCold('VmaFlagsChanged'),
  VmaMadeNonlinear: onlyCold('VmaMadeNonlinear'),
  NonlinearCursorMoved: onlyCold('NonlinearCursorMoved'),
  SwapReadaheadNoted: onlyCold('SwapReadaheadNoted'),
  MmDefFlagsSet: onlyCold('MmDefFlagsSet'),
  VmaPolicySet: onlyCold('VmaPolicySet'),
  AnonVmaPrepared: onlyCold('AnonVmaPrepared'),
  MmForked: onlyCold('MmForked'),
  KsmEntered: onlyCold('KsmEntered'),
  KsmLeft: onlyCold('KsmLeft'),
  StableNodeSet: onlyCold('StableNodeSet'),
  StableNodeRemoved: onlyCold('StableNodeRemoved'),
  RmapItemAppended: onlyCold('RmapItemAppended'),
  RmapItemRemoved: onlyCold('RmapItemRemoved'),
};

/** What the members of the cold tree are when an event of both lanes is done. */
const bothLanes: ReferenceReducers<BothLanes> = {
  StimulusBegan(draft, { op }) {
    draft.current.op = op;
    draft.last_op = Math.max(draft.last_op, op);
  },
  StimulusEnded: (draft, { parent }) => void (draft.current.op = parent),
  DeadlockFound: (draft) => void (draft.stopped = true),
  TaskSpawned(draft, { task, cpu, il_next, fresh_mm }) {
    const { permitted, ...rest } = task;
    const { capabilities, mems_allowed, policy } = task;
    const lists = { capabilities: [...capabilities], mems_allowed: [...mems_allowed], policy: copyPolicy(policy) };
    draft.cold.tasks[task.pid] = { ...rest, ...(permitted ? { permitted: [...permitted] } : {}), ...lists };
    draft.cold.pids[task.name] = task.pid;
    draft.cold.next.pid = Math.max(draft.cold.next.pid, task.pid + 1);
    draft.tasks[task.pid] = { cpu, swapwrite: false, min_flt: 0, maj_flt: 0, il_next, il_prev: 0, il_weight: 0 };
    if (fresh_mm) {
      draft.cold.mms[task.mm] = { vmas: [], dumpable: 1, def_flags: 0 };
      draft.cold.next.mm = task.mm + 1;
      draft.mms[task.mm] = {
        users: 0,
        locked_pages: 0,
        mmap_sem: 0,
        file_rss: 0,
        anon_rss: 0,
        tables: {},
        ptes: {},
        pmds: {},
      };
    }
    if (task.mm !== 0) draft.mms[task.mm].users++;
  },
  TaskReaped(draft, { task }) {
    delete draft.cold.tasks[task];
    delete draft.tasks[task];
  },
  TaskPolicySet(draft, { task, policy }) {
    draft.cold.tasks[task].policy = copyPolicy(policy);
    if (policy?.mode === MPOL_INTERLEAVE) draft.tasks[task].il_next = policy.nodes[0];
  },
  TaskCpusetApplied(draft, applied) {
    keepApplied(draft.cold, applied);
    draft.tasks[applied.task].cpu = applied.cpu;
  },
  MmDestroyed(draft, { mm }) {
    invariant(draft.cold.mms[mm].vmas.length === 0, 'an address space with areas is destroyed:', mm);
    invariant(Object.keys(draft.mms[mm].ptes).length === 0, 'an address space with pages is destroyed:', mm);
    delete draft.cold.mms[mm];
    draft.cold.regions = draft.cold.regions.filter((region) => region.mm !== mm);
    forgetMm(draft.cold, mm);
    delete draft.mms[mm];
  },
  FileCreated(draft, { file, name, pages, fs, buffers, unlinked }) {
    const kind = { fs: fs ?? 'disk', buffers: buffers ?? 'none', unlinked: unlinked ?? false } as const;
    const unused = {
      i_mmap: [],
      i_mmap_nonlinear: [],
      i_mmap_writable: 0,
      truncate_count: 0,
      ino: unlinked ? 0 : draft.cold.next.ino++,
      policies: [],
    };
    draft.cold.files[file] = { name, pages, ...kind, ...unused };
    draft.cold.next.file = file + 1;
    draft.page_cache[file] = {};
    draft.swap_entries[file] = {};
  },
  FileDeleted(draft, { file }) {
    invariant(Object.keys(draft.page_cache[file]).length === 0, 'a file with pages is deleted:', file);
    invariant(Object.keys(draft.swap_entries[file]).length === 0, 'a file with pages in swap is deleted:', file);
    delete draft.cold.files[file];
    delete draft.page_cache[file];
    delete draft.swap_entries[file];
  },
};

const run: ReferenceReducers<
  | 'ActorSwitched'
  | 'ChanceDrawn'
  | 'SwapWriteGranted'
  | 'SwapWriteRevoked'
  | 'TaskInterleaveAdvanced'
  | 'TaskInterleaveTaken'
  | 'TaskMovedToCpu'
> = {
  ActorSwitched: (draft, { task, cpu, op }) => void (draft.current = { task, cpu, op }),
  ChanceDrawn: (draft, { stream }) => void draft.draws[STREAMS[stream]]++,
  SwapWriteGranted: (draft, { task }) => void (draft.tasks[task].swapwrite = true),
  SwapWriteRevoked: (draft, { task }) => void (draft.tasks[task].swapwrite = false),
  TaskInterleaveTaken(draft, { task, prev, weight }) {
    draft.tasks[task].il_prev = prev;
    draft.tasks[task].il_weight = weight;
  },
  TaskInterleaveAdvanced: (draft, { task, next }) => void (draft.tasks[task].il_next = next),
  TaskMovedToCpu: (draft, { task, cpu }) => void (draft.tasks[task].cpu = cpu),
};

export const runReducers = { ...cold, ...bothLanes, ...run };
