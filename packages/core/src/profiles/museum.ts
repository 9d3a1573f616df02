/**
 * The museum: bugs that these kernels had, each a row. An exhibit is a kernel with the bug; its twin is the same kernel without
 * it, so that both can be run side by side. All differences between the two are traits.
 */
import { linux_2_6_16 } from './linux_2_6_16.ts';
import { linux_2_6_18, linux_2_6_18_all_vmas } from './linux_2_6_18.ts';
import { linux_6_12 } from './linux_6.ts';
import { posted, rc1, seed } from './swap_v5.ts';
import type { Traits } from './traits.ts';

export interface Exhibit {
  /** The name of the profile with the bug, without "museum-". */
  readonly name: string;
  readonly title: string;
  /** The kernel that it is shown on. */
  readonly base: Traits;
  readonly bug: Partial<Traits>;
  /** What the base lacks to be free of the bug; nothing where it is. */
  readonly mended?: Partial<Traits>;
  /** Where the bug is known from: a commit, a CVE, a row of the specification. */
  readonly source: string;
  /** What goes wrong, in a line. */
  readonly wrong: string;
}

export const EXHIBITS: readonly Exhibit[] = [
  {
    name: 'b1-no-first-vma',
    title: 'the first area of an address space that has none (CVE-2024-56611)',
    base: seed,
    bug: { first_vma_checked: false },
    mended: { first_vma_checked: true },
    source: '39743889aaf (2006), mended by 091c1dd2d4df (6.13); B1, Q31',
    wrong: 'migrate_pages of a process without any memory: the kernel oopses, and its mmap_sem stays taken',
  },
  {
    name: 'b1-no-first-vma-6.12',
    title: 'the same, as it was found eighteen years later',
    base: linux_6_12,
    bug: { first_vma_checked: false },
    source: '39743889aaf (2006), mended by 091c1dd2d4df (6.13); B1, Q31',
    wrong: 'a child to which MADV_DONTFORK left no memory is moved: the kernel oopses',
  },
  {
    name: 'b2-uncounted-isolation',
    title: 'pages that could not be isolated are not counted',
    base: linux_6_12,
    bug: { isolation_failures_count: false },
    source: 'mended by 1cb5d11a370f (6.7); B2',
    wrong: 'migrate_pages answers 0, and pages are still on the old node',
  },
  {
    name: 'b3-targets-emptied',
    title: 'nodes in both masks are emptied, too',
    base: linux_6_12,
    bug: { pairs_spare_targets: false },
    source: '7e2ab150d1b (2.6.16-rc2), mended by Woodman in 3.5; B3, Q21',
    wrong: 'pages that are on a target node already are moved to another one',
  },
  {
    name: 'b4-empty-target',
    title: 'an empty set of target nodes is taken',
    base: linux_6_12,
    bug: { empty_target_refused: false },
    source: 'mended by Xie in 4.16; B4, Q34',
    wrong: 'migrate_pages to no node answers 0, as if it had done what was asked',
  },
  {
    name: 'b5-mask-tail',
    title: 'bits of a mask beyond maxnode are read',
    base: linux_6_12,
    bug: { mask_tail_dropped: false },
    source: 'get_nodes() before Xie, 4.16; B5, Q1',
    wrong: 'with a maxnode that is no multiple of 64, nodes count that the caller did not name',
  },
  {
    name: 'b6-move-pages-uid',
    title: 'move_pages asks for the real user only (CVE-2017-14140)',
    base: linux_6_12,
    bug: { move_pages_asks: 'owned' },
    source: '742755a1d8c (2.6.18), mended by 197e7e521384 (4.13, 4.12.9); B6',
    wrong: 'of a setuid program its caller learns where its memory lies, and may move it',
  },
  {
    name: 'b7-node-bound',
    title: 'move_pages to a node number beyond all masks (CVE-2010-0415)',
    base: linux_2_6_18,
    bug: { node_bound_checked: false },
    source: '742755a1d8c (2.6.18), mended by 6f5a55f1a6c (2.6.33); B7',
    wrong: 'the mask of nodes is read beyond its end',
  },
  {
    name: 'b9-status-efault',
    title: 'move_pages says EFAULT of a page that is not there',
    base: linux_6_12,
    bug: { status_lookup: 'follow_page' },
    source: '4.3 to 6.11; B9',
    wrong: 'memory never touched has the status of memory that nobody has mapped',
  },
  {
    name: 'merged-list',
    title: 'the list handling of the merged commit',
    base: posted,
    bug: { evicted_page: 'stays-on-list' },
    source: '39743889aaf (2.6.16-rc1), mended by ee27497df36 and d498471133f; Q3',
    wrong: 'migrate_pages counts pages that it evicted as pages that stayed',
  },
  {
    name: 'leaked-isolation',
    title: 'mbind loses the pages that it isolated',
    base: linux_2_6_18,
    bug: { mbind_failure: 'leaks' },
    mended: { mbind_failure: 'puts-back' },
    source: '2.6.18, mended by ab8a3e14e6f (2.6.32); Q23',
    wrong: 'after an mbind that met a hole, pages are on no LRU list for ever',
  },
  {
    name: 'skipped-last-vma',
    title: 'the last area is never offered to its driver',
    base: linux_2_6_18_all_vmas,
    bug: { migrate_vmas: 'all-but-last' },
    source: '7b2259b3e53 (2.6.18), mended by 1001c9fb872 (2.6.29); Q22',
    wrong: 'vm_ops->migrate() of the last area is not called',
  },
  {
    name: 'chunk-of-one',
    title: 'a stray semicolon makes each chunk one page',
    base: linux_2_6_16,
    bug: { chunk_pages: 1 },
    source: '2.6.16-rc2, mended by fcab6f35130 (2.6.16-rc5); Q17',
    wrong: 'the whole list is gone through once for each page, with one target at a time',
  },
  {
    name: 'stale-swap-slot',
    title: 'a page that was copied keeps the swap slot of its move',
    base: linux_2_6_16,
    bug: { copied_leaves_swap: false },
    source: 'a48d07afdf1 without a3351e525e4 (2.6.16-rc2)',
    wrong: 'each page that moves uses a swap slot up, until it is touched again',
  },
  {
    name: 'lost-swap-write',
    title: 'data lost on a swap write error',
    base: seed,
    bug: { failed_swap_write_dirties: false },
    mended: { failed_swap_write_dirties: true },
    source: 'before 6ddab3b9ebe (2.6.19); Q10',
    wrong: 'the page is clean though its write failed, so that the next pass drops the only good copy',
  },
  {
    name: 'undrained-batch',
    title: 'LRU batches are not emptied, as in V1 of the series',
    base: posted,
    bug: { lru_drain: 'never' },
    source: 'Swap Migration V1, October 2005; §2.4',
    wrong: 'pages that were just touched wait in a batch, and are left behind in silence',
  },
  {
    name: 'il-next',
    title: 'the turn of an interleaving task is not remapped',
    base: linux_2_6_18,
    bug: { il_next_remapped: false },
    mended: { il_next_remapped: true },
    source: '2.6.16-rc1 to 2.6.18; Q30',
    wrong: 'after its cpuset changed, a task asks for its next page on a node outside of it',
  },
  {
    name: 'unpinned-mm',
    title: 'attaching to a cpuset migrates an address space that nobody holds',
    base: linux_2_6_16,
    bug: { cpuset_attach_pins_mm: false },
    mended: { cpuset_attach_pins_mm: true },
    source: '2.6.16-rc1, mended by 2741a559a01 (2.6.17-rc1); Q29',
    wrong: 'a kernel thread has none, so the kernel oopses',
  },
  {
    name: 'no-mapping',
    title: 'the mapping of the zero page',
    base: seed,
    bug: { unmapped_page_eligible: false },
    source: 'Swap Migration V5 as posted, 31 October 2005; §4.4',
    wrong: 'migrating a process that only ever read some of its memory makes the kernel oops',
  },
  {
    name: 'bit-test',
    title: 'a bit test that answers -1',
    base: rc1,
    bug: { mbind_selects_all: true },
    mended: { mbind_selects_all: false },
    source: '38e35860dbe (2.6.16-rc1 on x86)',
    wrong: 'mbind moves also the pages that lie where its policy wants them',
  },
];

const PREFIX = 'museum-';

export const exhibitId = ({ name }: Exhibit): string => `${PREFIX}${name}`;

/** The name of the kernel without the bug: that of the base, where it is so. */
export const twinId = (exhibit: Exhibit): string => (exhibit.mended ? `${exhibitId(exhibit)}-mended` : exhibit.base.id);

function rowsOf(exhibit: Exhibit): Traits[] {
  const { base, bug, mended, title, wrong } = exhibit;
  const shown = { ...base, ...mended, ...bug, id: exhibitId(exhibit), about: `${base.id} with a bug: ${wrong}` };
  if (!mended) return [shown];
  return [shown, { ...base, ...mended, id: twinId(exhibit), about: `${base.id} without a bug that it has: ${title}` }];
}

/** The kernels of the museum: exhibits, and twins that are no kernel of their own. */
export const MUSEUM: readonly Traits[] = EXHIBITS.flatMap(rowsOf);
