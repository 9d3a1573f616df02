/**
 * Policies that belong to a file (mm/mempolicy.c: struct shared_policy): ranges of its pages, in ascending order, of
 * which no two overlap. Linux keeps them in a tree; here they are a list, which is replaced as a whole.
 */
import type { Policy, Vma } from '@pagetape/events';
import type { PolicyRange } from './cold.ts';
import { shmem_mapping } from './read.ts';
import type { StateView } from './view.ts';

/** `mm/mempolicy.c:mpol_shared_policy_lookup()`: the policy of a page of a file, or null. */
export function mpol_shared_policy_lookup({ cold }: StateView, file: number, index: number): Policy | null {
  return cold.files[file].policies.find(({ start, end }) => start <= index && index < end)?.policy ?? null;
}

/** What decides where a page of an area goes; mm/shmem.c makes some that are just that. */
export type PolicyArea = Pick<Vma, 'policy' | 'pgoff' | 'start' | 'file'>;

/** The policy of page `vpn` of an area: vm_ops->get_policy() asks the file where it has them; null: none. */
export function policy_of_area(s: StateView, vma: PolicyArea, vpn: number): Policy | null {
  if (!shmem_mapping(s, vma.file)) return vma.policy;
  return mpol_shared_policy_lookup(s, vma.file, vma.pgoff + (vpn - vma.start));
}

/** `mm/mempolicy.c:shared_policy_replace()`: pages [start, end) get the policy, and older ranges keep what is outside. */
export function shared_policy_replace(
  ranges: readonly PolicyRange[],
  start: number,
  end: number,
  policy: Policy | null,
): PolicyRange[] {
  const below = ranges
    .filter((range) => range.start < start)
    .map((range) => ({ ...range, end: Math.min(range.end, start) }));
  const above = ranges
    .filter((range) => range.end > end)
    .map((range) => ({ ...range, start: Math.max(range.start, end) }));
  return [...below, ...(policy ? [{ start, end, policy }] : []), ...above];
}
