/** Areas whose driver migrates them: vm_ops->migrate() and who calls it (mm/migrate.c of 2.6.18). */
import { MPOL_MF_MOVE_ALL, type Vma } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { die } from '../kernel/panic.ts';
import { bitmap_bitremap } from '../lib/bitmap.ts';
import { page_mapcount, page_to_nid, pte_of, pte_pfn, pte_present } from '../state/read.ts';
import { alloc_pages_node } from './mempolicy.ts';
import { migrate_pages } from './migrate_direct.ts';
import { vmas_of } from './mmap.ts';
import { schedule_lru_drain_on_each_cpu } from './swap.ts';
import { isolate_lru_page } from './vmscan.ts';

/** From which nodes pages go, and to which. */
interface Request {
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** MPOL_MF_MOVE or MPOL_MF_MOVE_ALL. */
  readonly flags: number;
}

/** Where a page goes that lies on the node; the node itself when it stays. */
const dest_of = (nid: number, { from, to }: Request): number => bitmap_bitremap(nid, from, to);

/** Isolates the pages of an area that are to go. */
function isolate_pages(k: Kernel, vma: Vma, request: Request): number[] {
  const list: number[] = [];
  schedule_lru_drain_on_each_cpu(k);
  for (let vpn = vma.start; vpn < vma.end; vpn++) {
    const pte = pte_of(k.s, vma.mm, vpn);
    if (!pte_present(pte)) continue;
    const pfn = pte_pfn(pte);
    const nid = page_to_nid(k.s, pfn);
    if (dest_of(nid, request) === nid) continue;
    if ((request.flags & MPOL_MF_MOVE_ALL) === 0 && page_mapcount(k.s, pfn) > 1) continue;
    if (isolate_lru_page(k, pfn) === 1) list.push(pfn);
  }
  return list;
}

/** A driver that moves the pages of its area by itself, with what the kernel exports to it. */
function* move_pages_of_area(k: Kernel, vma: Vma, request: Request): Sleeping<void> {
  const list = isolate_pages(k, vma, request);
  if (list.length === 0) return;
  const dest = (pfn: number): number => dest_of(page_to_nid(k.s, pfn), request);
  yield* migrate_pages(k, list, { alloc: (pfn) => alloc_pages_node(k, dest(pfn)), dest });
}

/** Calls vm_ops->migrate() of an area. The mmap_sem is held shared. */
function* call_migrate(k: Kernel, vma: Vma, request: Request): Sleeping<number> {
  const { answer, moves } = vma.migrate!;
  if (moves) yield* move_pages_of_area(k, vma, request);
  k.emit.VmaMigrateCalled(vma.mm, vma.start, vma.end, answer);
  return answer;
}

/**
 * `mm/migrate.c:migrate_vmas()`: lets drivers migrate their areas. The first answer that is not 0 ends it. Up to 2.6.29
 * (1001c9fb872) the loop ends at the last area, instead of behind it, and begins without a look whether there is one.
 */
export function* migrate_vmas(
  k: Kernel,
  mm: number,
  from: readonly number[],
  to: readonly number[],
  flags: number,
): Sleeping<number> {
  const vmas = vmas_of(k, mm);
  const skips_last = k.traits.migrate_vmas === 'all-but-last';
  if (vmas.length === 0 && skips_last) {
    die(k, 'mm/migrate.c:migrate_vmas()', 'mm->mmap is NULL', { mm, mmap_sem: 1, users: 1, isolated: [] });
  }
  for (const vma of skips_last ? vmas.slice(0, -1) : vmas) {
    const answer: number = vma.migrate ? yield* call_migrate(k, vma, { from, to, flags }) : 0;
    if (answer !== 0) return answer;
  }
  const last = vmas.at(-1);
  if (skips_last && last?.migrate) k.emit.VmaMigrateNotOffered(mm, last.start, last.end);
  return 0;
}
