/** Address spaces and their areas (mm/mmap.c). Addresses are page numbers. */
import { VM_LOCKED, VM_SHARED, type Policy, type Vma } from '@pagetape/events';
import { current, type Kernel } from '../kernel.ts';
import { has_page_table } from '../state/read.ts';
import { make_pages_present, unmap_vmas, type Gather, tlb_gather, tlb_finish } from './memory.ts';
import { mpol_equal } from './mempolicy.ts';
import { lru_add_drain } from './swap.ts';
import type { Sleeping } from '../kernel.ts';

/** The areas of an address space, in ascending order. */
export function vmas_of(k: Kernel, mm: number): Vma[] {
  const { mms, vmas } = k.s.cold;
  return mms[mm].vmas.map((id) => vmas[id]);
}

/** `mm/mmap.c:find_vma()`: the first area that ends above the page; it may begin above it too. */
export function find_vma(k: Kernel, mm: number, vpn: number): Vma | null {
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

/** The area that follows, or null. */
export function next_vma(k: Kernel, vma: Vma): Vma | null {
  const ids = k.s.cold.mms[vma.mm].vmas;
  const next = ids[ids.indexOf(vma.id) + 1];
  return next === undefined ? null : k.s.cold.vmas[next];
}

/** The area before, or null. */
export function previous_vma(k: Kernel, vma: Vma): Vma | null {
  const ids = k.s.cold.mms[vma.mm].vmas;
  const at = ids.indexOf(vma.id);
  return at > 0 ? k.s.cold.vmas[ids[at - 1]] : null;
}

/** `mm/mmap.c:split_vma()`: cuts an area at `at`. The new area is the lower part if `below`. Returns the rest of the old one. */
export function split_vma(k: Kernel, vma: Vma, at: number, below: boolean): Vma {
  k.emit.VmaSplit({ vma: vma.id, at, fresh: k.s.cold.next.vma, below });
  return k.s.cold.vmas[vma.id];
}

/** What an area must agree in with its neighbour to become one with it. */
type Alike = Pick<Vma, 'flags' | 'opened' | 'anon_vma' | 'policy'>;

function can_merge(a: Alike, b: Alike): boolean {
  const anon = a.anon_vma === 0 || b.anon_vma === 0 || a.anon_vma === b.anon_vma;
  return a.flags === b.flags && a.opened === b.opened && anon && mpol_equal(a.policy, b.policy);
}

/**
 * `mm/mmap.c:vma_merge()`: lets the neighbours of [start, end) take it in, when they are alike. The range is free, or the
 * whole or an end of one area that is going to have these flags. Returns the area that has it now, or null.
 */
export function vma_merge(k: Kernel, mm: number, start: number, end: number, pgoff: number, like: Alike): Vma | null {
  const areas = vmas_of(k, mm);
  const before = areas.find(
    (vma) => vma.end === start && can_merge(vma, like) && vma.pgoff + (start - vma.start) === pgoff,
  );
  const after = areas.find((vma) => vma.start === end && can_merge(vma, like) && vma.pgoff === pgoff + (end - start));
  const within = areas.find((vma) => vma.start < end && vma.end > start) ?? null;
  const both = before && after && (before.anon_vma === 0 || after.anon_vma === 0 || before.anon_vma === after.anon_vma);
  const target = before ?? after;
  if (!target) return null;
  const covered = within !== null && within.start >= start && within.end <= end;
  const gone = [...(covered ? [within.id] : []), ...(both ? [after.id] : [])];
  const merged = before
    ? { start: before.start, end: both ? after.end : end, pgoff: before.pgoff }
    : { start, end: target.end, pgoff };
  const shrunk = within !== null && !covered ? shrink(within, start, end) : null;
  const anon_vma = target.anon_vma || (both ? after.anon_vma : 0) || like.anon_vma;
  k.emit.VmaMerged({ vma: target.id, ...merged, anon_vma, gone, shrunk });
  return k.s.cold.vmas[target.id];
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
    mpol_equal(lower.policy, upper.policy) &&
    upper.pgoff === lower.pgoff + (lower.end - lower.start)
  );
}

/** A new mapping. Lengths are in pages; `file` 0: anonymous. */
export interface MmapRequest {
  readonly start: number;
  readonly pages: number;
  readonly flags: number;
  readonly file: number;
  readonly offset: number;
}

/** `mm/mmap.c:do_mmap_pgoff()` at a fixed address: whatever lay there is unmapped first. */
export function* do_mmap_pgoff(k: Kernel, request: MmapRequest): Sleeping<void> {
  const { mm } = current(k);
  const { start, pages, flags, file } = request;
  const end = start + pages;
  do_munmap(k, mm, start, pages);
  const pgoff = file === 0 ? start : request.offset;
  const opened = file === 0 ? 0 : k.s.cold.next.vma;
  const policy: Policy | null = null;
  const id = k.s.cold.next.vma;
  if (!vma_merge(k, mm, start, end, pgoff, { flags, opened, anon_vma: 0, policy })) {
    k.emit.VmaMapped({ id, mm, start, end, flags, pgoff, file, opened, anon_vma: 0, policy });
  }
  if ((flags & VM_LOCKED) === 0) return;
  k.emit.LockedPagesCounted(mm, pages);
  yield* make_pages_present(k, start, end);
}

/** `mm/mmap.c:do_munmap()`: unmaps a range; areas that reach beyond it are cut. */
export function do_munmap(k: Kernel, mm: number, start: number, pages: number): void {
  const end = start + pages;
  const first = find_vma(k, mm, start);
  if (!first || first.start >= end) return;
  if (start > first.start) split_vma(k, first, start, false);
  const last = find_vma(k, mm, end);
  if (last && end > last.start) split_vma(k, last, end, true);
  const gone = vmas_of(k, mm).filter((vma) => vma.start >= start && vma.end <= end);
  unmap_region(k, gone);
}

/** `mm/mmap.c:unmap_region()` and remove_vma_list(): pages first, then the areas, then page tables without an area. */
function unmap_region(k: Kernel, gone: readonly Vma[]): void {
  lru_add_drain(k);
  const tlb: Gather = tlb_gather();
  for (const vma of gone) unmap_vmas(k, tlb, vma, vma.start, vma.end);
  tlb_finish(k, tlb);
  for (const vma of gone) {
    if ((vma.flags & VM_LOCKED) !== 0) k.emit.LockedPagesCounted(vma.mm, vma.start - vma.end);
    k.emit.VmaUnmapped({ vma: vma.id });
  }
  for (const vma of gone) free_pgtables(k, vma);
}

const PAGES_PER_TABLE = 512;

/** `mm/memory.c:free_pgtables()`: frees the page tables of an area that is gone, where no other area needs them. */
function free_pgtables(k: Kernel, gone: Vma): void {
  const first = Math.floor(gone.start / PAGES_PER_TABLE) * PAGES_PER_TABLE;
  for (let vpn = first; vpn < gone.end; vpn += PAGES_PER_TABLE) {
    if (!has_page_table(k.s, gone.mm, vpn)) continue;
    const neighbour = find_vma(k, gone.mm, vpn);
    if (!neighbour || neighbour.start >= vpn + PAGES_PER_TABLE) k.emit.PageTableFreed(gone.mm, vpn);
  }
}

/** `mm/mmap.c:exit_mmap()`: unmaps everything, for the last user of the address space. */
export function exit_mmap(k: Kernel, mm: number): void {
  lru_add_drain(k);
  const tlb = tlb_gather();
  const gone = vmas_of(k, mm);
  for (const vma of gone) unmap_vmas(k, tlb, vma, vma.start, vma.end);
  tlb_finish(k, tlb);
  for (const vma of gone) {
    if ((vma.flags & VM_LOCKED) !== 0) k.emit.LockedPagesCounted(mm, vma.start - vma.end);
    k.emit.VmaUnmapped({ vma: vma.id });
  }
  k.emit.MmDestroyed({ mm });
}

/** Whether a mapping is private: writes go to copies. */
export const is_private = (vma: Vma): boolean => (vma.flags & VM_SHARED) === 0;
