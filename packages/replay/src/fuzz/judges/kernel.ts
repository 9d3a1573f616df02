/** Rules about the kernel as a whole: it does not die, loses no data, and takes memory where it may. */
import { layout as L, type Traits } from '@pagetape/core';
import { MPOL_INTERLEAVE } from '@pagetape/events';
import { field, ofKind, type Rule } from './rule.ts';

/** Deaths that kernels are known for: a word of what happened, and who is excused. */
const KNOWN_DEATHS: readonly (readonly [RegExp, (traits: Traits) => boolean])[] = [
  [/^mm\/migrate\.c:migrate_vmas/, ({ migrate_vmas }) => migrate_vmas === 'all-but-last'],
  [/mm->mmap is NULL|vma is NULL/, ({ first_vma_checked }) => !first_vma_checked],
  [/page->mapping is NULL/, ({ unmapped_page_eligible }) => !unmapped_page_eligible],
  [/mm is NULL|tsk->mm was freed/, ({ cpuset_attach_pins_mm }) => !cpuset_attach_pins_mm],
  [/node_online_map is read beyond/, ({ node_bound_checked }) => !node_bound_checked],
  // Up to 2.6.23 nobody asks whether a node that is to be filled is there.
  [/^include\/linux\/gfp\.h/, ({ engine }) => engine === 'hybrid' || engine === 'direct'],
  // Q24: mbind over several areas, up to 2.6.24.
  [/is not of the first area/, ({ engine }) => engine === 'direct'],
];

const neverDies: Rule = {
  name: 'oops',
  excused: () => false,
  open: (_s, traits) => () => (_result, events) =>
    ofKind(events, 'KernelOopsed').flatMap(({ data }) => {
      const told = `${data['site'] as string}: ${data['what'] as string}`;
      const known = KNOWN_DEATHS.some(([what, excused]) => what.test(told) && excused(traits));
      return known ? [] : [told];
    }),
};

/** A page that leaves the swap cache must be on the device, if anybody still wants it from there. */
const keepsWhatWasWritten: Rule = {
  name: 'lost-data',
  excused: ({ failed_swap_write_dirties }) => !failed_swap_write_dirties,
  open(s) {
    /** Frames whose last write failed, and which nobody has marked as dirty since. */
    const unwritten = new Set<number>();
    return () => (_result, events) => {
      const lost = new Set<number>();
      for (const event of events) {
        const pfn = field(event, 'pfn');
        if (event.kind === 'SwapWriteFinished' && field(event, 'error') !== 0) unwritten.add(pfn);
        else if (event.kind === 'SwapWriteFinished' || MADE_GOOD.has(event.kind)) unwritten.delete(pfn);
        else if (event.kind === 'PageRemovedFromSwapCache' && unwritten.delete(pfn)) lost.add(field(event, 'slot'));
      }
      const wanted = [...lost].filter((slot) => s.swap_map[slot] > 0 && s.swap_cache[slot] === 0);
      return wanted.map((slot) => `slot ${slot} is still wanted, but its write failed, and the page was dropped`);
    };
  },
};

/** After these the page is dirty, in a frame that is not to be forgotten; or there is no such page any more. */
const MADE_GOOD: ReadonlySet<string> = new Set([
  'PageDirtied',
  'SwapCopyDropped',
  'PageMovedFromSwapCache',
  'PageFreed',
  'MappingMoved',
]);

/** The next page of a task that interleaves goes to one of the nodes that it interleaves over. */
const turnsAreWithinPolicy: Rule = {
  name: 'turn',
  excused: ({ policies, il_next_remapped }) => policies !== 'zonelists' || !il_next_remapped,
  open: (s) => () => () => {
    for (const { pid, policy, state, name } of Object.values(s.cold.tasks)) {
      if (state !== 'running' || policy?.mode !== MPOL_INTERLEAVE) continue;
      const next = s.tasks[pid * L.TASK + L.T_IL_NEXT];
      if (policy.nodes.includes(next)) continue;
      return [`task ${name} interleaves over nodes ${policy.nodes.join()}, but its next page is for node ${next}`];
    }
    return [];
  },
};

export const kernelRules: readonly Rule[] = [neverDies, keepsWhatWasWritten, turnsAreWithinPolicy];
