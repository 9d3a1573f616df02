/** Steps of whoever runs the machine. */
import { EINVAL, ENOENT, MPOL_WEIGHTED_INTERLEAVE, type StimulusByOp } from '@pagetape/events';
import { NotSimulated, ScenarioFault } from '../errors.ts';
import { cpu_down, cpu_up } from '../kernel/cpu.ts';
import { cpusetCalls } from '../kernel/cpuset_calls.ts';
import { as_task } from '../sched/as_task.ts';
import { killed_by_oops } from '../kernel/panic.ts';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { hog_node, unhog_nodes } from '../mm/page_alloc.ts';
import { soft_offline_page_store } from '../mm/memory-failure_modern.ts';
import { store_soft_offline_page } from '../mm/memory-failure_first.ts';
import { soft_offline_page } from '../mm/memory-failure.ts';
import { ksm_scan_thread } from '../mm/ksm_scan.ts';
import { get_il_weight } from '../mm/mempolicy_alloc.ts';
import { sys_swapon } from '../mm/swapfile.ts';
import { sys_swapoff } from '../mm/swapfile_unuse.ts';
import { offline_pages, online_pages } from '../mm/memory_hotplug_modern.ts';
import { remove_node } from '../mm/memory_hotplug.ts';
import * as first from '../mm/memory_hotplug_first.ts';
import type { Traits } from '../profiles/traits.ts';
import { INIT_PID, resolvePage, taskPid } from './resolve.ts';
import { fromKernel, type Result } from './result.ts';
import { answering } from './syscalls.ts';

function existing_node(k: Kernel, nid: number): number {
  if (!k.s.topology.nodes.includes(nid)) throw new ScenarioFault(`the machine has no node ${nid}`);
  return nid;
}

/** Somebody outside takes all memory of a node that can be had. */
// eslint-disable-next-line require-yield -- every step has the same shape, also those that never sleep
export function* performHog(k: Kernel, step: StimulusByOp<'hog'>): Sleeping<Result> {
  hog_node(k, existing_node(k, step.node));
  return { ret: 0 };
}

// eslint-disable-next-line require-yield -- every step has the same shape, also those that never sleep
export function* performUnhog(k: Kernel, step: StimulusByOp<'unhog'>): Sleeping<Result> {
  const given = step.node === undefined ? null : existing_node(k, step.node);
  unhog_nodes(k, (nid) => given === null || nid === given);
  return { ret: 0 };
}

/** How kernels take the memory of a node out of use. */
const OFFLINE: Readonly<Record<Traits['hot_remove'], (k: Kernel, nid: number) => Sleeping<number>>> = {
  evicts: remove_node,
  'first-form': first.offline_pages,
  moves: offline_pages,
};

/** Taking a node out of use, which init does: it has every right, and runs on the first CPU unless it was moved. */
export function* performNodeOffline(k: Kernel, step: StimulusByOp<'node_offline'>): Sleeping<Result> {
  const nid = existing_node(k, step.node);
  return fromKernel(yield* OFFLINE[k.traits.hot_remove](k, nid));
}

export function* performNodeOnline(k: Kernel, step: StimulusByOp<'node_online'>): Sleeping<Result> {
  if (k.traits.hot_remove !== 'moves') throw new NotSimulated('the step node_online before kernels 6.x');
  return fromKernel(yield* online_pages(k, existing_node(k, step.node)));
}

/** The file soft_offline_page is written to by init, who has every right. */
export function* performSoftOffline(k: Kernel, step: StimulusByOp<'soft_offline'>): Sleeping<Result> {
  const { mm, pid } = current(k);
  const vpn = resolvePage(k.s, pid, step.addr);
  switch (k.traits.memory_failure) {
    case 'own':
      return fromKernel(yield* soft_offline_page(k, mm, vpn));
    case 'none':
      return fromKernel(-ENOENT);
    case 'first-form':
      return fromKernel(yield* as_task(k, INIT_PID, store_soft_offline_page(k, mm, vpn)));
    case 'poisons':
      return fromKernel(yield* as_task(k, INIT_PID, soft_offline_page_store(k, mm, vpn)));
  }
}

/** `lib/kstrtox.c:kstrtou8()` of any base: "12", "0x1f", "017". Null: it makes no sense, or does not fit. */
function kstrtou8(text: string): number | null {
  const match = /^\+?(?:0x([\da-f]+)|0([0-7]+)|(0|[1-9]\d*))\n?$/i.exec(text);
  if (!match) return null;
  const [, hex, octal, decimal] = match;
  const value = hex ? Number.parseInt(hex, 16) : octal ? Number.parseInt(octal, 8) : Number(decimal);
  return value <= 255 ? value : null;
}

/** The file of a weight: there is one for each node that there may be. */
const has_weight = (k: Kernel, node: number): boolean =>
  k.traits.last_mode >= MPOL_WEIGHTED_INTERLEAVE && k.s.topology.nodes.includes(node);

/** `mm/mempolicy.c:node_store()`: a weight from 0 to 255; nothing at all, as 0, is the usual one. */
// eslint-disable-next-line require-yield -- every step has the same shape, also those that never sleep
export function* performWeight(k: Kernel, { node, value }: StimulusByOp<'weight'>): Sleeping<Result> {
  if (!has_weight(k, node)) return fromKernel(-ENOENT);
  const text = `${value}`;
  const weight = text === '' || text === '\n' ? 0 : kstrtou8(text);
  if (weight === null) return fromKernel(-EINVAL);
  k.emit.InterleaveWeightSet({ node, weight });
  return { ret: 0 };
}

/** `mm/mempolicy.c:node_show()` */
// eslint-disable-next-line require-yield -- every step has the same shape, also those that never sleep
export function* performWeightGet(k: Kernel, { node }: StimulusByOp<'weight_get'>): Sleeping<Result> {
  if (!has_weight(k, node)) return fromKernel(-ENOENT);
  return { ret: 0, value: `${get_il_weight(k, node)}` };
}

/** ksmd runs until it finds nothing more to merge. */
export function* performKsm(k: Kernel): Sleeping<Result> {
  if (k.traits.advice !== 'all') throw new NotSimulated('the operation ksm');
  return { ret: 0, ...(yield* ksm_scan_thread(k)) };
}

// eslint-disable-next-line require-yield -- every step has the same shape, also those that never sleep
export function* performSwapon(k: Kernel): Sleeping<Result> {
  if (k.s.topology.spec.swap_device === undefined) {
    throw new ScenarioFault('the machine has no swap device; give it one, such as "swap_device: 4095"');
  }
  return fromKernel(sys_swapon(k));
}

export function* performSwapoff(k: Kernel): Sleeping<Result> {
  if (k.s.topology.spec.swap_device === undefined) {
    throw new ScenarioFault('the machine has no swap device; give it one, such as "swap_device: 4095"');
  }
  return fromKernel(yield* sys_swapoff(k));
}

function knownCpu(k: Kernel, cpu: number): number {
  if (cpu >= k.s.topology.cpu_to_node.length) throw new ScenarioFault(`there is no CPU ${cpu}`);
  return cpu;
}

// eslint-disable-next-line require-yield -- every step has the same shape, also those that never sleep
export function* performCpuOffline(k: Kernel, step: StimulusByOp<'cpu_offline'>): Sleeping<Result> {
  return fromKernel(cpu_down(k, knownCpu(k, step.cpu)));
}

// eslint-disable-next-line require-yield -- every step has the same shape, also those that never sleep
export function* performCpuOnline(k: Kernel, step: StimulusByOp<'cpu_online'>): Sleeping<Result> {
  return fromKernel(cpu_up(k, knownCpu(k, step.cpu)));
}

/** Files are known with and without the name of their controller, which they got later. */
const fileName = (file: string): string => file.replace(/^cpuset\./, '');
const pathOf = (cg: string): string => cg.replace(/^\/+|\/+$/g, '');

// eslint-disable-next-line require-yield -- every step has the same shape, also those that never sleep
export function* performCgNew(k: Kernel, step: StimulusByOp<'cg_new'>): Sleeping<Result> {
  return fromKernel(cpusetCalls(k).create(k, pathOf(step.cg)));
}

export function* performCgSet(k: Kernel, step: StimulusByOp<'cg_set'>): Sleeping<Result> {
  const { cg, file, value } = step;
  return yield* killed_by_oops(k, answering(cpusetCalls(k).write(k, pathOf(cg), fileName(file), `${value}`)));
}

// eslint-disable-next-line require-yield -- every step has the same shape, also those that never sleep
export function* performCgGet(k: Kernel, step: StimulusByOp<'cg_get'>): Sleeping<Result> {
  const value = cpusetCalls(k).read(k, pathOf(step.cg), fileName(step.file));
  return typeof value === 'number' ? fromKernel(value) : { ret: 0, value };
}

export function* performCgAttach(k: Kernel, step: StimulusByOp<'cg_attach'>): Sleeping<Result> {
  return yield* killed_by_oops(k, answering(cpusetCalls(k).attach(k, pathOf(step.cg), taskPid(k.s, step.t))));
}
