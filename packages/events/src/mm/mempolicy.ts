/** Events of NUMA policies and of the calls that set them (mm/mempolicy.c). */
import { z } from 'zod';
import { defineColdEvent, defineEvent, type DeepReadonly } from '../define.ts';
import { count, nid, oneOf, pid, signed } from '../field.ts';

/** A policy as the kernel keeps it: MPOL_PREFERRED with node -1 means the node that the task runs on. */
export const policySchema = z.strictObject({
  mode: z.number().int().min(0).max(3),
  nodes: z.array(z.number().int()),
});
export type Policy = DeepReadonly<z.infer<typeof policySchema>>;

export const NodemaskRead = defineColdEvent({
  name: 'NodemaskRead',
  number: 140,
  of: 'mm/mempolicy.c:get_nodes()',
  doc: 'A node mask was read from the caller; `quirk` names what a reader of the manual page would not expect.',
  schema: z.strictObject({
    which: z.string(),
    maxnode: z.string(),
    nodes: z.array(z.number().int()),
    quirk: z.string().optional(),
  }),
  cost_ns: 100,
});

/** The checks of the policy calls, in the words of the specification. */
export const CHECK = [
  'mask-old',
  'mask-new',
  'mask',
  'task-exists',
  'task-has-mm',
  'same-owner',
  'target-nodes-allowed',
  'mode',
  'flags',
  'move-all',
  'alignment',
  'length',
  'policy-nodes',
  'nodes-online',
  'range-mapped',
  'strict',
  'vma-reserved',
  'buffer',
  'address',
] as const;
export type Check = (typeof CHECK)[number];

export const CheckFailed = defineEvent({
  name: 'CheckFailed',
  number: 141,
  of: 'mm/mempolicy.c',
  doc: 'A check of a system call refused the request with this error number; it is the reason that `run` prints.',
  fields: [oneOf('check', CHECK), count('errno')],
  cost_ns: 50,
});

export const TaskInterleaveAdvanced = defineEvent({
  name: 'TaskInterleaveAdvanced',
  number: 142,
  of: 'mm/mempolicy.c:interleave_nodes()',
  doc: 'An allocation without an address took the turn of its task; this node is next.',
  fields: [pid('task'), nid('next')],
  cost_ns: 10,
});

export const TaskPolicySet = defineColdEvent({
  name: 'TaskPolicySet',
  number: 143,
  of: 'mm/mempolicy.c:do_set_mempolicy()',
  doc: 'The task has this policy (null: the default).',
  schema: z.strictObject({ task: z.number().int(), policy: policySchema.nullable() }),
  cost_ns: 100,
});

export const VmaPolicySet = defineColdEvent({
  name: 'VmaPolicySet',
  number: 144,
  of: 'mm/mempolicy.c:policy_vma()',
  doc: 'The area has this policy (null: that of the task).',
  schema: z.strictObject({ vma: z.number().int(), policy: policySchema.nullable() }),
  cost_ns: 100,
});

export const PagesMigrated = defineEvent({
  name: 'PagesMigrated',
  number: 145,
  of: 'mm/mempolicy.c:do_migrate_pages()',
  doc: 'The call is through with the pages that it isolated; it counts so many as not moved.',
  fields: [count('isolated'), count('left')],
});

export const NodePairPlanned = defineEvent({
  name: 'NodePairPlanned',
  number: 220,
  of: 'mm/mempolicy.c:do_migrate_pages()',
  doc: 'The pages on `source` are to go to `dest` next. Pairs are chosen so that a node is emptied before it is filled.',
  fields: [nid('source'), nid('dest')],
  cost_ns: 20,
});

export const NodePairMigrated = defineEvent({
  name: 'NodePairMigrated',
  number: 221,
  of: 'mm/mempolicy.c:migrate_to_node()',
  doc: 'The call is through with a pair of nodes: it counts so many pages as not moved, or minus an error number.',
  fields: [nid('source'), nid('dest'), signed('left')],
});
