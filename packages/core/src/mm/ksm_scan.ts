/**
 * What ksmd does (mm/ksm.c): it goes through the areas that may be merged, address space by address space, and lets equal pages
 * become one.
 *
 * Contents are not kept here. Whoever touches a page writes the same byte at its start, so all private memory that was written to is
 * equal; so is all that was brought in (MAP_POPULATE, mlock, MADV_POPULATE_WRITE) and not written to since. A private copy of a page of a file is equal only to others of the same page, unless
 * that is a hole in tmpfs.
 */
import { HOLDER_FAULT, VM_MERGEABLE, type Vma } from '@pagetape/events';
import type { Kernel, Sleeping } from '../kernel.ts';
import { folio_test_large, is_zeroed_part, page_folio, pmd_of } from '../state/huge.ts';
import type { Ksm } from '../state/cold.ts';
import { PTE_DIRTY, PTE_WRITE, TABLE } from '../state/layout.ts';
import {
  frame_of_pte,
  has_page_table,
  page_count,
  page_mapcount,
  page_mapped,
  page_stable_node,
  PageAnon,
  PageAnonExclusive,
  PageCleared,
  PageDirty,
  PageKsm,
  PageSwapCache,
  pte_is_swap,
  pte_of,
  pte_pfn,
  pte_present,
  pte_slot,
} from '../state/read.ts';
import { trylock_page, unlock_page } from './filemap.ts';
import { try_split_folio_in_place } from './huge_memory.ts';
import { break_ksm } from './ksm.ts';
import { find_vma, linear_page_index, vmas_of } from './mmap.ts';
import { mlock_vma_folio, munlock_vma_folio } from './mlock_batch.ts';
import { put_page } from './page_alloc.ts';
import { shmem_holds_zeroes } from './shmem.ts';
import { mark_page_accessed, schedule_lru_drain_on_each_cpu } from './swap.ts';
import { folio_free_swap } from './swapfile.ts';

/** Mappings of one merged page at most: ksm_max_page_sharing. More equal pages get a second one. */
const MAX_PAGE_SHARING = 256;

/** Where a page is mapped. */
interface Place {
  readonly vma: Vma;
  readonly vpn: number;
}

/** A pass over all that may be merged. */
interface Pass {
  /** The unstable tree: for each content a page, which the next equal page is merged with. */
  readonly unstable: Map<string, Place>;
  /** Mappings that ksmd did not know before, and huge pages that it split. */
  appended: number;
}

/** How many merged pages there are, and how many mappings share them beyond the first. */
export interface KsmCounts {
  readonly shared: number;
  readonly sharing: number;
}

const ksmOf = (k: Kernel): Ksm => k.s.cold.ksm ?? { mms: [], stable_nodes: {}, next_node: 1 };

/** `mm/ksm.c:ksm_scan_thread()`: passes, until one finds nothing more to merge. */
export function* ksm_scan_thread(k: Kernel): Sleeping<KsmCounts> {
  let appended: number;
  do {
    remove_stale(k);
    appended = yield* ksm_do_scan(k);
  } while (appended > 0);
  const used = Object.values(ksmOf(k).stable_nodes).filter(({ items }) => items.length > 0);
  return { shared: used.length, sharing: used.reduce((sum, { items }) => sum + items.length - 1, 0) };
}

/** What ksmd forgets on its way: nodes without their page, and mappings that are there no more. */
function remove_stale(k: Kernel): void {
  for (const [key, { pfn, items }] of Object.entries(ksmOf(k).stable_nodes)) {
    const node = Number(key);
    if (page_stable_node(k.s, pfn) !== node) k.emit.StableNodeRemoved({ node });
    else for (const { mm, vpn } of items) if (!has_page(k, mm, vpn, pfn)) k.emit.RmapItemRemoved({ node, mm, vpn });
  }
}

/** Whether the page is mapped there, or would be found in the swap cache. */
function has_page(k: Kernel, mm: number, vpn: number, pfn: number): boolean {
  const pte = k.s.cold.mms[mm] ? pte_of(k.s, mm, vpn) : 0;
  return pte_is_swap(pte) ? k.s.swap_cache[pte_slot(pte)] === pfn + 1 : frame_of_pte(k.s, pte) === pfn;
}

/** `mm/ksm.c:scan_get_next_rmap_item()` and ksm_do_scan(): one pass. Pages in batches have a reference too many, so they leave them. */
function* ksm_do_scan(k: Kernel): Sleeping<number> {
  const pass: Pass = { unstable: new Map(), appended: 0 };
  if (ksmOf(k).mms.length > 0) schedule_lru_drain_on_each_cpu(k);
  for (const mm of ksmOf(k).mms) {
    const areas = vmas_of(k, mm).filter(({ flags }) => (flags & VM_MERGEABLE) !== 0);
    if (areas.length === 0) k.emit.KsmLeft({ mm });
    for (const vma of areas) if (vma.anon_vma !== 0) yield* scan_area(k, pass, vma);
  }
  return pass.appended;
}

function* scan_area(k: Kernel, pass: Pass, vma: Vma): Sleeping<void> {
  for (let vpn = vma.start; vpn < vma.end; vpn++) {
    const mapped = has_page_table(k.s, vma.mm, vpn) || (k.s.topology.huge && pmd_of(k.s, vma.mm, vpn) !== 0);
    if (!mapped) vpn += TABLE - 1 - (vpn % TABLE);
    else {
      const pfn = mergeable_page(k, { vma, vpn });
      if (pfn < 0) continue;
      yield* cmp_and_merge_page(k, pass, { vma, vpn }, pfn);
    }
  }
}

/** `mm/ksm.c:get_mergeable_page()`: the anonymous page that is mapped there; -1: none. */
function mergeable_page(k: Kernel, { vma, vpn }: Place): number {
  const pte = pte_of(k.s, vma.mm, vpn);
  return pte_present(pte) && PageAnon(k.s, pte_pfn(pte)) ? pte_pfn(pte) : -1;
}

/**
 * `mm/ksm.c:cmp_and_merge_page()`: the page is merged with one that is merged already; else with an equal page that the pass met
 * before, and then it is this one that both become.
 */
function* cmp_and_merge_page(k: Kernel, pass: Pass, at: Place, pfn: number): Sleeping<void> {
  const known = page_stable_node(k.s, pfn);
  if (known !== 0) {
    if (!is_known(k, known, at)) stable_tree_append(k, pass, known, at);
    return;
  }
  const content = content_of(k, at, pfn);
  const node = stable_tree_search(k, content);
  if (node !== 0) {
    if (!split_first(k, pass, at, pfn)) return;
    if (try_to_merge_one_page(k, at, pfn, ksmOf(k).stable_nodes[node].pfn)) stable_tree_append(k, pass, node, at);
    return;
  }
  const other = pass.unstable.get(content);
  const other_pfn = other ? mergeable_page(k, other) : -1;
  if (!other || other_pfn < 0) pass.unstable.set(content, at);
  else if (other_pfn !== pfn) yield* merge_two_pages(k, pass, content, at, pfn, other, other_pfn);
}

/** A word for what the page holds: equal words, equal pages. */
function content_of(k: Kernel, { vma, vpn }: Place, pfn: number): string {
  const index = linear_page_index(vma, vpn);
  if (vma.file !== 0 && !shmem_holds_zeroes(k, vma.file, index)) return `page ${index} of file ${vma.file}`;
  return PageCleared(k.s, pfn) || is_zeroed_part(k.s, pfn) ? 'zeroes' : 'written';
}

/**
 * The part of `mm/ksm.c:try_to_merge_one_page()` for a part of a huge page: that is split. Returns whether the page is a small one, and
 * still there; where a split gives the zero page to parts that hold zeroes, it may not be.
 */
function split_first(k: Kernel, pass: Pass, at: Place, pfn: number): boolean {
  if (!folio_test_large(k.s, pfn)) return true;
  if (!try_split_folio_in_place(k, pfn)) return false;
  pass.appended++;
  return mergeable_page(k, at) === pfn;
}

/** Two equal parts of one huge page are not merged, as whoever compares them refers to it twice: it is only split. */
const same_folio = (k: Kernel, a: number, b: number): boolean =>
  folio_test_large(k.s, a) && page_folio(k.s, a) === page_folio(k.s, b);

/** Whether the node knows the mapping: else it is that of a child, made by fork. */
function is_known(k: Kernel, node: number, { vma, vpn }: Place): boolean {
  const items = ksmOf(k).stable_nodes[node]?.items;
  return !items || items.some((item) => item.mm === vma.mm && item.vpn === vpn);
}

/** `mm/ksm.c:stable_tree_search()`: of the merged pages with this content, the one with most mappings that may have more; 0: none. */
function stable_tree_search(k: Kernel, content: string): number {
  let best = 0;
  let most = 0;
  for (const [node, { content: its, items }] of Object.entries(ksmOf(k).stable_nodes)) {
    if (its !== content || items.length <= most || items.length >= MAX_PAGE_SHARING) continue;
    best = Number(node);
    most = items.length;
  }
  return best;
}

function stable_tree_append(k: Kernel, pass: Pass, node: number, { vma, vpn }: Place): void {
  k.emit.RmapItemAppended({ node, mm: vma.mm, vpn, anon_vma: find_vma(k, vma.mm, vpn)!.anon_vma });
  pass.appended++;
}

/**
 * `mm/ksm.c:try_to_merge_two_pages()`, and the stable tree for what comes of it. If the other page cannot be merged, this one
 * is taken out of the merged page again, by a copy.
 */
function* merge_two_pages(
  k: Kernel,
  pass: Pass,
  content: string,
  at: Place,
  pfn: number,
  other: Place,
  other_pfn: number,
): Sleeping<void> {
  const node = ksmOf(k).next_node;
  if (same_folio(k, pfn, other_pfn)) return void split_first(k, pass, at, pfn);
  if (!split_first(k, pass, at, pfn)) return;
  if (!become_ksm_page(k, at, pfn, node)) return;
  const merged = split_first(k, pass, other, other_pfn) && try_to_merge_one_page(k, other, other_pfn, pfn);
  if (!merged) return void (yield* break_ksm(k, at.vma, at.vpn));
  pass.unstable.delete(content);
  k.emit.StableNodeSet({ node, pfn, content });
  stable_tree_append(k, pass, node, other);
  stable_tree_append(k, pass, node, at);
}

/** `mm/ksm.c:try_to_merge_one_page()` without a merged page at hand: the page becomes one. Reclaim must keep what it holds. */
function become_ksm_page(k: Kernel, at: Place, pfn: number, node: number): boolean {
  if (!trylock_page(k, pfn)) return false;
  const done = write_protect_page(k, at, pfn);
  if (done) {
    k.emit.PageBecameKsm(pfn, node);
    mark_page_accessed(k, pfn);
    if (!PageDirty(k.s, pfn)) k.emit.PageDirtied(pfn, 0);
  }
  unlock_page(k, pfn);
  return done;
}

/** `mm/ksm.c:try_to_merge_one_page()` and replace_page(): the merged page takes the place of an equal one. */
function try_to_merge_one_page(k: Kernel, at: Place, pfn: number, kpage: number): boolean {
  if (PageKsm(k.s, pfn) || !trylock_page(k, pfn)) return false;
  const done = write_protect_page(k, at, pfn);
  if (done) {
    k.emit.KsmPageMapped(kpage, at.vma.mm, at.vpn, pfn);
    mlock_vma_folio(k, kpage, at.vma);
    munlock_vma_folio(k, pfn, at.vma);
    if (!page_mapped(k.s, pfn)) folio_free_swap(k, pfn);
  }
  unlock_page(k, pfn);
  if (done) put_page(k, pfn, HOLDER_FAULT);
  return done;
}

/**
 * `mm/ksm.c:write_protect_page()` of a locked page: its mapping cannot be written through any more. False when somebody refers to
 * the page besides its mappings and the swap cache: he may write to it.
 */
function write_protect_page(k: Kernel, { vma, vpn }: Place, pfn: number): boolean {
  if (page_count(k.s, pfn) !== page_mapcount(k.s, pfn) + (PageSwapCache(k.s, pfn) ? 1 : 0)) return false;
  const pte = pte_of(k.s, vma.mm, vpn);
  if ((pte & (PTE_WRITE | PTE_DIRTY)) === 0 && !PageAnonExclusive(k.s, pfn)) return true;
  if ((pte & PTE_DIRTY) !== 0 && !PageDirty(k.s, pfn)) k.emit.PageDirtied(pfn, 1);
  k.emit.KsmPteProtected(pfn, vma.mm, vpn);
  return true;
}
