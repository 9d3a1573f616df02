/** The walk that selects pages to move (mm/mempolicy.c): check_range() and what is below it. */
import {
  EACCES,
  EFAULT,
  EIO,
  ENODEV,
  ENOSYS,
  MPOL_MF_MOVE,
  MPOL_MF_MOVE_ALL,
  MPOL_MF_STRICT,
  refusal,
  VM_HUGETLB,
  VM_RESERVED,
  type Oops,
  type Vma,
} from '@pagetape/events';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { die } from '../kernel/panic.ts';
import { WAIT_PREEMPT } from '../sched/wait.ts';
import { NR_SWAP_PAGES, PTE_PRESENT, PTE_SHIFT, TABLE, MM, M_ROOT } from '../state/layout.ts';
import { sectionsOn } from '../state/topology.ts';
import type { ReadonlyInts } from '../state/view.ts';
import { mapping_of, page_mapcount, PageReserved, tableEntry } from '../state/read.ts';
import { find_vma, next_vma, vmas_of } from './mmap.ts';
import { schedule_lru_drain_on_each_cpu } from './swap.ts';
import { isolate_lru_page } from './vmscan.ts';

const SHARED_FILE = refusal('shared-file');
const SHARED = refusal('shared');

/** Ends beyond any page that tables reach. */
export const TASK_SIZE_PAGES = 0x7fffffff;
/** IA32_PAGE_OFFSET of x86_64: where the memory of a 32-bit program ends. */
const COMPAT_TASK_SIZE_PAGES = 0xffffe;

/** `include/asm-x86_64/processor.h:TASK_SIZE`: how far the memory of the running task could reach. */
export const task_size = (k: Kernel): number => (current(k).compat ? COMPAT_TASK_SIZE_PAGES : TASK_SIZE_PAGES);

/** Holes in the range are fine. A flag of the kernel's own. */
export const MPOL_MF_DISCONTIG_OK = 8;

/** What a walk looks for, and what it has found. */
export interface Walk {
  readonly mm: number;
  /** MPOL_MF_* */
  readonly flags: number;
  /** By section of frames: 1 if pages there are wanted. */
  readonly sections: Uint8Array;
  /** Isolated pages: the last one first, where the kernel puts each at the head of its list. */
  readonly list: number[];
  /** What the call around it holds of the address space, should it never come back. */
  readonly holds: Pick<Oops, 'mmap_sem' | 'users'>;
  examined: number;
}

/** A walk for pages on the given nodes. */
export function startWalk(
  k: Kernel,
  mm: number,
  flags: number,
  holds: Walk['holds'],
  nodes: (nid: number) => boolean,
): Walk {
  const sections = sectionsOn(k.s.topology, nodes);
  return { mm, flags, sections, list: [], holds, examined: 0 };
}

/** The walk, or what is about to begin one, uses a null pointer. */
export function oops_in(k: Kernel, walk: Walk, site: string, what: string): never {
  return die(k, site, what, { mm: walk.mm, ...walk.holds, isolated: [...walk.list] });
}

const moves = (walk: Walk): boolean => (walk.flags & (MPOL_MF_MOVE | MPOL_MF_MOVE_ALL)) !== 0;

/** `mm/mempolicy.c:vma_migratable()` */
function vma_migratable(k: Kernel, vma: Vma): boolean {
  return (vma.flags & k.traits.not_migratable) === 0;
}

/** `mm/mempolicy.c:single_mm_mapping()`: every area that maps the file belongs to this address space. */
function single_mm_mapping(k: Kernel, mm: number, file: number): boolean {
  const { files, vmas } = k.s.cold;
  const { i_mmap, i_mmap_nonlinear } = files[file];
  return [...i_mmap, ...i_mmap_nonlinear].every((id) => vmas[id].mm === mm);
}

/**
 * Whether MPOL_MF_MOVE may take the page: it is anonymous, even when shared after fork; or its file has a shared
 * mapping that may be written; or only this process maps the file. The posted patch does not expect a page without a
 * mapping, such as the zero page.
 */
function may_move(k: Kernel, walk: Walk, vma: Vma, pfn: number): boolean {
  const mapping = mapping_of(k.s, pfn);
  if (mapping < 0) return true;
  if (mapping === 0 && !k.traits.unmapped_page_eligible) {
    oops_in(k, walk, 'mm/mempolicy.c:migrate_page_add()', 'page->mapping is NULL');
  }
  if (mapping === 0) return true;
  return k.s.cold.files[mapping].i_mmap_writable !== 0 || single_mm_mapping(k, vma.mm, mapping);
}

/** Why the page is not taken without MPOL_MF_MOVE_ALL; -1: it is. */
function not_taken(k: Kernel, walk: Walk, vma: Vma, pfn: number): number {
  if (k.traits.move_takes === 'mapped-once') return page_mapcount(k.s, pfn) === 1 ? -1 : SHARED;
  return may_move(k, walk, vma, pfn) ? -1 : SHARED_FILE;
}

/**
 * `mm/mempolicy.c:migrate_page_add()`: isolates the page, if it may be taken and is on an LRU list. Where isolation empties
 * the batches itself, a page that cannot be had is worth a warning.
 */
function migrate_page_add(k: Kernel, walk: Walk, vma: Vma, pfn: number): void {
  const reason = (walk.flags & MPOL_MF_MOVE_ALL) !== 0 ? -1 : not_taken(k, walk, vma, pfn);
  if (reason >= 0) k.emit.PageSkipped(pfn, reason);
  else if (isolate_lru_page(k, pfn) === 1) walk.list.push(pfn);
  else if (k.traits.lru_drain === 'failed-isolation') k.emit.KernelWarningRaised(pfn);
}

/**
 * The first entry from `first` up to before `last` that maps a page on a wanted node, or `last`. Nearly all the time
 * of a long walk is spent in this loop.
 */
function next_wanted(walk: Walk, tables: ReadonlyInts, first: number, last: number, shift: number): number {
  const { sections } = walk;
  let entry = first;
  let examined = 0;
  for (; entry < last; entry++) {
    const pte = tables[entry];
    if ((pte & PTE_PRESENT) === 0) continue;
    examined++;
    if (sections[pte >>> shift] !== 0) break;
  }
  walk.examined += examined;
  return entry;
}

/**
 * `mm/mempolicy.c:check_pte_range()`: looks at the entries of one page table. Returns false at the first page on a
 * wanted node when nothing is to be moved.
 */
function check_pte_range(k: Kernel, walk: Walk, vma: Vma, start: number, end: number): boolean {
  const shift = PTE_SHIFT + k.s.topology.section_shift;
  const first = tableEntry(k.s.tables, k.s.mms, vma.mm * MM + M_ROOT, start);
  const last = first + (end - start);
  for (let entry = first; ; entry++) {
    entry = next_wanted(walk, k.s.tables, entry, last, shift);
    if (entry === last) return true;
    const pfn = k.s.tables[entry] >>> PTE_SHIFT;
    if (k.traits.walk_skips_reserved && PageReserved(k.s, pfn)) continue;
    if (!moves(walk)) return false;
    migrate_page_add(k, walk, vma, pfn);
  }
}

/** `mm/mempolicy.c:check_pgd_range()`: all page tables of a part of an area. Returns 0 or -EIO. */
function* check_pgd_range(k: Kernel, walk: Walk, vma: Vma, start: number, end: number): Sleeping<number> {
  for (let vpn = start; vpn < end;) {
    const table_end = Math.min(end, (Math.floor(vpn / TABLE) + 1) * TABLE);
    if (tableEntry(k.s.tables, k.s.mms, vma.mm * MM + M_ROOT, vpn) >= 0) {
      if (!check_pte_range(k, walk, vma, vpn, table_end)) return -EIO;
      if (k.contended) yield WAIT_PREEMPT;
    }
    vpn = table_end;
  }
  return 0;
}

/** Whether the walk looks into an area at all. With MPOL_MF_STRICT it does so even where nothing can be moved. */
function enters(k: Kernel, walk: Walk, vma: Vma): boolean {
  if ((vma.flags & VM_HUGETLB) !== 0) return false;
  return (walk.flags & MPOL_MF_STRICT) !== 0 || (moves(walk) && vma_migratable(k, vma));
}

/**
 * The holes that the kernel sees: before this area, or behind it when it is the last of all. One in front it misses.
 */
function has_hole(k: Kernel, previous: Vma | null, vma: Vma, end: number): boolean {
  if (next_vma(k, vma) === null && vma.end < end) return true;
  return previous !== null && previous.end < vma.start;
}

/** What the kernel does before a walk that moves pages. Returns 0, or the error that ends it. */
function prepare(k: Kernel, walk: Walk): number {
  if (!moves(walk)) return 0;
  if (k.traits.engine === 'none') return -ENOSYS;
  if (k.traits.move_needs_swap && k.s.scalars[NR_SWAP_PAGES] <= 0) return -ENODEV;
  if (k.traits.lru_drain === 'before-walk') schedule_lru_drain_on_each_cpu(k);
  return 0;
}

/** The first area of the walk, or the error that refuses it. */
function first_vma(k: Kernel, walk: Walk, start: number): Vma | number {
  const error = prepare(k, walk);
  if (error !== 0) return error;
  const first = find_vma(k, walk.mm, start);
  if (!first) return -EFAULT;
  return k.traits.reserved_first_vma_refused && (first.flags & VM_RESERVED) !== 0 ? -EACCES : first;
}

/**
 * `mm/mempolicy.c:check_range()`: selects pages of [start, end), and isolates them if they are to be moved. Returns the
 * first area, or minus an error number: EFAULT for a hole, EIO for a page on a wanted node when nothing may move, ENODEV
 * where moving needs a free swap slot. Pages that were isolated before an error stay on the walk's list.
 */
export function* check_range(k: Kernel, walk: Walk, start: number, end: number): Sleeping<Vma | number> {
  k.emit.WalkStarted(walk.mm, start, end, walk.flags);
  let result = first_vma(k, walk, start);
  let previous: Vma | null = null;
  let vma = typeof result === 'number' ? null : result;
  for (; typeof result !== 'number' && vma && vma.start < end; vma = next_vma(k, vma)) {
    if ((walk.flags & MPOL_MF_DISCONTIG_OK) === 0 && has_hole(k, previous, vma, end)) {
      result = -EFAULT;
      break;
    }
    if (enters(k, walk, vma)) {
      const error: number = yield* check_pgd_range(k, walk, vma, Math.max(start, vma.start), Math.min(end, vma.end));
      if (error !== 0) result = error;
    }
    previous = vma;
  }
  k.emit.WalkFinished(walk.mm, walk.examined, walk.list.length);
  if (k.traits.private_list === 'last-first') walk.list.reverse();
  return result;
}

/**
 * Where the lowest area begins: mm->mmap->vm_start. Most kernels do not look whether there is one, which kills the caller; others
 * find nothing from the start on.
 */
export function start_of_first_vma(k: Kernel, walk: Walk, site: string): number {
  const [first] = vmas_of(k, walk.mm);
  if (!first && !k.traits.first_vma_checked) oops_in(k, walk, site, 'mm->mmap is NULL');
  return first?.start ?? 0;
}

/**
 * How `migrate_to_node()` of 2.6.16 and 2.6.18 begins: the pages on a node, from the lowest area on. `result` is what
 * check_range() says.
 */
export function* walk_node(
  k: Kernel,
  mm: number,
  source: number,
  flags: number,
): Sleeping<{ walk: Walk; result: Vma | number }> {
  const holds = { mmap_sem: 1, users: 1 } as const;
  const walk = startWalk(k, mm, flags | MPOL_MF_DISCONTIG_OK, holds, (nid) => nid === source);
  const start = start_of_first_vma(k, walk, 'mm/mempolicy.c:migrate_to_node()');
  return { walk, result: yield* check_range(k, walk, start, task_size(k)) };
}
