/** Where the memory of tasks lies: pages by node and in swap, read from a state. */
import { layout, read, type StateView } from '@pagetape/core';

/** The pages of one address space. */
export interface MemoryOf {
  /** The tasks that share it, the first one's name first. */
  readonly tasks: readonly string[];
  readonly mm: number;
  /** The machine's nodes. */
  readonly nodes: readonly number[];
  /** Present pages by node, in the order of `nodes`. A page of several tasks counts for each. */
  readonly onNode: readonly number[];
  readonly swapped: number;
  /** Pages that are mapped to the shared zero page. */
  readonly zero: number;
}

/** Free memory of the machine. */
export interface FreeMemory {
  readonly onNode: readonly number[];
  readonly swap: number;
}

/** Where a page of a task is: a node, in swap, the zero page, lost with a bad frame, or nowhere. */
export type Place = number | 'swap' | 'zero' | 'bad' | null;

/** The place of a page of an address space. One that is being moved is still where it was. */
export const placeOf = (s: StateView, mm: number, vpn: number): Place =>
  placeOfEntry(s, mm, vpn, read.pte_of(s, mm, vpn));

/** The same, where the entry of the page is at hand. */
export function placeOfEntry(s: StateView, mm: number, vpn: number, pte: number): Place {
  const pfn = read.frame_of_pte(s, pte);
  if (pfn >= 0) {
    return pfn === layout.ZERO_PFN ? 'zero' : read.page_to_nid(s, pfn);
  }
  if (read.is_hwpoison_entry(pte)) return 'bad';
  return read.pte_is_swap(pte) || isSwappedFile(s, mm, vpn) ? 'swap' : null;
}

/** A page of a file of tmpfs is in swap for everybody who maps it; page tables do not say so. */
function isSwappedFile(s: StateView, mm: number, vpn: number): boolean {
  if (s.cold.next.file === 1) return false;
  const id = s.cold.mms[mm].vmas.find((each) => s.cold.vmas[each].start <= vpn && vpn < s.cold.vmas[each].end);
  const vma = id === undefined ? undefined : s.cold.vmas[id];
  return vma !== undefined && vma.file !== 0 && read.shmem_swp_entry(s, vma.file, vma.pgoff + (vpn - vma.start)) !== 0;
}

/** Every page number in the areas of an address space, ascending. */
export function* pagesOfMm(s: StateView, mm: number): Generator<number> {
  for (const id of s.cold.mms[mm]?.vmas ?? []) {
    const { start, end } = s.cold.vmas[id];
    for (let vpn = start; vpn < end; vpn++) {
      if (read.pte_of(s, mm, vpn) !== 0 || read.has_page_table(s, mm, vpn)) yield vpn;
    }
  }
}

/** The address spaces of the tasks that are alive, by process id of their first task; those of the system left out. */
export function livingMms(s: StateView): { readonly mm: number; readonly tasks: readonly string[] }[] {
  const byMm = new Map<number, string[]>();
  const tasks = Object.values(s.cold.tasks).sort((a, b) => a.pid - b.pid);
  for (const { mm, name, state } of tasks) {
    if (mm === 0 || state !== 'running') continue;
    byMm.set(mm, [...(byMm.get(mm) ?? []), name]);
  }
  return [...byMm].map(([mm, names]) => ({ mm, tasks: names })).filter(({ tasks: [first] }) => first !== 'init');
}

/** Counts the pages of one address space. */
export function memoryOf(s: StateView, mm: number, tasks: readonly string[]): MemoryOf {
  const { nodes } = s.topology;
  const onNode = nodes.map(() => 0);
  let [swapped, zero] = [0, 0];
  for (const vpn of pagesOfMm(s, mm)) {
    const place = placeOf(s, mm, vpn);
    if (place === 'swap') swapped++;
    else if (place === 'zero') zero++;
    else if (typeof place === 'number') onNode[nodes.indexOf(place)]++;
  }
  return { tasks, mm, nodes, onNode, swapped, zero };
}

/** The memory of all tasks of the scenario. */
export function memoryOfAll(s: StateView): MemoryOf[] {
  return livingMms(s).map(({ mm, tasks }) => memoryOf(s, mm, tasks));
}

/** Free frames by node, and free slots. */
export function freeMemory(s: StateView): FreeMemory {
  const { nodes, zones } = s.topology;
  const onNode = nodes.map(() => 0);
  zones.forEach(({ node }, z) => (onNode[nodes.indexOf(node)] += s.zones[z * layout.ZONE + layout.Z_FREE]));
  return { onNode, swap: s.scalars[layout.NR_SWAP_PAGES] };
}
