/**
 * Each invariant notices: one integer of a sound state is overwritten, or one member of its cold tree, and the sentence
 * that must follow appears.
 */
import type { Stimulus } from '@pagetape/events';
import { VM_LOCKED } from '@pagetape/events';
import test from 'ava';
import { Simulation } from '../simulation.ts';
import type { ColdState } from '../state/cold.ts';
import * as L from '../state/layout.ts';
import {
  frameIsRetired,
  pageInBatch,
  PageLocked,
  PageLRU,
  PageSwapCache,
  PageWriteback,
  tableEntry,
} from '../state/read.ts';
import { lockedOutside, pinsOf, seizedSlots } from '../state/outside.ts';
import { copyState, type State } from '../state/state.ts';
import type { StateView } from '../state/view.ts';
import { ARENA_VPN } from '../stimulus/resolve.ts';
import { checkInvariants } from './check.ts';

/** Steps after which there is something of everything: caches, pending I/O, locks, pins, seized slots, shared pages. */
const STEPS: readonly Stimulus[] = [
  { op: 'spawn', t: 'A', node: 0 },
  { op: 'file', name: 'f', pages: 8 },
  { op: 'mmap', t: 'A', r: 'r', at: 0, pages: 30 },
  { op: 'mmap', t: 'A', r: 'm', at: 100, pages: 8, kind: 'file', file: 'f' },
  { op: 'mmap', t: 'A', r: 'l', at: 200, pages: 3, flags: ['locked'] },
  { op: 'touch', t: 'A', addr: ['r', 0], pages: 16 },
  { op: 'age', t: 'A', addr: ['r', 0], pages: 16 },
  { op: 'migrate_pages', t: 'A', pid: 'self', maxnode: 65, old: [0], new: [1] },
  { op: 'spawn', t: 'D', node: 0 },
  { op: 'mmap', t: 'D', r: 'd', at: 0, pages: 1 },
  { op: 'touch', t: 'D', addr: ['d', 0], pages: 1 },
  { op: 'soft_offline', t: 'D', addr: ['d', 0] },
  { op: 'exit', t: 'D' },
  { op: 'file', name: 't', pages: 4, fs: 'tmpfs' },
  { op: 'spawn', t: 'S', node: 0 },
  { op: 'mmap', t: 'S', r: 's', at: 0, pages: 4, kind: 'file', file: 't' },
  { op: 'mbind', t: 'S', addr: ['s', 1], pages: 2, mode: 1, mask: [1], maxnode: 65, flags: 0 },
  { op: 'touch', t: 'S', addr: ['s', 0], pages: 1 },
  { op: 'age', t: 'S', addr: ['s', 0], pages: 1 },
  { op: 'migrate_pages', t: 'S', pid: 'self', maxnode: 65, old: [0], new: [1] },
  { op: 'mmap', t: 'S', r: 'q', at: 40, pages: 1, kind: 'shared' },
  { op: 'touch', t: 'A', addr: ['m', 0], pages: 4 },
  { op: 'munmap', t: 'A', addr: ['m', 0], pages: 1 },
  { op: 'touch', t: 'A', addr: ['r', 20], pages: 5 },
  { op: 'drain', cpu: 0 },
  { op: 'pinpages', t: 'A', addr: ['r', 20], pages: 1, mode: 'w' },
  { op: 'pinpages', t: 'A', addr: ['r', 24], pages: 1, mode: 'w' },
  { op: 'unpin', t: 'A', addr: ['r', 20] },
  { op: 'lock', t: 'A', addr: ['r', 21], until: 'unlock' },
  { op: 'touch', t: 'A', addr: ['r', 6], pages: 1 },
  { op: 'writeback', t: 'A', addr: ['r', 22] },
  { op: 'fork', t: 'A', as: 'B' },
  { op: 'touch', t: 'B', addr: ['r', 23], pages: 1 },
  { op: 'touch', t: 'B', addr: ['r', 28], pages: 2, mode: 'r' },
  { op: 'spawn', t: 'C', node: 1 },
  { op: 'mmap', t: 'C', r: 'c', at: 0, pages: 1 },
  { op: 'touch', t: 'C', addr: ['c', 0], pages: 1 },
  { op: 'exit', t: 'C' },
  { op: 'cg_new', cg: 'x' },
  { op: 'swapfill', leave: 6 },
];

const MACHINE = {
  nodes: [
    { id: 0, pages: 120, cpus: 1 },
    { id: 1, pages: 120, cpus: 1 },
  ],
  swap: [24, 8],
  page_cluster: 3,
  io: 'hold',
} as const;

/** A state in which every invariant holds. */
function soundState(): State {
  const run = new Simulation({ machine: MACHINE });
  for (const step of STEPS) run.perform(step);
  return copyState(run.view as State);
}

const sound = soundState();

/** The first frame that is so. */
function frameThat(is: (s: StateView, pfn: number) => boolean): number {
  for (let pfn = 1; pfn < sound.topology.max_pfn; pfn++) if (is(sound, pfn)) return pfn;
  throw new Error('the test needs a state with such a frame');
}

const { A, B, C } = sound.cold.pids as { A: number; B: number; C: number };
const mm = sound.cold.tasks[A].mm;
const vma = sound.cold.mms[mm].vmas.find((id) => sound.cold.vmas[id].start === ARENA_VPN) as number;
const file_vma = sound.cold.files[1].i_mmap[0];
const { anon_vma } = sound.cold.vmas[vma];
const onLru = frameThat((s, pfn) => PageLRU(s, pfn) && s.frames[pfn * L.FRAME + L.F_NEXT] !== 0);
const inBatch = frameThat(pageInBatch);
const cached = frameThat(PageSwapCache);
const written = frameThat(PageWriteback);
const ofFile = frameThat(({ frames }, pfn) => frames[pfn * L.FRAME + L.F_MAPPING] > 0);
const read = sound.swap_cache.find(
  (link) => link !== 0 && !PageWriteback(sound, link - 1) && PageLocked(sound, link - 1),
);
const reading = (read as number) - 1;
const [pinned] = pinsOf(sound);
const [held] = lockedOutside(sound);
const [seized] = seizedSlots(sound);
/** The pin that was given back: it was placed before the one that is left. */
const PIN_GONE = 0;
const pteAt = (s: State, page: number): number => tableEntry(s.tables, s.mms, mm * L.MM + L.M_ROOT, ARENA_VPN + page);
const field = (pfn: number, at: number): number => pfn * L.FRAME + at;
const fresh = 1 + sound.zones[L.Z_FRESH];
const swapped = Array.from({ length: 16 }, (_, page) => page).find(
  (page) => (sound.tables[pteAt(sound, page)] & L.PTE_PRESENT) === 0,
) as number;
const slot = sound.tables[pteAt(sound, swapped)] >>> L.PTE_SHIFT;
const free_slot = sound.swap_map.findIndex((users) => users === 0);
const retired = frameThat(frameIsRetired);
const TMPFS = 2;
const UNLINKED = 3;
const tmpfsEntry = tableEntry(sound.tables, sound.files, TMPFS * L.FILE + L.X_ROOT, 0);
const freed_table = sound.scalars[L.TABLES_FREE];

const cold = (s: State, change: Partial<ColdState>): void => void (s.cold = { ...s.cold, ...change });
const editFile = (s: State, id: number, change: object): void =>
  cold(s, { files: { ...s.cold.files, [id]: { ...s.cold.files[id], ...change } } });
const editVma = (s: State, id: number, change: object): void =>
  cold(s, { vmas: { ...s.cold.vmas, [id]: { ...s.cold.vmas[id], ...change } } });

/** What is overwritten, and the sentence that must appear. */
const CORRUPTIONS: readonly (readonly [string, (s: State) => void, RegExp])[] = [
  // places
  [
    'a listed frame says that it is held',
    (s) => void (s.frames[field(onLru, L.F_FLAGS)] ^= L.PLACE_LRU ^ L.PLACE_HELD),
    /frame \d+ is held by its place bits, but stands in 0 free lists, 0 batches and 1 LRU lists/,
  ],
  [
    'a frame in a batch says that it is on a list',
    (s) => void (s.frames[field(inBatch, L.F_FLAGS)] ^= L.PLACE_BATCH ^ L.PLACE_LRU),
    /frame \d+ is on an LRU list by its place bits, but stands in 0 free lists, 1 batches/,
  ],
  [
    'a frame is free and used',
    (s) => void (s.zones[L.Z_FREE_HEAD] = inBatch + 1),
    /frame \d+ is in a batch by its place bits, but stands in 1 free lists, 1 batches/,
  ],
  [
    'a frame is part of the image',
    (s) => void (s.frames[field(fresh, L.F_FLAGS)] = L.PLACE_IMAGE),
    /frame \d+ is part of the image, as only the zero page is/,
  ],
  [
    'a retired frame has a second reference',
    (s) => void s.frames[field(retired, L.F_COUNT)]++,
    /frame \d+ counts 2 references, but has 1 holders \(1 retirements\)/,
  ],
  [
    'a retired frame is dirty',
    (s) => void (s.frames[field(retired, L.F_FLAGS)] |= L.PG_DIRTY),
    /frame \d+ is retired, but still has marks or a mapping/,
  ],
  [
    'a task is in no cpuset',
    (s) => cold(s, { tasks: { ...s.cold.tasks, [A]: { ...s.cold.tasks[A], cpuset: 'gone' } } }),
    /task \d+ is in cpuset gone, which does not exist/,
  ],
  [
    'a cpuset has more than its parent',
    (s) => cold(s, { cpusets: { ...s.cold.cpusets, x: { ...s.cold.cpusets['x'], mems: [0, 7] } } }),
    /cpuset x has more than the one around it/,
  ],
  [
    'a task may use more than its group of v2',
    (s) =>
      cold(s, {
        cpusets: { ...s.cold.cpusets, v2: { ...s.cold.cpusets['x'], mems: [0], subtree_control: false } },
        tasks: { ...s.cold.tasks, [A]: { ...s.cold.tasks[A], cpuset: 'v2', mems_allowed: [0, 1] } },
      }),
    /task \d+ may use nodes 0,1, but its group has 0 in effect/,
  ],
  [
    'the zero page is held',
    (s) => void (s.frames[L.F_FLAGS] ^= L.PLACE_IMAGE ^ L.PLACE_HELD),
    /the zero page is held, not in the image/,
  ],
  // lists
  ['a link is broken', (s) => void (s.frames[field(onLru, L.F_NEXT)] = 0), /ends with frame \d+, but its tail is \d+/],
  [
    'a link goes back elsewhere',
    (s) => void (s.frames[field(onLru, L.F_PREV)] = 100),
    /frame \d+ on the (in)?active list of zone Normal of node 0 follows frame -?\d+, but links back to 99/,
  ],
  [
    'a list is a ring',
    (s) => void (s.frames[field(onLru, L.F_NEXT)] = onLru + 1),
    /list of .* has \d+ pages, but \d+ are/,
  ],
  [
    'a list counts one more',
    (s) => void s.zones[L.Z_NR + 1]++,
    /the active list of .* has \d+ pages, but \d+ are counted/,
  ],
  [
    'an active page has no PG_active',
    (s) => void (s.frames[field(onLru, L.F_FLAGS)] ^= L.PG_ACTIVE),
    /frame \d+ on the (in)?active list .* has the wrong PG_active/,
  ],
  [
    'a page says that it is on another list',
    (s) => void (s.frames[field(onLru, L.F_FLAGS)] ^= 4 << L.LIST_SHIFT),
    /frame \d+ on the (in)?active list .* says that it is on the (in)?active-file list/,
  ],
  ['a node has an unevictable page too many', (s) => void s.nodes[L.N_NR + 4]++, /nr_unevictable 1, but has 0/],
  ['a node has an isolated page too many', (s) => void s.nodes[L.N_ISOLATED + 1]++, /nr_isolated_file 1, but has 0/],
  [
    'a locked page is not counted',
    (s) => void (s.frames[field(onLru, L.F_FLAGS)] |= L.PG_MLOCKED),
    /nr_mlock is 0, but 1/,
  ],
  // free frames and zones
  [
    'a free frame has an index',
    (s) => void (s.frames[field(fresh, L.F_INDEX)] = 5),
    /frame \d+ is free, but its field 4 is 5, not 0/,
  ],
  [
    'a zone counts one free frame more',
    (s) => void s.zones[L.Z_FREE]++,
    /counts \d+ free frames and uses \d+ and 1 are retired, but has 120/,
  ],
  [
    'a frame is withheld and free',
    (s) => void s.zones[L.Z_WITHHELD]++,
    /and 1 are retired and 1 withheld, but has 120/,
  ],
  ['a zone handed out too many', (s) => void (s.zones[L.Z_FRESH] = 121), /handed out 121 of its 120 frames/],
  ['hashes miss frames', (s) => void (s.scalars[L.FRAMES_USED] = 2), /but only those below 2 are hashed/],
  // references and mappings
  [
    'a reference too many',
    (s) => void s.frames[field(onLru, L.F_COUNT)]++,
    /frame \d+ counts \d+ references, but has \d+ holders \(\d+ page-table entries/,
  ],
  [
    'a pin is forgotten',
    (s) => s.scalars.fill(0, L.PINS, L.PINS + 2),
    new RegExp(`frame ${pinned.pfn} counts \\d+ references`),
  ],
  ['the zero page lost a reference', (s) => void s.frames[L.F_COUNT]--, /frame 0 counts \d+ references.*kernel images/],
  [
    'a frame leaked',
    (s) => void (s.frames[field(fresh, L.F_FLAGS)] = L.PLACE_HELD),
    /frame \d+ is held, but nobody refers to it/,
  ],
  [
    'a map count is off',
    (s) => void s.frames[field(onLru, L.F_MAPCOUNT)]--,
    /frame \d+ counts \d+ mappings, but \d+ entries/,
  ],
  ['an entry is lost', (s) => void (s.tables[pteAt(s, 20)] = 0), /frame \d+ counts 2 mappings, but 1 entries map it/],
  // caches and reverse mapping
  [
    'PG_swapcache is lost',
    (s) => void (s.frames[field(cached, L.F_FLAGS)] ^= L.PG_SWAPCACHE),
    /the swap cache has frame \d+, which does not have PG_swapcache/,
  ],
  [
    'a frame names a slot',
    (s) => void (s.frames[field(onLru, L.F_PRIVATE)] = 9),
    /frame \d+ names slot 9, but does not have/,
  ],
  [
    'the swap cache has another frame',
    (s) => void (s.swap_cache[sound.frames[field(cached, L.F_PRIVATE)]] = 100),
    /frame \d+ is in the swap cache for slot \d+, where the cache has frame 99/,
  ],
  [
    'a frame is of another page of its file',
    (s) => void (s.frames[field(ofFile, L.F_INDEX)] = 7),
    /frame \d+ is page 7 of file 1, but its cache has frame -1 there/,
  ],
  [
    'a cached frame belongs to no file',
    (s) => void (s.frames[field(ofFile, L.F_MAPPING)] = 0),
    /a page cache has frame \d+, which belongs to no file/,
  ],
  ['a file counts a page more', (s) => void s.files[L.FILE + L.X_NRPAGES]++, /file 1 counts 5 cached pages, but has 4/],
  [
    'an anonymous page has another index',
    (s) => void (s.frames[field(pinned.pfn, L.F_INDEX)] = 1),
    /maps frame \d+ \(mapping -\d+, index 1\), from where reverse mapping does not find it/,
  ],
  [
    'an area lost its end',
    (s) => editVma(s, vma, { end: ARENA_VPN + 20 }),
    /page \d+ of address space \d+ has an entry, but lies in no area/,
  ],
  [
    'a migration entry names a page that nobody moves',
    (s) => void (s.tables[pteAt(s, 20)] = (onLru << L.PTE_SHIFT) | L.PTE_MIGRATION_READ),
    /1 migration entries name frame \d+, which is on an LRU list/,
  ],
  [
    'an entry maps a free frame',
    (s) => void (s.tables[pteAt(s, 20)] = (fresh << L.PTE_SHIFT) | L.PTE_PRESENT),
    /page \d+ of address space \d+ maps frame \d+, which is free/,
  ],
  [
    'an entry maps a frame beyond memory',
    (s) => void (s.tables[pteAt(s, 20)] = (0xffff << L.PTE_SHIFT) | L.PTE_PRESENT),
    /page \d+ of address space \d+ maps frame 65535, which does not exist/,
  ],
  // swap
  [
    'a slot has a user more',
    (s) => void s.swap_map[slot]++,
    /slot \d+ counts \d+ users, but has \d+ \(\d+ entries, \d+ files, \d+ in/,
  ],
  ['a header is used', (s) => void (s.swap_map[0] = 1), /slot 0 is a header, but counts 1 and has 0 users/],
  [
    'seized slots are forgotten',
    (s) => s.scalars.fill(0, L.SEIZED, L.SEIZED + 2),
    /slot \d+ counts 1 users, but has 0/,
  ],
  ['an area counts a slot more', (s) => void s.areas[L.S_INUSE]++, /swap area 0 counts \d+ slots in use, but \d+ are/],
  [
    'a free slot is out of bounds',
    (s) => s.areas.fill(free_slot + 30, L.AREA + L.S_LOWEST, L.AREA + L.S_LOWEST + 1),
    /slot \d+ of swap area 1 is free, but outside its bounds \d+ to \d+/,
  ],
  [
    'nr_swap_pages is off',
    (s) => void s.scalars[L.NR_SWAP_PAGES]--,
    /the machine counts 5 free slots, but its areas have 6/,
  ],
  // files
  [
    'a file forgets its slot',
    (s) => void (s.tables[tmpfsEntry] = 0),
    /slot \d+ counts 1 users, but has 0 \(0 entries, 0 files/,
  ],
  [
    'a file counts a slot more',
    (s) => void s.files[TMPFS * L.FILE + L.X_SWAPPED]++,
    /counts 2 pages in swap, but has 1/,
  ],
  ['a file on disk is in swap', (s) => editFile(s, TMPFS, { fs: 'disk' }), /1 pages in swap, but is one of disk/],
  [
    'a file without a name stays',
    (s) => editFile(s, TMPFS, { unlinked: true, i_mmap: [] }),
    /is not mapped, but is there/,
  ],
  [
    'a file that is gone has pages',
    (s) => {
      cold(s, { files: Object.fromEntries(Object.entries(s.cold.files).filter(([id]) => Number(id) !== UNLINKED)) });
      s.files[UNLINKED * L.FILE + L.X_NRPAGES] = 1;
    },
    /file 3 is gone, but its field 2 is 1, not 0/,
  ],
  [
    'policies of a file overlap',
    (s) => editFile(s, TMPFS, { policies: [...s.cold.files[TMPFS].policies, ...s.cold.files[TMPFS].policies] }),
    /file 2 has a policy from page 1 on, but the one before ends at 3/,
  ],
  [
    'a policy of a file is for no page',
    (s) => editFile(s, TMPFS, { policies: [{ ...s.cold.files[TMPFS].policies[0], end: 1 }] }),
    /file 2 has a policy from page 1 to before page 1/,
  ],
  [
    'a file on disk has policies',
    (s) => editFile(s, 1, { policies: s.cold.files[TMPFS].policies }),
    /file 1 has policies, but is one of disk/,
  ],
  // counters
  ['nr_mapped is off', (s) => void s.vmstat[L.NR_MAPPED]++, /nr_mapped is \d+, but \d+ frames are mapped/],
  ['nr_dirty is off', (s) => void s.vmstat[L.NR_DIRTY]--, /nr_dirty is -?\d+, but \d+ frames are dirty pages of files/],
  [
    'nr_writeback is off',
    (s) => void s.vmstat[L.NR_WRITEBACK]++,
    /nr_writeback is \d+, but \d+ frames are under write-back/,
  ],
  [
    'nr_swapcache is off',
    (s) => void s.vmstat[L.NR_SWAPCACHE]++,
    /nr_swapcache is \d+, but \d+ frames are in the swap/,
  ],
  ['anon_rss is off', (s) => void s.mms[mm * L.MM + L.M_ANON_RSS]++, /counts anon_rss \d+, but maps \d+ such pages/],
  ['file_rss is off', (s) => void s.mms[mm * L.MM + L.M_FILE_RSS]--, /counts file_rss \d+, but maps \d+ such pages/],
  // requests
  [
    'a page that is being read is unlocked',
    (s) => void (s.frames[field(reading, L.F_FLAGS)] ^= L.PG_LOCKED),
    /frame \d+ has 1 pending reads and 0 lock holders, but is not locked/,
  ],
  [
    'two have the lock of a page',
    (s) => {
      s.holders = new Int32Array((Math.max(reading, held) + 1) * L.HOLDER);
      s.holders[held * L.HOLDER + L.H_NEXT] = reading + 1;
    },
    /frame \d+ has 1 pending reads and 1 lock holders, but only one can have its lock/,
  ],
  [
    'a holder is forgotten',
    (s) => s.scalars.fill(0, L.LOCK_HOLDERS, L.LOCK_HOLDERS + 2),
    /frame \d+ is locked, but nobody has its lock/,
  ],
  [
    'a holder is not on the list',
    (s) => void (s.holders[L.H_UNTIL] = 1),
    /2 frames are locked from outside, but the list has 1/,
  ],
  [
    'a holder links back',
    (s) => void (s.holders[held * L.HOLDER + L.H_PREV] = 8),
    /lock holder \d+ follows -1, but links back to 7/,
  ],
  [
    'the list of holders ends elsewhere',
    (s) => void s.scalars[L.LOCK_HOLDERS + 1]++,
    /lock holders ends with \d+, but/,
  ],
  [
    'a pin links back',
    (s) => void (s.pins[pinned.pin * L.PIN + L.P_PREV] = 5),
    /pin \d+ follows -1, but links back to 4/,
  ],
  [
    'a pin is not on the list',
    (s) => void (s.pins[PIN_GONE * L.PIN + L.P_TASK] = A),
    /2 pins are placed, but the list has 1/,
  ],
  ['free pins are lost', (s) => void (s.scalars[L.PINS_FREE] = 0), /1 pins are placed and 0 free, but 2 were used/],
  [
    'the list of seized slots is cut',
    (s) => void (s.seized[seized] = 0),
    /seized slots ends with \d+, but its last is \d+/,
  ],
  [
    'a slot is linked that nobody seized',
    (s) => void (s.seized[slot] = seized),
    /slots have one that was seized after, but/,
  ],

  [
    'write-back ended on the page alone',
    (s) => void (s.frames[field(written, L.F_FLAGS)] ^= L.PG_WRITEBACK),
    /frame \d+ is not under write-back, but 1 writes of it are pending/,
  ],
  [
    'a request is lost',
    (s) => void s.scalars[L.IO_PENDING]--,
    /frame \d+ is .*(but nobody has|but 0 writes of it are)/,
  ],
  [
    'a request is for no frame',
    (s) => void (s.io[(s.scalars[L.IO_FIRST] + 1) & (s.io.length - 1)] = 99_998),
    /request 1 is for frame 49999, which does not exist/,
  ],
  // areas
  [
    'areas overlap',
    (s) => editVma(s, vma, { end: ARENA_VPN + 150 }),
    /area \d+ begins at page \d+, but the area before ends at page \d+/,
  ],
  [
    'an area is empty',
    (s) => editVma(s, vma, { end: ARENA_VPN }),
    /area \d+ begins at page \d+ and ends before page \d+/,
  ],
  ['an area moved out', (s) => editVma(s, vma, { mm: 1 }), /address space \d+ has area \d+, which is in 1/],
  [
    'an address space lost its areas',
    (s) => cold(s, { mms: { ...s.cold.mms, [mm]: { vmas: [], dumpable: 1, def_flags: 0 } } }),
    /area \d+ is in address space \d+, whose list has it 0 times/,
  ],
  [
    'an area maps another file',
    (s) => editVma(s, file_vma, { file: 0 }),
    /the list of file 1 has area \d+, which is not/,
  ],
  ['an area maps a file unseen', (s) => editVma(s, vma, { file: 1 }), /area \d+ has file 1, whose list has it 0 times/],
  [
    'an area has no anon_vma',
    (s) => editVma(s, vma, { anon_vma: 0 }),
    /the list of anon_vma \d+ has area \d+, which is not/,
  ],
  [
    'an anon_vma lost its areas',
    (s) => cold(s, { anon_vmas: { ...s.cold.anon_vmas, [anon_vma]: [] } }),
    /anon_vma \d+ is there without an area/,
  ],
  [
    'an area is locked by nobody',
    (s) => editVma(s, vma, { flags: sound.cold.vmas[vma].flags | VM_LOCKED }),
    /address space \d+ counts 3 locked pages, but its areas lock 33/,
  ],
  // tasks and address spaces
  [
    'a user too many',
    (s) => void s.mms[mm * L.MM + L.M_USERS]++,
    /address space \d+ counts 2 users, but 1 tasks have it/,
  ],
  [
    'a dead address space has pages',
    (s) => void (s.mms[(sound.cold.tasks[B].mm + 1) * L.MM + L.M_ANON_RSS] = 3),
    /address space \d+ is gone, but its field 3 is 3, not 0/,
  ],
  [
    'a page table too many',
    (s) => void s.mms[mm * L.MM + L.M_PTES]++,
    /address space \d+ counts 2 page tables, but has 1/,
  ],
  [
    'free tables are lost',
    (s) => void (s.scalars[L.TABLES_FREE] = 0),
    /table \d+ is in 0 trees and 0 times among the free/,
  ],
  [
    'a free table is used',
    (s) => void (s.mms[mm * L.MM + L.M_ROOT] = freed_table),
    /table \d+ is in 1 trees and 1 times among the free ones/,
  ],
  // what calls left
  [
    'a frame stays isolated',
    (s) => void (s.frames[field(onLru, L.F_FLAGS)] ^= L.PLACE_LRU ^ L.PLACE_ISOLATED),
    /frame \d+ is still isolated, though no call is under way/,
  ],
  [
    'a lock stays held',
    (s) => void s.mms[mm * L.MM + L.M_SEM]++,
    /the mmap_sem of address space \d+ is still held \(1\)/,
  ],
  ['a flag stays set', (s) => void (s.tasks[A * L.TASK + L.T_FLAGS] = L.PF_SWAPWRITE), /task \d+ still has the flags/],
  // strays
  [
    'a batch has no frame',
    (s) => void (s.cpus[sound.cpus[0] > 0 ? 1 : L.BATCH + 1] = 9999),
    /a batch of CPU 0 has frame 9999/,
  ],
  [
    'the swap cache has no frame',
    (s) => void (s.swap_cache[free_slot] = -5),
    /slot \d+ is cached in frame -6, which does not/,
  ],
  [
    'a pin is on no frame',
    (s) => void (s.pins[pinned.pin * L.PIN + L.P_PFN] = 9999),
    /task \d+ pins frame 9999, which does not exist/,
  ],
  [
    'a slot beyond swap is seized',
    (s) => void (s.scalars[L.SEIZED] = 77),
    /somebody outside has slot 77, which does not exist/,
  ],
];

/** Merged pages, of a kernel that has them: the page of three mappings, and the places that its node knows. */
function mergedState(): State {
  const run = new Simulation({ machine: MACHINE, profile: 'linux-6.12' });
  const pages = { t: 'A', addr: ['r', 0], pages: 3 } as const;
  run.perform({ op: 'spawn', t: 'A', node: 0 });
  run.perform({ op: 'mmap', t: 'A', r: 'r', at: 0, pages: 3 });
  run.perform({ op: 'madvise', ...pages, advice: 'MADV_MERGEABLE' });
  run.perform({ op: 'touch', ...pages });
  run.perform({ op: 'ksm' });
  return copyState(run.view as State);
}

const merged = mergedState();
const [stable] = Object.values(merged.cold.ksm!.stable_nodes);

function editNode(s: State, edit: Partial<typeof stable>): void {
  cold(s, { ksm: { ...merged.cold.ksm!, stable_nodes: { 1: { ...stable, ...edit } } } });
}

const CORRUPTED_MERGES: readonly (readonly [title: string, corrupt: (s: State) => void, sentence: RegExp])[] = [
  ['a node has another frame', (s) => editNode(s, { pfn: 7 }), /frame \d+ is merged, but its node 1 has frame 7/],
  [
    'a node forgets a mapping',
    (s) => editNode(s, { items: stable.items.slice(1) }),
    /maps frame \d+ \(mapping -\d+, index \d+\), from where reverse mapping does not find it/,
  ],
  [
    'a node knows a mapping twice',
    (s) => editNode(s, { items: [stable.items[0], ...stable.items] }),
    /node 1 of the stable tree knows page \d+ of address space \d+, which another one knows, too/,
  ],
  [
    'a merged page belongs to one mapping',
    (s) => void (s.frames[field(stable.pfn, L.F_FLAGS)] |= L.PG_ANON_EXCLUSIVE),
    /frame \d+ is merged, but has PG_anon_exclusive/,
  ],
];

test('a sound state breaks nothing', (t) => {
  t.deepEqual(checkInvariants(sound), []);
  t.deepEqual(checkInvariants(sound, { midway: true }), []);
  t.deepEqual(checkInvariants(merged), []);
  t.false(C in sound.cold.tasks);
});

const cases = [
  ...CORRUPTIONS.map((each) => [sound, ...each] as const),
  ...CORRUPTED_MERGES.map((each) => [merged, ...each] as const),
];
for (const [from, title, corrupt, sentence] of cases) {
  test(title, (t) => {
    const state = copyState(from);
    corrupt(state);
    const broken = checkInvariants(state);
    t.true(
      broken.some((each) => sentence.test(each)),
      `expected a sentence like ${sentence}, found:\n${broken.join('\n') || 'nothing'}`,
    );
  });
}

test('a call in flight may hold references, locks and isolated pages', (t) => {
  const state = copyState(sound);
  state.frames[field(onLru, L.F_COUNT)]++;
  state.frames[field(onLru, L.F_FLAGS)] |= L.PG_LOCKED;
  state.mms[mm * L.MM + L.M_SEM] = -1;
  state.mms[mm * L.MM + L.M_USERS]++;
  t.deepEqual(checkInvariants(state, { midway: true }), []);
  t.is(checkInvariants(state).length, 4);
});
