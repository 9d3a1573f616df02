/** Events of tasks and address spaces as a whole (kernel/fork.c, kernel/exit.c, kernel/sys.c, kernel/sched.c). */
import { z } from 'zod';
import { defineColdEvent, defineEvent, type DeepReadonly } from '../define.ts';
import { cpu, mm, pid } from '../field.ts';
import { FATAL_SIGNALS } from './signal.ts';
import { policySchema } from '../mm/mempolicy.ts';
import { vmaSchema } from '../mm/mmap.ts';

const id = z.number().int();

/** Real, effective and saved user ids. */
export const credentialsSchema = z.strictObject({ uid: id, euid: id, suid: id });
export type Credentials = DeepReadonly<z.infer<typeof credentialsSchema>>;

/** Real, effective and saved group ids. */
export const groupIdsSchema = z.strictObject({ gid: id, egid: id, sgid: id });

export const taskSchema = z.strictObject({
  pid: id,
  name: z.string(),
  tgid: id,
  /** Address space; 0 for a kernel thread and after the task has left it. */
  mm: id,
  state: z.enum(['running', 'zombie']),
  ...credentialsSchema.shape,
  ...groupIdsSchema.shape,
  capabilities: z.array(z.string()),
  /** Capabilities that it may take again; absent: just those that it has. */
  permitted: z.exactOptional(z.array(z.string())),
  policy: policySchema.nullable(),
  /** Nodes that the cpuset of the task allows. */
  mems_allowed: z.array(id),
  /** The path of its cpuset; absent: it was never attached to one. */
  cpuset: z.exactOptional(z.string()),
  /** The state of its cpuset that it knows. */
  mems_generation: z.exactOptional(id),
  /** The CPU that it is pinned to, while its cpuset keeps it off that; absent: it runs there. */
  pinned: z.exactOptional(id),
  /** A 32-bit program; absent: no. */
  compat: z.exactOptional(z.boolean()),
  /** The signal that is going to end it, when it is in user mode again; absent: none. */
  signal: z.exactOptional(z.enum(FATAL_SIGNALS)),
  /** A zombie for which nobody waits, so that it stays one; absent: no. */
  unwaited: z.exactOptional(z.boolean()),
});
export type Task = DeepReadonly<z.infer<typeof taskSchema>>;

export const TaskSpawned = defineColdEvent({
  name: 'TaskSpawned',
  number: 160,
  of: 'kernel/fork.c:do_fork()',
  doc: 'A task exists, with an address space of its own (mm), that of its process, or none for a kernel thread.',
  schema: z.strictObject({ task: taskSchema, cpu: id, il_next: id, fresh_mm: z.boolean() }),
  cost_ns: 20_000,
});

export const MmForked = defineColdEvent({
  name: 'MmForked',
  number: 161,
  of: 'kernel/fork.c:dup_mmap()',
  doc: 'The areas of a parent were copied into the new address space of its child, without their locks; the mappings follow.',
  schema: z.strictObject({ from: id, to: id, vmas: z.array(vmaSchema) }),
  cost_ns: 5_000,
});

export const TaskExited = defineColdEvent({
  name: 'TaskExited',
  number: 162,
  of: 'kernel/exit.c:do_exit()',
  doc: 'The task gave up its address space and is a zombie.',
  schema: z.strictObject({ task: id, unwaited: z.exactOptional(z.boolean()) }),
  cost_ns: 5_000,
});

export const TaskReaped = defineColdEvent({
  name: 'TaskReaped',
  number: 163,
  of: 'kernel/exit.c:release_task()',
  doc: 'The process id names nobody any more.',
  schema: z.strictObject({ task: id }),
  cost_ns: 1_000,
});

export const CredentialsChanged = defineColdEvent({
  name: 'CredentialsChanged',
  number: 164,
  of: 'kernel/sys.c:sys_setresuid()',
  doc: 'The task has other user ids. That it loses all its capabilities follows in an event of its own; that it only lays them aside, or takes them again, is said here.',
  schema: z.strictObject({
    task: id,
    ...credentialsSchema.shape,
    capabilities: z.exactOptional(z.array(z.string())),
    permitted: z.exactOptional(z.array(z.string())),
  }),
  cost_ns: 200,
});

export const CapabilitiesDropped = defineColdEvent({
  name: 'CapabilitiesDropped',
  number: 165,
  of: 'kernel/capability.c:sys_capset()',
  doc: 'The task gave up capabilities.',
  schema: z.strictObject({ task: id, capabilities: z.array(z.string()) }),
  cost_ns: 200,
});

export const TaskMovedToCpu = defineEvent({
  name: 'TaskMovedToCpu',
  number: 166,
  of: 'kernel/sched.c:set_cpus_allowed()',
  doc: 'The task runs on this CPU from now on.',
  fields: [pid('task'), cpu('cpu')],
  cost_ns: 3_000,
});

export const MmPinned = defineEvent({
  name: 'MmPinned',
  number: 167,
  of: 'kernel/fork.c:get_task_mm()',
  doc: 'The address space has one user more, and outlives its task if need be.',
  fields: [mm('mm')],
  cost_ns: 20,
});

export const MmReleased = defineEvent({
  name: 'MmReleased',
  number: 168,
  of: 'kernel/fork.c:mmput()',
  doc: 'The address space has one user less; the last one tears it down.',
  fields: [mm('mm')],
  cost_ns: 20,
});

export const MmDestroyed = defineColdEvent({
  name: 'MmDestroyed',
  number: 169,
  of: 'kernel/fork.c:__mmdrop()',
  doc: 'The address space is gone, with its page tables.',
  schema: z.strictObject({ mm: id }),
  cost_ns: 2_000,
});

export const GroupIdsChanged = defineColdEvent({
  name: 'GroupIdsChanged',
  number: 172,
  of: 'kernel/sys.c:sys_setresgid()',
  doc: 'The task has other group ids.',
  schema: z.strictObject({ task: id, ...groupIdsSchema.shape }),
  cost_ns: 200,
});

export const DumpableSet = defineColdEvent({
  name: 'DumpableSet',
  number: 173,
  of: 'fs/exec.c:set_dumpable()',
  doc: 'Others with the same user id may look at the address space (1), or may not (0).',
  schema: z.strictObject({ mm: id, dumpable: z.union([z.literal(0), z.literal(1)]) }),
  cost_ns: 20,
});

/** What a call that ended in an oops left behind for ever, because nobody will give it back. */
export const oopsSchema = z.strictObject({
  task: id,
  /** The address space whose mmap_sem is held: shared when 1, alone when -1, not at all when 0. */
  mm: id,
  mmap_sem: z.union([z.literal(1), z.literal(-1), z.literal(0)]),
  /** References to it that stay. */
  users: id,
  /** Pages that stay isolated. */
  isolated: z.array(id),
});
export type Oops = DeepReadonly<z.infer<typeof oopsSchema>>;

/** The mmap_sem was always held then. */
const oopsWithSem = z.strictObject({
  site: z.string(),
  what: z.string(),
  ...oopsSchema.shape,
  mmap_sem: z.union([z.literal(1), z.literal(-1)]),
});

export const KernelOopsed = defineColdEvent({
  name: 'KernelOopsed',
  number: 170,
  version: 2,
  of: 'arch/x86_64/kernel/traps.c:die()',
  doc: 'The kernel used a null pointer, or what was freed, in the function `site`. The task dies, with all that it holds.',
  schema: z.strictObject({ site: z.string(), what: z.string(), ...oopsSchema.shape }),
  before: [{ version: 1, schema: oopsWithSem, upcast: (payload) => ({ ...payload }) }],
  cost_ns: 100_000,
});
