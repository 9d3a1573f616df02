/** Events of cpusets (kernel/cpuset.c). */
import { z } from 'zod';
import { defineColdEvent, type DeepReadonly } from '../define.ts';
import { policySchema } from '../mm/mempolicy.ts';

const id = z.number().int();

export const cpusetSchema = z.strictObject({
  cpus: z.array(id),
  mems: z.array(id),
  cpu_exclusive: z.boolean(),
  mem_exclusive: z.boolean(),
  memory_migrate: z.boolean(),
  /** Tasks that have seen another one look again, when they allocate next. Later kernels tell them at once. */
  generation: id,
  /** Control groups of v2: those right below it have a cpuset of their own. Absent: every group has one. */
  subtree_control: z.exactOptional(z.boolean()),
});
export type Cpuset = DeepReadonly<z.infer<typeof cpusetSchema>>;

const change = z.strictObject({ cg: z.string(), cpuset: cpusetSchema });

export const CpusetCreated = defineColdEvent({
  name: 'CpusetCreated',
  number: 190,
  of: 'kernel/cpuset.c:cpuset_create()',
  doc: 'There is a new cpuset, which allows no CPU and no node yet.',
  schema: change,
  cost_ns: 5_000,
});

export const CpusetChanged = defineColdEvent({
  name: 'CpusetChanged',
  number: 191,
  of: 'kernel/cpuset.c:update_nodemask(), update_cpumask(), update_flag()',
  doc: 'A cpuset has other CPUs, nodes or flags; this is all of it.',
  schema: change,
  cost_ns: 2_000,
});

export const CpusetAttached = defineColdEvent({
  name: 'CpusetAttached',
  number: 192,
  of: 'kernel/cpuset.c:attach_task()',
  doc: 'The task belongs to this cpuset now. What it may allocate changes when it allocates next.',
  schema: z.strictObject({ task: id, cg: z.string() }),
  cost_ns: 2_000,
});

export const TaskMemsUpdated = defineColdEvent({
  name: 'TaskMemsUpdated',
  number: 193,
  of: 'kernel/cpuset.c:cpuset_update_task_memory_state()',
  doc: 'The running task noticed that its cpuset changed: it may use these nodes, and its policy fits them.',
  schema: z.strictObject({ task: id, generation: id, mems_allowed: z.array(id), policy: policySchema.nullable() }),
  cost_ns: 500,
});

export const TaskMemsOverridden = defineColdEvent({
  name: 'TaskMemsOverridden',
  number: 236,
  of: 'kernel/cpuset.c:cpuset_migrate_mm()',
  doc: 'The running task may allocate on these nodes: while it moves the memory of a cpuset on its nodes, then on its own.',
  schema: z.strictObject({ task: id, mems_allowed: z.array(id) }),
  cost_ns: 100,
});

export const TaskCpusetApplied = defineColdEvent({
  name: 'TaskCpusetApplied',
  number: 245,
  of: 'kernel/cgroup/cpuset.c:cpuset_change_task_nodemask(), update_tasks_cpumask()',
  doc: 'Who changed a cpuset changed its task, too: where it runs, what it may allocate, and its policy.',
  schema: z.strictObject({
    task: id,
    cpu: id,
    /** The CPU that it asked for, when the cpuset does not have it. */
    pinned: z.exactOptional(id),
    mems_allowed: z.array(id),
    policy: policySchema.nullable(),
  }),
  cost_ns: 500,
});

export const CpusetMigrationStarted = defineColdEvent({
  name: 'CpusetMigrationStarted',
  number: 246,
  of: 'kernel/cgroup/cpuset.c:cpuset_migrate_mm_workfn()',
  doc: 'A kernel worker begins to move the memory of an address space whose cpuset has other nodes now.',
  schema: z.strictObject({ mm: id, from: z.array(id), to: z.array(id) }),
  cost_ns: 1_000,
});

export const CpusetMigrationEnded = defineColdEvent({
  name: 'CpusetMigrationEnded',
  number: 247,
  of: 'kernel/cgroup/cpuset.c:cpuset_migrate_mm_workfn()',
  doc: 'The worker is done. What the migration returned, `result`, goes nowhere: nobody is told that pages stayed.',
  schema: z.strictObject({ mm: id, result: id }),
  cost_ns: 200,
});
