/** Policies as the tree keeps them: a copy, because the event that brought one stays on the tape. */
import type { Policy } from '@pagetape/events';
import type { Draft } from 'immer';

export function copyPolicy(policy: Policy | null): Draft<Policy> | null {
  if (policy === null) return null;
  const { nodes, w, ...rest } = policy;
  return { ...rest, nodes: [...nodes], ...(w ? { w: [...w] } : {}) };
}
