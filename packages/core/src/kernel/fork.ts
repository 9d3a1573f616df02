/** Tasks and address spaces come into being, and address spaces end (kernel/fork.c). */
import {
  VM_DONTCOPY,
  VM_HUGETLB,
  VM_IO,
  VM_LOCKED_MASK,
  VM_NORESERVE,
  VM_PFNMAP,
  VM_READ,
  VM_RESV_UNMAPPED,
  VM_WIPEONFORK,
  type Task,
  type Vma,
} from '@pagetape/events';
import { current, task_cpu, type Kernel, type Sleeping } from '../kernel.ts';
import { ksm_fork } from '../mm/ksm.ts';
import { copy_page_range } from '../mm/memory_range.ts';
import { exit_mmap, vmas_of } from '../mm/mmap.ts';
import { MM, M_USERS, TASK, T_IL_NEXT, T_IL_PREV, T_IL_WEIGHT } from '../state/layout.ts';

/** Where each program has an area of its own, which nothing can move: below all that a scenario maps. */
const PROGRAM_VPN = 0x400;

/** A new process with an address space that holds only its program. */
export function spawn(k: Kernel, request: Omit<Task, 'pid' | 'tgid' | 'mm' | 'state' | 'policy'>, cpu: number): number {
  const { pid, mm } = k.s.cold.next;
  const task: Task = { ...request, pid, tgid: pid, mm, state: 'running', policy: null };
  k.emit.TaskSpawned({ task, cpu, il_next: 0, fresh_mm: true });
  map_program(k, mm);
  return pid;
}

/**
 * The area of the program itself, whose pages are no part of a scenario. It is not VM_RESERVED, as no program text is:
 * where the walk refuses to begin in such an area, no task could ever be migrated.
 */
export function map_program(k: Kernel, mm: number): void {
  k.emit.VmaMapped({
    id: k.s.cold.next.vma,
    mm,
    start: PROGRAM_VPN,
    end: PROGRAM_VPN + 1,
    flags: VM_READ | VM_IO | VM_PFNMAP,
    pgoff: PROGRAM_VPN,
    file: 0,
    opened: 0,
    anon_vma: 0,
    policy: null,
  });
}

/** What a new task has of the one that makes it: not the signals that wait for that one. */
function inherited(k: Kernel): Task {
  const { signal: _, ...rest } = current(k);
  return rest;
}

/** `kernel/fork.c:do_fork()` of a process: the child of the running task gets copies of its areas and mappings. */
export function fork(k: Kernel, name: string): number {
  const parent = inherited(k);
  const { pid, mm } = k.s.cold.next;
  const il_next = k.s.tasks[parent.pid * TASK + T_IL_NEXT];
  const task = { ...parent, pid, tgid: pid, name, mm };
  k.emit.TaskSpawned({ task, cpu: task_cpu(k, parent.pid), il_next, fresh_mm: true });
  dup_interleave(k, parent.pid, pid);
  dup_mmap(k, parent.mm, mm);
  return pid;
}

/** The part of `kernel/fork.c:dup_task_struct()` about turns: the child goes on where its parent is in its interleave. */
function dup_interleave(k: Kernel, parent: number, child: number): void {
  const prev = k.s.tasks[parent * TASK + T_IL_PREV];
  const weight = k.s.tasks[parent * TASK + T_IL_WEIGHT];
  if (prev !== 0 || weight !== 0) k.emit.TaskInterleaveTaken(child, prev, weight);
}

/** `kernel/fork.c:dup_mmap()`: areas are copied, but for those that madvise(2) keeps from it. */
function dup_mmap(k: Kernel, from: number, to: number): void {
  const areas = vmas_of(k, from).filter(({ flags }) => (flags & VM_DONTCOPY) === 0);
  const first = k.s.cold.next.vma;
  ksm_fork(k, from, to);
  k.emit.MmForked({
    from,
    to,
    vmas: areas.map((vma, i) => {
      const anon_vma = wiped(vma) ? 0 : vma.anon_vma;
      const promised = (vma.flags & VM_HUGETLB) !== 0 ? VM_NORESERVE : 0;
      return {
        ...vma,
        id: first + i,
        mm: to,
        flags: (vma.flags & ~(VM_LOCKED_MASK | VM_RESV_UNMAPPED)) | promised,
        anon_vma,
      };
    }),
  });
  for (const vma of areas) if (!wiped(vma)) copy_page_range(k, to, vma);
}

/** Of such an area a child gets none of the pages. */
const wiped = ({ flags }: Vma): boolean => (flags & VM_WIPEONFORK) !== 0;

/** `kernel/fork.c:do_fork()` of a thread: a task that shares the address space of the running one. */
export function clone_thread(k: Kernel, name: string): number {
  const parent = inherited(k);
  const { pid } = k.s.cold.next;
  const il_next = k.s.tasks[parent.pid * TASK + T_IL_NEXT];
  k.emit.TaskSpawned({ task: { ...parent, pid, name }, cpu: task_cpu(k, parent.pid), il_next, fresh_mm: false });
  dup_interleave(k, parent.pid, pid);
  return pid;
}

/** `kernel/fork.c:mmput()`: the last user tears the address space down, on its own CPU. */
export function* mmput(k: Kernel, mm: number): Sleeping<void> {
  k.emit.MmReleased(mm);
  if (k.s.mms[mm * MM + M_USERS] === 0) yield* exit_mmap(k, mm);
}
