/** LRU lists and per-CPU batches (mm/swap.c). */
import { LRU_ACTIVE, LRU_BATCH_ADD, LRU_INACTIVE, type Vma } from '@pagetape/events';
import { cpu_online, smp_processor_id, type Kernel } from '../kernel.ts';
import { folio_test_large } from '../state/huge.ts';
import { BATCH, CPU, LRU_DISABLED } from '../state/layout.ts';
import {
  folio_lru_list,
  page_count,
  PageActive,
  pageInBatch,
  PageLRU,
  PageReferenced,
  PageUnevictable,
} from '../state/read.ts';
import { area_locks, mlock_drain, mlock_new_folio } from './mlock_batch.ts';
import { free_unreferenced } from './page_alloc.ts';

/**
 * Empties one batch onto the LRU lists; a page may be freed by it, when the batch held the last reference. A batch of 2006 is for
 * one list; to which list pages of the later batch go is decided now.
 */
function drain_batch(k: Kernel, cpu: number, batch: number): void {
  const at = cpu * CPU + batch * BATCH;
  const pages = k.s.cpus[at];
  if (pages === 0) return;
  // Pages that nobody but the batch refers to any more.
  const dying: number[] = [];
  for (let i = 1; i <= pages; i++) {
    const pfn = k.s.cpus[at + i];
    k.emit.PageAddedToLru(pfn, cpu, batch === LRU_BATCH_ADD ? folio_lru_list(k.s, pfn) : batch);
    if (page_count(k.s, pfn) === 1) dying.push(pfn);
  }
  k.emit.LruBatchDrained(cpu, batch, pages);
  if (dying.length > 0) free_unreferenced(k, dying);
}

/** A huge page does not wait in a batch: it empties it. */
function add_to_batch(k: Kernel, pfn: number, batch: number): void {
  const cpu = smp_processor_id(k);
  k.emit.PageAddedToLruBatch(pfn, cpu, batch);
  const full = k.s.cpus[cpu * CPU + batch * BATCH] === k.traits.pagevec_size;
  if (full || k.s.scalars[LRU_DISABLED] > 0 || folio_test_large(k.s, pfn)) drain_batch(k, cpu, batch);
}

const lists_of_nodes = (k: Kernel): boolean => k.traits.lru === 'nodes';

/** `mm/swap.c:lru_cache_add()`: the page will go to the inactive list of its zone, or to a list of its node. */
export function lru_cache_add(k: Kernel, pfn: number): void {
  add_to_batch(k, pfn, lists_of_nodes(k) ? LRU_BATCH_ADD : LRU_INACTIVE);
}

/** `mm/swap.c:lru_cache_add_active()`: to the active list of its zone. Later kernels know only folio_add_lru(). */
export function lru_cache_add_active(k: Kernel, pfn: number): void {
  add_to_batch(k, pfn, lists_of_nodes(k) ? LRU_BATCH_ADD : LRU_ACTIVE);
}

/** A page that 2006 gathers in a vector of its own, with others: here it goes to its list at once. */
export function lru_add_directly(k: Kernel, pfn: number): void {
  if (lists_of_nodes(k)) folio_add_lru(k, pfn);
  else k.emit.PageAddedToLruDirectly(pfn);
}

/** `mm/swap.c:folio_add_lru()`: the page will go to the list of its node that its marks call for. */
export function folio_add_lru(k: Kernel, pfn: number): void {
  add_to_batch(k, pfn, LRU_BATCH_ADD);
}

/** `mm/swap.c:folio_add_lru_vma()` of a page that the area is the first to map. */
export function folio_add_lru_vma(k: Kernel, pfn: number, vma: Vma): void {
  if (area_locks(k, vma)) mlock_new_folio(k, pfn);
  else folio_add_lru(k, pfn);
}

/** `mm/swap.c:lru_cache_disable()`: batches are emptied and stay so: a page that comes goes to its list at once. */
export function lru_cache_disable(k: Kernel): void {
  k.emit.LruCacheDisabled();
  schedule_lru_drain_on_each_cpu(k);
}

/** `mm/swap.c:lru_cache_enable()` */
export function lru_cache_enable(k: Kernel): void {
  k.emit.LruCacheEnabled();
}

/** `mm/swap.c:lru_add_drain()` on the given CPU: the inactive batch first; or the one batch, and then that of mlock(2). */
export function drain_cpu(k: Kernel, cpu: number): void {
  if (lists_of_nodes(k)) {
    drain_batch(k, cpu, LRU_BATCH_ADD);
    mlock_drain(k, cpu);
    return;
  }
  drain_batch(k, cpu, LRU_INACTIVE);
  drain_batch(k, cpu, LRU_ACTIVE);
}

/** `mm/swap.c:lru_add_drain()`: empties the batches of this CPU. */
export function lru_add_drain(k: Kernel): void {
  drain_cpu(k, smp_processor_id(k));
}

/** `kernel/workqueue.c:schedule_on_each_cpu(lru_add_drain_per_cpu)`: empties the batches of all CPUs that are online. */
export function schedule_lru_drain_on_each_cpu(k: Kernel): void {
  k.emit.AllCpusDrained();
  for (let cpu = 0; cpu < k.s.topology.cpu_to_node.length; cpu++) if (cpu_online(k, cpu)) drain_cpu(k, cpu);
}

/** `mm/swap.c:activate_page()` */
export function activate_page(k: Kernel, pfn: number): void {
  if (PageLRU(k.s, pfn) && !PageActive(k.s, pfn)) k.emit.PageActivated(pfn);
}

/** `mm/swap.c:__lru_cache_activate_folio()`: a page that this CPU is about to add goes to the active list instead. */
function __lru_cache_activate_folio(k: Kernel, pfn: number): void {
  const at = smp_processor_id(k) * CPU + LRU_BATCH_ADD * BATCH;
  for (let i = k.s.cpus[at]; i >= 1; i--) {
    if (k.s.cpus[at + i] === pfn) return k.emit.PageActivatedInBatch(pfn);
  }
}

/**
 * `mm/swap.c:mark_page_accessed()`: unreferenced → referenced; referenced and inactive → active. Later kernels (folio_mark_accessed())
 * activate what waits in a batch, too, and leave alone what cannot be evicted anyhow.
 */
export function mark_page_accessed(k: Kernel, pfn: number): void {
  if (!PageReferenced(k.s, pfn)) {
    k.emit.PageReferencedSet(pfn);
  } else if (!PageActive(k.s, pfn) && !PageUnevictable(k.s, pfn)) {
    if (PageLRU(k.s, pfn)) activate_page(k, pfn);
    else if (!lists_of_nodes(k)) return;
    else if (pageInBatch(k.s, pfn)) __lru_cache_activate_folio(k, pfn);
    k.emit.PageReferencedCleared(pfn);
  }
}

/** The same where a page is mapped by a fault, which since 2.6.29 leaves it to the mark of the mapping. */
export function mark_page_faulted(k: Kernel, pfn: number): void {
  if (k.traits.faults_mark_accessed) mark_page_accessed(k, pfn);
}
