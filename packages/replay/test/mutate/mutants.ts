/**
 * Mistakes to put into kernel functions and reducers, one at a time: a check left out, a list end swapped, a count off by one. `from`
 * must stand in the file once, so that a mistake which no longer fits the code is noticed.
 */
export interface Mutant {
  readonly file: string;
  readonly what: string;
  readonly from: string;
  readonly to: string;
}

/** A file and its mistakes: what, from, to. */
type Rows = readonly (readonly [what: string, from: string, to: string])[];

const FILES: Readonly<Record<string, Rows>> = {
  'mm/mempolicy_calls.ts': [
    ['target nodes are not checked', 'if (!subset(nodes, allowed) && !privileged)', 'if (false)'],
    ['one mode too many', 'if (mode >= MODES) return', 'if (mode > MODES) return'],
    [
      'both user ids must fit',
      'ids.includes(caller.euid) || ids.includes',
      'ids.includes(caller.euid) && ids.includes',
    ],
    ['an empty range is an error', 'if (end < range.start) return', 'if (end <= range.start) return'],
    [
      'MPOL_DEFAULT keeps MPOL_MF_STRICT',
      '(user_flags & ~MPOL_MF_STRICT) | MPOL_MF_DISCONTIG_OK',
      'user_flags | MPOL_MF_DISCONTIG_OK',
    ],
    [
      'areas are not cut at the end of the range',
      'if (part.end > end) part = split_vma',
      'if (part.end > end + 1) part = split_vma',
    ],
  ],
  'mm/mempolicy_walk.ts': [
    ['holes between areas are not seen', 'previous.end < vma.start', 'previous.end > vma.start'],
    [
      'the list of isolated pages the other way round',
      "private_list === 'last-first') walk",
      "private_list === 'first-first') walk",
    ],
    ['areas that must not move are entered', '(moves(walk) && vma_migratable(k, vma))', 'moves(walk)'],
    [
      'reserved pages are taken',
      'k.traits.walk_skips_reserved && PageReserved',
      '!k.traits.walk_skips_reserved && PageReserved',
    ],
    [
      'shared pages are taken',
      'page_mapcount(k.s, pfn) === 1 ? -1 : SHARED',
      'page_mapcount(k.s, pfn) <= 2 ? -1 : SHARED',
    ],
  ],
  'mm/mempolicy_nodes.ts': [
    ['nodes are filled before they are emptied', '    if (!left.includes(dest)) break;\n', ''],
    ['targets are spared where masks are alike', 'from.length !== to.length', 'from.length === to.length'],
  ],
  'mm/mempolicy_queue.ts': [
    [
      'pages that could not be isolated are not counted',
      '  qp.nr_failed++;\n  return false;\n}\n\nfunction refuse_page',
      '  return false;\n}\n\nfunction refuse_page',
    ],
    [
      'a page with two mappings is not shared',
      'return page_mapcount_of_part(k.s, pfn) > 1;',
      'return page_mapcount_of_part(k.s, pfn) > 2;',
    ],
    ['a range that begins with an area has a hole', 'first && qp.start < vma.start', 'first && qp.start <= vma.start'],
    ['migration entries are passed over', 'if (is_migration_entry(pte)) refuse_page', 'if (false) refuse_page'],
  ],
  'mm/user_mask.ts': [
    ['maxnode counts a bit more', 'BigInt.asUintN(64, maxnode - 1n)', 'BigInt.asUintN(64, maxnode)'],
    [
      'bits beyond the masks of the kernel do not matter',
      'if (word !== 0n) return -EINVAL;',
      'if (word === null) return -EINVAL;',
    ],
  ],
  'mm/vmscan_migrate.ts': [
    ['one pass less', 'const LAST_PASS = 10;', 'const LAST_PASS = 9;'],
    ['locks are waited for a pass later', 'const LAST_TRYLOCK_PASS = 2;', 'const LAST_TRYLOCK_PASS = 3;'],
    ['targets from the wrong end', 'targets.pop()!', 'targets.shift()!'],
    ['write-back is waited for from the start', 'if (pass > 0 && PageWriteback', 'if (pass >= 0 && PageWriteback'],
    ['PF_SWAPWRITE stays', '  if (!swapwrite) k.emit.SwapWriteRevoked(task);\n', ''],
    ['failed pages are put back in another order', '  lists.failed.reverse();\n', ''],
  ],
  'mm/vmscan.ts': [
    [
      'a page to which somebody refers leaves its cache',
      'if (page_count(s, pfn) !== 2) return refuse',
      'if (page_count(s, pfn) < 2) return refuse',
    ],
    [
      'a dirty page leaves its cache',
      '  if (PageDirty(s, pfn)) return refuse_removal(k, pfn, RETRY_DIRTY_AGAIN);\n',
      '',
    ],
    [
      'batches are not drained',
      "    if (k.traits.lru_drain === 'failed-isolation') schedule_lru_drain_on_each_cpu(k);\n",
      '',
    ],
    [
      'the reference of the isolation stays',
      '  else lru_cache_add(k, pfn);\n  put_page(k, pfn, HOLDER_ISOLATION);',
      '  else lru_cache_add(k, pfn);',
    ],
    [
      'buffers are not released',
      'if (!try_to_release_page(k, pfn)) return RETRY_HAS_BUFFERS;',
      'if (try_to_release_page(k, pfn)) return RETRY_HAS_BUFFERS;',
    ],
  ],
  'mm/migrate_direct.ts': [
    ['the target of a page that stays is mapped', 'outcome === DONE ? to : pfn', 'to'],
    ['failures are not counted', '    job.failed++;\n', ''],
    ['a page in use elsewhere is done', 'if (page_count(k.s, pfn) === 1) {', 'if (page_count(k.s, pfn) <= 2) {'],
  ],
  'mm/migrate_batch.ts': [
    [
      'the old frame is not freed',
      '  count_moved(k, run, pfn);\n  put_page(k, pfn, HOLDER_ISOLATION);\n  // The old page',
      '  count_moved(k, run, pfn);\n  // The old page',
    ],
    [
      'what failed is not given back',
      '  for (const pfn of again) count_failed(k, run, pfn);\n  ret.push(...again);\n',
      '  for (const pfn of again) count_failed(k, run, pfn);\n',
    ],
    ['what comes again counts as failed', 'run.nr_failed_pages = nr_failed_pages;\n', ''],
    [
      'pages are left unmapped',
      '  remove_migration_ptes(k, pfn, pfn);\n  unlock_page(k, pfn);\n  unlock_page(k, fresh);',
      '  unlock_page(k, pfn);\n  unlock_page(k, fresh);',
    ],
  ],
  'mm/migrate_move_pages.ts': [
    ['one page too many was not tried', 'i, nr_pages - i - 1)', 'i, nr_pages - i)'],
    ['pages that are there are moved', '  if (where === node) return 0;\n', ''],
  ],
  'mm/migrate_collect_pages.ts': [
    ['shared pages are taken', 'page_mapcount(k.s, pfn) > 1 && !all', 'page_mapcount(k.s, pfn) > 2 && !all'],
  ],
  'mm/mempolicy_hybrid.ts': [
    [
      'targets that nobody needed are kept',
      '  free_targets(k, targets);\n  return { pages: [...failed',
      '  return { pages: [...failed',
    ],
  ],
  'mm/swap.ts': [
    ['a batch is full one page too early', '=== k.traits.pagevec_size;', '=== k.traits.pagevec_size - 1;'],
    [
      'the active batch is emptied first',
      '  drain_batch(k, cpu, LRU_INACTIVE);\n  drain_batch(k, cpu, LRU_ACTIVE);',
      '  drain_batch(k, cpu, LRU_ACTIVE);\n  drain_batch(k, cpu, LRU_INACTIVE);',
    ],
    [
      'a referenced page becomes active though it is',
      'if (!PageReferenced(k.s, pfn)) {',
      'if (PageReferenced(k.s, pfn)) {',
    ],
  ],
  'mm/swapfile.ts': [
    ['swap is full when more than half is free', 'NR_SWAP_PAGES] * 2 <', 'NR_SWAP_PAGES] * 2 >'],
    ['a cluster has a slot less', 'const SWAPFILE_CLUSTER = 256;', 'const SWAPFILE_CLUSTER = 255;'],
    [
      'a slot is given up that others use',
      'if (page_count(s, pfn) !== 2 || s.swap_map[slot] !== 1) return false;',
      'if (page_count(s, pfn) !== 2) return false;',
    ],
    ['the header of an area is read', 'start === 0 ? 1 : start', 'start'],
  ],
  'mm/swap_state.ts': [
    [
      'a page found in the cache gets no reference',
      '  if (cached >= 0) {\n    get_page(k, cached, HOLDER_FAULT);\n',
      '  if (cached >= 0) {\n',
    ],
  ],
  'mm/rmap.ts': [
    [
      'the slot does not learn of its user',
      '  if (slot !== 0) swap_duplicate(k, slot);\n  k.emit.PteUnmapped',
      '  k.emit.PteUnmapped',
    ],
    ['locked memory is unmapped', 'if ((vma.flags & VM_LOCKED) !== 0) {\n    mlock', 'if (false) {\n    mlock'],
    [
      'what was written through a mapping is forgotten',
      '  if ((pte & PTE_DIRTY) !== 0 && !PageDirty(k.s, pfn)) k.emit.PageDirtied(pfn, 1);\n  const slot',
      '  const slot',
    ],
  ],
  'mm/memory_wp.ts': [
    ['a shared page is reused', 'const reuse = can_share_swap_page(k, pfn);', 'const reuse = true;'],
    ['the old page keeps a reference', '  if (old !== NO_PAGE) page_cache_release(k, old);\n', ''],
  ],
  'mm/page_alloc.ts': [
    [
      'frames are handed out behind the first that was never used',
      'zones[at + Z_START] + zones[at + Z_FRESH];',
      'zones[at + Z_START] + zones[at + Z_FRESH] + 1;',
    ],
    [
      'frames are freed from the wrong end',
      'for (let i = Math.min(from + size, dead.length) - 1; i >= from; i--) free_folio(k, dead[i]);',
      'for (let i = from; i < Math.min(from + size, dead.length); i++) free_folio(k, dead[i]);',
    ],
  ],
  'mm/truncate.ts': [
    [
      'a page more is unmapped',
      'const last = Math.min(vma.end, vma.start + end - vma.pgoff);\n    if (start',
      'const last = Math.min(vma.end, vma.start + end - vma.pgoff + 1);\n    if (start',
    ],
  ],
  'mm/mmap.ts': [
    [
      'areas merge whose files do not go on',
      'can_merge(vma, like) && vma.pgoff === pgoff ? vma',
      'can_merge(vma, like) ? vma',
    ],
  ],
  'kernel/fork.ts': [
    ['a child has memory locked', 'flags: (vma.flags & ~VM_LOCKED_MASK) | promised', 'flags: vma.flags | promised'],
  ],
  'kernel/ptrace.ts': [
    ['who is not dumpable may be traced', 'has_ids_of(caller, task) && dumpable &&', 'has_ids_of(caller, task) &&'],
  ],
  'kernel/cpuset.ts': [
    [
      'children may have more than their parent',
      '  if (children_of(k, cg).some((child) => !is_cpuset_subset(cpuset_of(k, child), trial))) return -EBUSY;\n',
      '',
    ],
    [
      'a task keeps the policy of its old nodes',
      'const rebound = policy && mpol_rebind_policy(k, policy, mems_allowed, mems);',
      'const rebound = policy;',
    ],
  ],
  'reduce/lru.ts': [
    [
      'batched pages have no reference of the batch',
      'cpus[batch + cpus[batch]] = entry;\n  frames[pfn * FRAME + F_COUNT]++;',
      'cpus[batch + cpus[batch]] = entry;',
    ],
    [
      'pages go to the tail of a list',
      'if (lru === LRU_ACTIVE) mark(state, pfn, PG_ACTIVE);\n  lruAddHead',
      'if (lru === LRU_ACTIVE) mark(state, pfn, PG_ACTIVE);\n  lruAddTail',
    ],
    [
      'a deactivated page stays active',
      '  moveToList(state, pfn, lru & ~LRU_ACTIVE);\n  unmark(state, pfn, PG_ACTIVE);',
      '  moveToList(state, pfn, lru & ~LRU_ACTIVE);',
    ],
    [
      'isolated pages are not counted any less',
      '  countIsolated(state, pfn, -1);\n  setPlace(state.frames, pfn, PLACE_HELD);',
      '  setPlace(state.frames, pfn, PLACE_HELD);',
    ],
  ],
  'reduce/caches.ts': [
    [
      'the page keeps its slot',
      '  state.frames[at + F_FLAGS] &= ~PG_SWAPCACHE;\n  state.frames[at + F_PRIVATE] = 0;',
      '  state.frames[at + F_FLAGS] &= ~PG_SWAPCACHE;',
    ],
    ['a free slot is not found again', '  if (offset < areas[at + S_LOWEST]) areas[at + S_LOWEST] = offset;\n', ''],
    [
      'requests end in another order',
      'scalars[IO_FIRST] = (first + 1) & (io.length - 1);',
      'scalars[IO_FIRST] = (first + 2) & (io.length - 1);',
    ],
    ['swap-outs are not counted', '  state.vmstat[PSWPOUT]++;\n', ''],
  ],
  'reduce/mappings.ts': [
    [
      'an unmapped page keeps a reference',
      '  removeRmap(state, pfn);\n  refer(state, pfn, -1);\n}\n\n/** References to a part',
      '  removeRmap(state, pfn);\n}\n\n/** References to a part',
    ],
    ['a write leaves no mark', 'access === 0 ? PTE_YOUNG : PTE_YOUNG | PTE_DIRTY', 'PTE_YOUNG'],
    [
      'resident pages of files count as anonymous',
      '< 0 ? M_ANON_RSS : M_FILE_RSS)] += change',
      '<= 0 ? M_ANON_RSS : M_FILE_RSS)] += change',
    ],
  ],
  'reduce/migrate.ts': [
    ['dirty marks stay behind', 'const MOVED = PG_ACTIVE | PG_DIRTY |', 'const MOVED = PG_ACTIVE |'],
    ['the swap cache has the old frame', '    swap_cache[slot] = to + 1;\n', ''],
    [
      'the index is lost',
      '  frames[at + F_INDEX] = frames[from + F_INDEX];\n  frames[at + F_FLAGS] |=',
      '  frames[at + F_FLAGS] |=',
    ],
  ],
  'reduce/frames.ts': [
    ['hits and misses are exchanged', '(node === preferred ? N_HIT : N_MISS)', '(node === preferred ? N_MISS : N_HIT)'],
    ['freed frames are not counted', '  vmstat[PGFREE] += pages;\n', ''],
  ],
};

export const MUTANTS: readonly Mutant[] = Object.entries(FILES).flatMap(([name, rows]) =>
  rows.map(([what, from, to]) => ({ file: `packages/core/src/${name}`, what, from, to })),
);
