/** Steps of whoever runs the machine. */
import type { StimulusByOp } from '@pagetape/events';
import { ScenarioFault } from '../errors.ts';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { soft_offline_page } from '../mm/memory-failure.ts';
import { remove_node } from '../mm/memory_hotplug.ts';
import { resolvePage } from './resolve.ts';
import { fromKernel, type Result } from './result.ts';

/** Taking a node out of use, which init does: it has every right, and runs on the first CPU unless it was moved. */
export function* performNodeOffline(k: Kernel, step: StimulusByOp<'node_offline'>): Sleeping<Result> {
  if (!k.s.topology.nodes.includes(step.node)) throw new ScenarioFault(`the machine has no node ${step.node}`);
  return fromKernel(yield* remove_node(k, step.node));
}

export function* performSoftOffline(k: Kernel, step: StimulusByOp<'soft_offline'>): Sleeping<Result> {
  const { mm, pid } = current(k);
  return fromKernel(yield* soft_offline_page(k, mm, resolvePage(k.s, pid, step.addr)));
}
