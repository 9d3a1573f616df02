/** LRU lists and per-CPU batches (mm/swap.c). */
import { LRU_ACTIVE, LRU_INACTIVE } from '@pagetape/events';
import { cpu_online, smp_processor_id, type Kernel } from '../kernel.ts';
import { BATCH, CPU, LRU_DISABLED } from '../state/layout.ts';
import { page_count, PageActive, PageLRU, PageReferenced } from '../state/read.ts';
import { free_unreferenced } from './page_alloc.ts';

/** Empties one batch onto the LRU lists; a page may be freed by it, when the batch held the last reference. */
function drain_batch(k: Kernel, cpu: number, lru: number): void {
  const at = cpu * CPU + lru * BATCH;
  const pages = k.s.cpus[at];
  if (pages === 0) return;
  // Pages that nobody but the batch refers to any more.
  const dying: number[] = [];
  for (let i = 1; i <= pages; i++) {
    const pfn = k.s.cpus[at + i];
    k.emit.PageAddedToLru(pfn, cpu, lru);
    if (page_count(k.s, pfn) === 1) dying.push(pfn);
  }
  k.emit.LruBatchDrained(cpu, lru, pages);
  if (dying.length > 0) free_unreferenced(k, dying);
}

function add_to_batch(k: Kernel, pfn: number, lru: number): void {
  const cpu = smp_processor_id(k);
  k.emit.PageAddedToLruBatch(pfn, cpu, lru);
  const full = k.s.cpus[cpu * CPU + lru * BATCH] === k.traits.pagevec_size;
  if (full || k.s.scalars[LRU_DISABLED] > 0) drain_batch(k, cpu, lru);
}

/** `mm/swap.c:lru_cache_add()`: the page will go to the inactive list of its zone. */
export function lru_cache_add(k: Kernel, pfn: number): void {
  add_to_batch(k, pfn, LRU_INACTIVE);
}

/** `mm/swap.c:lru_cache_add_active()`: the page will go to the active list of its zone. */
export function lru_cache_add_active(k: Kernel, pfn: number): void {
  add_to_batch(k, pfn, LRU_ACTIVE);
}

/** `mm/swap.c:folio_add_lru()`: the page will go to this list. */
export function folio_add_lru(k: Kernel, pfn: number, lru: number): void {
  add_to_batch(k, pfn, lru);
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

/** `mm/swap.c:lru_add_drain()` on the given CPU: the inactive batch first. */
export function drain_cpu(k: Kernel, cpu: number): void {
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

/** `mm/swap.c:mark_page_accessed()`: unreferenced → referenced; referenced and inactive → active. */
export function mark_page_accessed(k: Kernel, pfn: number): void {
  if (!PageReferenced(k.s, pfn)) {
    k.emit.PageReferencedSet(pfn);
  } else if (!PageActive(k.s, pfn) && PageLRU(k.s, pfn)) {
    activate_page(k, pfn);
    k.emit.PageReferencedCleared(pfn);
  }
}
