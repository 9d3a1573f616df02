/**
 * Policies as kernels make and keep them since modes have flags (mm/mempolicy.c since 2.6.26). What the user asked for
 * is kept apart from the nodes that count now, because the nodes that a cpuset allows may change.
 */
import {
  EINVAL,
  MPOL_BIND,
  MPOL_DEFAULT,
  MPOL_F_NUMA_BALANCING,
  MPOL_F_RELATIVE_NODES,
  MPOL_F_STATIC_NODES,
  MPOL_LOCAL,
  MPOL_MODE_FLAGS,
  MPOL_PREFERRED,
  MPOL_PREFERRED_MANY,
  type Policy,
} from '@pagetape/events';
import type { Kernel } from '../kernel.ts';
import { nodes_fold, nodes_onto, nodes_remap } from '../lib/nodemask.ts';
import { node_states_memory } from './page_alloc.ts';

/** Flags that say what the mask of the user means. */
const USER_NODEMASK_FLAGS = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;

/** A mode and the flags that came with it. */
export interface ModeAndFlags {
  readonly mode: number;
  readonly flags: number;
}

/** `mm/mempolicy.c:sanitize_mpol_flags()`: takes the argument of a call apart. Null: it makes no sense. */
export function sanitize_mpol_flags(k: Kernel, argument: number): ModeAndFlags | null {
  const flags = argument & MPOL_MODE_FLAGS;
  const mode = argument & ~MPOL_MODE_FLAGS;
  if (mode < 0 || mode > k.traits.last_mode) return null;
  if ((flags & USER_NODEMASK_FLAGS) === USER_NODEMASK_FLAGS) return null;
  if ((flags & MPOL_F_NUMA_BALANCING) !== 0 && !may_balance(k, mode)) return null;
  return { mode, flags };
}

const may_balance = (k: Kernel, mode: number): boolean =>
  mode === MPOL_BIND || (mode === MPOL_PREFERRED_MANY && k.traits.preferred_many_balances);

/** What mpol_new() answers: a policy without nodes yet, null for the default, or minus an error number. */
export type NewPolicy = Policy | null | number;

/** `mm/mempolicy.c:mpol_new()`: checks that mode, flags and mask fit together. */
export function mpol_new({ mode, flags }: ModeAndFlags, nodes: readonly number[]): NewPolicy {
  const empty = nodes.length === 0;
  const user_nodemask = (flags & USER_NODEMASK_FLAGS) !== 0;
  if (mode === MPOL_DEFAULT) return empty ? null : -EINVAL;
  if (mode === MPOL_LOCAL || (mode === MPOL_PREFERRED && empty)) {
    return empty && !user_nodemask ? policyOf(MPOL_LOCAL, flags) : -EINVAL;
  }
  return empty ? -EINVAL : policyOf(mode, flags);
}

const policyOf = (mode: number, flags: number): Policy => ({ mode, nodes: [], ...(flags === 0 ? {} : { flags }) });

/** `mm/mempolicy.c:mpol_store_user_nodemask()`: any flag makes the kernel keep what the user asked for. */
export const mpol_store_user_nodemask = (policy: Policy): boolean => ((policy.flags ?? 0) & MPOL_MODE_FLAGS) !== 0;

const intersect = (a: readonly number[], b: readonly number[]): number[] => a.filter((nid) => b.includes(nid));

/** `mm/mempolicy.c:mpol_relative_nodemask()`: the mask counts positions among the allowed nodes. */
function mpol_relative_nodemask(nodes: readonly number[], allowed: readonly number[]): number[] {
  return nodes_onto(nodes_fold(nodes, allowed.length), allowed);
}

/**
 * `mm/mempolicy.c:mpol_set_nodemask()`: fits a new policy to the nodes that whoever sets it may use. Null when none is
 * left.
 */
export function mpol_set_nodemask(
  k: Kernel,
  policy: Policy,
  nodes: readonly number[],
  mems_allowed: readonly number[],
): Policy | null {
  if (policy.mode === MPOL_LOCAL) return policy;
  const allowed = intersect(mems_allowed, node_states_memory(k));
  const relative = ((policy.flags ?? 0) & MPOL_F_RELATIVE_NODES) !== 0;
  const mask = relative ? mpol_relative_nodemask(nodes, allowed) : intersect(nodes, allowed);
  if (mask.length === 0) return null;
  const w = mpol_store_user_nodemask(policy) ? [...nodes] : [...mems_allowed];
  return { ...policy, nodes: policy.mode === MPOL_PREFERRED ? mask.slice(0, 1) : mask, w };
}

/**
 * `mm/mempolicy.c:mpol_rebind_policy()`: the policy when other nodes are allowed. One that prefers keeps its nodes; it
 * only forgets what it remembered.
 */
export function mpol_rebind_policy(policy: Policy, allowed: readonly number[]): Policy {
  const { mode, nodes, w = [], flags = 0 } = policy;
  if (mode === MPOL_LOCAL || mode === MPOL_DEFAULT) return policy;
  if (!mpol_store_user_nodemask(policy) && sameNodes(w, allowed)) return policy;
  if (mode === MPOL_PREFERRED || mode === MPOL_PREFERRED_MANY) return { ...policy, w: [...allowed] };
  const user = (flags & USER_NODEMASK_FLAGS) !== 0;
  const mask =
    (flags & MPOL_F_STATIC_NODES) !== 0
      ? intersect(w, allowed)
      : (flags & MPOL_F_RELATIVE_NODES) !== 0
        ? mpol_relative_nodemask(w, allowed)
        : nodes_remap(nodes, w, allowed);
  return { ...policy, nodes: mask.length > 0 ? mask : [...allowed], w: user ? w : [...allowed] };
}

const sameNodes = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((nid, i) => nid === b[i]);

/** `mm/mempolicy.c:__mpol_equal()`. Where modes have no flags, mode and nodes are all that there is. */
export function __mpol_equal(a: Policy | null, b: Policy | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.mode !== b.mode || (a.flags ?? 0) !== (b.flags ?? 0) || a.home_node !== b.home_node) return false;
  if (mpol_store_user_nodemask(a) && !sameNodes(a.w ?? [], b.w ?? [])) return false;
  return a.mode === MPOL_LOCAL || sameNodes(a.nodes, b.nodes);
}

/** `mm/mempolicy.c:get_policy_nodemask()`, or what the user asked for where that is kept. */
export function reported_nodemask(policy: Policy): readonly number[] {
  return mpol_store_user_nodemask(policy) ? (policy.w ?? []) : policy.nodes;
}
