/** Whom a call is about, from the words of its step: node masks, tasks, pages. */
import { layout as L, read, type StateView } from '@pagetape/core';
import { resolveNumber, VM_HUGETLB, type NodeMask, type NumberValue, type Task, type Vma } from '@pagetape/events';

/** The nodes that a mask names, by the manual page: those below maxnode - 1. Null: not a plain list, or one of an odd length. */
export function nodesNamed(mask: NodeMask, maxnode: NumberValue): readonly number[] | null {
  const bits = resolveNumber(maxnode);
  if (!Array.isArray(mask) || bits < 1n || bits > 32_768n) return null;
  const named = (mask as readonly number[]).filter((nid) => BigInt(nid) < bits - 1n);
  return [...new Set(named)].sort((a, b) => a - b);
}

export const taskNamed = ({ cold }: StateView, name: string): Task | undefined => {
  const pid = cold.pids[name];
  return pid === undefined ? undefined : cold.tasks[pid];
};

/** The task that a call is about. */
export function target(s: StateView, caller: string, pid: unknown): Task | undefined {
  if (pid === 'self' || pid === 0) return taskNamed(s, caller);
  return typeof pid === 'string' ? taskNamed(s, pid) : undefined;
}

export const areasOf = ({ cold }: StateView, mm: number): Vma[] =>
  (cold.mms[mm]?.vmas ?? []).map((id) => cold.vmas[id]).filter((vma) => vma !== undefined);

export const placeOf = (s: StateView, pfn: number): number => s.frames[pfn * L.FRAME + L.F_FLAGS] & L.PLACE_MASK;

/** Pages of an address space that anybody can move: its frame, its page, its area. */
export function eachMappedPage(
  s: StateView,
  mm: number,
  skipped: number,
  visit: (pfn: number, vpn: number, vma: Vma) => void,
): void {
  for (const vma of areasOf(s, mm)) {
    if ((vma.flags & (skipped | VM_HUGETLB)) !== 0) continue;
    for (let vpn = vma.start; vpn < vma.end; vpn++) {
      const pte = read.pte_of(s, mm, vpn);
      if (read.pte_present(pte)) visit(read.pte_pfn(pte), vpn, vma);
    }
  }
}
