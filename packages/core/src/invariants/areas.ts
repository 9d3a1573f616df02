/** Areas of address spaces, and the lists through which reverse mapping finds them. */
import { VM_LOCKED, VM_NONLINEAR, type Vma } from '@pagetape/events';
import * as L from '../state/layout.ts';
import type { StateView } from '../state/view.ts';
import { numbers } from './census.ts';
import type { Invariant } from './check.ts';

/** How often each area stands in a list. */
function timesIn(list: readonly number[]): (id: number) => number {
  const times = new Map<number, number>();
  for (const id of list) times.set(id, (times.get(id) ?? 0) + 1);
  return (id) => times.get(id) ?? 0;
}

/** Each area stands once in its address space; areas do not overlap, and are in ascending order. */
export const checkVmas: Invariant = ({ cold }, _census, report) => {
  for (const mm of numbers(cold.mms)) {
    let end = 0;
    for (const id of cold.mms[mm].vmas) {
      const vma = cold.vmas[id];
      if (vma?.mm !== mm)
        report(`address space ${mm} has area ${id}, which ${vma ? `is in ${vma.mm}` : 'does not exist'}`);
      if (!vma) continue;
      if (vma.start >= vma.end) report(`area ${id} begins at page ${vma.start} and ends before page ${vma.end}`);
      if (vma.start < end) report(`area ${id} begins at page ${vma.start}, but the area before ends at page ${end}`);
      end = vma.end;
    }
  }
  const times = new Map(numbers(cold.mms).map((mm) => [mm, timesIn(cold.mms[mm].vmas)]));
  for (const id of numbers(cold.vmas)) {
    const { mm } = cold.vmas[id];
    const found = times.get(mm)?.(id) ?? 0;
    if (found !== 1) report(`area ${id} is in address space ${mm}, whose list has it ${found} times`);
  }
};

/** Compares the areas that name an owner with the list that the owner has. */
function checkOwner(
  vmas: StateView['cold']['vmas'],
  kind: 'file' | 'anon_vma',
  lists: ReadonlyMap<number, readonly number[]>,
  report: (sentence: string) => void,
): void {
  const times = new Map([...lists].map(([owner, list]) => [owner, timesIn(list)]));
  for (const id of numbers(vmas)) {
    const owner = vmas[id][kind];
    const found = times.get(owner)?.(id) ?? 0;
    if (owner !== 0 && found !== 1) report(`area ${id} has ${kind} ${owner}, whose list has it ${found} times`);
  }
  for (const [owner, list] of lists) {
    const strangers = list.filter((id) => (vmas[id] as Vma | undefined)?.[kind] !== owner);
    for (const id of strangers) report(`the list of ${kind} ${owner} has area ${id}, which is not its own`);
  }
}

/** i_mmap of a file has the areas that map it, but for the nonlinear ones, which have a list of their own. */
export const checkFileMappings: Invariant = ({ cold }, _census, report) => {
  const lists = new Map(
    numbers(cold.files).map((file) => [file, [...cold.files[file].i_mmap, ...cold.files[file].i_mmap_nonlinear]]),
  );
  checkOwner(cold.vmas, 'file', lists, report);
  for (const file of lists.keys()) {
    for (const id of lists.get(file) ?? []) {
      const nonlinear = ((cold.vmas[id]?.flags ?? 0) & VM_NONLINEAR) !== 0;
      const list = nonlinear ? 'i_mmap_nonlinear' : 'i_mmap';
      if (!cold.files[file][list].includes(id))
        report(`area ${id} is not in ${list} of file ${file}, where it belongs`);
    }
  }
};

/** The list of an anon_vma has its areas; without any it is gone. */
export const checkAnonVmas: Invariant = ({ cold }, _census, report) => {
  const lists = new Map(numbers(cold.anon_vmas).map((anon_vma) => [anon_vma, cold.anon_vmas[anon_vma]]));
  checkOwner(cold.vmas, 'anon_vma', lists, report);
  for (const [anon_vma, list] of lists) if (list.length === 0) report(`anon_vma ${anon_vma} is there without an area`);
};

/** Locked pages are those of locked areas. A call in flight may have marked an area that it has not counted yet. */
export const checkLockedPages: Invariant = ({ cold, mms }, _census, report, midway) => {
  if (midway) return;
  for (const mm of numbers(cold.mms)) {
    const areas = cold.mms[mm].vmas.map((id) => cold.vmas[id]).filter((vma) => vma && (vma.flags & VM_LOCKED) !== 0);
    const found = areas.reduce((sum, { start, end }) => sum + end - start, 0);
    const counted = mms[mm * L.MM + L.M_LOCKED];
    if (counted !== found) report(`address space ${mm} counts ${counted} locked pages, but its areas lock ${found}`);
  }
};
