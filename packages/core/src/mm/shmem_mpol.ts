/** The mount option mpol of tmpfs: the policy that its files begin with (mm/mempolicy.c:mpol_parse_str(), mm/shmem.c). */
import {
  MPOL_BIND,
  MPOL_INTERLEAVE,
  MPOL_LOCAL,
  MPOL_PREFERRED,
  MPOL_PREFERRED_MANY,
  type Policy,
} from '@pagetape/events';
import { ScenarioFault } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { bitmap_parselist } from '../lib/bitmap.ts';

const MODES: Readonly<Record<string, number>> = {
  bind: MPOL_BIND,
  interleave: MPOL_INTERLEAVE,
  local: MPOL_LOCAL,
  prefer: MPOL_PREFERRED,
  'prefer (many)': MPOL_PREFERRED_MANY,
};

/** The policy of the mount, for files that are made now; null: it has none. */
export function shmem_get_sbmpol(k: Kernel): Policy | null {
  const text = k.s.topology.spec.tmpfs_mpol;
  if (text === undefined || text === 'default') return null;
  const [name, list = ''] = text.split(':');
  const mode = MODES[name];
  const nodes = bitmap_parselist(list, k.traits.max_numnodes);
  if (mode === undefined || typeof nodes === 'number')
    throw new ScenarioFault(`tmpfs_mpol is a mode and nodes, such as "interleave:0-3"; this is "${text}"`);
  return { mode, nodes, w: [...k.s.topology.nodes] };
}
