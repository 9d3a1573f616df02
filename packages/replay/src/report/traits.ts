/** What a user would notice of each trait of a kernel, in a sentence. */
import type { Traits } from '@pagetape/core';
import { VM_WRITE } from '@pagetape/events';
import { flagNames } from './words.ts';

/** The sentence for a value; null: where the other traits are so, nobody can notice it. */
type Told<K extends keyof Traits> = (value: Traits[K], traits: Traits) => string | null;

/** A sentence for each of two answers. */
const either =
  (yes: string, no: string) =>
  (value: boolean): string =>
    value ? yes : no;

const evicts = ({ engine }: Traits): boolean => engine === 'swap';
const isHybrid = ({ engine }: Traits): boolean => engine === 'hybrid';
const hasHuge = ({ policies }: Traits): boolean => policies === 'nodemasks';
const hasEntries = ({ engine }: Traits): boolean => engine === 'direct' || engine === 'batched';

/** A sentence of kernels for which `when` holds. */
const where =
  <V>(when: (traits: Traits) => boolean, tell: (value: V, traits: Traits) => string | null) =>
  (value: V, traits: Traits): string | null =>
    when(traits) ? tell(value, traits) : null;

const ENGINES: Readonly<Record<Traits['engine'], string>> = {
  swap: 'pages are written to swap, and come back where the next access is made or its policy says',
  hybrid: 'pages are copied to their node, but each anonymous one needs a swap slot meanwhile',
  direct: 'pages are copied to their node one by one, without swap; who touches one meanwhile waits',
  none: 'there is no migration: what would move pages says ENOSYS',
  batched: 'pages are copied to their node, up to 512 unmapped at a time; who touches one meanwhile waits',
};

const EVICTED: Readonly<Record<Traits['evicted_page'], string>> = {
  'stays-on-list': 'migrate_pages counts every page that it isolated, also those it evicted',
  'freed-at-once': 'an evicted page is free at once; migrate_pages counts those that were put back',
  'moved-list': 'an evicted page is free when an LRU batch is drained; migrate_pages counts those that failed',
};

const MODES = ['MPOL_DEFAULT', 'MPOL_PREFERRED', 'MPOL_BIND', 'MPOL_INTERLEAVE', 'MPOL_LOCAL', 'MPOL_PREFERRED_MANY'];

const NUMA_MAPS: Readonly<Record<Traits['numa_maps'], string>> = {
  MaxRef: 'numa_maps has a line for every area, as "default MaxRef=1 Pages=4 Mapped=4"',
  maxref: 'numa_maps has lines for areas with pages, as "default pages=4 mapped=4 maxref=1"',
  mapmax: 'numa_maps has a line for every area, as "default anon=4 dirty=4 mapmax=2 N0=4"',
  kernelpagesize: 'numa_maps has a line for every area, as "bind=static:0 anon=4 dirty=4 N0=4 kernelpagesize_kB=4"',
};

const COLLECTS = 'move_pages moves all pages in one go, and says ENOENT when none of them had to be moved';

const LOOKUP: Readonly<Record<Traits['status_lookup'], string>> = {
  none: 'there is no move_pages',
  follow_page: 'move_pages says EFAULT of private memory never touched, and ENOENT of a page under PROT_NONE',
  folio_walk: 'move_pages says ENOENT of memory never touched, and knows pages under PROT_NONE',
};

const HOT_REMOVE: Readonly<Record<Traits['hot_remove'], string>> = {
  evicts: 'a node is taken out of use, for good, by evicting or copying its pages; no kernel of 2006 had that',
  'first-form':
    'memory of a node that goes offline is moved to where the writer gets memory, for good; busy pages cost 120 s',
  moves: 'memory of a node that goes offline is moved to other nodes, and can come back; it must be a dimm',
};

const BAD_MEMORY: Readonly<Record<Traits['memory_failure'], string>> = {
  own: 'a bad page is moved or evicted, and its frame held, by functions of Pagetape',
  'first-form': 'a bad page is dropped or copied, and its frame held; one that is busy stays, with EIO',
  poisons:
    'a bad page moves to another frame (MADV_SOFT_OFFLINE), or is lost, so that touching it is SIGBUS (MADV_HWPOISON)',
  none: 'there is nothing against bad memory: MADV_SOFT_OFFLINE and MADV_HWPOISON are EINVAL',
};

const VMA_HOOKS: Readonly<Record<Traits['migrate_vmas'], string>> = {
  none: 'drivers are not asked to migrate their areas',
  'all-but-last': 'drivers migrate their areas (vm_ops->migrate), but that of the last area is never asked',
  all: 'drivers migrate their areas (vm_ops->migrate)',
};

const LRU_DRAIN: Readonly<Record<Traits['lru_drain'], string>> = {
  'before-walk': 'LRU batches of all CPUs are emptied once, before pages are looked for',
  'failed-isolation':
    'LRU batches of all CPUs are emptied for each page that is in one, and a page that still cannot be had is a warning',
  never: 'pages that wait in an LRU batch stay where they are, and nobody is told',
};

const TOLD: { readonly [K in Exclude<keyof Traits, 'id' | 'about'>]: Told<K> } = {
  pagevec_size: (pages) => `${pages} pages wait in a batch of a CPU before they get to an LRU list`,
  lru: (value) =>
    value === 'zones'
      ? 'each zone has an active and an inactive list; new anonymous pages are active, and locked ones are among the others'
      : 'each node has LRU lists for anonymous pages, for files and for locked pages; new anonymous pages are inactive',
  faults_mark_accessed: either(
    'a fault on a page that is in memory counts as a use of it, so that the second one makes it active',
    'a fault on a page that is in memory leaves no mark but that of the mapping',
  ),
  policies: (value) =>
    value === 'zonelists'
      ? 'MPOL_BIND fills the nodes in the order of their numbers, whatever the distances; modes have no flags'
      : 'MPOL_BIND takes the nearest of its nodes first; modes may have the flags STATIC and RELATIVE',
  last_mode: (mode) => `the highest policy mode is ${MODES[mode] ?? 'MPOL_WEIGHTED_INTERLEAVE'}`,
  preferred_many_balances: either(
    'MPOL_F_NUMA_BALANCING goes with MPOL_BIND and MPOL_PREFERRED_MANY',
    'MPOL_F_NUMA_BALANCING goes with MPOL_BIND at most',
  ),
  isolation_failures_count: where(
    (traits) => !evicts(traits),
    either('a page that cannot be isolated counts as not moved', 'a page that cannot be isolated is not counted'),
  ),
  write_fault_dirties: either(
    'a page of a shared mapping is dirty from the first write fault on',
    'a page of a shared mapping is dirty when the mapping that wrote to it goes',
  ),
  areas_interleave_from_inode: where(
    ({ policies }) => policies === 'nodemasks',
    either(
      'mbind that moves a file, and private copies of its pages, count an interleave from page offset plus inode number',
      'mbind that moves a file, and private copies of its pages, count an interleave from the page offset alone',
    ),
  ),
  mask_tail_dropped: either(
    'of a node mask the bits from maxnode - 1 on do not count',
    'of a node mask all bits of the last word count, also those from maxnode - 1 on',
  ),
  mask_bits_bounded: either(
    'a node mask of more than 32768 bits is refused',
    'a node mask of any length is taken, as long as its further bits are clear',
  ),
  max_numnodes: (nodes) => `node numbers go up to ${nodes - 1}`,
  engine: (engine) => ENGINES[engine],
  first_vma_checked: either(
    'migrate_pages of a process without any memory does nothing',
    'migrate_pages of a process without any memory makes the kernel oops',
  ),
  empty_target_refused: where(
    ({ policies }) => policies === 'nodemasks',
    either('migrate_pages to no node says EINVAL', 'migrate_pages to no node says 0'),
  ),
  move_pages_asks: where(
    ({ status_lookup }) => status_lookup !== 'none',
    (value) =>
      value === 'traced'
        ? 'move_pages is for whoever may trace the process'
        : 'move_pages is for whoever has the real or saved user of the process, which a setuid program keeps',
  ),
  node_bound_checked: where(
    ({ engine }) => engine === 'direct',
    either(
      'move_pages to a node number that cannot be says ENODEV',
      'move_pages to a node number that cannot be reads behind the mask of nodes',
    ),
  ),
  pairs_spare_targets: where(
    (traits) => !evicts(traits),
    either(
      'with masks of different sizes, a node in both keeps its pages',
      'with masks of different sizes, a node in both is emptied, too, and pages may move twice',
    ),
  ),
  evicted_page: where(evicts, (value) => EVICTED[value]),
  unreferenced_is_done: where(
    evicts,
    either(
      'a page whose last user exits meanwhile is done',
      'a page whose last user exits meanwhile is tried to the last pass',
    ),
  ),
  lone_orphan_is_done: where(
    evicts,
    either('a truncated page without buffers is done', 'a truncated page without buffers is tried to the last pass'),
  ),
  swap_cached_leaves_swap_entry: where(
    hasEntries,
    either(
      'a page in the swap cache comes out unmapped: its next access is a minor fault',
      'a page in the swap cache stays mapped',
    ),
  ),
  migration_keeps_marks: where(
    hasEntries,
    either('a moved page still looks recently used', 'a moved page looks as if nobody used it'),
  ),
  migration_waiter_holds_page: where(
    hasEntries,
    either(
      'a task that waits for a page keeps it from moving in that pass',
      'a task that waits for a page hinders nothing',
    ),
  ),
  zero_page: (value) =>
    value === 'counted'
      ? 'the zero page counts as a page of the process: its mappings, and as resident'
      : 'the zero page counts for nothing: walks of page tables pass it over',
  memlock_limit_pages: (pages) => `without CAP_IPC_LOCK, ${pages * 4} kB may be locked`,
  populates: (value) =>
    value === 'at-once'
      ? 'mlock brings pages in area by area, and a hole behind them is found later'
      : 'mlock finds holes first, then brings all pages in; so does MAP_POPULATE',
  nonlinear_areas: either(
    'remap_file_pages shows pages of a file in any order within one area',
    'remap_file_pages cuts its range out as an area of its own',
  ),
  advice: (value) =>
    value === 'dontneed'
      ? 'madvise gives pages up (MADV_DONTNEED), and does nothing else'
      : 'madvise puts pages out, gives them up, brings them in, and keeps them from children (MADV_PAGEOUT and others)',
  remove_needs: (bit) =>
    `MADV_REMOVE punches holes in shared memory that ${bit === VM_WRITE ? 'may be written' : 'may be written or made writable'}`,
  mmap_tells_why: where(
    ({ policies }) => policies === 'nodemasks',
    either(
      'mmap over hugetlb memory that it would cut within a huge page is EINVAL',
      'mmap over hugetlb memory that it would cut within a huge page is ENOMEM',
    ),
  ),
  mremap_looks_first: either(
    'mremap of nothing does nothing',
    'mremap unmaps what lies at the new place, even if there is nothing to move there',
  ),
  writable_is_readable: either(
    'memory that may only be written can be read, too',
    'a read of memory that may only be written is a fault, unless its page is there',
  ),
  ksm_break: (value) =>
    value === 'unshare'
      ? 'MADV_UNMERGEABLE leaves copies that are clean and cannot be written without a fault'
      : 'MADV_UNMERGEABLE leaves copies as if they had been written to',
  mbind_places_merged: either(
    'mbind moves a page merged by KSM to where its policy says',
    'mbind moves a page merged by KSM to where the policy of the task says',
  ),
  exclusive_pages: either(
    'a page that was private before it was shared by fork is known to be so (PG_anon_exclusive)',
    'whether a page is shared is told by its counts alone',
  ),
  walk_skips_reserved: either(
    'the zero page and other reserved pages are passed over',
    'the zero page is tried as well, which drains all CPUs and logs a warning',
  ),
  lru_drain: (value) => LRU_DRAIN[value],
  move_needs_swap: either(
    'without a free swap slot nothing moves: mbind says ENODEV, migrate_pages 0',
    'without a free swap slot the call goes on as far as it can',
  ),
  move_takes: (value) =>
    value === 'owned'
      ? 'MPOL_MF_MOVE takes anonymous pages though others share them, and files that only this process maps'
      : 'MPOL_MF_MOVE takes pages with one mapping',
  private_list: where(evicts, (value) =>
    value === 'last-first' ? 'pages are evicted from the last one down' : 'pages are evicted from the first one up',
  ),
  unmap_spares_young: where(
    evicts,
    either('a page in use costs one pass more', 'whether a page is in use makes no difference'),
  ),
  chunk_pages: where(
    isHybrid,
    (pages) => `frames are allocated for ${pages} pages at a time, and used from the last one`,
  ),
  copied_leaves_swap: where(
    isHybrid,
    either(
      'a page that moved is mapped again at once, and has no swap slot any more',
      'a page that moved keeps the swap slot that it needed meanwhile, until it is touched',
    ),
  ),
  migratepage: where(isHybrid, (value) => `dirty file pages move as they are on ${Object.keys(value).join(', ')}`),
  huge_pages_met: where(hasHuge, (value) =>
    value === 'parts'
      ? 'of a huge page that is mapped in parts only the first can be isolated; the others count as failures'
      : 'a huge page that is mapped in parts is looked at once',
  ),
  splits_partial_folios: where(
    hasHuge,
    either(
      'a huge page of which a part is no longer mapped is split before it would be moved',
      'a huge page is moved as one, also when parts of it are no longer mapped',
    ),
  ),
  moves_batches: where(
    ({ engine }) => engine === 'batched',
    either(
      'pages move in batches, first without waiting for any; each part of a huge page that finds no room gets one try',
      'pages move one by one, in ten passes; a part of a huge page that finds no room ends the call with ENOMEM',
    ),
  ),
  split_drops_zeroed_parts: where(
    hasHuge,
    either(
      'when a huge page is split, the zero page takes the place of parts that nobody wrote to',
      'when a huge page is split, every part becomes a page of its own',
    ),
  ),
  not_migratable: (flags) => `areas are left alone that are ${flagNames(flags).join(', ')}`,
  reserved_first_vma_refused: either(
    'a range whose first area is a reserved one is refused with EACCES',
    'a reserved area at the start of a range is no reason to refuse it',
  ),
  unmapped_page_eligible: where(
    evicts,
    either('a page without a mapping may be moved', 'a page without a mapping crashes the caller'),
  ),
  migrate_vmas: (value) => VMA_HOOKS[value],
  mbind_failure: where(
    ({ policies }) => policies === 'zonelists',
    (value) =>
      value === 'leaks'
        ? 'an mbind that meets a hole loses the pages that it has isolated: they are on no LRU list for ever'
        : 'an mbind that meets a hole puts back the pages that it has isolated',
  ),
  cpuset_attach_pins_mm: where(
    ({ cpuset_migrates }) => cpuset_migrates,
    either(
      'attaching a task to a cpuset takes care that its memory stays until it was moved',
      'attaching a kernel thread, or a task that just exits, to a cpuset with memory_migrate makes the kernel oops',
    ),
  ),
  il_next_remapped: where(
    ({ policies }) => policies === 'zonelists',
    either(
      'when the nodes of an interleaving task change, its next page goes to one of the new nodes',
      'when the nodes of an interleaving task change, its next page still goes to a node that it had before',
    ),
  ),
  cpuset_overrides_mems: where(
    ({ cpuset_migrates, policies }) => cpuset_migrates && policies === 'zonelists',
    either(
      'memory that a cpuset takes along goes to the new nodes or nowhere',
      'memory that a cpuset takes along goes where the writer may allocate',
    ),
  ),
  swap_cluster_start: (value) =>
    value === 'exact'
      ? 'slots are taken from the start of an empty cluster'
      : 'slots are taken from two below the start of an empty cluster',
  vmstat: where(
    ({ policies }) => policies === 'zonelists',
    (value) =>
      value === 'zone-counters'
        ? 'vmstat tells nr_anon_pages and numa_hit, and zones from the lowest up'
        : 'vmstat begins with nr_dirty, and tells zones from the highest down',
  ),
  mbind_selects_all: either('mbind evicts pages that lie right, too', 'mbind moves only pages outside its mask'),
  target_cpuset_checked: either(
    'migrate_pages checks its target nodes against the cpuset of the process',
    'migrate_pages checks its target nodes only against those that are online',
  ),
  policy_outside_cpuset: (value) =>
    value === 'dropped'
      ? 'set_mempolicy drops nodes that the cpuset does not allow'
      : 'set_mempolicy refuses nodes that the cpuset does not allow',
  cpusets: (value) =>
    value === 'noticed'
      ? 'a task notices a change of its cpuset when it allocates next'
      : 'who changes a cpuset changes its tasks at once, and a kernel worker moves their memory',
  cgroup_v1: where(
    ({ cpusets }) => cpusets === 'applied',
    either(
      'cpusets are those of control groups v2, or of v1 where the machine says "cgroup: v1"',
      'cpusets are those of control groups v2',
    ),
  ),
  areas_follow_effective_mems: where(
    ({ cpusets }) => cpusets === 'applied',
    either(
      'policies of areas follow a change of the cpuset above, too',
      'policies of areas follow their cpuset, but not the one above it',
    ),
  ),
  affinity_outlives_cpuset: where(
    ({ cpusets }) => cpusets === 'applied',
    either(
      'a task gets back to its CPU when its cpuset allows that again',
      'a task that its cpuset took off its CPU does not get back there',
    ),
  ),
  cpuset_migrates: either(
    'a cpuset may take the memory of its tasks along (memory_migrate)',
    'a cpuset leaves the memory of its tasks where it is',
  ),
  bind_takes_lower_zones: where(
    ({ policies }) => policies === 'zonelists',
    either(
      'MPOL_BIND uses lower zones, too, when the highest are full',
      'MPOL_BIND uses the highest zone of the machine alone, so a node may have none for it',
    ),
  ),
  sys_call_table_entries: ({ x86_64 }) => `the highest system call of x86-64 is ${x86_64 - 1}`,
  swap_in: (value) =>
    value === 'sole-user'
      ? 'a page that comes back from swap keeps its slot until more than half of the swap space is used'
      : 'a page that comes back from swap keeps its slot if it was only read, and nobody locks it',
  read_maps_writable: where(
    ({ swap_in }) => swap_in === 'exclusive',
    either(
      'after a read brought a private page back from swap, a write needs no fault',
      'after a read brought a private page back from swap, the first write faults again',
    ),
  ),
  memory_swap_is_direct: either(
    'a page that nobody shares does not enter the swap cache when it is read from a device that lies in memory',
    'each page enters the swap cache when it is read from swap, whatever the device',
  ),
  swap_readahead: (value) =>
    value === 'block'
      ? 'a swap-in reads the block of slots around the wanted one, whosever pages they have, and places them by wrong addresses'
      : 'a swap-in reads the pages around the address, more of them when the last ones were wanted, each where its policy says',
  swap_notes_zeroes: either(
    'a page of zeroes is not written to swap: its slot is marked, and pswpout and pswpin do not count it',
    'a page of zeroes is written to swap and read back as any other',
  ),
  failed_swap_write_dirties: either(
    'a page that could not be written to swap is kept',
    'a page that could not be written to swap is lost, and nobody is told',
  ),
  swapoff: (value) =>
    value === 'by-slot'
      ? 'swapoff places pages by the policy of whoever swaps off'
      : 'swapoff places pages by the policies of their areas',
  memory_failure: (value) => BAD_MEMORY[value],
  hot_remove: (value) => HOT_REMOVE[value],
  setresuid: (value) =>
    value === 'plain'
      ? 'user ids change and nothing else does'
      : 'other user ids need a capability, and who leaves user 0 loses all of them',
  migrate_capability: (name) => `to move the memory of others takes ${name}`,
  move_all_capability: (name) => `MPOL_MF_MOVE_ALL takes ${name}`,
  privileged_moves_all: either(
    'migrate_pages takes pages that others map, too, when the caller is privileged',
    'migrate_pages is the same for all callers',
  ),
  numa_maps: (value) => NUMA_MAPS[value],
  status_lookup: (value, { engine }) => (engine === 'direct' ? COLLECTS : LOOKUP[value]),
};

/** What a user would notice of one trait. */
export function traitSentence(trait: keyof typeof TOLD, traits: Traits): string | null {
  return (TOLD[trait] as Told<typeof trait>)(traits[trait] as never, traits);
}

/** A trait in which two kernels differ, in a sentence for each. */
export interface TraitContrast {
  readonly trait: string;
  readonly a: string;
  readonly b: string;
}

/** What a user would notice who goes from one kernel to the other. Traits that matter to one of them alone are told as such. */
export function compareProfiles(a: Traits, b: Traits): TraitContrast[] {
  return (Object.keys(TOLD) as (keyof typeof TOLD)[]).flatMap((trait) => {
    const [x, y] = [traitSentence(trait, a), traitSentence(trait, b)];
    return x === y || (x === null && y === null) ? [] : [{ trait, a: x ?? NOTHING, b: y ?? NOTHING }];
  });
}

const NOTHING = '(nothing of the kind)';
