/** Swap slots and their users, and what each area knows of its slots. */
import * as L from '../state/layout.ts';
import { SWAP_MAP_BAD } from '../state/state.ts';
import type { StateView } from '../state/view.ts';
import type { Invariant } from './check.ts';

const areasOf = ({ areas }: StateView): number[] => Array.from({ length: areas.length / L.AREA }, (_, n) => n);

/**
 * The users of a slot are the entries and the files that name it, the swap cache, and who has seized it. Headers are
 * never used.
 */
export const checkSlots: Invariant = (s, { swapPtes, swapFiles, seized }, report) => {
  const headers = new Set(areasOf(s).map((area) => s.areas[area * L.AREA + L.S_BASE]));
  for (let slot = 0; slot < s.swap_map.length; slot++) {
    const users = s.swap_map[slot];
    const cached = s.swap_cache[slot] === 0 ? 0 : 1;
    const sum = swapPtes[slot] + swapFiles[slot] + cached + seized[slot];
    if (headers.has(slot)) {
      if (users !== SWAP_MAP_BAD || sum > 0)
        report(`slot ${slot} is a header, but counts ${users} and has ${sum} users`);
    } else if (users !== sum) {
      const named = `${swapPtes[slot]} entries, ${swapFiles[slot]} files`;
      const parts = `${named}, ${cached} in the swap cache, ${seized[slot]} seized`;
      report(`slot ${slot} counts ${users} users, but has ${sum} (${parts})`);
    }
  }
};

/** An area counts the slots in use, and all free ones of an area in use lie between its lowest and its highest bit. */
export const checkSwapAreas: Invariant = (s, _census, report) => {
  let free_slots = 0;
  for (const area of areasOf(s)) {
    const at = area * L.AREA;
    const base = s.areas[at + L.S_BASE];
    const enabled = s.areas[at + L.S_PAGES] > 0;
    let used = 0;
    for (let offset = 1; offset < s.areas[at + L.S_MAX]; offset++) {
      if (s.swap_map[base + offset] !== 0) used++;
      else if (enabled && (offset < s.areas[at + L.S_LOWEST] || offset > s.areas[at + L.S_HIGHEST])) {
        const bounds = `${s.areas[at + L.S_LOWEST]} to ${s.areas[at + L.S_HIGHEST]}`;
        report(`slot ${offset} of swap area ${area} is free, but outside its bounds ${bounds}`);
      }
    }
    const inuse = s.areas[at + L.S_INUSE];
    if (used !== inuse) report(`swap area ${area} counts ${inuse} slots in use, but ${used} are`);
    free_slots += s.areas[at + L.S_PAGES] - used;
  }
  const counted = s.scalars[L.NR_SWAP_PAGES];
  if (counted !== free_slots) report(`the machine counts ${counted} free slots, but its areas have ${free_slots}`);
};
