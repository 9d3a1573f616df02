/** Where the pages of each region lie, in the words of the recordings of kernels 6.x. */
import { page_status, read, type Region, type StateView, type Traits } from '@pagetape/core';
import type { Observation } from './observe.ts';

/**
 * `pl`: what move_pages(2) tells root of each page. `sw`: 1 for each page whose page-table entry is a swap entry; regions
 * without any are left out. Keys are `task.region`; threads have the regions of the first task of their process.
 */
export function observePlacement(s: StateView, traits: Traits): Observation {
  const pl: Record<string, string> = {};
  const sw: Record<string, string> = {};
  for (const { pid, tgid, name, mm } of Object.values(s.cold.tasks)) {
    if (pid !== tgid || mm === 0) continue;
    for (const region of s.cold.regions) {
      if (region.mm !== mm) continue;
      const key = `${name}.${region.name}`;
      pl[key] = runsOf(ofPages(region, (vpn) => page_status(s, traits, mm, vpn)));
      const swapped = ofPages(region, (vpn) => (is_swap_pte(read.pte_of(s, mm, vpn)) ? 1 : 0));
      if (swapped.includes(1)) sw[key] = runsOf(swapped);
    }
  }
  return { pl, sw };
}

/** What /proc/PID/pagemap calls a swap entry, which that of a bad page is, too. */
const is_swap_pte = (pte: number): boolean => read.pte_is_swap(pte) || read.is_hwpoison_entry(pte);

const ofPages = ({ start, pages }: Region, numberOf: (vpn: number) => number): number[] =>
  Array.from({ length: pages }, (_, n) => numberOf(start + n));

/** A list of runs: `0*4,-2*3,1` is four times 0, three times -2, once 1. */
function runsOf(numbers: readonly number[]): string {
  const runs: string[] = [];
  for (let from = 0; from < numbers.length;) {
    let end = from + 1;
    while (end < numbers.length && numbers[end] === numbers[from]) end++;
    runs.push(end - from > 1 ? `${numbers[from]}*${end - from}` : `${numbers[from]}`);
    from = end;
  }
  return runs.join(',');
}
