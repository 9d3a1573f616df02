/** Steps that only ask. What they answer is a pure function of the state. */
import type { StimulusByOp } from '@pagetape/events';
import { node_states } from '../drivers/base/node.ts';
import { NotSimulated } from '../errors.ts';
import { pagemap_entry, show_numa_map } from '../fs/proc/task_mmu.ts';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { bitmap_scnlistprintf } from '../lib/bitmap.ts';
import { VMSTAT, type VmstatName } from '../state/layout.ts';
import { resolvePage } from './resolve.ts';
import type { Result } from './result.ts';

/* eslint-disable require-yield -- every step has the same shape, also those that never sleep */

/** A line an area that begins in a region: the region and the page in it, then what the file says. */
export function* performNumaMaps(k: Kernel): Sleeping<Result> {
  if (k.traits.numa_maps !== 'kernelpagesize') throw new NotSimulated('the step numa_maps before kernels 6.x');
  const { cold } = k.s;
  const { mm, policy } = current(k);
  const maps = cold.mms[mm].vmas.flatMap((id) => {
    const vma = cold.vmas[id];
    const within = cold.regions.find((region) => {
      return region.mm === mm && region.start <= vma.start && vma.start < region.start + region.pages;
    });
    return within ? [`${within.name}+${vma.start - within.start} ${show_numa_map(k.s, vma, policy, false)}`] : [];
  });
  return { ret: 0, maps };
}

export function* performMemsAllowed(k: Kernel): Sleeping<Result> {
  return { ret: 0, value: bitmap_scnlistprintf(current(k).mems_allowed) };
}

export function* performNodes(k: Kernel): Sleeping<Result> {
  return { ret: 0, value: node_states(k.s) };
}

export function* performPagemap(k: Kernel, step: StimulusByOp<'pagemap'>): Sleeping<Result> {
  const { mm, pid } = current(k);
  const first = resolvePage(k.s, pid, step.addr);
  const entries = Array.from({ length: step.pages }, (_, n) => pagemap_entry(k.s, mm, first + n));
  return { ret: 0, value: entries.join(',') };
}

/** Counters of ours that /proc/vmstat does not have. */
const OURS: ReadonlySet<VmstatName> = new Set([
  'pgalloc',
  'warn',
  'nr_swapcache',
  'swap_cache_add',
  'swap_cache_del',
  'swap_cache_find_success',
  'swap_cache_find_total',
]);

export function* performVmstat(k: Kernel): Sleeping<Result> {
  const told = VMSTAT.map((name, n) => [name, k.s.vmstat[n]] as const).filter(([name]) => !OURS.has(name));
  return { ret: 0, vmstat: Object.fromEntries(told) };
}
