/** mremap(2): areas and their page tables move to other addresses (mm/mremap.c). */
import { EAGAIN, EFAULT, EINVAL, VM_HUGETLB, VM_LOCKED, VM_PFNMAP, type Vma } from '@pagetape/events';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { has_page_table, pte_of } from '../state/read.ts';
import { pmd_of } from '../state/huge.ts';
import { HUGE } from '../state/layout.ts';
import { split_huge_pmd } from './huge_memory.ts';
import { hugetlb_take_reserve } from './hugetlb.ts';
import { unmerge_ksm_pages } from './ksm.ts';
import { make_pages_present } from './memory.ts';
import { may_lock } from './mlock.ts';
import { do_munmap, find_vma, vma_merge } from './mmap.ts';

/** Where a part of an area is to go. Lengths are in pages. */
export interface Mremap {
  readonly addr: number;
  readonly old_len: number;
  readonly new_len: number;
  readonly new_addr: number;
}

/**
 * `mm/mremap.c:sys_mremap()` with MREMAP_MAYMOVE | MREMAP_FIXED, that is mremap_to(): what lay at the new place is unmapped.
 * Returns 0 or minus an error number. Later kernels bring in the new pages of a locked area afterwards.
 */
export function* sys_mremap(k: Kernel, { addr, old_len, new_len, new_addr }: Mremap): Sleeping<number> {
  const { mm } = current(k);
  if (new_len === 0) return -EINVAL;
  if (k.traits.mremap_looks_first && !covers(find_vma(k, mm, addr), addr)) return -EFAULT;
  if (is_hugetlb(k, addr)) return yield* mremap_hugetlb(k, { addr, old_len, new_len, new_addr });
  return yield* mremap_to(k, { addr, old_len, new_len, new_addr });
}

const is_hugetlb = (k: Kernel, addr: number): boolean => {
  const vma = find_vma(k, current(k).mm, addr);
  return covers(vma, addr) && (vma.flags & VM_HUGETLB) !== 0;
};

/** Hugetlb memory moves as a whole number of huge pages, and cannot grow, as nothing is promised for what it would get. */
function* mremap_hugetlb(k: Kernel, { addr, old_len, new_len, new_addr }: Mremap): Sleeping<number> {
  const whole = (pages: number): number => Math.ceil(pages / HUGE) * HUGE;
  if (addr % HUGE !== 0 || new_addr % HUGE !== 0 || whole(new_len) > whole(old_len)) return -EINVAL;
  return yield* mremap_to(k, { addr, old_len: whole(old_len), new_len: whole(new_len), new_addr });
}

/** `mm/mremap.c:mremap_to()` */
function* mremap_to(k: Kernel, { addr, old_len, new_len, new_addr }: Mremap): Sleeping<number> {
  const { mm } = current(k);
  if (addr < new_addr + new_len && new_addr < addr + old_len) return -EINVAL;
  const kept = yield* do_munmap(k, mm, new_addr, new_len);
  if (kept !== 0) return kept;
  if (old_len > new_len) yield* do_munmap(k, mm, addr + new_len, old_len - new_len);
  const length = Math.min(old_len, new_len);
  const vma = find_vma(k, mm, addr);
  if (!covers(vma, addr) || addr + length > vma.end) return -EFAULT;
  if (new_len > length && (vma.flags & VM_PFNMAP) !== 0) return -EFAULT;
  const locked = (vma.flags & VM_LOCKED) !== 0;
  if (locked && !may_lock(k, mm, new_len - length)) return -EAGAIN;
  const error = yield* move_vma(k, vma, { addr, old_len: length, new_len, new_addr });
  if (error !== 0) return error;
  if (locked && new_len > length && k.traits.populates === 'at-once') {
    yield* make_pages_present(k, new_addr + length, new_addr + new_len);
  }
  return 0;
}

const covers = (vma: Vma | null, addr: number): vma is Vma => vma !== null && vma.start <= addr;

/** `mm/mremap.c:move_vma()`. Merged pages would turn up where reverse mapping does not look for them, so they are copied first. */
function* move_vma(k: Kernel, vma: Vma, { addr, old_len, new_len, new_addr }: Mremap): Sleeping<number> {
  const error = yield* unmerge_ksm_pages(k, vma, addr, addr + old_len);
  if (error !== 0) return error;
  copy_vma(k, vma, addr, new_addr, new_len);
  move_page_tables(k, vma.mm, addr, new_addr, old_len);
  hugetlb_take_reserve(k, vma, old_len);
  if ((vma.flags & VM_LOCKED) !== 0) k.emit.LockedPagesCounted(vma.mm, new_len);
  yield* do_munmap(k, vma.mm, addr, old_len);
  return 0;
}

/**
 * `mm/mmap.c:copy_vma()`: an area like the old one. Its pages keep their index, so an interleave counts from the old place; but
 * memory that has no page yet counts from the new one.
 */
function copy_vma(k: Kernel, vma: Vma, addr: number, start: number, length: number): void {
  const untouched = vma.file === 0 && vma.anon_vma === 0;
  const pgoff = untouched ? start : vma.pgoff + (addr - vma.start);
  const end = start + length;
  if (vma_merge(k, vma.mm, start, end, pgoff, vma)) return;
  k.emit.VmaMapped({ ...vma, id: k.s.cold.next.vma, start, end, pgoff });
}

/**
 * `mm/huge_memory.c:move_huge_pmd()`: a huge entry goes to another place as it is, if that one is as well aligned, and all of it goes;
 * else it is split. Returns whether it went.
 */
function move_huge_pmd(k: Kernel, mm: number, from: number, to: number, length: number): boolean {
  if (pmd_of(k.s, mm, from) === 0) return false;
  const whole = from % HUGE === 0 && to % HUGE === 0 && length >= HUGE;
  if (whole && !has_page_table(k.s, mm, to)) {
    k.emit.PmdMoved(mm, from, to);
    return true;
  }
  split_huge_pmd(k, mm, from);
  return false;
}

/** `mm/mremap.c:move_page_tables()` */
function move_page_tables(k: Kernel, mm: number, from: number, to: number, length: number): void {
  for (let n = 0; n < length; n++) {
    if (k.s.topology.huge && move_huge_pmd(k, mm, from + n, to + n, length - n)) {
      n += HUGE - 1;
      continue;
    }
    if (pte_of(k.s, mm, from + n) === 0) continue;
    if (!has_page_table(k.s, mm, to + n)) k.emit.PageTableAllocated(mm, to + n);
    k.emit.PteMoved(mm, from + n, to + n);
  }
}
