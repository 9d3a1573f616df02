/** Tasks, their address spaces, and what no call may leave behind. */
import * as L from '../state/layout.ts';
import type { StateView } from '../state/view.ts';
import { numbers } from './census.ts';
import type { Invariant } from './check.ts';
import { placeOf } from './places.ts';

/** What calls that ended in an oops still hold of an address space. */
function leaked({ cold }: StateView, mm: number): { users: number; mmap_sem: number } {
  const of = cold.oopses.filter((oops) => oops.mm === mm);
  const sum = (part: 'users' | 'mmap_sem'): number => of.reduce((total, oops) => total + oops[part], 0);
  return { users: sum('users'), mmap_sem: sum('mmap_sem') };
}

/**
 * The users of an address space are its tasks, and calls in flight or dead by an oops. One that is gone left nothing.
 */
export const checkUsers: Invariant = (s, _census, report, midway) => {
  const { tasks, mms } = s.cold;
  for (let mm = 1; mm < s.cold.next.mm; mm++) {
    const users = s.mms[mm * L.MM + L.M_USERS];
    const found = numbers(tasks).filter((pid) => tasks[pid].mm === mm).length + leaked(s, mm).users;
    if (midway ? users < found : users !== found) {
      report(`address space ${mm} counts ${users} users, but ${found} tasks have it`);
    }
    if (mms[mm]) continue;
    for (let field = 0; field < L.MM; field++) {
      const value = s.mms[mm * L.MM + field];
      if (value !== 0) report(`address space ${mm} is gone, but its field ${field} is ${value}, not 0`);
    }
  }
};

/** A process id is that of a process as long as one of its threads lives, on a CPU that is online. */
export const checkThreads: Invariant = (s, _census, report) => {
  const { tasks, offline_cpus } = s.cold;
  for (const pid of numbers(tasks)) {
    const { tgid, state } = tasks[pid];
    if (!tasks[tgid]) report(`task ${pid} belongs to process ${tgid}, which is gone`);
    const cpu = s.tasks[pid * L.TASK + L.T_CPU];
    if (state === 'running' && offline_cpus.includes(cpu)) report(`task ${pid} runs on CPU ${cpu}, which is offline`);
  }
  for (const cpu of offline_cpus) {
    const pages = s.cpus[cpu * L.CPU] + s.cpus[cpu * L.CPU + L.BATCH];
    if (pages > 0) report(`CPU ${cpu} is offline, but has ${pages} pages in its batches`);
  }
};

/** An address space counts its page tables. */
export const checkPageTables: Invariant = (s, { mms }, report) => {
  for (const [mm, { tables }] of mms) {
    const counted = s.mms[mm * L.MM + L.M_PTES];
    if (counted !== tables) report(`address space ${mm} counts ${counted} page tables, but has ${tables}`);
  }
};

/** Each table belongs to one tree, or is one of the free ones. */
export const checkTables: Invariant = ({ scalars, tables }, { trees }, report) => {
  const free = new Int32Array(trees.length);
  for (let table = scalars[L.TABLES_FREE]; table > 0 && table < free.length && free[table] < 2;) {
    free[table]++;
    table = tables[table * L.TABLE];
  }
  for (let table = 1; table < trees.length; table++) {
    if (trees[table] + free[table] === 1) continue;
    report(`table ${table} is in ${trees[table]} trees and ${free[table]} times among the free ones`);
  }
};

/**
 * No page is isolated, no mmap_sem held and nobody may write to a congested device, once every call has returned or
 * died.
 */
export const checkCallsAreOver: Invariant = (s, _census, report, midway) => {
  if (midway) return;
  const abandoned = new Set([...s.cold.leaked, ...s.cold.oopses.flatMap(({ isolated }) => isolated)]);
  for (let pfn = 0; pfn < s.topology.max_pfn; pfn++) {
    if (placeOf(s, pfn) === L.PLACE_ISOLATED && !abandoned.has(pfn))
      report(`frame ${pfn} is still isolated, though no call is under way`);
  }
  for (const mm of numbers(s.cold.mms)) {
    const sem = s.mms[mm * L.MM + L.M_SEM];
    if (sem !== leaked(s, mm).mmap_sem)
      report(`the mmap_sem of address space ${mm} is still held (${sem}), though no call is under way`);
  }
  for (const pid of numbers(s.cold.tasks)) {
    const flags = s.tasks[pid * L.TASK + L.T_FLAGS];
    if (flags !== 0) report(`task ${pid} still has the flags ${flags}, though no call is under way`);
  }
};
