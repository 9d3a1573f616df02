/** The page that a question is about, as people name it: a frame, `task:region+page`, or an address of a task. */
import { PAGE_SHIFT } from '@pagetape/events';
import { read, type StateView } from '@pagetape/core';
import { insteadOf, soFar } from '../scenario/suggest.ts';

/** A question that makes no sense at this position. */
export class QuestionError extends Error {
  override readonly name = 'QuestionError';
}

export type AskedPage =
  | { readonly is: 'frame'; readonly pfn: number }
  | { readonly is: 'page'; readonly task: string; readonly mm: number; readonly vpn: number };

const FORMS = 'a page is a frame (152), task:region+page (db:heap+3), or an address with --task (0x2000003000)';

/** Finds the page in a state. Throws a QuestionError that says what there is. */
export function askedPage(s: StateView, text: string, task?: string): AskedPage {
  if (/^\d+$/.test(text)) return askedFrame(s, Number(text));
  if (/^0x[0-9a-f]+$/i.test(text)) {
    if (task === undefined) throw new QuestionError(`whose address is ${text}? say it with --task`);
    return { is: 'page', task, mm: mmOf(s, task), vpn: Number(BigInt(text) >> BigInt(PAGE_SHIFT)) };
  }
  const [, owner, region, page = '0'] = /^([^:]+):(.+?)(?:\+(\d+))?$/.exec(text) ?? [];
  if (owner === undefined || region === undefined) throw new QuestionError(`"${text}" is no page; ${FORMS}`);
  const mm = mmOf(s, owner);
  return { is: 'page', task: owner, mm, vpn: vpnOf(s, mm, owner, region, Number(page)) };
}

function askedFrame({ topology }: StateView, pfn: number): AskedPage {
  if (topology.zones.some(({ start, present }) => pfn >= start && pfn < start + present)) return { is: 'frame', pfn };
  const ranges = topology.zones.map(({ start, present }) => `${start}..${start + present - 1}`);
  throw new QuestionError(`there is no frame ${pfn}; there are ${ranges.join(', ')}`);
}

/** The address space of a task. */
export function mmOf({ cold }: StateView, name: string): number {
  const task = /^\d+$/.test(name) ? cold.tasks[Number(name)] : cold.tasks[cold.pids[name]];
  if (task !== undefined && task.mm !== 0) return task.mm;
  const there = Object.values(cold.tasks).filter(({ mm }) => mm !== 0);
  const names = there.map((each) => each.name);
  if (names.length === 0)
    throw new QuestionError(`no task has memory at this position, so there is none of "${name}"; ask at a later one`);
  const what = (task ?? cold.pids[name] !== undefined) ? 'has no memory' : 'is not there';
  throw new QuestionError(`the task "${name}" ${what} at this position; ${insteadOf(name, names, soFar(names))}`);
}

function vpnOf({ cold }: StateView, mm: number, task: string, name: string, page: number): number {
  const regions = cold.regions.filter((each) => each.mm === mm);
  const region = regions.find((each) => each.name === name);
  if (!region) {
    const names = regions.map((each) => each.name);
    throw new QuestionError(`${task} has no region "${name}"; ${insteadOf(name, names, soFar(names))}`);
  }
  if (page < region.pages) return region.start + page;
  throw new QuestionError(
    `the region ${name} of ${task} has pages 0..${region.pages - 1}, so there is no page ${page}`,
  );
}

/** The frame that a page is in, or that the swap cache has for it; -1: none. */
export function frameOf(s: StateView, mm: number, vpn: number): number {
  const pte = read.pte_of(s, mm, vpn);
  return read.pte_is_swap(pte) ? s.swap_cache[read.pte_slot(pte)] - 1 : read.frame_of_pte(s, pte);
}
