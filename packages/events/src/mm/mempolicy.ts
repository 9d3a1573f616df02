/** Events of NUMA policies and of the calls that set them (mm/mempolicy.c). */
import { z } from 'zod';
import { defineColdEvent, defineEvent, type DeepReadonly } from '../define.ts';
import { count, nid, oneOf, pid, signed } from '../field.ts';

const nodes = z.array(z.number().int());

/**
 * A policy as the kernel keeps it. MPOL_PREFERRED without nodes, which is MPOL_LOCAL since 5.14, means the node that the
 * task runs on. The other keys are of later kernels, and absent where they say nothing.
 */
export const policySchema = z.strictObject({
  mode: z.number().int().min(0).max(6),
  nodes,
  /** MPOL_F_STATIC_NODES, MPOL_F_RELATIVE_NODES, MPOL_F_NUMA_BALANCING. */
  flags: z.exactOptional(z.number().int()),
  /**
   * What the user asked for, where a flag says that it counts when the allowed nodes change; else the allowed nodes
   * that `nodes` were made for. One place for both, as in the kernel.
   */
  w: z.exactOptional(nodes),
  /** set_mempolicy_home_node(2): where an allocation begins to look. */
  home_node: z.exactOptional(z.number().int()),
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
    nodes,
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
  'ptrace-access',
  'no-node-left',
  'policy-there',
  'node',
  'count',
  'swap-needed',
  'migration-built-in',
  'vma-migrate',
  'node-allowed',
  'pages-to-move',
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

export const EntriesNotTried = defineEvent({
  name: 'EntriesNotTried',
  number: 146,
  of: 'mm/migrate.c:do_pages_move()',
  doc: 'Some pages stayed, so move_pages(2) ends. It never looked at so many entries behind them, and counts them as not moved.',
  fields: [count('entries')],
});

export const NodePairPlanned = defineEvent({
  name: 'NodePairPlanned',
  number: 220,
  of: 'mm/mempolicy.c:do_migrate_pages()',
  doc: 'The pages on `source` are to go to `dest` next. Pairs are chosen so that a node is emptied before it is filled.',
  fields: [nid('source'), nid('dest')],
  cost_ns: 20,
});

export const IsolatedPagesLeaked = defineColdEvent({
  name: 'IsolatedPagesLeaked',
  number: 233,
  of: 'mm/mempolicy.c:do_mbind()',
  doc: 'The walk failed after it had isolated these pages, and nobody puts them back: they are on no LRU list for ever.',
  schema: z.strictObject({ pages: z.array(z.number().int()) }),
});

export const NodePairMigrated = defineEvent({
  name: 'NodePairMigrated',
  number: 221,
  of: 'mm/mempolicy.c:migrate_to_node()',
  doc: 'The call is through with a pair of nodes: it counts so many pages as not moved, or minus an error number.',
  fields: [nid('source'), nid('dest'), signed('left')],
});

export const TaskInterleaveTaken = defineEvent({
  name: 'TaskInterleaveTaken',
  number: 240,
  of: 'mm/mempolicy.c:interleave_nodes(), weighted_interleave_nodes()',
  doc: 'The turn of the task in its interleave: the node last taken, and for how many pages more it is good.',
  fields: [pid('task'), nid('prev'), count('weight')],
  cost_ns: 10,
});

export const InterleaveWeightSet = defineColdEvent({
  name: 'InterleaveWeightSet',
  number: 241,
  of: 'mm/mempolicy.c:node_store()',
  doc: 'The node has this weight in every weighted interleave; 0 stands for the usual one.',
  schema: z.strictObject({ node: z.number().int(), weight: z.number().int() }),
  cost_ns: 1_000,
});
