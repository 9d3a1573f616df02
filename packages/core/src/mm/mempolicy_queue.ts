/**
 * The walk that selects pages to move since it counts what it could not take (mm/mempolicy.c of 6.x): queue_pages_range()
 * and what is below it.
 */
import { EFAULT, EIO, MPOL_MF_MOVE, MPOL_MF_MOVE_ALL, MPOL_MF_STRICT, refusal, type Vma } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { die } from '../kernel/panic.ts';
import {
  folio_entire_mapcount,
  folio_mapcount,
  folio_test_large,
  is_huge_zero_pmd,
  page_folio,
  page_mapcount_of_part,
  pmd_of,
  pmd_pfn,
  pmd_present,
} from '../state/huge.ts';
import { HUGE, MM, M_ROOT, PTE_PRESENT, PTE_SHIFT, TABLE } from '../state/layout.ts';
import { is_migration_entry, migration_entry_to_pfn, page_mapcount, PageReserved, tableEntry } from '../state/read.ts';
import { down_read } from './memory.ts';
import { TASK_SIZE_PAGES } from './mempolicy_walk.ts';
import { migrate_pages } from './migrate_batch.ts';
import type { Migrated } from './migrate_run.ts';
import { migration_target, type MigrationTarget } from './migrate_target.ts';
import { sectionsOn } from '../state/topology.ts';
import { find_vma, next_vma } from './mmap.ts';
import { folio_isolate_lru, putback_lru_pages } from './vmscan.ts';

const SHARED = refusal('shared');
const UNDER_MIGRATION = refusal('under-migration');
const AREA_NOT_MIGRATABLE = refusal('area-not-migratable');

/** Holes in the range are fine. A flag of the kernel's own. */
export const MPOL_MF_DISCONTIG_OK = 16;

const MOVE = MPOL_MF_MOVE | MPOL_MF_MOVE_ALL;

/** What a walk looks for, and what it has found: struct queue_pages. */
interface QueuePages {
  readonly mm: number;
  readonly flags: number;
  readonly start: number;
  readonly end: number;
  /** By section of frames: 1 if pages there are wanted. */
  readonly sections: Uint8Array;
  /** Isolated pages, in the order of their addresses. */
  readonly pagelist: number[];
  /** Pages that are misplaced and were not queued. */
  nr_failed: number;
  /** The huge page that was met last; -1: none. */
  large: number;
  examined: number;
  first: Vma | null;
}

/** The pages of a walk that were isolated, and how many could not be, or minus an error number. */
export interface Queued {
  readonly pagelist: number[];
  readonly result: number;
}

/** Only asked whether all pages lie right: the first that does not ends the walk. */
const strictly_unmovable = (flags: number): boolean => (flags & (MPOL_MF_STRICT | MOVE)) === MPOL_MF_STRICT;

/** `include/linux/mempolicy.h:vma_migratable()` */
export const vma_migratable = (k: Kernel, vma: Vma): boolean => (vma.flags & k.traits.not_migratable) === 0;

/**
 * `mm/mempolicy.c:queue_pages_range()`: isolates the pages of [start, end) that lie on wanted nodes, if `flags` say that they
 * may move. EFAULT: a hole; EIO: a misplaced page, with MPOL_MF_STRICT alone.
 */
export function queue_pages_range(
  k: Kernel,
  mm: number,
  { start, end }: { readonly start: number; readonly end: number },
  flags: number,
  wanted: (nid: number) => boolean,
): Queued {
  const sections = sectionsOn(k.s.topology, wanted);
  const qp: QueuePages = {
    mm,
    flags,
    start,
    end,
    sections,
    pagelist: [],
    nr_failed: 0,
    large: -1,
    examined: 0,
    first: null,
  };
  k.emit.WalkStarted(mm, start, end, flags);
  const error = walk_page_range(k, qp);
  k.emit.WalkFinished(mm, qp.examined, qp.pagelist.length);
  return { pagelist: qp.pagelist, result: error !== 0 ? error : qp.nr_failed };
}

/** `mm/pagewalk.c:walk_page_range()` */
function walk_page_range(k: Kernel, qp: QueuePages): number {
  for (let vma = find_vma(k, qp.mm, qp.start); vma && vma.start < qp.end; vma = next_vma(k, vma)) {
    if (queue_pages_hole(k, qp, vma)) return -EFAULT;
    if (!queue_pages_test_walk(k, qp, vma)) continue;
    const error = queue_vma(k, qp, vma);
    if (error !== 0) return error;
  }
  return qp.first ? 0 : -EFAULT;
}

/** The part of `mm/mempolicy.c:queue_pages_test_walk()` that looks for holes before and behind an area. */
function queue_pages_hole(k: Kernel, qp: QueuePages, vma: Vma): boolean {
  const first = qp.first === null;
  qp.first ??= vma;
  if ((qp.flags & MPOL_MF_DISCONTIG_OK) !== 0) return false;
  if (first && qp.start < vma.start) return true;
  const next = next_vma(k, vma);
  return vma.end < qp.end && (next === null || vma.end < next.start);
}

/** The other part: whether the walk looks into the area. */
function queue_pages_test_walk(k: Kernel, { flags }: QueuePages, vma: Vma): boolean {
  if ((flags & (MPOL_MF_STRICT | MOVE)) === 0) return false;
  return (flags & MPOL_MF_STRICT) !== 0 || vma_migratable(k, vma);
}

/** All page tables of the part of an area that is in the range. */
function queue_vma(k: Kernel, qp: QueuePages, vma: Vma): number {
  const end = Math.min(qp.end, vma.end);
  const movable = (qp.flags & MOVE) !== 0 && vma_migratable(k, vma);
  for (let vpn = Math.max(qp.start, vma.start); vpn < end;) {
    const table_end = Math.min(end, (Math.floor(vpn / TABLE) + 1) * TABLE);
    const first = tableEntry(k.s.tables, k.s.mms, vma.mm * MM + M_ROOT, vpn);
    if (first >= 0 && !queue_folios_pte_range(k, qp, first, first + (table_end - vpn), movable)) return -EIO;
    if (first < 0 && k.s.topology.huge && !queue_folios_pmd(k, qp, vpn, movable)) return -EIO;
    vpn = table_end;
  }
  return 0;
}

/**
 * `mm/mempolicy.c:queue_folios_pte_range()`: looks at entries of one page table. Returns false at the first misplaced page
 * when nothing is to be moved.
 */
function queue_folios_pte_range(k: Kernel, qp: QueuePages, first: number, last: number, movable: boolean): boolean {
  const { sections } = qp;
  const shift = PTE_SHIFT + k.s.topology.section_shift;
  for (let entry = first; entry < last; entry++) {
    const pte = k.s.tables[entry];
    if ((pte & PTE_PRESENT) === 0) {
      if (is_migration_entry(pte)) refuse_page(k, qp, migration_entry_to_pfn(k.s, pte), UNDER_MIGRATION);
      continue;
    }
    qp.examined++;
    if (sections[pte >>> shift] === 0 || PageReserved(k.s, pte >>> PTE_SHIFT)) continue;
    const pfn = page_folio(k.s, pte >>> PTE_SHIFT);
    if (met_before(k, qp, pfn)) continue;
    if (!queue_folio(k, qp, pfn, movable) && strictly_unmovable(qp.flags)) return false;
  }
  return true;
}

/** `mm/mempolicy.c:queue_folios_pmd()`: a huge page that is mapped as a whole is one page. Returns as queue_folios_pte_range(). */
function queue_folios_pmd(k: Kernel, qp: QueuePages, vpn: number, movable: boolean): boolean {
  const pmd = pmd_of(k.s, qp.mm, vpn);
  if (pmd === 0 || is_huge_zero_pmd(pmd)) return true;
  const pfn = pmd_pfn(pmd);
  if (!pmd_present(pmd)) {
    refuse_page(k, qp, pfn, UNDER_MIGRATION);
    return !strictly_unmovable(qp.flags);
  }
  qp.examined++;
  if (qp.sections[pfn >>> k.s.topology.section_shift] === 0) return true;
  return queue_folio(k, qp, pfn, movable) || !strictly_unmovable(qp.flags);
}

/** Whether the walk comes from another part of the same huge page, which can be isolated only once. */
function met_before(k: Kernel, qp: QueuePages, pfn: number): boolean {
  if (!folio_test_large(k.s, pfn) || k.traits.huge_pages_met === 'parts') return false;
  const same = qp.large === pfn;
  qp.large = pfn;
  return same;
}

/** Takes a misplaced page, or counts it. Returns whether it was taken or needs no counting. */
function queue_folio(k: Kernel, qp: QueuePages, pfn: number, movable: boolean): boolean {
  if (!movable) return refuse_page(k, qp, pfn, AREA_NOT_MIGRATABLE);
  if (migrate_folio_add(k, qp, pfn)) return true;
  qp.nr_failed++;
  return false;
}

function refuse_page(k: Kernel, qp: QueuePages, pfn: number, reason: number): false {
  k.emit.PageSkipped(pfn, reason);
  qp.nr_failed++;
  return false;
}

/**
 * `include/linux/mm.h:folio_likely_mapped_shared()`, a guess for a huge page: more than one mapping and one of all of it, or more than it has
 * parts, or of its first part. Earlier kernels ask only how often the first part is mapped.
 */
export function folio_mapped_shared(k: Kernel, pfn: number): boolean {
  if (!folio_test_large(k.s, pfn) || k.traits.huge_pages_met === 'parts') return page_mapcount_of_part(k.s, pfn) > 1;
  const mapcount = folio_mapcount(k.s, pfn);
  if (mapcount <= 1) return false;
  return folio_entire_mapcount(k.s, pfn) > 0 || mapcount > HUGE || page_mapcount(k.s, pfn) > 1;
}

/**
 * `mm/mempolicy.c:migrate_folio_add()`: isolates the page. One that others map, too, is passed over without being counted,
 * unless all may be moved. Returns false when it could not be isolated.
 */
function migrate_folio_add(k: Kernel, qp: QueuePages, pfn: number): boolean {
  if ((qp.flags & MPOL_MF_MOVE_ALL) === 0 && folio_mapped_shared(k, pfn)) {
    k.emit.PageSkipped(pfn, SHARED);
    return true;
  }
  if (!folio_isolate_lru(k, pfn)) return false;
  qp.pagelist.push(pfn);
  return true;
}

/** Moves what a walk queued, and puts back what stayed. */
export function* migrate_queued(k: Kernel, pagelist: readonly number[], target: MigrationTarget): Sleeping<Migrated> {
  const moved = pagelist.length === 0 ? { result: 0, left: [] } : yield* migrate_pages(k, pagelist, target);
  putback_lru_pages(k, moved.left);
  k.emit.PagesMigrated(pagelist.length, moved.result < 0 ? moved.left.length : moved.result);
  return moved;
}

/**
 * `mm/mempolicy.c:migrate_to_node()`: moves all pages of an address space that lie on one node to another. The mmap_sem is held
 * only while pages are queued. Up to 6.12 nobody looked whether there is an area (CVE-2024-56611, mended in 6.13).
 * Returns how many stayed, or minus an error number.
 */
export function* migrate_to_node(k: Kernel, mm: number, source: number, dest: number, flags: number): Sleeping<number> {
  yield* down_read(k, mm);
  if (!find_vma(k, mm, 0)) {
    const holds = { mm, mmap_sem: 1, users: 1, isolated: [] } as const;
    if (!k.traits.first_vma_checked) die(k, 'mm/mempolicy.c:migrate_to_node()', 'vma is NULL', holds);
    k.emit.MmapLockReleased(mm, 1);
    return 0;
  }
  const range = { start: 0, end: TASK_SIZE_PAGES };
  const queued = queue_pages_range(k, mm, range, flags | MPOL_MF_DISCONTIG_OK, (nid) => nid === source);
  k.emit.MmapLockReleased(mm, 1);
  const failed = k.traits.isolation_failures_count ? queued.result : 0;
  const moved = yield* migrate_queued(k, queued.pagelist, migration_target(k, dest));
  return moved.result < 0 ? moved.result : moved.result + failed;
}
