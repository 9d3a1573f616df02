/** A state in the words of the recorded scenarios of swap migration: part → key → value, without what is at rest. */
import { ARENA_VPN, layout, lockedOutside, pending_requests, read, type StateView } from '@pagetape/core';
import {
  MPOL_LOCAL,
  VM_EXEC,
  VM_LOCKED,
  VM_NONLINEAR,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type Policy,
  type Vma,
} from '@pagetape/events';
import { lruBatches, lruLists } from '../report/lists.ts';
import type { Names } from './pages.ts';

/**
 * What a scenario's results tell of the state. `io` and `held` are one text each; the other parts have keys. No recorded
 * scenario has a file of tmpfs, which `file` tells of.
 */
export type Observation = Readonly<Record<string, string | Readonly<Record<string, string | number>>>>;

type Part = Record<string, string | number>;

const { FRAME, F_FLAGS, MM, M_ANON_RSS, M_FILE_RSS, M_LOCKED, TASK, T_IL_NEXT, T_MAJ_FLT, T_MIN_FLT } = layout;

/** Tasks of the scenario that are alive, by name. */
function liveTasks(s: StateView) {
  return Object.values(s.cold.tasks).filter((task) => task.state === 'running' && task.pid > 2);
}

function pte(s: StateView, names: Names, mm: number, vpn: number): string {
  const entry = read.pte_of(s, mm, vpn);
  if (entry === 0) return isMapped(s, mm, vpn) ? '.' : 'x';
  if (read.pte_is_swap(entry)) return `s${read.pte_slot(entry)}`;
  if (read.is_zero_pte(entry)) return 'Z';
  if (read.pte_is_file(entry)) return `f${read.pte_to_pgoff(entry)}`;
  if (read.is_zero_pte(entry)) return 'Z';
  if (read.is_hwpoison_entry(entry)) return 'bad';
  const pfn = read.frame_of_pte(s, entry);
  if (read.is_migration_entry(entry)) return `${read.page_to_nid(s, pfn)}${names.page(pfn)}:moving`;
  const bit = (mask: number, letter: string): string => ((entry & mask) !== 0 ? letter : '');
  const bits = bit(layout.PTE_WRITE, 'w') + bit(layout.PTE_YOUNG, 'y') + bit(layout.PTE_DIRTY, 'd');
  return `${read.page_to_nid(s, pfn)}${names.page(pfn)}:${bits}`;
}

function isMapped(s: StateView, mm: number, vpn: number): boolean {
  return s.cold.mms[mm].vmas.some((id) => s.cold.vmas[id].start <= vpn && vpn < s.cold.vmas[id].end);
}

function pageTables(s: StateView, names: Names): Part {
  const part: Part = {};
  for (const { mm, name, start, pages } of s.cold.regions) {
    if (names.mm(mm) === '?') continue;
    const entries = Array.from({ length: pages }, (_, n) => pte(s, names, mm, start + n));
    if (entries.some((entry) => entry !== 'x')) part[`${names.mm(mm)}.${name}`] = entries.join(' ');
  }
  return part;
}

const FLAG_WORDS = [
  ['act', layout.PG_ACTIVE],
  ['mlocked', layout.PG_MLOCKED],
  ['unevictable', layout.PG_UNEVICTABLE],
  ['ref', layout.PG_REFERENCED],
  ['dirty', layout.PG_DIRTY],
  ['locked', layout.PG_LOCKED],
  ['wb', layout.PG_WRITEBACK],
  ['reclaim', layout.PG_RECLAIM],
  ['err', layout.PG_ERROR],
  ['bad', layout.PG_HWPOISON],
  ['priv', layout.PG_PRIVATE],
] as const;

function pages(s: StateView, names: Names): Part {
  const part: Part = {};
  for (const [pfn, name] of names.pages()) {
    const flags = s.frames[pfn * FRAME + F_FLAGS];
    const mapping = read.mapping_of(s, pfn);
    const words = [
      `n${read.page_to_nid(s, pfn)} c${read.page_count(s, pfn)} m${read.page_mapcount(s, pfn)}`,
      read.PageKsm(s, pfn) ? 'ksm' : mapping < 0 ? 'anon' : mapping > 0 ? 'file' : 'none',
      ...(read.PageLRU(s, pfn) ? ['lru'] : []),
      ...FLAG_WORDS.filter(([, bit]) => (flags & bit) !== 0).map(([word]) => word),
      ...(read.PageSwapCache(s, pfn) ? [`sw${read.page_private(s, pfn)}`] : []),
    ];
    part[name] = words.join(' ');
  }
  return part;
}

function lists(
  found: readonly { readonly at: string; readonly list: string; readonly pfns: readonly number[] }[],
  names: Names,
): Part {
  return Object.fromEntries(
    found.map(({ at, list, pfns }) => [`${at}.${list}`, pfns.map((pfn) => names.page(pfn)).join(' ')]),
  );
}

function nodes(s: StateView): Part {
  const part: Part = {};
  for (const nid of s.topology.nodes) {
    const free = s.topology.zones.reduce(
      (sum, { node }, z) => sum + (node === nid ? s.zones[z * layout.ZONE + layout.Z_FREE] : 0),
      0,
    );
    const [hit, miss, foreign, interleave, local, other] = Array.from(
      { length: layout.NODE },
      (_, i) => s.nodes[nid * layout.NODE + i],
    );
    part[`n${nid}`] =
      `free=${free} hit=${hit} miss=${miss} foreign=${foreign} interleave=${interleave} local=${local} other=${other}`;
  }
  return part;
}

function tasks(s: StateView): Part {
  const part: Part = {};
  for (const { pid, name, mm } of liveTasks(s)) {
    const [file, anon, locked] = [M_FILE_RSS, M_ANON_RSS, M_LOCKED].map((at) => s.mms[mm * MM + at]);
    const [min, maj, il] = [T_MIN_FLT, T_MAJ_FLT, T_IL_NEXT].map((at) => s.tasks[pid * TASK + at]);
    part[name] = `file=${file} anon=${anon} minflt=${min} majflt=${maj} il=${il} locked=${locked}`;
  }
  return part;
}

/** "bind=0,1", "interleave|static=0", "local" */
export function policyWord({ mode, nodes: list, flags = 0 }: Policy): string {
  const names = ['default', 'prefer', 'bind', 'interleave', 'local', 'prefer-many', 'weighted-interleave'];
  const marks = (['static', 'relative', 'balancing'] as const).filter((_, i) => (flags & (1 << (15 - i))) !== 0);
  if (mode === MPOL_LOCAL) return 'local';
  return `${[names[mode], ...marks].join('|')}=${list.length === 0 ? 'local' : list.join(',')}`;
}

function area({ start, end, flags, policy }: Vma): string {
  const letter = (bit: number, yes: string, no: string): string => ((flags & bit) !== 0 ? yes : no);
  const rights =
    letter(VM_READ, 'r', '-') + letter(VM_WRITE, 'w', '-') + letter(VM_EXEC, 'x', '-') + letter(VM_SHARED, 's', 'p');
  const words = [`${start - ARENA_VPN}+${end - start}`, rights];
  if ((flags & VM_LOCKED) !== 0) words.push('locked');
  if ((flags & VM_NONLINEAR) !== 0) words.push('nonlinear');
  return [...words, ...(policy ? [policyWord(policy)] : [])].join(' ');
}

function areas(s: StateView, names: Names): Part {
  const part: Part = {};
  for (const [mm, { vmas }] of Object.entries(s.cold.mms)) {
    const list = vmas.map((id) => s.cold.vmas[id]).filter((vma) => vma.start >= ARENA_VPN);
    if (list.length > 0 && names.mm(Number(mm)) !== '?') part[names.mm(Number(mm))] = list.map(area).join('; ');
  }
  return part;
}

/** Files of tmpfs, by number: what holds each page, a frame with its node, a slot, or nothing; and their policies. */
function files(s: StateView, names: Names): Part {
  const part: Part = {};
  for (const [number, { fs, pages, policies }] of Object.entries(s.cold.files)) {
    if (fs !== 'tmpfs') continue;
    const file = Number(number);
    const held = Array.from({ length: pages }, (_, index) => pageOfFile(s, names, file, index));
    const words = policies.map(({ start, end, policy }) => `[${start}+${end - start} ${policyWord(policy)}]`);
    if (words.length > 0 || held.some((word) => word !== '.')) part[`f${file}`] = [...held, ...words].join(' ');
  }
  return part;
}

function pageOfFile(s: StateView, names: Names, file: number, index: number): string {
  const pfn = read.find_page(s, file, index);
  if (pfn >= 0) return `${read.page_to_nid(s, pfn)}${names.page(pfn)}`;
  const slot = read.shmem_swp_entry(s, file, index);
  return slot === 0 ? '.' : `s${slot}`;
}

function counters(s: StateView): Part {
  const part: Part = {};
  for (const name of COUNTED) part[name] = s.vmstat[layout.VMSTAT.indexOf(name)];
  part['zero_count'] = read.page_count(s, layout.ZERO_PFN);
  part['zero_mapped'] = read.page_mapcount(s, layout.ZERO_PFN);
  return part;
}

const COUNTED = [
  'pgfault',
  'pgmajfault',
  'pswpin',
  'pswpout',
  'pgalloc',
  'pgfree',
  'pgactivate',
  'pgrotated',
  'nr_mapped',
  'nr_swapcache',
  'warn',
] as const;

function swap(s: StateView): Part {
  const counter = (name: (typeof layout.VMSTAT)[number]): number => s.vmstat[layout.VMSTAT.indexOf(name)];
  return {
    free: s.scalars[layout.NR_SWAP_PAGES],
    next: s.areas.length > 0 ? s.areas[layout.S_CLUSTER_NEXT] : 1,
    added: counter('swap_cache_add'),
    deleted: counter('swap_cache_del'),
    found: counter('swap_cache_find_success'),
    looked: counter('swap_cache_find_total'),
  };
}

function slots(s: StateView): Part {
  const part: Part = {};
  for (let slot = 1; slot < s.swap_map.length; slot++) if (s.swap_map[slot] > 0) part[`s${slot}`] = s.swap_map[slot];
  return part;
}

/** All that a recorded scenario tells of a state. */
export function observe(s: StateView, names: Names): Observation {
  return {
    pt: pageTables(s, names),
    pages: pages(s, names),
    lru: lists(
      lruLists(s).map(({ node, ...list }) => ({ at: `n${node}`, ...list })),
      names,
    ),
    vec: lists(
      lruBatches(s).map(({ cpu, ...list }) => ({ at: `cpu${cpu}`, ...list })),
      names,
    ),
    node: nodes(s),
    task: tasks(s),
    vma: areas(s, names),
    cnt: counters(s),
    swap: swap(s),
    slots: slots(s),
    file: files(s, names),
    io: pending_requests({ s })
      .map(({ pfn, write }) => `${write ? 'w' : 'r'}${names.page(pfn)}`)
      .join(' '),
    held: lockedOutside(s)
      .map((pfn) => names.page(pfn))
      .join(' '),
  };
}
