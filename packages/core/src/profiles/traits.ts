/**
 * The rules of a kernel, as data: one row of the table of differences. The engine is one; where two kernels differ, a
 * kernel function asks for a trait, never for a profile's name.
 */
import type { Capability, FileSystem, SyscallAbi } from '@pagetape/events';

/** How a file system moves a page to another frame: a_ops->migratepage(). */
export type MigratePage = 'migrate_page' | 'buffer_migrate_page' | 'none';

export interface Traits {
  readonly id: string;
  /** What this is, in a line. */
  readonly about: string;
  /** Pages of a per-CPU LRU batch; the page that fills it flushes it (PAGEVEC_SIZE). */
  readonly pagevec_size: number;
  /**
   * Which LRU lists there are. `zones`: two a zone, active and inactive. `nodes`: four a node, which keep pages of files apart from
   * those that go to swap, and one for pages that mlock(2) keeps from going anywhere.
   */
  readonly lru: 'zones' | 'nodes';
  /** A fault marks the page that it maps as accessed; else only the mapping is marked. */
  readonly faults_mark_accessed: boolean;
  /**
   * How policies steer allocations, and which calls set them. `zonelists`: MPOL_BIND has a zonelist of its own, modes have
   * no flags. `nodemasks`: every policy is a mask over the zonelist of a node; calls are those of 6.x.
   */
  readonly policies: 'zonelists' | 'nodemasks';
  /** The highest mode that set_mempolicy(2) and mbind(2) know. */
  readonly last_mode: number;
  /** MPOL_F_NUMA_BALANCING goes with MPOL_PREFERRED_MANY, too; else only with MPOL_BIND. */
  readonly preferred_many_balances: boolean;
  /** Pages that could not be isolated count as not moved. */
  readonly isolation_failures_count: boolean;
  /** A write fault on a shared mapping marks the page dirty at once; else it is found out when the mapping goes. */
  readonly write_fault_dirties: boolean;
  /**
   * mbind(2) that moves pages of a file of tmpfs, and private copies of them, count an interleave from the number of the inode
   * on, as new pages of the file do.
   */
  readonly areas_interleave_from_inode: boolean;
  /** Of the last word of a mask only the bits below maxnode - 1 are read; else all of them. */
  readonly mask_tail_dropped: boolean;
  /** A mask of more bits than a page has is refused. */
  readonly mask_bits_bounded: boolean;
  /** Highest number of node ids that masks know, MAX_NUMNODES. */
  readonly max_numnodes: number;
  /**
   * How pages are migrated. `swap`: they are evicted, and the next access places them. `hybrid`: they are copied to their
   * node, by way of swap entries. `direct`: they are copied by way of migration entries. `batched`: so, and a batch of
   * them at a time. `none`: the kernel was built without CONFIG_MIGRATION, and answers ENOSYS.
   */
  readonly engine: 'none' | 'swap' | 'hybrid' | 'direct' | 'batched';
  /** migrate_pages(2) looks whether the address space has an area at all before it begins at the first one. */
  readonly first_vma_checked: boolean;
  /** migrate_pages(2) refuses a call that leaves no node to move to. */
  readonly empty_target_refused: boolean;
  /**
   * Whose memory move_pages(2) of 6.x may ask about. `traced`: of whom the caller may trace. `owned`: of whom the caller may send
   * signals to, as all calls did before 4.13.
   */
  readonly move_pages_asks: 'traced' | 'owned';
  /** move_pages(2) looks whether a node number is below MAX_NUMNODES before it looks for that bit in its masks. */
  readonly node_bound_checked: boolean;
  /** Engines that copy go from node to node. Where there are more sources than targets or fewer, targets keep theirs. */
  readonly pairs_spare_targets: boolean;
  /**
   * What becomes of an evicted page. `stays-on-list`: it is met again in later passes and counted as put back.
   * `freed-at-once`: it leaves the list and is freed. `moved-list`: it waits on a list of its own to be put back.
   */
  readonly evicted_page: 'stays-on-list' | 'freed-at-once' | 'moved-list';
  /** A page that only the list refers to is finished without a look at it. */
  readonly unreferenced_is_done: boolean;
  /**
   * A page that lost its buffers, whose file forgot it and that only the list refers to, is done; else it is tried
   * again.
   */
  readonly lone_orphan_is_done: boolean;
  /**
   * While a page moves, a mapping of one that is in the swap cache becomes the entry of its slot, and a fault has to bring
   * it back; else it becomes a migration entry, as all others do.
   */
  readonly swap_cached_leaves_swap_entry: boolean;
  /** A migration entry keeps the accessed and the dirty mark of the mapping; else both are lost by moving the page. */
  readonly migration_keeps_marks: boolean;
  /** Who waits for a page that is being moved holds a reference, which keeps it from being moved in that pass. */
  readonly migration_waiter_holds_page: boolean;
  /**
   * How the zero page is mapped. `counted`: as any page, with a reference, a mapping, and as resident. `special`: by an entry
   * that is no page to whoever walks page tables.
   */
  readonly zero_page: 'counted' | 'special';
  /** The kernel knows of each anonymous page whether one mapping has it for itself (PG_anon_exclusive). */
  readonly exclusive_pages: boolean;
  /** Pages that RLIMIT_MEMLOCK lets a task lock. */
  readonly memlock_limit_pages: number;
  /**
   * When pages that are to be locked are brought in. `at-once`: area by area, as they are marked. `afterwards`: when all areas
   * are marked and the mmap_sem was given back; so is memory that is mapped populated or locked.
   */
  readonly populates: 'at-once' | 'afterwards';
  /**
   * remap_file_pages(2) makes an area nonlinear, whose entries show pages in any order; else it maps the range anew, as an
   * ordinary area of its own.
   */
  readonly nonlinear_areas: boolean;
  /**
   * How a mapping is taken out of a merged page when nobody writes to it. `write`: by a write fault, so that the copy is dirty and
   * may be written. `unshare`: by a copy that is clean and can be read only.
   */
  readonly ksm_break: 'write' | 'unshare';
  /** mbind(2) places a merged page as its policy says; else as if it belonged to no area, by the policy of the task. */
  readonly mbind_places_merged: boolean;
  /** Which advice madvise(2) knows. `dontneed`: only MADV_DONTNEED is simulated. `all`: what kernels of 6.x know. */
  readonly advice: 'dontneed' | 'all';
  /** VM_* bit that a shared area needs besides for MADV_REMOVE: it may be written, or might be made so. */
  readonly remove_needs: number;
  /** mmap(2) over memory that cannot be unmapped says why; else ENOMEM. */
  readonly mmap_tells_why: boolean;
  /** mremap(2) unmaps nothing at the new place where nothing is at the old one. */
  readonly mremap_looks_first: boolean;
  /** A fault of a read is fine where only writing is permitted. */
  readonly writable_is_readable: boolean;
  /** The walk leaves reserved pages, such as the zero page, alone. */
  readonly walk_skips_reserved: boolean;
  /**
   * When the LRU batches of all CPUs are emptied, so that pages in them can be isolated: when an isolation failed; up front, so that
   * one that fails later is nothing to warn of; or never.
   */
  readonly lru_drain: 'failed-isolation' | 'before-walk' | 'never';
  /** Nothing is moved, and mbind(2) answers ENODEV, when no swap slot is free. */
  readonly move_needs_swap: boolean;
  /**
   * Which pages MPOL_MF_MOVE takes: anonymous ones, and those of files that only this process maps or that anybody may
   * write; or those that have one mapping.
   */
  readonly move_takes: 'owned' | 'mapped-once';
  /** The order of isolated pages: the last one that the walk met comes first, or the first one. */
  readonly private_list: 'last-first' | 'first-first';
  /** A mapping that was used since the last look is not removed, but its mark of use is. */
  readonly unmap_spares_young: boolean;
  /** Most frames that are allocated as targets at a time; 0: none ever is. */
  readonly chunk_pages: number;
  /** A page that was copied by way of swap entries is mapped again at once, and gives its slot up; else both wait for a fault. */
  readonly copied_leaves_swap: boolean;
  /** File systems that have an a_ops->migratepage(), and which. */
  readonly migratepage: Readonly<Partial<Record<FileSystem, MigratePage>>>;
  /**
   * How who looks for pages to move meets a huge page that is mapped in parts. `parts`: each by itself, and what tells whether it is
   * shared are its own mappings; all but the first cannot be isolated. `folio`: once, as one page.
   */
  readonly huge_pages_met: 'parts' | 'folio';
  /** A huge page of which some parts lost their last mapping is split before it would be moved. */
  readonly splits_partial_folios: boolean;
  /**
   * Pages are unmapped and moved in batches, without waiting first; parts of huge pages that were split are moved behind each batch, with
   * one try, and nothing that becomes of them ends the call. Else page by page, in ten passes; parts come in the end, with all
   * passes, and the first that finds no frame ends the call with ENOMEM.
   */
  readonly moves_batches: boolean;
  /** Where a huge page is split, the zero page takes the place of parts that were never written to. */
  readonly split_drops_zeroed_parts: boolean;
  /** VM_* bits of areas that the walk does not enter to move pages. */
  readonly not_migratable: number;
  /** A range whose first area is VM_RESERVED is refused with EACCES. */
  readonly reserved_first_vma_refused: boolean;
  /** A page without a mapping may be taken whoever owns it; else the kernel uses its null pointer. */
  readonly unmapped_page_eligible: boolean;
  /** The kernel's bit test answers -1 for a set bit, so that a comparison with 1 fails: mbind selects every page. */
  readonly mbind_selects_all: boolean;
  /** migrate_pages(2) checks the target nodes against the cpuset of the target task; else against all online nodes. */
  readonly target_cpuset_checked: boolean;
  /** Nodes outside the cpuset: set_mempolicy(2) drops them silently, or refuses. */
  readonly policy_outside_cpuset: 'dropped' | 'refused';
  /**
   * Cpusets have a file memory_migrate, and take the memory of their tasks along. When their nodes change, policies
   * of areas change with them; else only that of a task does.
   */
  readonly cpuset_migrates: boolean;
  /** Whoever attaches a task to a cpuset holds its address space while its memory is moved; else only hopes that it stays. */
  readonly cpuset_attach_pins_mm: boolean;
  /** When the nodes of an interleaving task change, its turn goes over to the node that takes the place of the one whose turn it was. */
  readonly il_next_remapped: boolean;
  /** While the memory of a cpuset is moved, the caller may allocate on the new nodes alone; else wherever its own lets it. */
  readonly cpuset_overrides_mems: boolean;
  /** What do_mbind() does with the pages that it isolated before its walk failed. */
  readonly mbind_failure: 'puts-back' | 'leaks';
  /** Which areas of an address space have their vm_ops->migrate() called: none, all but the last, or all. */
  readonly migrate_vmas: 'none' | 'all-but-last' | 'all';
  /** Where a search for a swap slot begins after an empty cluster was found: two slots too low, or at its start. */
  readonly swap_cluster_start: 'two-too-low' | 'exact';
  /**
   * How a change of a cpuset comes to its tasks. `noticed`: each looks at its cpuset when it allocates next. `applied`:
   * whoever writes changes them all, and a kernel worker moves their memory; cpusets are those of control groups.
   */
  readonly cpusets: 'noticed' | 'applied';
  /** There are control groups v1, too, whose cpusets migrate only where their file memory_migrate says so. */
  readonly cgroup_v1: boolean;
  /**
   * When the nodes of a cpuset change, policies of areas are fitted to those that are effective now; else to those that
   * its own file names, which is nothing new when the change came from above.
   */
  readonly areas_follow_effective_mems: boolean;
  /** A task that its cpuset keeps off the CPU that it asked for gets back there as soon as it may. */
  readonly affinity_outlives_cpuset: boolean;
  /** MPOL_BIND uses the lower zones of its nodes, too, after the policy zones of all. */
  readonly bind_takes_lower_zones: boolean;
  /**
   * How a fault maps a page that comes from swap. `sole-user`: writable for a write if mapping and slot have no other user; the page
   * stays in the swap cache. `exclusive`: as the entry says that nobody shares the page, or the count of references; the slot is
   * given up for a write, and for locked memory.
   */
  readonly swap_in: 'sole-user' | 'exclusive';
  /** Also a read of a page that nobody shares maps it writable. */
  readonly read_maps_writable: boolean;
  /** A page of which one entry has a slot of a device that lies in memory is read without entering the swap cache. */
  readonly memory_swap_is_direct: boolean;
  /** A page whose write to swap failed is dirty again, so that it is kept; else its content is lost. */
  readonly failed_swap_write_dirties: boolean;
  /**
   * What a swap-in reads besides, where `page_cluster` is not 0. `block`: the aligned block of slots around the wanted one, up to the
   * first free slot. `adaptive`: pages around the address or, for tmpfs, slots; the more, the more of them were wanted before.
   */
  readonly swap_readahead: 'block' | 'adaptive';
  /** A page of zeroes is not written to swap: its slot is marked as one that need not be read. */
  readonly swap_notes_zeroes: boolean;
  /** swapoff(2) goes by slots, whose users it looks for, or by users: files, address spaces, the swap cache. */
  readonly swapoff: 'by-slot' | 'by-user';
  /** How many entries the table of system calls has, by the way into the kernel. */
  readonly sys_call_table_entries: Readonly<Record<SyscallAbi, number>>;
  /**
   * setresuid(2) and setresgid(2). `checked`: ids that are not the task's own need a capability, and who leaves user 0 loses
   * all capabilities. `plain`: as on the recorded machine of January 2006, ids change and nothing else.
   */
  readonly setresuid: 'plain' | 'checked';
  /**
   * How the memory of a node is taken out of use. `evicts`: Pagetape's own, made of what 2006 has: everything goes to swap, for
   * good, or is copied to another node. `first-form`: as offline_pages() of 2.6.24, with a deadline for busy pages.
   * `moves`: pages go to other nodes, and the node can come back; only nodes that are a `dimm` can go.
   */
  readonly hot_remove: 'evicts' | 'first-form' | 'moves';
  /**
   * What becomes of bad memory. `own`: Pagetape's own, made of what 2006 has. `first-form`: as soft_offline_page() of 2.6.33.
   * `poisons`: soft offline and MADV_HWPOISON, as of 6.x. `none`: the kernel was built without CONFIG_MEMORY_FAILURE.
   */
  readonly memory_failure: 'own' | 'first-form' | 'poisons' | 'none';
  /** What the system calls ask for, to move pages of others. */
  readonly migrate_capability: Capability;
  readonly move_all_capability: Capability;
  /** migrate_pages(2) takes pages that others map, too, when the caller has `migrate_capability`. */
  readonly privileged_moves_all: boolean;
  /**
   * The text of /proc/vmstat. `page-states`: sums over CPUs, zones from the highest down. `zone-counters`: sums over zones,
   * which tell anonymous pages from others and allocations by where they came from, zones from the lowest up.
   * `node-counters`: that of 6.x, and that of meminfo and vmstat of each node.
   */
  readonly vmstat: 'page-states' | 'zone-counters' | 'node-counters';
  /**
   * The text of /proc/PID/numa_maps. `MaxRef`: a line an area, labels with capitals, `bind={0/Normal}`. `maxref`: only
   * areas with pages, small labels, `bind=0`, from the walker of mbind, so that `walk_skips_reserved` holds there, too.
   * `mapmax`: every area, with the file that it maps, and what is dirty, active, in the swap cache or being written.
   * `kernelpagesize`: the text of 6.x, a line an area, `bind=static:0`, and the size of the pages at its end.
   */
  readonly numa_maps: 'MaxRef' | 'maxref' | 'mapmax' | 'kernelpagesize';
  /**
   * How move_pages(2) looks up the pages that it tells of. `follow_page`: private anonymous memory that was never touched is
   * EFAULT, and a page under PROT_NONE is not seen. `folio_walk`: both are taken as they are. `none`: there is no such call.
   */
  readonly status_lookup: 'none' | 'follow_page' | 'folio_walk';
}
