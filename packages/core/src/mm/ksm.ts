/**
 * Kernel samepage merging (mm/ksm.c): areas that ask for it, merged pages and where they are mapped, and the way out of them.
 * What ksmd does is in ksm_scan.ts.
 *
 * A merged page belongs to a node of the stable tree, not to an anon_vma. The node knows where ksmd mapped the page, so that
 * reverse mapping finds it there, and in children that were forked since. Nobody ever writes to it: who wants to gets a copy.
 */
import {
  FAULT_MINOR,
  FAULT_OOM,
  ENOMEM,
  VM_HUGETLB,
  VM_IO,
  VM_MAYSHARE,
  VM_MERGEABLE,
  VM_PFNMAP,
  VM_SHARED,
  WRITE,
  type Vma,
} from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { TABLE } from '../state/layout.ts';
import {
  frame_of_pte,
  has_page_table,
  is_migration_entry,
  mapping_of,
  page_index,
  page_stable_node,
  PageAnon,
  PageKsm,
  pte_of,
} from '../state/read.ts';
import { linear_page_index } from './mmap.ts';
import { handle_mm_fault, unshare_fault } from './memory.ts';
import { migration_entry_wait } from './migrate.ts';
import { SWAP_AGAIN, type RmapOne } from './rmap.ts';

const NOT_COMPATIBLE = VM_SHARED | VM_MAYSHARE | VM_PFNMAP | VM_IO | VM_HUGETLB;

/** `mm/ksm.c:vma_ksm_compatible()`: other areas ignore the advice. */
const vma_ksm_compatible = ({ flags }: Vma): boolean => (flags & NOT_COMPATIBLE) === 0;

/** `mm/ksm.c:ksm_madvise()` with MADV_MERGEABLE: the VM_* bit for the area, if it may have it. */
export function ksm_merge_area(k: Kernel, vma: Vma): number {
  if (!vma_ksm_compatible(vma)) return 0;
  if (!k.s.cold.ksm?.mms.includes(vma.mm)) k.emit.KsmEntered({ mm: vma.mm });
  return VM_MERGEABLE;
}

/** `mm/ksm.c:ksm_fork()`: ksmd looks at the child, too. */
export function ksm_fork(k: Kernel, from: number, to: number): void {
  if (k.s.cold.ksm?.mms.includes(from)) k.emit.KsmEntered({ mm: to });
}

/**
 * `mm/ksm.c:unmerge_ksm_pages()`: each mapping of a merged page in [start, end) gets a copy. Returns 0 or -ENOMEM, when some
 * got theirs and others did not.
 */
export function* unmerge_ksm_pages(k: Kernel, vma: Vma, start: number, end: number): Sleeping<number> {
  if (!k.s.cold.ksm) return 0;
  for (let vpn = start; vpn < end; vpn++) {
    if (!has_page_table(k.s, vma.mm, vpn)) vpn += TABLE - 1 - (vpn % TABLE);
    else {
      const error = yield* break_ksm(k, vma, vpn);
      if (error !== 0) return error;
    }
  }
  return 0;
}

/** `mm/ksm.c:break_ksm()`: a mapping of a merged page becomes one of a copy. While the page moves, this waits. */
export function* break_ksm(k: Kernel, vma: Vma, vpn: number): Sleeping<number> {
  for (;;) {
    const pte = pte_of(k.s, vma.mm, vpn);
    const pfn = frame_of_pte(k.s, pte);
    if (pfn < 0 || !PageKsm(k.s, pfn)) return 0;
    if (is_migration_entry(pte)) yield* migration_entry_wait(k, vma.mm, vpn);
    else {
      const unshare = k.traits.ksm_break === 'unshare';
      const result = unshare ? unshare_fault(k, vma, vpn) : yield* handle_mm_fault(k, vma, vpn, WRITE);
      if (result === FAULT_OOM) return -ENOMEM;
      if (result !== FAULT_MINOR) return 0;
    }
  }
}

/**
 * `mm/ksm.c:rmap_walk_ksm()`: the mappings that ksmd made, then those that other address spaces have at the same addresses because
 * they were forked since.
 */
export function rmap_walk_ksm(k: Kernel, pfn: number, rmap_one: RmapOne, arg: number): number {
  const { anon_vmas, ksm, vmas } = k.s.cold;
  const items = ksm?.stable_nodes[page_stable_node(k.s, pfn)]?.items ?? [];
  for (const search_new_forks of [false, true]) {
    for (const { mm, vpn, anon_vma } of items) {
      for (const id of anon_vmas[anon_vma] ?? []) {
        const vma = vmas[id];
        if (vpn < vma.start || vpn >= vma.end || (vma.mm === mm) === search_new_forks) continue;
        const answer = rmap_one(k, pfn, vma, vpn, arg);
        if (answer !== SWAP_AGAIN) return answer;
      }
    }
  }
  return SWAP_AGAIN;
}

/**
 * `mm/ksm.c:ksm_might_need_to_copy()`: whether a page that came back from swap belongs to another address than the one that asks for it.
 * Only merging lets entries of different addresses have one slot.
 */
export function ksm_might_need_to_copy(k: Kernel, pfn: number, vma: Vma, vpn: number): boolean {
  if (!k.s.cold.ksm || PageKsm(k.s, pfn) || !PageAnon(k.s, pfn)) return false;
  return page_index(k.s, pfn) !== linear_page_index(vma, vpn) || mapping_of(k.s, pfn) !== -vma.anon_vma;
}

/** `mm/ksm.c:folio_migrate_ksm()`: the node follows its page to another frame. */
export function folio_migrate_ksm(k: Kernel, fresh: number): void {
  const node = page_stable_node(k.s, fresh);
  const known = k.s.cold.ksm?.stable_nodes[node];
  if (known) k.emit.StableNodeSet({ node, pfn: fresh, content: known.content });
}
