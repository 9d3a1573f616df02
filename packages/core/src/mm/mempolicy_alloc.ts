/**
 * Where a new page goes since policies are node masks over one zonelist (mm/mempolicy.c since 2.6.26): nearest node
 * first, filtered by the mask. The kernels of 2006, with zonelists of their own, are in mempolicy.ts.
 */
import {
  MPOL_BIND,
  MPOL_INTERLEAVE,
  MPOL_LOCAL,
  MPOL_PREFERRED,
  MPOL_PREFERRED_MANY,
  MPOL_WEIGHTED_INTERLEAVE,
  type Policy,
} from '@pagetape/events';
import { current, numa_node_id, type Kernel } from '../kernel.ts';
import { next_node_in } from '../lib/nodemask.ts';
import { HUGE_ORDER, TASK, T_IL_PREV, T_IL_WEIGHT } from '../state/layout.ts';
import { shmem_mapping } from '../state/read.ts';
import { policy_of_area, type PolicyArea } from '../state/shared_policy.ts';
import { out_of_memory } from './oom_kill.ts';
import { __folio_alloc, __folio_alloc_huge, alloc_from_reserves } from './page_alloc.ts';

/** The page has no place of its own in an interleave: the task takes turns. */
export const NO_INTERLEAVE_INDEX = -1;

const local_policy: Policy = { mode: MPOL_LOCAL, nodes: [] };

/** `mm/mempolicy.c:get_task_policy()`: without one of its own, a task prefers the node that it runs on. */
export const get_task_policy = (k: Kernel): Policy => current(k).policy ?? local_policy;

/** `mm/mempolicy.c:get_il_weight()` */
export const get_il_weight = (k: Kernel, nid: number): number => k.s.cold.il_weights[nid] || 1;

/** `mm/mempolicy.c:weighted_interleave_nid()`: the node of page `ilx` of an object. */
function weighted_interleave_nid(k: Kernel, { nodes }: Policy, ilx: number): number {
  let target = ilx % nodes.reduce((sum, nid) => sum + get_il_weight(k, nid), 0);
  for (const nid of nodes) {
    const weight = get_il_weight(k, nid);
    if (target < weight) return nid;
    target -= weight;
  }
  throw new Error('the weights of an interleave do not add up');
}

/** `mm/mempolicy.c:interleave_nid()`. A cpuset may have left the policy without nodes: then it is as if there were none. */
const interleave_nid = (k: Kernel, { nodes }: Policy, ilx: number): number =>
  nodes.length === 0 ? numa_node_id(k) : nodes[ilx % nodes.length];

/** `mm/mempolicy.c:interleave_nodes()`: the task's turn. */
function interleave_nodes(k: Kernel, { nodes }: Policy): number {
  const { pid } = current(k);
  const nid = next_node_in(k.s.tasks[pid * TASK + T_IL_PREV], nodes);
  k.emit.TaskInterleaveTaken(pid, nid, 0);
  return nid;
}

/** `mm/mempolicy.c:weighted_interleave_nodes()`: the task's turn, which lasts for the weight of the node. */
function weighted_interleave_nodes(k: Kernel, { nodes }: Policy): number {
  const { pid } = current(k);
  let nid = k.s.tasks[pid * TASK + T_IL_PREV];
  let weight = k.s.tasks[pid * TASK + T_IL_WEIGHT];
  if (weight === 0 || !nodes.includes(nid)) {
    nid = next_node_in(nid, nodes);
    weight = get_il_weight(k, nid);
  }
  k.emit.TaskInterleaveTaken(pid, nid, weight - 1);
  return nid;
}

/** Where an allocation of the policy begins to look: the node part of `mm/mempolicy.c:policy_nodemask()`. */
export function preferred_nid(k: Kernel, policy: Policy, ilx: number): number {
  switch (policy.mode) {
    case MPOL_PREFERRED:
      return policy.nodes[0];
    case MPOL_BIND:
    case MPOL_PREFERRED_MANY:
      return policy.home_node ?? numa_node_id(k);
    case MPOL_INTERLEAVE:
      return ilx === NO_INTERLEAVE_INDEX ? interleave_nodes(k, policy) : interleave_nid(k, policy, ilx);
    case MPOL_WEIGHTED_INTERLEAVE:
      return ilx === NO_INTERLEAVE_INDEX
        ? weighted_interleave_nodes(k, policy)
        : weighted_interleave_nid(k, policy, ilx);
    default:
      return numa_node_id(k);
  }
}

/**
 * `mm/mempolicy.c:folio_alloc_mpol()`: a frame by a policy; `ilx` is the place of the page in an interleave. MPOL_BIND to
 * nodes of which the task may use none is no bind. Returns the frame, with one reference, or -1.
 */
export function folio_alloc_mpol(k: Kernel, policy: Policy, ilx: number): number {
  const nid = preferred_nid(k, policy, ilx);
  const { mode, nodes } = policy;
  if (mode === MPOL_PREFERRED_MANY) {
    const pfn = __folio_alloc(k, nid, nodes, false);
    if (pfn >= 0) return pfn;
  }
  const bound = mode === MPOL_BIND && current(k).mems_allowed.some((each) => nodes.includes(each));
  return __folio_alloc(k, nid, bound ? nodes : null, mode === MPOL_INTERLEAVE);
}

/**
 * The same for memory that must be had: when there is none the process is killed, and gets the frame all the same, from the
 * reserves of any node, so that its call comes to an end.
 */
function folio_alloc_or_die(k: Kernel, policy: Policy, ilx: number): number {
  const pfn = folio_alloc_mpol(k, policy, ilx);
  return pfn < 0 && out_of_memory(k) ? alloc_from_reserves(k, numa_node_id(k)) : pfn;
}

/** A policy, and the place of a page in its interleave. */
export interface PolicyAt {
  readonly policy: Policy;
  readonly ilx: number;
}

/** Where the interleave of an area begins: at the number of its inode, if the file keeps its policies. */
function interleave_start(k: Kernel, { file, pgoff }: PolicyArea): number {
  const biased = k.traits.areas_interleave_from_inode && shmem_mapping(k.s, file);
  return pgoff + (biased ? k.s.cold.files[file].ino : 0);
}

/**
 * `mm/mempolicy.c:get_vma_policy()`: what decides about page `vpn` of an area: the policy of the area or of its file, else
 * that of the *running* task, whoever owns the memory.
 */
export function get_vma_policy(k: Kernel, vma: PolicyArea, vpn: number): PolicyAt {
  const policy = policy_of_area(k.s, vma, vpn) ?? get_task_policy(k);
  return { policy, ilx: interleave_start(k, vma) + (vpn - vma.start) };
}

/** `mm/mempolicy.c:vma_alloc_folio()`: a frame for page `vpn` of an area. */
export function vma_alloc_folio(k: Kernel, vma: PolicyArea, vpn: number): number {
  const policy = policy_of_area(k.s, vma, vpn) ?? get_task_policy(k);
  return folio_alloc_or_die(k, policy, interleave_start(k, vma) + (vpn - vma.start));
}

/**
 * `mm/mempolicy.c:alloc_pages_mpol()` of a huge page: a policy that does not interleave tries its first node alone; only who may wait
 * for memory (`reclaims`) goes on to others then.
 */
export function folio_alloc_mpol_huge(k: Kernel, policy: Policy, ilx: number, reclaims: boolean): number {
  const nid = preferred_nid(k, policy, ilx);
  const { mode, nodes } = policy;
  if (mode === MPOL_PREFERRED_MANY) {
    const pfn = __folio_alloc_huge(k, nid, nodes, false);
    return pfn >= 0 ? pfn : __folio_alloc_huge(k, nid, null, false);
  }
  const bound = mode === MPOL_BIND && current(k).mems_allowed.some((each) => nodes.includes(each));
  const interleaved = mode === MPOL_INTERLEAVE || mode === MPOL_WEIGHTED_INTERLEAVE;
  if (!interleaved && (!bound || nodes.includes(nid))) {
    const pfn = __folio_alloc_huge(k, nid, [nid], false);
    if (pfn >= 0 || !reclaims) return pfn;
  }
  return __folio_alloc_huge(k, nid, bound ? nodes : null, mode === MPOL_INTERLEAVE);
}

/** `mm/mempolicy.c:vma_alloc_folio()` of a huge page, of which `vpn` is the first. An interleave counts huge pages. */
export function vma_alloc_huge(k: Kernel, vma: PolicyArea, vpn: number, reclaims: boolean): number {
  const policy = policy_of_area(k.s, vma, vpn) ?? get_task_policy(k);
  return folio_alloc_mpol_huge(k, policy, huge_interleave_index(vma, vpn), reclaims);
}

/** The place of a huge page in an interleave. */
export const huge_interleave_index = ({ pgoff, start }: PolicyArea, vpn: number): number =>
  (pgoff >> HUGE_ORDER) + ((vpn - start) >> HUGE_ORDER);

/** `mm/mempolicy.c:folio_alloc()`: a frame without an area, by the policy of the running task. */
export const folio_alloc = (k: Kernel): number => folio_alloc_or_die(k, get_task_policy(k), NO_INTERLEAVE_INDEX);
