/** The mount option mpol of tmpfs: the policy that its files begin with (mm/mempolicy.c:mpol_parse_str(), mm/shmem.c). */
import {
  MPOL_BIND,
  MPOL_DEFAULT,
  MPOL_F_RELATIVE_NODES,
  MPOL_F_STATIC_NODES,
  MPOL_INTERLEAVE,
  MPOL_LOCAL,
  MPOL_PREFERRED,
  MPOL_PREFERRED_MANY,
  MPOL_WEIGHTED_INTERLEAVE,
  type Policy,
} from '@pagetape/events';
import { ScenarioFault } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { parselist } from '../lib/bitmap.ts';
import { mpol_new, mpol_set_nodemask, type ModeAndFlags } from './mempolicy_modes.ts';
import { node_states_memory } from './page_alloc.ts';

const MODES: Readonly<Record<string, number>> = {
  default: MPOL_DEFAULT,
  prefer: MPOL_PREFERRED,
  bind: MPOL_BIND,
  interleave: MPOL_INTERLEAVE,
  'weighted interleave': MPOL_WEIGHTED_INTERLEAVE,
  local: MPOL_LOCAL,
  'prefer (many)': MPOL_PREFERRED_MANY,
};

const FLAGS: Readonly<Record<string, number>> = { static: MPOL_F_STATIC_NODES, relative: MPOL_F_RELATIVE_NODES };

/** A mode that takes turns takes them over all nodes with memory, unless the option names some. */
const takes_turns = (mode: number): boolean => mode === MPOL_INTERLEAVE || mode === MPOL_WEIGHTED_INTERLEAVE;

/** Whether the mode goes with the list, which is null where the option has none. */
function list_fits(mode: number, list: string | null): boolean {
  if (mode === MPOL_DEFAULT || mode === MPOL_LOCAL) return list === null;
  if (mode === MPOL_PREFERRED) return list === null || /^\d+$/.test(list);
  return list !== null || takes_turns(mode);
}

/** `mm/mempolicy.c:mpol_parse_str()`: "bind=static:0-1". Null: the mount would be refused. */
function mpol_parse_str(k: Kernel, text: string): { mode: ModeAndFlags; nodes: readonly number[] } | null {
  const [, name, flag, list = null] = /^([^=:]*)(?:=([^:]*))?(?::(.*))?$/.exec(text) ?? [];
  const mode = MODES[name];
  const memory = node_states_memory(k);
  const named = list === null ? [] : parselist(list, k.traits.max_numnodes);
  if (mode === undefined || mode > k.traits.last_mode || typeof named === 'number') return null;
  if (!named.every((nid) => memory.includes(nid)) || !list_fits(mode, list)) return null;
  if (flag !== undefined && FLAGS[flag] === undefined) return null;
  const nodes = list === null && takes_turns(mode) ? memory : named;
  return { mode: { mode, flags: flag === undefined ? 0 : FLAGS[flag] }, nodes };
}

/**
 * `mm/mempolicy.c:mpol_shared_policy_init()`: the policy of the mount, fitted to the nodes that there are when the file is
 * made, as whoever makes files is in no cpuset. Null: it has none, or none of its nodes is left.
 */
export function shmem_get_sbmpol(k: Kernel): Policy | null {
  const text = k.s.topology.spec.tmpfs_mpol;
  if (text === undefined) return null;
  const option = mpol_parse_str(k, text);
  const policy = option && mpol_new(option.mode, option.nodes);
  if (!option || typeof policy === 'number')
    throw new ScenarioFault(`tmpfs_mpol is a mode and nodes, such as "interleave:0-3"; this is "${text}"`);
  return policy && mpol_set_nodemask(k, policy, option.nodes, node_states_memory(k));
}
