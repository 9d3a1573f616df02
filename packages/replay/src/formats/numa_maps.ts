/**
 * /proc/PID/numa_maps: a line an area, with its policy and where its present pages lie, in the text of 2.6.14 to
 * 2.6.16-rc1 (`MaxRef=`, before commit 1a75a6c825c), in that of 2.6.16-rc1 (`maxref=`), and in that of 2.6.16 (`mapmax=`).
 *
 * Pages in swap are not counted: an eviction makes pages vanish from the line.
 */
import {
  layout,
  policy_of_area,
  read,
  show_numa_map as show_modern,
  type StateView,
  type Traits,
} from '@pagetape/core';
import {
  MPOL_BIND,
  MPOL_DEFAULT,
  MPOL_INTERLEAVE,
  MPOL_PREFERRED,
  PAGE_SIZE,
  VM_HUGETLB,
  ZONE_NAMES,
  type Policy,
  type Vma,
} from '@pagetape/events';

/** What a line counts: `struct numa_maps` of the kernel. */
interface Counts {
  pages: number;
  anon: number;
  mapped: number;
  /** Most mappings that one of the pages has, in all address spaces. */
  mapcount_max: number;
  /** Dirty by their own mark, or by that of the mapping. */
  dirty: number;
  swapcache: number;
  active: number;
  writeback: number;
  /** By node id. */
  readonly node: number[];
}

/**
 * The text for a task. Empty for a kernel thread and for a zombie, which have no address space.
 *
 * An area without a policy shows that of the task whose file is read, and `default` when that has none, either:
 * show_numa_map() asks get_vma_policy() for the task of the file, which falls through like a fault of that task
 * (mm/mempolicy.c of both eras; steps 2 to 4 of its rule). A thread's file may so differ from that of its process.
 * An area of tmpfs shows the policy that its file has for the first page, and `default` when there is none.
 */
export function numa_maps(s: StateView, traits: Traits, pid: number): string {
  const { mm, policy } = s.cold.tasks[pid];
  const vmas = (s.cold.mms[mm]?.vmas ?? []).map((id) => s.cold.vmas[id]);
  const { numa_maps: text, walk_skips_reserved } = traits;
  if (text === 'kernelpagesize') {
    return vmas.map((vma) => `${addressOf(vma)} ${show_modern(s, vma, policy, true)}\n`).join('');
  }
  return vmas.map((vma) => show_numa_map(s, text, countPages(s, vma, walk_skips_reserved), vma, policy)).join('');
}

const addressOf = ({ start }: Vma): string => (start * PAGE_SIZE).toString(16).padStart(8, '0');

function shownPolicy(s: StateView, vma: Vma, ofTask: Policy | null): Policy | null {
  const own = policy_of_area(s, vma, vma.start);
  return read.shmem_mapping(s, vma.file) ? own : (own ?? ofTask);
}

/** `fs/proc/task_mmu.c:show_numa_map()`, and from v2.6.16-rc1 on `mm/mempolicy.c:show_numa_map()`. */
function show_numa_map(s: StateView, text: Older, counts: Counts, vma: Vma, task: Policy | null): string {
  const parts = PARTS[text](s, vma, shownPolicy(s, vma, task), counts);
  if (parts === null) return '';
  const nodes = s.topology.nodes.filter((nid) => counts.node[nid] > 0).map((nid) => `N${nid}=${counts.node[nid]}`);
  return `${[addressOf(vma), ...parts, ...nodes].join(' ')}\n`;
}

/** The texts of 2006. */
type Older = Exclude<Traits['numa_maps'], 'kernelpagesize'>;

/** What stands between the address and the nodes; null: the area has no line. */
type Parts = (s: StateView, vma: Vma, policy: Policy | null, counts: Counts) => string[] | null;

/** `name=n`, where n is not 0. */
const some = (name: string, n: number): string[] => (n > 0 ? [`${name}=${n}`] : []);

const PARTS: Readonly<Record<Older, Parts>> = {
  MaxRef: (s, _vma, policy, { mapcount_max, pages, mapped, anon }) => [
    policyWithZones(s, policy),
    `MaxRef=${mapcount_max} Pages=${pages} Mapped=${mapped}`,
    ...some('Anon', anon),
  ],
  maxref: (_s, _vma, policy, { mapcount_max, pages, mapped, anon }) =>
    pages === 0
      ? null
      : [mpol_to_str(policy), `pages=${pages} mapped=${mapped} maxref=${mapcount_max}`, ...some('anon', anon)],
  mapmax(s, vma, policy, counts) {
    const { pages, anon, dirty, mapcount_max, swapcache, active, writeback } = counts;
    return [
      mpol_to_str(policy),
      ...(vma.file === 0 ? [] : [`file=${mangle_path(s.cold.files[vma.file].name)}`]),
      ...((vma.flags & VM_HUGETLB) === 0 ? [] : ['huge']),
      ...some('anon', anon),
      ...some('dirty', dirty),
      ...(pages !== anon && pages !== dirty ? some('mapped', pages) : []),
      ...(mapcount_max > 1 ? [`mapmax=${mapcount_max}`] : []),
      ...some('swapcache', swapcache),
      ...(active < pages && (vma.flags & VM_HUGETLB) === 0 ? [`active=${active}`] : []),
      ...some('writeback', writeback),
    ];
  },
};

/** `fs/seq_file.c:seq_path()`: a name with what would end it written in octal. Files of a scenario are in the root. */
function mangle_path(name: string): string {
  const octal = (sign: string): string => `\\${sign.charCodeAt(0).toString(8).padStart(3, '0')}`;
  return `${name.startsWith('/') ? '' : '/'}${name.replace(/[\n\t= ]/g, octal)}`;
}

const NOTHING = { pages: 0, anon: 0, mapped: 0, mapcount_max: 0, dirty: 0, swapcache: 0, active: 0, writeback: 0 };

/** Counts the present pages of an area: get_numa_maps(), and gather_stats() of the walker that skips reserved pages. */
function countPages(s: StateView, { mm, start, end }: Vma, skipReserved: boolean): Counts {
  const counts: Counts = { ...NOTHING, node: [] };
  for (const nid of s.topology.nodes) counts.node[nid] = 0;
  for (let vpn = start; vpn < end; vpn++) {
    if (!read.has_page_table(s, mm, vpn)) {
      vpn += layout.TABLE - 1 - (vpn % layout.TABLE);
      continue;
    }
    const pte = read.pte_of(s, mm, vpn);
    if (!read.pte_present(pte)) continue;
    const pfn = read.pte_pfn(pte);
    if (!skipReserved || !read.PageReserved(s, pfn)) countPage(s, counts, pte);
  }
  return counts;
}

function countPage(s: StateView, counts: Counts, pte: number): void {
  const pfn = read.pte_pfn(pte);
  const mapcount = read.page_mapcount(s, pfn);
  counts.pages++;
  if (mapcount > 0) counts.mapped++;
  counts.mapcount_max = Math.max(counts.mapcount_max, mapcount);
  if (read.PageAnon(s, pfn)) counts.anon++;
  if (read.PageDirty(s, pfn) || (pte & layout.PTE_DIRTY) !== 0) counts.dirty++;
  if (read.PageSwapCache(s, pfn)) counts.swapcache++;
  if (read.PageActive(s, pfn)) counts.active++;
  if (read.PageWriteback(s, pfn)) counts.writeback++;
  counts.node[read.page_to_nid(s, pfn)]++;
}

/**
 * A policy in the older text. MPOL_BIND lists the zones of its private zonelist: the policy zone of each node, also
 * where a node has no memory in it. MPOL_PREFERRED without a node is node -1, where the task runs.
 */
function policyWithZones({ topology }: StateView, policy: Policy | null): string {
  const { mode, nodes } = policy ?? { mode: MPOL_DEFAULT, nodes: [] };
  if (mode === MPOL_PREFERRED) return `prefer=${nodes[0] ?? -1}`;
  if (mode === MPOL_BIND) return `bind={${nodes.map((nid) => `${nid}/${ZONE_NAMES[topology.policy_zone]}`).join(',')}}`;
  if (mode === MPOL_INTERLEAVE) return `interleave={${nodes.join(',')}}`;
  return 'default';
}

/** Names of the policies, by mode. */
const POLICY_TYPES = ['default', 'prefer', 'bind', 'interleave'] as const;

/**
 * `mm/mempolicy.c:mpol_to_str()`: a policy in the newer text, a name and the nodes if there are any. For
 * MPOL_PREFERRED without a node the kernel sets bit -1, which lies before the mask: no node is printed.
 */
function mpol_to_str(policy: Policy | null): string {
  const { mode, nodes } = policy ?? { mode: MPOL_DEFAULT, nodes: [] };
  return nodes.length === 0 ? POLICY_TYPES[mode] : `${POLICY_TYPES[mode]}=${nodelist(nodes)}`;
}

/** `lib/bitmap.c:bitmap_scnlistprintf()`: ascending node ids, neighbours as a range: `0-2,5`. */
function nodelist(nodes: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const nid of nodes) {
    const range = ranges.at(-1);
    if (range && range[1] === nid - 1) range[1] = nid;
    else ranges.push([nid, nid]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
