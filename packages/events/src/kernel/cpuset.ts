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
  /** Tasks that have seen another one look again, when they allocate next. */
  generation: id,
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
