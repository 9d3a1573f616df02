/** Names of tasks and pages as people write them: `db heap+3`, `db 0x7f00`, by the names that a state has. */
import { ARENA_VPN, type StateView } from '@pagetape/core';
import { insteadOf, inWords } from '../scenario/suggest.ts';

/** A name that stands for nothing there. Its message says what would. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
}

export interface NamedTask {
  readonly pid: number;
  readonly name: string;
  readonly mm: number;
}

/** A task by its name or process id. */
export function taskOf({ cold }: StateView, text: string): NamedTask {
  const task = cold.tasks[cold.pids[text] ?? Number(text)];
  if (task) return { pid: task.pid, name: task.name, mm: task.mm };
  const names = Object.values(cold.tasks).map(({ name }) => name);
  throw new TargetError(`there is no task "${text}" here; ${insteadOf(text, names, `there are ${inWords(names)}`)}`);
}

export interface NamedPage {
  readonly mm: number;
  readonly vpn: number;
  /** `db heap+3` */
  readonly name: string;
}

const PAGE_SHIFT = 12;

/** A page of a task: `heap+3` and `heap` by region, `0x40003000` by its address, `vpn:262147` by its number. */
export function pageOf(s: StateView, taskText: string, text: string): NamedPage {
  const { mm, name } = taskOf(s, taskText);
  if (mm === 0) throw new TargetError(`the task ${name} has no memory of its own`);
  const named = (vpn: number): NamedPage => ({ mm, vpn, name: `${name} ${text}` });
  if (/^0x[0-9a-f]+$/i.test(text)) return named(Number(BigInt(text) >> BigInt(PAGE_SHIFT)));
  if (/^vpn:\d+$/.test(text)) return named(Number(text.slice('vpn:'.length)));
  const [, region = '', page = '0'] = /^([^+]+)(?:\+(\d+))?$/.exec(text) ?? [];
  if (region === '@') return named(ARENA_VPN + Number(page));
  const regions = s.cold.regions.filter((each) => each.mm === mm);
  const found = regions.find((each) => each.name === region);
  if (found && Number(page) < found.pages) return named(found.start + Number(page));
  if (found) throw new TargetError(`the region ${region} has ${found.pages} pages; ${page} is beyond them`);
  const names = regions.map((each) => each.name);
  const known = names.length > 0 ? `${name} has ${inWords(names)}` : `${name} has none`;
  throw new TargetError(`"${text}" is no page of ${name}; write REGION+N or an address such as 0x40003000; ${known}`);
}

/** A number from 0 to `most`. */
export function wholeNumber(text: string, what: string, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value <= most) return value;
  const range = Number.isFinite(most) ? `from 0 to ${most}` : 'from 0 on';
  throw new TargetError(`"${text}" is no ${what}; it should be a whole number ${range}`);
}
