/** The names that recorded scenarios give to what a tape knows by number: pages by order of allocation, tasks by name. */
import { layout, read, type StateView } from '@pagetape/core';
import type { RecordedEvent } from '@pagetape/events';

/** Follows the events of a run, and knows the names that hold after the last one. */
export class Names {
  private readonly s: StateView;
  private readonly numbers = new Map<number, number>();
  private allocated = 0;
  /** The tasks of each address space, in the order in which they came. */
  private readonly ops = new Map<number, string>();
  private readonly users = new Map<number, { pid: number; name: string }[]>();

  constructor(s: StateView) {
    this.s = s;
  }

  /** Takes note of an event. Call it before naming things in that event, but for PageFreed: after. */
  follow({ kind, data }: RecordedEvent): void {
    if (kind === 'PageAllocated') this.numbers.set(data['pfn'] as number, ++this.allocated);
    else if (kind === 'PageFreed' || kind === 'FrameRetired') this.numbers.delete(data['pfn'] as number);
    else if (kind === 'StimulusBegan') this.ops.set(data['op'] as number, (data['stimulus'] as { op: string }).op);
    else if (kind === 'TaskSpawned') this.join(data['task'] as { pid: number; name: string; mm: number });
    else if (kind === 'TaskExited') this.leave(data['task'] as number);
  }

  private join({ pid, name, mm }: { pid: number; name: string; mm: number }): void {
    this.users.set(mm, [...(this.users.get(mm) ?? []), { pid, name }]);
  }

  private leave(pid: number): void {
    for (const [mm, tasks] of this.users)
      this.users.set(
        mm,
        tasks.filter((task) => task.pid !== pid),
      );
  }

  /** `#7`: the seventh page that was allocated; `Z`: the zero page. */
  page(pfn: number): string {
    return pfn === layout.ZERO_PFN ? 'Z' : `#${this.numbers.get(pfn)}`;
  }

  /** The node of a frame. */
  node(pfn: number): number {
    return read.page_to_nid(this.s, pfn);
  }

  /** Pages in use, by frame, in the order of allocation. */
  pages(): [pfn: number, name: string][] {
    return [...this.numbers].sort((a, b) => a[1] - b[1]).map(([pfn]) => [pfn, this.page(pfn)]);
  }

  /** The operation that an op number serves. */
  op(op: number): string | undefined {
    return this.ops.get(op);
  }

  /** The first task that still uses the address space; `?`: none does. */
  mm(mm: number): string {
    return this.users.get(mm)?.[0]?.name ?? '?';
  }
}
