/** Rules about arguments and answers: what a mask means, who may ask, what a status says. */
import { read, type StateView } from '@pagetape/core';
import { type Stimulus, type StimulusByOp, type Task } from '@pagetape/events';
import { about, ofKind, type Rule, type Verdict } from './rule.ts';
import { areasOf, nodesNamed, target, taskNamed } from './subject.ts';

/** The masks of a step by the word that the event of their reading has for them. */
function masksOf(step: Stimulus): Readonly<Record<string, readonly number[] | null>> {
  switch (step.op) {
    case 'migrate_pages':
      return { 'mask-old': nodesNamed(step.old, step.maxnode), 'mask-new': nodesNamed(step.new, step.maxnode) };
    case 'mbind':
    case 'set_mempolicy':
      return { mask: nodesNamed(step.mask, step.maxnode) };
    default:
      return {};
  }
}

/** Bits from maxnode - 1 on do not count. */
const masksEndAtMaxnode: Rule = {
  name: 'mask-end',
  excused: ({ mask_tail_dropped }) => !mask_tail_dropped,
  open: about(['migrate_pages', 'mbind', 'set_mempolicy'], (_s, step) => {
    const masks = masksOf(step);
    return (_result, events) =>
      ofKind(events, 'NodemaskRead').flatMap(({ data }) => {
        const { which, nodes } = data as unknown as { which: string; nodes: readonly number[] };
        const named = masks[which];
        if (!named || named.join() === nodes.join()) return [];
        return [`of ${which} the kernel read nodes ${nodes.join() || 'none'}, but named are ${named.join() || 'none'}`];
      });
  }),
};

/** Errors of checks that come after the one of who asks. */
const LATER: ReadonlySet<string | undefined> = new Set(['ENODEV', 'EACCES']);

/** Only who has all the ids of a task that is dumpable may move its memory or ask where it lies, and who may trace anybody. */
const strangersAreRefused: Rule = {
  name: 'strangers',
  excused: ({ move_pages_asks }) => move_pages_asks !== 'traced',
  open: about(['move_pages', 'migrate_pages'], (s, step): Verdict | null => {
    const [caller, task] = [taskNamed(s, step.t), target(s, step.t, step.pid)];
    if (!caller || !task || caller.tgid === task.tgid || caller.capabilities.includes('CAP_SYS_PTRACE')) return null;
    if (hasIdsOf(caller, task) && s.cold.mms[task.mm]?.dumpable === 1) return null;
    return ({ errno, ret }) => {
      if (ret === null || (ret < 0 && !LATER.has(errno))) return [];
      return [`${step.op} of a task that the caller may not trace answered ${errno ?? ret}`];
    };
  }),
};

const hasIdsOf = ({ uid, gid }: Task, task: Task): boolean =>
  [task.uid, task.euid, task.suid].every((id) => id === uid) &&
  [task.gid, task.egid, task.sgid].every((id) => id === gid);

const ENOENT = -2;

/** A page that is not there has the status ENOENT, as long as it lies in an area. */
const absentIsEnoent: Rule = {
  name: 'absent-is-enoent',
  excused: ({ status_lookup }) => status_lookup !== 'folio_walk',
  open: about(['move_pages'], (s, step) => {
    const task = target(s, step.t, step.pid);
    const absent = task && !s.topology.huge ? absentEntries(s, task.mm, step) : [];
    if (absent.length === 0 || step.nodes !== null) return null;
    return ({ status }) =>
      absent.flatMap((n) => {
        const said = status?.[n] ?? null;
        return said === null || said === ENOENT
          ? []
          : [`move_pages says ${said} of a page that is not there, not ${ENOENT}`];
      });
  }),
};

/** Entries of the arrays that name a page of an area where nothing is mapped. */
function absentEntries(s: StateView, mm: number, step: StimulusByOp<'move_pages'>): number[] {
  const areas = areasOf(s, mm);
  return pagesOf(s, step).flatMap((vpn, n) => {
    const within = areas.some(({ start, end, flags }) => start <= vpn && vpn < end && flags !== 0);
    return within && read.pte_of(s, mm, vpn) === 0 ? [n] : [];
  });
}

/** The page numbers of the entries; below 0 where the name of a region could mean several places. */
function pagesOf({ cold }: StateView, { range, addrs }: StimulusByOp<'move_pages'>): number[] {
  const page = (name: string, n: number): number => {
    const starts = new Set(cold.regions.filter((region) => region.name === name).map(({ start }) => start));
    return starts.size === 1 ? [...starts][0] + n : -1;
  };
  if (range) return Array.from({ length: range[2] }, (_, n) => page(range[0], range[1] + n));
  if (!Array.isArray(addrs)) return [];
  return addrs.map((addr) =>
    Array.isArray(addr) && addr.length === 2 ? page(addr[0] as string, addr[1] as number) : -1,
  );
}

export const argumentRules: readonly Rule[] = [masksEndAtMaxnode, strangersAreRefused, absentIsEnoent];
