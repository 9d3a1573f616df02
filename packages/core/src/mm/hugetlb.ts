/**
 * Huge pages of the hugetlb pools (mm/hugetlb.c of 6.x), for private memory: areas of MAP_HUGETLB are promised their pages when they
 * are mapped, and a fault takes one out of the pool of a node. Pools do not grow while the machine runs (nr_overcommit_hugepages
 * is 0).
 */
import {
  EINVAL,
  ENOMEM,
  FAULT_MINOR,
  FAULT_SIGBUS,
  HOLDER_FAULT,
  MPOL_BIND,
  MPOL_PREFERRED_MANY,
  VM_HUGETLB,
  VM_NORESERVE,
  VM_RESV_UNMAPPED,
  VM_WRITE,
  WRITE,
  type Policy,
  type Vma,
} from '@pagetape/events';
import { current, type Kernel } from '../kernel.ts';
import { folio_mapcount, is_pmd_migration_entry, pmd_of, pmd_pfn, pmd_present } from '../state/huge.ts';
import { HUGE, HUGETLB, HUGETLB_RESERVED, H_FREE, H_HEAD, PTE_WRITE } from '../state/layout.ts';
import { page_count, PageAnonExclusive } from '../state/read.ts';
import { policy_of_area, type PolicyArea } from '../state/shared_policy.ts';
import { get_task_policy, huge_interleave_index, preferred_nid } from './mempolicy_alloc.ts';
import { NEEDS_TO_SLEEP } from './memory.ts';
import { linear_page_index } from './mmap.ts';
import { __folio_alloc_huge, find_free_block, put_page, type Nodemask } from './page_alloc.ts';
import { anon_vma_prepare, places_of_folio } from './rmap.ts';
import { node_zonelist } from './zonelist.ts';

export const is_vm_hugetlb_page = ({ flags }: Vma): boolean => (flags & VM_HUGETLB) !== 0;

const free_of_node = ({ s }: Kernel, nid: number): number => s.hugetlb[nid * HUGETLB + H_FREE] ?? 0;
const free_huge_pages = (k: Kernel): number => k.s.topology.nodes.reduce((sum, nid) => sum + free_of_node(k, nid), 0);

/** `mm/hugetlb.c:available_huge_pages()`: pages that are promised to nobody. */
const available_huge_pages = (k: Kernel): number => free_huge_pages(k) - k.s.scalars[HUGETLB_RESERVED];

/** `mm/hugetlb.c:hugetlb_hstate_alloc_pages()`: fills the pool of each node, as far as its memory goes. */
export function hugetlb_init(k: Kernel): void {
  const { spec, zones } = k.s.topology;
  for (const [i, pages] of (spec.hugepages ?? []).entries()) {
    const nid = spec.nodes[i].id;
    const of_node = zones.flatMap(({ node }, zone) => (node === nid ? [zone] : []));
    for (let n = 0; n < pages; n++) {
      const pfn = of_node.map((zone) => find_free_block(k, zone)).find((each) => each >= 0);
      if (pfn === undefined) break;
      k.emit.HugePageAllocated(pfn, nid, nid, 0);
      k.emit.HugetlbPagePooled(pfn);
    }
  }
}

// --- mappings -----------------------------------------------------------------------------------------------------------

/** `mm/hugetlb.c:allowed_mems_nr()`: free pages that the running task could get now. */
function allowed_mems_nr(k: Kernel): number {
  const { mems_allowed, policy } = current(k);
  const bound = policy?.mode === MPOL_BIND ? policy.nodes : null;
  const allowed = mems_allowed.filter((nid) => bound === null || bound.includes(nid));
  return allowed.reduce((sum, nid) => sum + free_of_node(k, nid), 0);
}

/** `mm/hugetlb.c:hugetlb_reserve_pages()` of a new area. Returns 0 or minus an error number. */
export function hugetlb_reserve_pages(k: Kernel, start: number, pages: number): number {
  if (start % HUGE !== 0) return -EINVAL;
  const wanted = pages / HUGE;
  if (wanted > available_huge_pages(k) || wanted > allowed_mems_nr(k)) return -ENOMEM;
  k.emit.HugetlbPagesReserved(wanted);
  return 0;
}

const is_owner = ({ flags }: Vma): boolean => (flags & VM_NORESERVE) === 0;

/** `mm/hugetlb.c:hugetlb_vm_op_close()`: an area goes, and with it what it was promised. */
export function hugetlb_vm_op_close(k: Kernel, vma: Vma): void {
  if (is_vm_hugetlb_page(vma) && is_owner(vma)) k.emit.HugetlbPagesReserved(-((vma.end - vma.start) / HUGE));
}

/** `mm/hugetlb.c:clear_vma_resv_huge_pages()`: what was promised to an area is promised to the one that takes its place. */
export function hugetlb_take_reserve(k: Kernel, vma: Vma, pages: number): void {
  if (is_vm_hugetlb_page(vma) && is_owner(vma)) k.emit.HugetlbPagesReserved(pages / HUGE);
}

/** A page of the owner is unmapped: it is promised again, until the area goes, too. */
export function restore_reserve(k: Kernel, vma: Vma): void {
  if (is_owner(vma)) k.emit.HugetlbPagesReserved(1);
}

// --- pages --------------------------------------------------------------------------------------------------------------

/** `mm/hugetlb.c:dequeue_hugetlb_folio_nodemask()`: a page from the first node of the list that has one; -1: none has. */
function dequeue_hugetlb_folio_nodemask(k: Kernel, nid: number, nodemask: Nodemask): number {
  const { mems_allowed } = current(k);
  for (const zone of node_zonelist(k, nid)) {
    const { node } = k.s.topology.zones[zone];
    const allowed = mems_allowed.includes(node) && (nodemask === null || nodemask.includes(node));
    if (!allowed || free_of_node(k, node) === 0) continue;
    const pfn = k.s.hugetlb[node * HUGETLB + H_HEAD] - 1;
    k.emit.HugetlbPageTaken(pfn);
    return pfn;
  }
  return -1;
}

/** `mm/hugetlb.c:dequeue_hugetlb_folio_vma()` by a policy. */
function dequeue_by_policy(k: Kernel, policy: Policy, ilx: number): number {
  const nid = preferred_nid(k, policy, ilx);
  const { mode, nodes } = policy;
  if (mode === MPOL_PREFERRED_MANY) {
    const pfn = dequeue_hugetlb_folio_nodemask(k, nid, nodes);
    return pfn >= 0 ? pfn : dequeue_hugetlb_folio_nodemask(k, nid, null);
  }
  return dequeue_hugetlb_folio_nodemask(k, nid, mode === MPOL_BIND ? nodes : null);
}

/**
 * `mm/hugetlb.c:alloc_hugetlb_folio()`: who was promised no page, or had it already (`avoid_reserve`), gets one only if there are more
 * than promised.
 */
function alloc_hugetlb_folio(k: Kernel, vma: Vma, first: number, avoid_reserve = false): number {
  const promised = is_owner(vma) && !avoid_reserve;
  if (!promised && available_huge_pages(k) <= 0) return -1;
  const area: PolicyArea = vma;
  const policy = policy_of_area(k.s, area, first) ?? get_task_policy(k);
  const pfn = dequeue_by_policy(k, policy, huge_interleave_index(area, first));
  if (pfn >= 0 && promised) k.emit.HugetlbPagesReserved(-1);
  return pfn;
}

/** A page for one that is moved, and whether it came from the page allocator, as the pool had none to spare. */
export interface HugetlbTarget {
  readonly pfn: number;
  readonly temporary: boolean;
}

const NONE: HugetlbTarget = { pfn: -1, temporary: false };

/** A huge page from the page allocator, which belongs to the pool of its node from now on: alloc_migrate_hugetlb_folio(). */
function alloc_migrate_hugetlb_folio(k: Kernel, nid: number, nodemask: Nodemask): HugetlbTarget {
  const pfn = __folio_alloc_huge(k, nid, nodemask, false);
  if (pfn < 0) return NONE;
  k.emit.HugetlbPagePooled(pfn);
  k.emit.HugetlbPageTaken(pfn);
  return { pfn, temporary: true };
}

/** `mm/hugetlb.c:alloc_hugetlb_folio_nodemask()` */
export function alloc_hugetlb_folio_nodemask(k: Kernel, nid: number, nodemask: Nodemask): HugetlbTarget {
  const pfn = available_huge_pages(k) > 0 ? dequeue_hugetlb_folio_nodemask(k, nid, nodemask) : -1;
  return pfn >= 0 ? { pfn, temporary: false } : alloc_migrate_hugetlb_folio(k, nid, nodemask);
}

/** The same as `mm/mempolicy.c:alloc_migration_target_by_mpol()` asks for it. Pools are not filled up on other nodes then. */
export function alloc_hugetlb_by_policy(k: Kernel, policy: Policy, ilx: number): HugetlbTarget {
  const nid = preferred_nid(k, policy, ilx);
  return alloc_hugetlb_folio_nodemask(k, nid, policy.mode === MPOL_BIND ? policy.nodes : null);
}

// --- faults -------------------------------------------------------------------------------------------------------------

/** `mm/hugetlb.c:hugetlb_fault()`. Returns FAULT_*, or NEEDS_TO_SLEEP for a page that is being moved. */
export function hugetlb_fault(k: Kernel, vma: Vma, vpn: number, access: number): number {
  const pmd = pmd_of(k.s, vma.mm, vpn);
  if (pmd === 0) return hugetlb_no_page(k, vma, vpn, access);
  if (is_pmd_migration_entry(pmd)) return NEEDS_TO_SLEEP;
  if (access === WRITE && (pmd & PTE_WRITE) === 0) return hugetlb_wp(k, vma, vpn, pmd_pfn(pmd));
  k.emit.PmdAccessed(vma.mm, vpn, access);
  return FAULT_MINOR;
}

/**
 * `mm/hugetlb.c:hugetlb_no_page()`: a read, too, gets a page; it is mapped read-only. Who lost a page to the owner of the memory
 * must not find zeroes instead.
 */
function hugetlb_no_page(k: Kernel, vma: Vma, vpn: number, access: number): number {
  if ((vma.flags & VM_RESV_UNMAPPED) !== 0) return FAULT_SIGBUS;
  const first = vpn & ~(HUGE - 1);
  const anon_vma = anon_vma_prepare(k, vma);
  const pfn = alloc_hugetlb_folio(k, vma, first);
  if (pfn < 0) return FAULT_SIGBUS;
  const writable = access === WRITE && (vma.flags & VM_WRITE) !== 0 ? 1 : 0;
  k.emit.HugePageMapped(pfn, vma.mm, first, writable, anon_vma, linear_page_index(vma, first));
  return FAULT_MINOR;
}

/**
 * `mm/hugetlb.c:hugetlb_wp()`: the sole user of a page may write to it, others get a copy. If there is none for the owner of the memory
 * his children lose the page.
 */
function hugetlb_wp(k: Kernel, vma: Vma, vpn: number, pfn: number): number {
  if (!PageAnonExclusive(k.s, pfn) && folio_mapcount(k.s, pfn) !== 1) {
    const first = vpn & ~(HUGE - 1);
    const copy = alloc_hugetlb_folio(k, vma, first, is_owner(vma));
    if (copy >= 0) return map_copy(k, vma, first, pfn, copy);
    if (!is_owner(vma)) return FAULT_SIGBUS;
    unmap_ref_private(k, vma, first, pfn);
  }
  k.emit.PmdMadeWritable(vma.mm, vpn);
  return FAULT_MINOR;
}

/** The end of hugetlb_wp(): the copy takes the place of the page in this address space. */
function map_copy(k: Kernel, vma: Vma, first: number, pfn: number, copy: number): number {
  const anon_vma = anon_vma_prepare(k, vma);
  k.emit.PmdZapped(pfn, vma.mm, first);
  k.emit.HugePageMapped(copy, vma.mm, first, 1, anon_vma, linear_page_index(vma, first));
  put_page(k, pfn, HOLDER_FAULT);
  return FAULT_MINOR;
}

/** `mm/hugetlb.c:unmap_ref_private()`: takes the page from all areas that were promised none. They are marked as such. */
function unmap_ref_private(k: Kernel, vma: Vma, first: number, pfn: number): void {
  for (const { vma: other, vpn } of places_of_folio(k, pfn)) {
    if (other.id === vma.id || is_owner(other)) continue;
    const pmd = pmd_of(k.s, other.mm, vpn);
    if (!pmd_present(pmd) || pmd_pfn(pmd) !== pfn) continue;
    k.emit.VmaFlagsChanged({ vma: other.id, flags: other.flags | VM_RESV_UNMAPPED });
    k.emit.PmdZapped(pfn, other.mm, vpn);
    put_page(k, pfn, HOLDER_FAULT);
  }
}

/** `mm/hugetlb.c:free_huge_folio()` of a temporary page: from its pool it goes on to the page allocator, if nobody refers to it. */
export function dissolve_hugetlb_folio(k: Kernel, pfn: number): void {
  if (page_count(k.s, pfn) === 0) k.emit.HugetlbPageDissolved(pfn);
}
