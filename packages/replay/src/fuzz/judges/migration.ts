/** Rules about what migrate_pages(2) and mbind(2) move, leave, and answer. */
import { layout as L, read, type StateView, type Traits } from '@pagetape/core';
import { resolveNumber, VM_RESERVED, type StimulusByOp } from '@pagetape/events';
import { about, field, ofKind, type Rule, type Verdict } from './rule.ts';
import { areasOf, eachMappedPage, nodesNamed, placeOf, target, taskNamed } from './subject.ts';

type Migrate = StimulusByOp<'migrate_pages'>;

const copies = ({ engine }: Traits): boolean => engine !== 'swap' && engine !== 'none';

/** The masks of a call that names them plainly. */
function masksOf({ old, new: to, maxnode }: Migrate): { from: readonly number[]; to: readonly number[] } | null {
  const [named, targets] = [nodesNamed(old, maxnode), nodesNamed(to, maxnode)];
  return named && targets ? { from: named, to: targets } : null;
}

/** An answer of 0 says that all is where it should be: what the call could have moved is gone from the old nodes. */
const leftBehind: Rule = {
  name: 'left-behind',
  excused: ({ engine }) => engine === 'none',
  open: about(['migrate_pages'], (s, step, traits) => {
    const masks = masksOf(step);
    const [caller, task] = [taskNamed(s, step.t), target(s, step.t, step.pid)];
    if (!masks || !caller || !task || caller.compat || s.topology.huge || says0ForOtherReasons(s, task.mm, traits))
      return null;
    const all = traits.privileged_moves_all && caller.capabilities.includes(traits.migrate_capability);
    const emptied = (pfn: number): boolean => {
      const nid = read.page_to_nid(s, pfn);
      return masks.from.includes(nid) && !masks.to.includes(nid);
    };
    if (masks.to.length === 0 && copies(traits)) return null;
    const before = new Map<number, number>();
    eachMappedPage(s, task.mm, traits.not_migratable, (pfn, vpn) => {
      if (emptied(pfn) && movable(s, pfn) && (all || ownedAlone(s, pfn, traits))) before.set(vpn, pfn);
    });
    if (before.size === 0) return null;
    return ({ ret }) => {
      if (ret !== 0) return [];
      for (const [vpn, pfn] of before) {
        const pte = read.pte_of(s, task.mm, vpn);
        if (!read.pte_present(pte) || read.pte_pfn(pte) !== pfn) continue;
        return [
          `migrate_pages answered 0, but frame ${pfn} is still where it was, on node ${read.page_to_nid(s, pfn)}`,
        ];
      }
      return [];
    };
  }),
};

/** Kernels that say 0 where they did not begin: without swap, at a reserved area, when a driver says so. */
function says0ForOtherReasons(s: StateView, mm: number, traits: Traits): boolean {
  const areas = areasOf(s, mm);
  if (traits.move_needs_swap && s.scalars[L.NR_SWAP_PAGES] <= 0) return true;
  if (traits.reserved_first_vma_refused && areas.some(({ flags }) => (flags & VM_RESERVED) !== 0)) return true;
  return traits.migrate_vmas !== 'none' && areas.some(({ migrate }) => migrate !== undefined);
}

/** On a list, or in a batch that goes to one; and neither bad nor merged. */
function movable(s: StateView, pfn: number): boolean {
  const place = placeOf(s, pfn);
  return (place === L.PLACE_LRU || place === L.PLACE_BATCH) && !read.PageHWPoison(s, pfn) && !read.PageKsm(s, pfn);
}

const ownedAlone = (s: StateView, pfn: number, { move_takes }: Traits): boolean =>
  move_takes === 'mapped-once' ? read.page_mapcount(s, pfn) === 1 : read.PageAnon(s, pfn);

/** No more pages can have stayed than there are on the old nodes. */
const countsTooMany: Rule = {
  name: 'counts-too-many',
  excused: (traits) => traits.evicted_page === 'stays-on-list' && traits.engine === 'swap',
  open: about(['migrate_pages'], (s, step, { engine }) => {
    const from = nodesNamed(step.old, step.maxnode);
    if (!from || engine === 'batched' || engine === 'none') return null;
    return ({ ret }) => {
      if (ret === null || ret <= 0) return [];
      let there = 0;
      for (let pfn = 1; pfn < s.scalars[L.FRAMES_USED] && there < ret; pfn++) {
        if (inUse(s, pfn) && from.includes(read.page_to_nid(s, pfn))) there++;
      }
      return there < ret ? [`migrate_pages answered ${ret}, but only ${there} pages are on the old nodes`] : [];
    };
  }),
};

/** Something would miss the frame: a mapping, or a cache. */
const inUse = (s: StateView, pfn: number): boolean =>
  placeOf(s, pfn) !== L.PLACE_FREE && (read.page_mapped(s, pfn) || read.page_mapping(s, pfn) !== 0);

/** Where every old node is a new one, all pages lie right, and none is even isolated. */
const movesWhatLiesRight: Rule = {
  name: 'moves-what-lies-right',
  excused: (traits) => copies(traits) && !traits.pairs_spare_targets,
  open: about(['migrate_pages'], (s, step) => {
    const masks = masksOf(step);
    const [caller, task] = [taskNamed(s, step.t), target(s, step.t, step.pid)];
    if (!masks || !caller || !task || areasOf(s, task.mm).some(({ migrate }) => migrate)) return null;
    const { from, to } = masks;
    if (!from.every((nid) => to.includes(nid)) || !to.every((nid) => caller.mems_allowed.includes(nid))) return null;
    return (_result, events) => {
      const [first] = ofKind(events, 'PageIsolated');
      if (!first) return [];
      return [
        `migrate_pages from nodes ${from.join()} to ${to.join()} isolated frame ${field(first, 'pfn')}, which lay right`,
      ];
    };
  }),
};

/** mbind moves only pages that lie outside its mask. */
const mbindMovesWhatLiesRight: Rule = {
  name: 'mbind-moves-what-lies-right',
  excused: ({ mbind_selects_all }) => mbind_selects_all,
  open: about(['mbind'], (s, step) => {
    const nodes = nodesNamed(step.mask, step.maxnode);
    if (!nodes || nodes.length === 0) return null;
    return (_result, events) => {
      const wrong = ofKind(events, 'PageIsolated').find((event) =>
        nodes.includes(read.page_to_nid(s, field(event, 'pfn'))),
      );
      return wrong
        ? [`mbind to nodes ${nodes.join()} isolated frame ${field(wrong, 'pfn')}, which lies on one of them`]
        : [];
    };
  }),
};

/** A page that a call could not isolate is not where it should be, and the caller is told so. */
const isolationIsTold: Rule = {
  name: 'isolation-told',
  excused: ({ isolation_failures_count }) => !isolation_failures_count,
  open: () => () => (_result, events) => {
    const failed = new Map<number, number>();
    for (const { op } of ofKind(events, 'PageIsolationFailed')) failed.set(op, (failed.get(op) ?? 0) + 1);
    if (failed.size === 0) return [];
    const calls = new Set(
      ofKind(events, 'StimulusBegan')
        .filter(isMigratePages)
        .map(({ op }) => op),
    );
    return ofKind(events, 'StimulusEnded').flatMap(({ op, data }) => {
      const { ret } = data['result'] as { ret: number | null };
      const pages = failed.get(op) ?? 0;
      if (!calls.has(op) || ret === null || ret < 0 || ret >= pages) return [];
      return [`migrate_pages answered ${ret}, but could not isolate ${pages} pages`];
    });
  },
};

const isMigratePages = ({ data }: { data: Readonly<Record<string, unknown>> }): boolean =>
  (data['stimulus'] as { op: string }).op === 'migrate_pages';

/** Once every call is over, nothing is isolated, but what a dead one had. */
const isolatedForEver: Rule = {
  name: 'isolated-for-ever',
  excused: ({ mbind_failure }) => mbind_failure === 'leaks',
  open: (s) => () => (result, events) => {
    if (result.stop || ofKind(events, 'PageIsolated').length === 0) return [];
    const dead = new Set(s.cold.oopses.flatMap(({ isolated }) => isolated));
    for (let pfn = 1; pfn < s.scalars[L.FRAMES_USED]; pfn++) {
      if (placeOf(s, pfn) === L.PLACE_ISOLATED && !dead.has(pfn))
        return [`frame ${pfn} is on no list, and nobody knows it any more`];
    }
    return [];
  },
};

/** Each driver is asked in turn, until one does not answer 0. */
const driversAreAsked: Rule = {
  name: 'driver-asked',
  excused: ({ migrate_vmas }) => migrate_vmas !== 'all',
  open: about(['migrate_pages'], (s, step): Verdict | null => {
    const task = target(s, step.t, step.pid);
    const hooks = task ? areasOf(s, task.mm).flatMap(({ migrate }) => (migrate ? [migrate.answer] : [])) : [];
    if (hooks.length === 0) return null;
    const refusal = hooks.findIndex((answer) => answer !== 0);
    const expected = refusal < 0 ? hooks.length : refusal + 1;
    return ({ ret }, events) => {
      if (ret === null || ret < 0) return [];
      const asked = ofKind(events, 'VmaMigrateCalled').length;
      return asked === expected ? [] : [`${asked} areas were offered to their drivers, not ${expected}`];
    };
  }),
};

/** Frames are allocated for as many pages as there are, up to the 256 that the kernel means. */
const CHUNK = 256;

const targetsComeInChunks: Rule = {
  name: 'chunk',
  excused: ({ engine, chunk_pages }) => engine !== 'hybrid' || chunk_pages < CHUNK,
  open: about(['migrate_pages', 'mbind'], () => (_result, events) => {
    let targets = 0;
    for (const event of events) {
      if (event.kind === 'WalkStarted') targets = 0;
      else if (event.kind === 'TargetPageAllocated') targets++;
      else if (event.kind === 'PageMigrated') targets--;
      else if (event.kind === 'MigrationBatchStarted') {
        const wanted = Math.min(field(event, 'pages'), CHUNK);
        if (targets < wanted) return [`a list of ${field(event, 'pages')} pages was begun with ${targets} targets`];
      }
    }
    return [];
  }),
};

/** A page that was copied needs no slot any more. */
const slotsAreGivenBack: Rule = {
  name: 'stale-slot',
  excused: ({ engine, copied_leaves_swap }) => engine !== 'hybrid' || !copied_leaves_swap,
  open: about(['migrate_pages', 'mbind'], (s) => (_result, events) => {
    const slots = new Map<number, number>();
    for (const event of ofKind(events, 'PageAddedToSwapCache', 'PageMigrated')) {
      const pfn = field(event, 'pfn');
      if (event.kind === 'PageAddedToSwapCache') slots.set(pfn, field(event, 'slot'));
      const [slot, to] = [slots.get(pfn), event.kind === 'PageMigrated' ? field(event, 'to') : -1];
      if (to < 0 || slot === undefined || !read.PageSwapCache(s, to) || read.page_private(s, to) !== slot) continue;
      return [`frame ${to} has its page now, but still the slot ${slot} that the move took`];
    }
    return [];
  }),
};

/** There must be a node to go to. */
const emptyTarget: Rule = {
  name: 'empty-target',
  excused: ({ empty_target_refused }) => !empty_target_refused,
  open: about(['migrate_pages'], (_s, step) => {
    const to = step.new === null ? [] : nodesNamed(step.new, step.maxnode);
    if (to?.length !== 0 || resolveNumber(step.maxnode) < 1n) return null;
    return ({ ret }) => (ret !== null && ret >= 0 ? [`migrate_pages to no node answered ${ret}`] : []);
  }),
};

export const migrationRules: readonly Rule[] = [
  leftBehind,
  countsTooMany,
  movesWhatLiesRight,
  mbindMovesWhatLiesRight,
  isolationIsTold,
  isolatedForEver,
  driversAreAsked,
  targetsComeInChunks,
  slotsAreGivenBack,
  emptyTarget,
];
