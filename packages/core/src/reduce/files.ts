/** Reducers of files: that they are there, how long they are, and which policies they have. */
import type { Policy } from '@pagetape/events';
import type { Draft } from 'immer';
import { FILE, X_NRPAGES, X_ROOT, X_SWAPPED } from '../state/layout.ts';
import { mapping_mapped } from '../state/read.ts';
import { shared_policy_replace } from '../state/shared_policy.ts';
import { invariant } from './assert.ts';
import { copyPolicy } from './policy.ts';
import { edit } from './draft.ts';
import { ensure, freeTree } from './grow.ts';
import type { ColdReducers } from './types.ts';

export const fileReducers: ColdReducers<'FileCreated' | 'FileResized' | 'FileDeleted' | 'SharedPolicySet'> = {
  FileCreated(draft, { file, name, pages, fs, buffers, unlinked }, state) {
    draft.files[file] = {
      name,
      pages,
      fs: fs ?? 'disk',
      buffers: buffers ?? 'none',
      i_mmap: [],
      i_mmap_nonlinear: [],
      i_mmap_writable: 0,
      truncate_count: 0,
      ino: unlinked ? 0 : draft.next.ino++,
      unlinked: unlinked ?? false,
      policies: [],
    };
    draft.next.file = file + 1;
    ensure(state, 'files', (file + 1) * FILE);
  },
  FileResized(draft, { file, pages }) {
    const it = edit(draft.files, file);
    if (pages < it.pages) it.truncate_count++;
    it.pages = pages;
  },
  FileDeleted(draft, { file }, state) {
    const at = file * FILE;
    invariant(!mapping_mapped(draft.files[file]), 'a mapped file is deleted:', file);
    invariant(state.files[at + X_NRPAGES] === 0, 'a file with pages is deleted:', file);
    invariant(state.files[at + X_SWAPPED] === 0, 'a file with pages in swap is deleted:', file);
    delete draft.files[file];
    freeTree(state, 'files', at + X_ROOT);
  },
  SharedPolicySet(draft, { file, start, end, policy }) {
    const { policies } = draft.files[file];
    edit(draft.files, file).policies = shared_policy_replace(policies, start, end, policy).map((range) => {
      return { ...range, policy: copyPolicy(range.policy) as Draft<Policy> };
    });
  },
};
