/** Files: who may be there without a name, what only tmpfs has, and the order of its policies. */
import * as L from '../state/layout.ts';
import { mapping_mapped } from '../state/read.ts';
import type { StateView } from '../state/view.ts';
import { eachLeaf } from '../state/walk.ts';
import { numbers } from './census.ts';
import type { Invariant } from './check.ts';

/** Entries of a file's index that are swap slots. */
function swappedPages(s: StateView, file: number): number {
  let found = 0;
  eachLeaf(s, s.files, file * L.FILE + L.X_ROOT, (_first, leaf) => {
    for (let i = 0; i < L.TABLE; i++) if (s.tables[leaf * L.TABLE + i] < 0) found++;
  });
  return found;
}

/** Only tmpfs has pages in swap, and it counts them. */
export const checkSwappedFiles: Invariant = (s, _census, report) => {
  for (const file of numbers(s.cold.files)) {
    const counted = s.files[file * L.FILE + L.X_SWAPPED];
    const found = swappedPages(s, file);
    const { fs } = s.cold.files[file];
    if (counted !== found) report(`file ${file} counts ${counted} pages in swap, but has ${found}`);
    if (found > 0 && fs !== 'tmpfs') report(`file ${file} has ${found} pages in swap, but is one of ${fs}`);
  }
};

/** A file without a name is mapped. A call in flight may be about to delete it. */
export const checkUnlinkedFiles: Invariant = ({ cold }, _census, report, midway) => {
  for (const file of numbers(cold.files)) {
    const lost = cold.files[file].unlinked && !mapping_mapped(cold.files[file]);
    if (lost && !midway) report(`file ${file} has no name and is not mapped, but is there`);
  }
};

/** A file that is gone left nothing. */
export const checkDeletedFiles: Invariant = (s, _census, report) => {
  for (let file = 1; file < s.cold.next.file; file++) {
    if (s.cold.files[file]) continue;
    for (let field = 0; field < L.FILE; field++) {
      const value = s.files[file * L.FILE + field];
      if (value !== 0) report(`file ${file} is gone, but its field ${field} is ${value}, not 0`);
    }
  }
};

/** Policies of a file are in ascending order, hold at least a page each, and do not overlap. Only tmpfs has them. */
export const checkSharedPolicies: Invariant = ({ cold }, _census, report) => {
  for (const file of numbers(cold.files)) {
    const { fs, policies } = cold.files[file];
    if (policies.length > 0 && fs !== 'tmpfs') report(`file ${file} has policies, but is one of ${fs}`);
    let last = 0;
    for (const { start, end } of policies) {
      if (start < last) report(`file ${file} has a policy from page ${start} on, but the one before ends at ${last}`);
      if (start >= end) report(`file ${file} has a policy from page ${start} to before page ${end}`);
      last = end;
    }
  }
};
