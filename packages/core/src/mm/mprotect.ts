/** mprotect(2), and the walk over parts of areas that mlock(2) shares with it (mm/mprotect.c). */
import {
  EACCES,
  EINVAL,
  ENOMEM,
  MIGRATION_ENTRY_READ,
  MIGRATION_ENTRY_READ_EXCLUSIVE,
  VM_ACCOUNT,
  VM_EXEC,
  VM_MAYWRITE,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type Vma,
} from '@pagetape/events';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { is_huge_zero_pmd, pmd_of } from '../state/huge.ts';
import { TABLE } from '../state/layout.ts';
import {
  has_page_table,
  is_write_migration_entry,
  migration_entry_to_pfn,
  PageAnon,
  pte_of,
  pte_present,
} from '../state/read.ts';
import { find_vma, may_split, next_vma, split_vma, vma_merge } from './mmap.ts';

/** Private memory is accounted for from the first time on that it may be written. */
function newly_accounted(vma: Vma, protection: number): number {
  const counts = (protection & VM_WRITE) !== 0 && (vma.flags & (VM_ACCOUNT | VM_WRITE | VM_SHARED)) === 0;
  return counts ? VM_ACCOUNT : 0;
}

/** Gives [start, end) of an area other flags: a neighbour that is alike takes it in, else it is cut out. Returns 0 or -EINVAL. */
export function change_vma_flags(k: Kernel, vma: Vma, start: number, end: number, flags: number): number {
  const pgoff = vma.pgoff + (start - vma.start);
  const merged = vma_merge(k, vma.mm, start, end, pgoff, { ...vma, flags });
  if (merged) {
    if (merged.flags !== flags) k.emit.VmaFlagsChanged({ vma: merged.id, flags });
    return 0;
  }
  let rest = vma;
  if (may_split(rest, start) !== 0) return -EINVAL;
  if (start !== rest.start) rest = split_vma(k, rest, start, true);
  if (may_split(rest, end) !== 0) return -EINVAL;
  if (end !== rest.end) rest = split_vma(k, rest, end, false);
  k.emit.VmaFlagsChanged({ vma: rest.id, flags });
  return 0;
}

/** Calls `fixup` for the part of each area in [start, end). A hole ends it with ENOMEM; what was done stays done. */
export function* for_each_vma_part(
  k: Kernel,
  mm: number,
  start: number,
  end: number,
  fixup: (vma: Vma, from: number, to: number) => Sleeping<number>,
): Sleeping<number> {
  if (end === start) return 0;
  let vma = find_vma(k, mm, start);
  if (!vma || vma.start > start) return -ENOMEM;
  for (let from = start; ;) {
    const to = Math.min(vma.end, end);
    const error = yield* fixup(vma, from, to);
    if (error !== 0) return error;
    const changed: Vma | null = find_vma(k, mm, from);
    from = changed ? Math.max(to, changed.end) : to;
    if (from >= end) return 0;
    vma = changed && next_vma(k, changed);
    if (!vma || vma.start !== from) return -ENOMEM;
  }
}

/**
 * One entry of `mm/mprotect.c:change_pte_range()`. What a page that is being moved may become is hard to tell, so its
 * mapping will not be writable, whatever is asked for.
 */
function change_pte(k: Kernel, mm: number, vpn: number, writable: number): void {
  const pte = pte_of(k.s, mm, vpn);
  if (pte_present(pte)) k.emit.PteProtected(mm, vpn, writable);
  else if (is_write_migration_entry(pte)) {
    const exclusive = k.traits.exclusive_pages && PageAnon(k.s, migration_entry_to_pfn(k.s, pte));
    k.emit.MigrationEntryProtected(mm, vpn, exclusive ? MIGRATION_ENTRY_READ_EXCLUSIVE : MIGRATION_ENTRY_READ);
  }
}

/** `mm/huge_memory.c:change_huge_pmd()`: areas that end within a huge page have split its mapping. */
function change_huge_pmd(k: Kernel, mm: number, vpn: number, writable: number): void {
  if (!is_huge_zero_pmd(pmd_of(k.s, mm, vpn))) k.emit.PmdProtected(mm, vpn, writable);
}

/** `mm/mprotect.c:change_protection()`: all entries of the range. */
function change_protection(k: Kernel, vma: Vma, start: number, end: number): void {
  const writable = (vma.flags & VM_SHARED) !== 0 && (vma.flags & VM_WRITE) !== 0 ? 1 : 0;
  for (let vpn = start; vpn < end; vpn++) {
    if (k.s.topology.huge && pmd_of(k.s, vma.mm, vpn) !== 0) change_huge_pmd(k, vma.mm, vpn, writable);
    if (!has_page_table(k.s, vma.mm, vpn)) vpn = Math.min(end, (Math.floor(vpn / TABLE) + 1) * TABLE) - 1;
    else change_pte(k, vma.mm, vpn, writable);
  }
}

/** `mm/mprotect.c:sys_mprotect()`: `protection` is of VM_READ, VM_WRITE, VM_EXEC. Returns 0 or minus an error number. */
export function* sys_mprotect(k: Kernel, start: number, pages: number, protection: number): Sleeping<number> {
  const { mm } = current(k);
  // eslint-disable-next-line require-yield
  return yield* for_each_vma_part(k, mm, start, start + pages, function* (vma, from, to) {
    const flags = (vma.flags & ~(VM_READ | VM_WRITE | VM_EXEC)) | protection | newly_accounted(vma, protection);
    if ((protection & VM_WRITE) !== 0 && (vma.flags & VM_MAYWRITE) === 0) return -EACCES;
    if (flags === vma.flags) return 0;
    const error = change_vma_flags(k, vma, from, to, flags);
    if (error !== 0) return error;
    change_protection(k, find_vma(k, mm, from) as Vma, from, to);
    return 0;
  });
}
