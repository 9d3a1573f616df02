/** Address spaces and their areas (mm/mmap.c). Addresses are page numbers. */
import {
  EAGAIN,
  EINVAL,
  ENOMEM,
  VM_HUGETLB,
  VM_IO,
  VM_LOCKED,
  VM_PFNMAP,
  VM_RESERVED,
  VM_SHARED,
  type Policy,
  type Vma,
} from '@pagetape/events';
import { current, type Kernel } from '../kernel.ts';
import { HUGE, TABLE } from '../state/layout.ts';
import { has_page_table, mapping_mapped } from '../state/read.ts';
import { vma_adjust_trans_huge } from './huge_memory.ts';
import { hugetlb_reserve_pages, hugetlb_vm_op_close } from './hugetlb.ts';
import { make_pages_present } from './memory.ts';
import { tlb_finish, tlb_gather, unmap_vmas, type Gather } from './memory_range.ts';
import { may_lock } from './mlock.ts';
import { __mpol_equal } from './mempolicy_modes.ts';
import { shmem_delete_inode, shmem_zero_setup } from './shmem.ts';
import { lru_add_drain } from './swap.ts';
import type { Sleeping } from '../kernel.ts';

/** The areas of an address space, in ascending order. */
export function vmas_of(k: Kernel, mm: number): Vma[] {
  const { mms, vmas } = k.s.cold;
  return mms[mm].vmas.map((id) => vmas[id]);
}

/** `mm/mmap.c:find_vma()`: the first area that ends above the page; it may begin above it too. */
export function find_vma(k: Pick<Kernel, 's'>, mm: number, vpn: number): Vma | null {
  const { mms, vmas } = k.s.cold;
  const ids = mms[mm].vmas;
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (vmas[ids[middle]].end > vpn) high = middle;
    else low = middle + 1;
  }
  return low < ids.length ? vmas[ids[low]] : null;
}

/** Where the area lies among those of its address space. */
function positionOf(k: Kernel, { mm, start }: Vma): number {
  const { mms, vmas } = k.s.cold;
  const ids = mms[mm].vmas;
  let low = 0;
  let high = ids.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (vmas[ids[middle]].start < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The area that follows, or null. */
export function next_vma(k: Kernel, vma: Vma): Vma | null {
  const next = k.s.cold.mms[vma.mm].vmas[positionOf(k, vma) + 1];
  return next === undefined ? null : k.s.cold.vmas[next];
}

/** The area before, or null. */
function previous_vma(k: Kernel, vma: Vma): Vma | null {
  const at = positionOf(k, vma);
  return at > 0 ? k.s.cold.vmas[k.s.cold.mms[vma.mm].vmas[at - 1]] : null;
}

/** `include/linux/pagemap.h:linear_page_index()`: the page of its file, or the index for reverse mapping, at an address. */
export const linear_page_index = (vma: Vma, vpn: number): number => vma.pgoff + (vpn - vma.start);

/** `mm/mmap.c:split_vma()`: cuts an area at `at`. The new area is the lower part if `below`. Returns the rest of the old one. */
export function split_vma(k: Kernel, vma: Vma, at: number, below: boolean): Vma {
  vma_adjust_trans_huge(k, vma.mm, at);
  k.emit.VmaSplit({ vma: vma.id, at, fresh: k.s.cold.next.vma, below });
  return k.s.cold.vmas[vma.id];
}

/** What an area must agree in with its neighbour to become one with it. */
type Alike = Pick<Vma, 'flags' | 'opened' | 'anon_vma' | 'policy'>;

function can_merge(a: Alike, b: Alike): boolean {
  const anon = a.anon_vma === 0 || b.anon_vma === 0 || a.anon_vma === b.anon_vma;
  return a.flags === b.flags && a.opened === b.opened && anon && __mpol_equal(a.policy, b.policy);
}

/** Areas that stand for something else than memory are never merged. */
const VM_SPECIAL = VM_IO | VM_RESERVED | VM_PFNMAP | VM_HUGETLB;

/**
 * `mm/mmap.c:vma_merge()`: lets the neighbours of [start, end) take it in, when they are alike. The range is free, or the
 * whole or an end of one area that is going to have these flags. If the whole of an area can only be joined with the one
 * behind it, it takes that one in. Returns the area that has the range now, whose flags may be the old ones, or null.
 */
export function vma_merge(k: Kernel, mm: number, start: number, end: number, pgoff: number, like: Alike): Vma | null {
  if ((like.flags & VM_SPECIAL) !== 0) return null;
  const first = find_vma(k, mm, start);
  const within = first && first.start < end ? first : null;
  const covered = within !== null && within.start === start && within.end === end;
  const shrunk = within !== null && !covered ? shrink(within, start, end) : null;
  const before = neighbour_before(k, mm, start, pgoff, like);
  const after = neighbour_after(k, mm, end, pgoff + (end - start), like);
  const emit = (
    target: Vma,
    bounds: { start: number; end: number; pgoff: number },
    anon_vma: number,
    gone: number[],
  ) => {
    if (shrunk) vma_adjust_trans_huge(k, mm, shrunk.start === end ? end : start);
    k.emit.VmaMerged({ vma: target.id, ...bounds, anon_vma, gone, shrunk });
    return k.s.cold.vmas[target.id];
  };
  if (before) {
    const both = after && (before.anon_vma === 0 || after.anon_vma === 0 || before.anon_vma === after.anon_vma);
    const bounds = { start: before.start, end: both ? after.end : end, pgoff: before.pgoff };
    const anon_vma = before.anon_vma || (both ? after.anon_vma : 0) || like.anon_vma;
    return emit(before, bounds, anon_vma, [...(covered ? [within.id] : []), ...(both ? [after.id] : [])]);
  }
  if (!after) return null;
  const bounds = { start, end: after.end, pgoff };
  if (covered) return emit(within, bounds, within.anon_vma || after.anon_vma, [after.id]);
  return emit(after, bounds, after.anon_vma || like.anon_vma, []);
}

/** The area that ends where the range begins, if it is alike and its contents lead up to it. */
function neighbour_before(k: Kernel, mm: number, start: number, pgoff: number, like: Alike): Vma | null {
  const vma = find_vma(k, mm, start - 1);
  if (!vma || vma.end !== start) return null;
  return can_merge(vma, like) && vma.pgoff + (start - vma.start) === pgoff ? vma : null;
}

/** The area that begins where the range ends, if it is alike and its contents go on from there. */
function neighbour_after(k: Kernel, mm: number, end: number, pgoff: number, like: Alike): Vma | null {
  const vma = find_vma(k, mm, end);
  if (!vma || vma.start !== end) return null;
  return can_merge(vma, like) && vma.pgoff === pgoff ? vma : null;
}

/** `mm/hugetlb.c:hugetlb_vm_op_split()`: hugetlb memory cannot be cut within a huge page. Returns 0 or -EINVAL. */
export function may_split(vma: Vma, at: number): number {
  const within = vma.start < at && at < vma.end;
  return within && (vma.flags & VM_HUGETLB) !== 0 && at % HUGE !== 0 ? -EINVAL : 0;
}

/** What is left of an area when one of its ends went to a neighbour. */
function shrink(vma: Vma, start: number, end: number): { vma: number; start: number; end: number; pgoff: number } {
  if (vma.start === start) return { vma: vma.id, start: end, end: vma.end, pgoff: vma.pgoff + (end - vma.start) };
  return { vma: vma.id, start: vma.start, end: start, pgoff: vma.pgoff };
}

/** `mm/mmap.c:find_mergeable_anon_vma()`: the anon_vma of a neighbour that could merge but for it; 0: none. */
export function find_mergeable_anon_vma(k: Kernel, vma: Vma): number {
  const next = next_vma(k, vma);
  if (next && next.anon_vma !== 0 && next.start === vma.end && reusable(vma, next)) return next.anon_vma;
  const previous = previous_vma(k, vma);
  if (previous && previous.anon_vma !== 0 && previous.end === vma.start && reusable(previous, vma))
    return previous.anon_vma;
  return 0;
}

/** Areas that mprotect() could make alike share an anon_vma: only what may be read, written or run may differ. */
function reusable(lower: Vma, upper: Vma): boolean {
  const PROTECTION = 7;
  return (
    (lower.flags & ~PROTECTION) === (upper.flags & ~PROTECTION) &&
    lower.opened === upper.opened &&
    __mpol_equal(lower.policy, upper.policy) &&
    upper.pgoff === lower.pgoff + (lower.end - lower.start)
  );
}

/** A new mapping. Lengths are in pages; `file` 0: anonymous, which with VM_SHARED becomes a file of its own. */
export interface MmapRequest {
  readonly start: number;
  readonly pages: number;
  readonly flags: number;
  readonly file: number;
  readonly offset: number;
  /** What its driver does to migrate it, if it can. */
  readonly migrate?: NonNullable<Vma['migrate']>;
}

/** `mm/mmap.c:do_mmap_pgoff()` at a fixed address: whatever lay there is unmapped first. Returns 0 or minus an error number. */
export function* do_mmap_pgoff(k: Kernel, request: MmapRequest): Sleeping<number> {
  const { mm } = current(k);
  const { start, pages, migrate } = request;
  const flags = request.flags | k.s.cold.mms[mm].def_flags;
  if ((flags & VM_LOCKED) !== 0 && !may_lock(k, mm, pages)) return -EAGAIN;
  const end = start + pages;
  const huge = (flags & VM_HUGETLB) !== 0;
  const kept = yield* do_munmap(k, mm, start, pages, request.file);
  // Up to 6.11 that was told as ENOMEM.
  if (kept !== 0) return k.traits.mmap_tells_why ? kept : -ENOMEM;
  const reserved = huge ? hugetlb_reserve_pages(k, start, pages) : 0;
  if (reserved !== 0) return reserved;
  const file = request.file === 0 && (flags & VM_SHARED) !== 0 ? shmem_zero_setup(k, pages) : request.file;
  const pgoff = file === 0 && !huge ? start : request.offset;
  const opened = file === 0 && !migrate && !huge ? 0 : k.s.cold.next.vma;
  const policy: Policy | null = null;
  const id = k.s.cold.next.vma;
  if (!vma_merge(k, mm, start, end, pgoff, { flags, opened, anon_vma: 0, policy })) {
    const driver = migrate ? { migrate } : {};
    k.emit.VmaMapped({ id, mm, start, end, flags, pgoff, file, opened, anon_vma: 0, policy, ...driver });
  }
  if ((flags & VM_LOCKED) === 0) return 0;
  k.emit.LockedPagesCounted(mm, pages);
  if (k.traits.populates === 'at-once') yield* make_pages_present(k, start, end);
  return 0;
}

/**
 * `mm/mmap.c:do_munmap()`: unmaps a range; areas that reach beyond it are cut. A file that the caller has `open` stays, though
 * nothing may show it any more. Returns 0, or -EINVAL where an area cannot be cut.
 */
export function* do_munmap(k: Kernel, mm: number, start: number, pages: number, open = 0): Sleeping<number> {
  const end = start + pages;
  const first = find_vma(k, mm, start);
  if (!first || first.start >= end) return 0;
  if (may_split(first, start) !== 0) return -EINVAL;
  if (start > first.start) split_vma(k, first, start, false);
  const last = find_vma(k, mm, end);
  if (last && may_split(last, end) !== 0) return -EINVAL;
  if (last && end > last.start) split_vma(k, last, end, true);
  const gone: Vma[] = [];
  for (let vma = find_vma(k, mm, start); vma && vma.start < end; vma = next_vma(k, vma)) gone.push(vma);
  yield* unmap_region(k, gone, open);
  return 0;
}

/** `mm/mmap.c:unmap_region()` and remove_vma_list(): pages first, then the areas, then page tables without an area. */
function* unmap_region(k: Kernel, gone: readonly Vma[], open: number): Sleeping<void> {
  lru_add_drain(k);
  const tlb: Gather = tlb_gather();
  for (const vma of gone) unmap_vmas(k, tlb, vma, vma.start, vma.end);
  tlb_finish(k, tlb);
  const unreachable = remove_vmas(k, gone);
  for (const vma of gone) free_pgtables(k, vma);
  yield* delete_files(
    k,
    unreachable.filter((file) => file !== open),
  );
}

/** `mm/mmap.c:remove_vma()` of some areas. Returns the files without a name whose last area was among them. */
function remove_vmas(k: Kernel, gone: readonly Vma[]): number[] {
  const unreachable: number[] = [];
  for (const { id, mm, start, end, flags, file } of gone) {
    if ((flags & VM_LOCKED) !== 0) k.emit.LockedPagesCounted(mm, start - end);
    hugetlb_vm_op_close(k, k.s.cold.vmas[id]);
    k.emit.VmaUnmapped({ vma: id });
    if (file === 0) continue;
    if (k.s.cold.files[file].unlinked && !mapping_mapped(k.s.cold.files[file])) unreachable.push(file);
  }
  return unreachable;
}

/** The end of fput() for files that nobody can reach. It may sleep until others are done with their pages. */
function* delete_files(k: Kernel, unreachable: readonly number[]): Sleeping<void> {
  for (const file of unreachable) yield* shmem_delete_inode(k, file);
}

/** `mm/memory.c:free_pgtables()`: frees the page tables of an area that is gone, where no other area needs them. */
function free_pgtables(k: Kernel, gone: Vma): void {
  const first = Math.floor(gone.start / TABLE) * TABLE;
  for (let vpn = first; vpn < gone.end; vpn += TABLE) {
    if (!has_page_table(k.s, gone.mm, vpn)) continue;
    const neighbour = find_vma(k, gone.mm, vpn);
    if (!neighbour || neighbour.start >= vpn + TABLE) k.emit.PageTableFreed(gone.mm, vpn);
  }
}

/** `mm/mmap.c:exit_mmap()`: unmaps everything, for the last user of the address space. */
export function* exit_mmap(k: Kernel, mm: number): Sleeping<void> {
  lru_add_drain(k);
  const tlb = tlb_gather();
  const gone = vmas_of(k, mm);
  for (const vma of gone) unmap_vmas(k, tlb, vma, vma.start, vma.end);
  tlb_finish(k, tlb);
  yield* delete_files(k, remove_vmas(k, gone));
  k.emit.MmDestroyed({ mm });
}
