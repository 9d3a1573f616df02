/** NUMA policies: where a new page goes (mm/mempolicy.c). The system calls are in mempolicy_calls.ts. */
import { MPOL_BIND, MPOL_DEFAULT, MPOL_INTERLEAVE, MPOL_PREFERRED, type Policy } from '@pagetape/events';
import { current, numa_node_id, type Kernel } from '../kernel.ts';
import { cpuset_update_task_memory_state } from '../kernel/cpuset.ts';
import { TASK, T_IL_NEXT } from '../state/layout.ts';
import { shmem_mapping } from '../state/read.ts';
import { policy_of_area, type PolicyArea } from '../state/shared_policy.ts';
import { folio_alloc, vma_alloc_folio } from './mempolicy_alloc.ts';
import { __alloc_pages } from './page_alloc.ts';

const default_policy: Policy = { mode: MPOL_DEFAULT, nodes: [] };

/**
 * `mm/mempolicy.c:get_vma_policy()`: the policy of the area if it has one, else that of the *running* task, whoever owns
 * the memory. Where a file has the policies and none for the page, that of the task is passed over.
 */
function get_vma_policy(k: Kernel, vma: PolicyArea | null, vpn: number): Policy {
  if (vma && shmem_mapping(k.s, vma.file)) return policy_of_area(k.s, vma, vpn) ?? default_policy;
  return vma?.policy ?? current(k).policy ?? default_policy;
}

/** The zones of a kind that the nodes have, by ascending node id. */
function zones_of_kind(k: Kernel, nodes: readonly number[], kind: number): number[] {
  const { zones } = k.s.topology;
  return nodes.flatMap((nid) => {
    const zone = zones.findIndex((each) => each.node === nid && each.kind === kind);
    return zone < 0 ? [] : [zone];
  });
}

/**
 * The zones of MPOL_BIND, as `mm/mempolicy.c:bind_zonelist()` makes them: the policy zone of each node of the mask, by
 * ascending node id, whatever the distances. From 2.6.16-rc4 on the next lower zone of each node follows, and so on.
 */
export function bind_zonelist(k: Kernel, nodes: readonly number[]): number[] {
  const { policy_zone } = k.s.topology;
  const lowest = k.traits.bind_takes_lower_zones ? 0 : policy_zone;
  const list: number[] = [];
  for (let kind = policy_zone; kind >= lowest; kind--) list.push(...zones_of_kind(k, nodes, kind));
  return list;
}

/** `mm/mempolicy.c:zonelist_policy()`: the zones that an allocation tries, in order. */
function zonelist_policy(k: Kernel, policy: Policy): readonly number[] {
  const { zonelist } = k.s.topology;
  if (policy.mode === MPOL_PREFERRED && policy.nodes.length > 0) return zonelist[policy.nodes[0]];
  if (policy.mode === MPOL_BIND && current(k).mems_allowed.some((nid) => policy.nodes.includes(nid))) {
    return bind_zonelist(k, policy.nodes);
  }
  return zonelist[numa_node_id(k)];
}

/** `mm/mempolicy.c:interleave_nodes()`: the task's turn, for an allocation without an address. */
function interleave_nodes(k: Kernel, policy: Policy): number {
  const task = current(k).pid;
  const nid = k.s.tasks[task * TASK + T_IL_NEXT];
  const next = policy.nodes.find((node) => node > nid) ?? policy.nodes[0];
  k.emit.TaskInterleaveAdvanced(task, next);
  return nid;
}

/** `mm/mempolicy.c:offset_il_node()`: the node of the n-th page of an object. */
function offset_il_node(policy: Policy, offset: number): number {
  return policy.nodes[offset % policy.nodes.length];
}

/** `mm/mempolicy.c:alloc_page_interleave()` */
function alloc_page_interleave(k: Kernel, nid: number): number {
  return __alloc_pages(k, k.s.topology.zonelist[nid] ?? [], true);
}

/**
 * `mm/mempolicy.c:alloc_page_vma()`: a frame for page `vpn` of an area, by its policy; without an area by that of the task.
 * Returns the frame, with one reference, or -1.
 */
export function alloc_page_vma(k: Kernel, vma: PolicyArea | null, vpn: number): number {
  if (k.traits.policies === 'nodemasks') return vma ? vma_alloc_folio(k, vma, vpn) : folio_alloc(k);
  cpuset_update_task_memory_state(k);
  const policy = get_vma_policy(k, vma, vpn);
  if (policy.mode !== MPOL_INTERLEAVE) return __alloc_pages(k, zonelist_policy(k, policy), false);
  const nid = vma ? offset_il_node(policy, vma.pgoff + (vpn - vma.start)) : interleave_nodes(k, policy);
  return alloc_page_interleave(k, nid);
}

/**
 * `include/linux/gfp.h:alloc_pages_node()`: a frame on a node or, when it is full or the cpuset of the *running* task does
 * not allow it, on the next one. Returns the frame, with one reference, or -1.
 */
export function alloc_pages_node(k: Kernel, nid: number): number {
  return __alloc_pages(k, k.s.topology.zonelist[nid], false);
}

/** `mm/mempolicy.c:alloc_pages_current()`: a frame by the policy of the running task, as the page cache asks for it. */
export function alloc_pages_current(k: Kernel): number {
  if (k.traits.policies === 'nodemasks') return folio_alloc(k);
  cpuset_update_task_memory_state(k);
  const policy = current(k).policy ?? default_policy;
  if (policy.mode !== MPOL_INTERLEAVE) return __alloc_pages(k, zonelist_policy(k, policy), false);
  return alloc_page_interleave(k, interleave_nodes(k, policy));
}

/** `mm/mempolicy.c:mpol_new()` of a mask that was checked: null stands for the default policy. */
export function mpol_new(mode: number, nodes: readonly number[]): Policy | null {
  if (mode === MPOL_DEFAULT) return null;
  if (mode === MPOL_PREFERRED) return { mode, nodes: nodes.slice(0, 1) };
  return { mode, nodes: [...nodes] };
}
