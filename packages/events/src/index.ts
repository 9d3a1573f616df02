// The public names of @pagetape/events.
export { ARCHITECTURES, SYSCALL_ABIS, type Architecture, type SyscallAbi } from './arch/entry.ts';
export {
  EVENTS,
  EVENT_BY_NUMBER,
  catalogueLine,
  catalogueText,
  eventByName,
  type Catalogue,
  type ColdName,
  type Emitters,
  type EventName,
  type HotName,
} from './catalogue.ts';
export {
  MAX_FIELDS,
  schemaOf,
  type AnyEvent,
  type Args,
  type ColdBefore,
  type ColdEvent,
  type DeepReadonly,
  type HotBefore,
  type HotEvent,
  type Payload,
} from './define.ts';
export { compileEmitters, compileReplay, type Clocked, type Reducers, type ReplayBlock } from './emit.ts';
export { type Field, type FieldType } from './field.ts';
export { HASH_NAME, Hash64, laneA, laneB } from './hash.ts';
export { BLOCK_EVENTS, EventLog, ROW_LENGTH, collectBlocks, type Block, type BlockSink } from './log.ts';
export { COST_NS, START, advance, eventsOf, type Position, type RecordedEvent } from './position.ts';
export { cataloguePage } from './page.ts';
export { canonicalJson, parseEvent, printData, printEvent } from './text.ts';
export { type Cpuset } from './kernel/cpuset.ts';
export {
  ActorSwitched,
  DEVICES,
  StimulusBegan,
  StimulusEnded,
  UNTIL,
  UNTIL_TRIES,
  UNTIL_UNLOCK,
  UNTIL_WAIT,
} from './kernel/run.ts';
export { FATAL_SIGNALS } from './kernel/signal.ts';
export { type Credentials, type Oops, type Task } from './kernel/task.ts';
export { type SwapReadahead, type Vma, type VmaMigrate } from './mm/mmap.ts';
export { CHECK, type Check, type Policy } from './mm/mempolicy.ts';
export { CONTENT, CONTENT_WRITTEN, CONTENT_ZEROES } from './mm/ksm.ts';
export { ANON_MARK, MARK_EXCLUSIVE, MARK_LAZYFREE } from './mm/memory.ts';
export {
  FAULT,
  FAULT_MAJOR,
  FAULT_MINOR,
  FAULT_OOM,
  FAULT_SIGBUS,
  FAULT_SIGSEGV,
  SWAP_MAPPING,
  SWAP_MAPPING_READ,
  SWAP_MAPPING_UNUSED,
  SWAP_MAPPING_WRITABLE,
  SWAP_MAPPING_WRITTEN,
} from './mm/memory.ts';
export {
  MIGRATION_ENTRY,
  MIGRATION_ENTRY_READ,
  MIGRATION_ENTRY_READ_EXCLUSIVE,
  MIGRATION_ENTRY_WRITE,
  type MigrationEntry,
} from './mm/migrate.ts';
export { IO_DIRECTION } from './mm/page_io.ts';
export { HOLDER_BATCH, HOLDER_FAULT, HOLDER_ISOLATION, HOLDER_LOCK, HOLDER_PIN } from './mm/swap.ts';
export { PAGEOUT, PAGE_ACTIVATE, PAGE_CLEAN, PAGE_KEEP, PAGE_SUCCESS } from './mm/vmscan.ts';
export { CAPABILITY_NAMES, CONSTANTS, MMAN_CONSTANTS } from './stimulus/constants.ts';
export { defineStimulus, type StimulusDefinition } from './stimulus/define.ts';
export { type LockUntil } from './stimulus/disturbance.ts';
export { type Intervention } from './stimulus/nested.ts';
export { resolveNumber, unknownWords, type NumberValue } from './stimulus/number.ts';
export { type SyscallArgument } from './stimulus/policy.ts';
export {
  STIMULI,
  stimulusByName,
  stimulusSchema,
  type Op,
  type Stimulus,
  type StimulusByOp,
} from './stimulus/stimuli.ts';
export { parseStimulus, printStimulus } from './stimulus/text.ts';
export { type Address, type NodeMask, type PidValue } from './stimulus/values.ts';
export {
  EACCES,
  EAGAIN,
  E2BIG,
  EBUSY,
  EINTR,
  EEXIST,
  EFAULT,
  EINVAL,
  EIO,
  ENODEV,
  ENOENT,
  ENOMEM,
  ENOSPC,
  ENOSYS,
  EHWPOISON,
  EOPNOTSUPP,
  EOVERFLOW,
  EPERM,
  ERANGE,
  ERRNO,
  ESRCH,
  errnoName,
  type Errno,
} from './uapi/errno.ts';
export {
  MEMPOLICY_CONSTANTS,
  MPOL_BIND,
  MPOL_DEFAULT,
  MPOL_F_ADDR,
  MPOL_F_MEMS_ALLOWED,
  MPOL_F_NODE,
  MPOL_F_NUMA_BALANCING,
  MPOL_F_RELATIVE_NODES,
  MPOL_F_STATIC_NODES,
  MPOL_INTERLEAVE,
  MPOL_LOCAL,
  MPOL_MF_LAZY,
  MPOL_MF_MOVE,
  MPOL_MF_MOVE_ALL,
  MPOL_MF_STRICT,
  MPOL_MODE_FLAGS,
  MPOL_PREFERRED,
  MPOL_PREFERRED_MANY,
  MPOL_WEIGHTED_INTERLEAVE,
} from './uapi/mempolicy.ts';
export {
  ACCESS,
  BUFFERS,
  CAPABILITIES,
  FILE_SYSTEMS,
  LRU,
  LRU_ACTIVE,
  LRU_ACTIVE_ANON,
  LRU_ACTIVE_FILE,
  LRU_BATCH,
  LRU_BATCH_ADD,
  LRU_INACTIVE,
  LRU_INACTIVE_ANON,
  LRU_INACTIVE_FILE,
  LRU_UNEVICTABLE,
  MLOCK_LOCK,
  MLOCK_NEW,
  MLOCK_REQUEST,
  MLOCK_UNLOCK,
  PAGE_SHIFT,
  PAGE_SIZE,
  READ,
  REFUSAL,
  VM_ACCOUNT,
  VM_DENYWRITE,
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_EXEC,
  VM_HUGEPAGE,
  VM_HUGETLB,
  VM_IO,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_LOCKONFAULT,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_MERGEABLE,
  VM_NOHUGEPAGE,
  VM_NONLINEAR,
  VM_NORESERVE,
  VM_RESV_UNMAPPED,
  VM_PFNMAP,
  VM_RAND_READ,
  VM_READ,
  VM_RESERVED,
  VM_SEQ_READ,
  VM_SHARED,
  VM_SHM,
  VM_WIPEONFORK,
  VM_WRITE,
  WRITE,
  ZONE_DMA,
  ZONE_DMA32,
  ZONE_HIGHMEM,
  ZONE_NAMES,
  ZONE_NORMAL,
  refusal,
  type Buffers,
  type Capability,
  type FileSystem,
  type Refusal,
} from './uapi/mm.ts';
