/**
 * What /proc tells about the memory of a task: numa_maps and pagemap in the text of kernels 6.x (fs/proc/task_mmu.c).
 * Pure functions: asking changes nothing.
 */
import { MPOL_DEFAULT, MPOL_PREFERRED, VM_HUGETLB, type Policy, type Vma } from '@pagetape/events';
import { PTE_DIRTY, TABLE, ZERO_PFN } from '../../state/layout.ts';
import {
  page_to_nid,
  PageActive,
  PageAnon,
  PageDirty,
  PageSwapCache,
  PageUnevictable,
  PageWriteback,
  hwpoison_entry_to_pfn,
  is_hwpoison_entry,
  is_zero_pte,
  mapping_of,
  pte_is_swap,
  pte_of,
  pte_pfn,
  pte_present,
  has_page_table,
} from '../../state/read.ts';
import { page_folio, page_mapcount_of_part, pmd_of } from '../../state/huge.ts';
import { policy_of_area } from '../../state/shared_policy.ts';
import type { StateView } from '../../state/view.ts';
import { bitmap_scnlistprintf } from '../../lib/bitmap.ts';

/** What a line counts: `struct numa_maps`. Pages in swap and the shared zero page are not counted. */
export interface NumaMaps {
  pages: number;
  anon: number;
  dirty: number;
  active: number;
  writeback: number;
  swapcache: number;
  /** Most mappings that one of the pages has, in all address spaces. */
  mapcount_max: number;
  /** By node id. */
  readonly node: number[];
}

/** `fs/proc/task_mmu.c:gather_pte_stats()` over an area. */
function gather_pte_stats(s: StateView, { mm, start, end, flags }: Vma): NumaMaps {
  const step = (flags & VM_HUGETLB) === 0 ? 1 : TABLE;
  const md: NumaMaps = {
    pages: 0,
    anon: 0,
    dirty: 0,
    active: 0,
    writeback: 0,
    swapcache: 0,
    mapcount_max: 0,
    node: [],
  };
  for (let vpn = start; vpn < end; vpn += step) {
    if (step === 1 && !has_page_table(s, mm, vpn) && pte_of(s, mm, vpn) === 0) vpn += TABLE - 1 - (vpn % TABLE);
    else {
      const pte = pte_of(s, mm, vpn);
      if (pte_present(pte) && pte_pfn(pte) !== ZERO_PFN) gather_stats(s, md, pte);
    }
  }
  return md;
}

/** `fs/proc/task_mmu.c:gather_stats()` */
function gather_stats(s: StateView, md: NumaMaps, pte: number): void {
  const page = pte_pfn(pte);
  const pfn = page_folio(s, page);
  const nid = page_to_nid(s, pfn);
  md.pages++;
  if (PageAnon(s, pfn)) md.anon++;
  if ((pte & PTE_DIRTY) !== 0 || PageDirty(s, pfn)) md.dirty++;
  if (PageActive(s, pfn) || PageUnevictable(s, pfn)) md.active++;
  if (PageWriteback(s, pfn)) md.writeback++;
  if (PageSwapCache(s, pfn)) md.swapcache++;
  md.mapcount_max = Math.max(md.mapcount_max, page_mapcount_of_part(s, page));
  md.node[nid] = (md.node[nid] ?? 0) + 1;
}

/**
 * `fs/proc/task_mmu.c:show_numa_map()` without the address: the policy, the file, the counts. `whole`: with `active` and the
 * size of the pages, as the file has it; recordings leave them out.
 */
export function show_numa_map(s: StateView, vma: Vma, task_policy: Policy | null, whole: boolean): string {
  const md = gather_pte_stats(s, vma);
  const huge = (vma.flags & VM_HUGETLB) !== 0;
  const words = [
    mpol_to_str(policy_of_area(s, vma, vma.start) ?? task_policy),
    ...(vma.file === 0 ? [] : [`file=${file_path(s, vma.file)}`]),
    ...(huge ? ['file=/anon_hugepage\\040(deleted)', 'huge'] : []),
  ];
  if (md.pages === 0) return words.join(' ');
  const tell = (name: string, pages: number, when = pages > 0): void => {
    if (when) words.push(`${name}=${pages}`);
  };
  tell('anon', md.anon);
  tell('dirty', md.dirty);
  tell('mapped', md.pages, md.pages !== md.anon && md.pages !== md.dirty);
  tell('mapmax', md.mapcount_max, md.mapcount_max > 1);
  tell('swapcache', md.swapcache);
  tell('active', md.active, whole && md.active < md.pages && !huge);
  tell('writeback', md.writeback);
  for (const nid of s.topology.nodes) tell(`N${nid}`, md.node[nid] ?? 0);
  tell('kernelpagesize_kB', huge ? 2048 : 4, whole || huge);
  return words.join(' ');
}

/** Blanks and the like are escaped, so that a path is one word. */
function file_path({ cold }: StateView, file: number): string {
  const octal = (sign: string): string => `\\${sign.charCodeAt(0).toString(8).padStart(3, '0')}`;
  const { name, unlinked } = cold.files[file];
  return (unlinked ? `/${name}` : name).replace(/[\n\t \\=]/g, octal);
}

const POLICY_MODES = ['default', 'prefer', 'bind', 'interleave', 'local', 'prefer (many)', 'weighted interleave'];

/** Flags of a mode that the text names. */
const MODE_FLAGS = [
  [1 << 15, 'static'],
  [1 << 14, 'relative'],
  [1 << 13, 'balancing'],
] as const;

/**
 * `mm/mempolicy.c:mpol_to_str()`: the mode, `=` and its flags, `:` and its nodes. MPOL_PREFERRED without a node is
 * MPOL_LOCAL.
 */
function mpol_to_str(policy: (Policy & { readonly flags?: number }) | null): string {
  const { mode, nodes, flags = 0 } = policy ?? { mode: MPOL_DEFAULT, nodes: [] };
  const named = MODE_FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  const name = mode === MPOL_PREFERRED && nodes.length === 0 ? 'local' : POLICY_MODES[mode];
  const told = `${name}${named.length > 0 ? `=${named.join('|')}` : ''}`;
  return nodes.length > 0 ? `${told}:${bitmap_scnlistprintf(nodes)}` : told;
}

/**
 * `fs/proc/task_mmu.c:pagemap_pmd_range()` for one page: `P` present, `S` in swap or `-`; then `f`, a page of a file or of
 * shared memory, and `x`, mapped once only.
 */
export function pagemap_entry(s: StateView, mm: number, vpn: number): string {
  const pte = pte_of(s, mm, vpn);
  if (is_zero_pte(pte)) return pmd_of(s, mm, vpn) === 0 ? 'P' : 'Pf';
  if (is_hwpoison_entry(pte)) return mapping_of(s, hwpoison_entry_to_pfn(pte)) > 0 ? 'Sf' : 'S';
  if (!pte_present(pte)) return pte_is_swap(pte) ? 'S' : '-';
  const pfn = pte_pfn(pte);
  if (pfn === ZERO_PFN) return 'P';
  return `P${PageAnon(s, pfn) ? '' : 'f'}${page_mapcount_of_part(s, pfn) === 1 ? 'x' : ''}`;
}
