/** CPUs that go offline and come online (kernel/cpu.c), and what others do then. */
import { EBUSY, EINVAL } from '@pagetape/events';
import { cpu_online, num_online_cpus, task_cpu, type Kernel } from '../kernel.ts';
import { drain_cpu } from '../mm/swap.ts';

/** The first CPU that is online, of a node or of all; -1: none. */
function any_online_cpu(k: Kernel, nid: number | null): number {
  return k.s.topology.cpu_to_node.findIndex((node, cpu) => (nid === null || node === nid) && cpu_online(k, cpu));
}

/**
 * `kernel/sched.c:move_task_off_dead_cpu()`: to a CPU of the same node, else to the first of all. On which CPUs a task
 * may run is not kept, so one that was pinned to the dead CPU is moved like the others.
 */
function move_task_off_dead_cpu(k: Kernel, dead: number, pid: number): void {
  const near = any_online_cpu(k, k.s.topology.cpu_to_node[dead]);
  k.emit.TaskMovedToCpu(pid, near >= 0 ? near : any_online_cpu(k, null));
}

/**
 * `kernel/cpu.c:cpu_down()`: first the tasks go (kernel/sched.c:migration_call()), then the pages in the batches
 * (mm/swap.c:cpu_swap_callback()). The CPU that the machine was started on must stay. Returns 0 or minus an error
 * number.
 */
export function cpu_down(k: Kernel, cpu: number): number {
  if (num_online_cpus(k) === 1) return -EBUSY;
  if (!cpu_online(k, cpu)) return -EINVAL;
  if (cpu === 0) return -EBUSY;
  k.emit.CpuStateChanged({ cpu, online: false });
  for (const { pid, state } of Object.values(k.s.cold.tasks)) {
    if (state === 'running' && task_cpu(k, pid) === cpu) move_task_off_dead_cpu(k, cpu, pid);
  }
  drain_cpu(k, cpu);
  return 0;
}

/** `kernel/cpu.c:cpu_up()`. Returns 0 or minus an error number. */
export function cpu_up(k: Kernel, cpu: number): number {
  if (cpu_online(k, cpu)) return -EINVAL;
  k.emit.CpuStateChanged({ cpu, online: true });
  return 0;
}
