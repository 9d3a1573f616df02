/** Reducers of address spaces and their areas, and of reverse mapping's lists of areas. */
import type { Vma } from '@pagetape/events';
import { VM_LOCKED, VM_SHARED } from '@pagetape/events';
import type { Draft } from 'immer';
import type { ColdState } from '../state/cold.ts';
import { MM, M_LOCKED, M_ROOT } from '../state/layout.ts';
import { invariant } from './assert.ts';
import { freeTree } from './grow.ts';
import { copyPolicy } from './policy.ts';
import type { ColdReducers } from './types.ts';

type ColdDraft = Draft<ColdState>;

/** Puts an area among those of its address space, of its file and of its anon_vma. */
function link(draft: ColdDraft, vma: Vma): void {
  draft.vmas[vma.id] = { ...vma, policy: copyPolicy(vma.policy) };
  draft.next.vma = Math.max(draft.next.vma, vma.id + 1);
  const { vmas } = draft.mms[vma.mm];
  const after = vmas.findIndex((id) => draft.vmas[id].start > vma.start);
  vmas.splice(after < 0 ? vmas.length : after, 0, vma.id);
  if (vma.anon_vma !== 0) draft.anon_vmas[vma.anon_vma].unshift(vma.id);
  if (vma.file === 0) return;
  draft.files[vma.file].i_mmap.push(vma.id);
  if ((vma.flags & VM_SHARED) !== 0) draft.files[vma.file].i_mmap_writable++;
}

/**
 * Links the copy that fork() made of an area. Areas of one range form a list behind the first, which the tree of the
 * file holds: the copy of the first goes to the end, that of another right behind it (mm/prio_tree.c:vma_prio_tree_add()).
 * The count of shared writers is left as it is.
 */
function linkCopy(draft: ColdDraft, vma: Vma, origin: number): void {
  link(draft, vma);
  if (vma.file === 0) return;
  const file = draft.files[vma.file];
  if ((vma.flags & VM_SHARED) !== 0) file.i_mmap_writable--;
  const alike = (id: number): boolean => draft.vmas[id].pgoff === vma.pgoff && sizeOf(draft.vmas[id]) === sizeOf(vma);
  if (file.i_mmap.find(alike) === origin) return;
  remove(file.i_mmap, vma.id);
  file.i_mmap.splice(file.i_mmap.indexOf(origin) + 1, 0, vma.id);
}

const sizeOf = (vma: { start: number; end: number }): number => vma.end - vma.start;

/** Areas whose bounds changed are inserted into the tree of their file anew, the higher one first: vma_adjust(). */
function reinsert(draft: ColdDraft, ids: readonly number[]): void {
  for (const id of [...ids].sort((a, b) => draft.vmas[b].start - draft.vmas[a].start)) {
    const { file } = draft.vmas[id];
    if (file === 0) continue;
    remove(draft.files[file].i_mmap, id);
    draft.files[file].i_mmap.push(id);
  }
}

function unlink(draft: ColdDraft, id: number): void {
  const vma = draft.vmas[id];
  remove(draft.mms[vma.mm].vmas, id);
  if (vma.anon_vma !== 0) {
    remove(draft.anon_vmas[vma.anon_vma], id);
    if (draft.anon_vmas[vma.anon_vma].length === 0) delete draft.anon_vmas[vma.anon_vma];
  }
  if (vma.file !== 0) {
    remove(draft.files[vma.file].i_mmap, id);
    if ((vma.flags & VM_SHARED) !== 0) draft.files[vma.file].i_mmap_writable--;
  }
  delete draft.vmas[id];
}

function remove(list: number[], item: number): void {
  const at = list.indexOf(item);
  invariant(at >= 0, 'a list lacks', item);
  list.splice(at, 1);
}

export const areaReducers: ColdReducers<
  | 'VmaMapped'
  | 'VmaUnmapped'
  | 'VmaSplit'
  | 'VmaMerged'
  | 'VmaFlagsChanged'
  | 'VmaPolicySet'
  | 'AnonVmaPrepared'
  | 'MmForked'
  | 'MmDestroyed'
  | 'RegionNamed'
> = {
  VmaMapped: (draft, vma) => link(draft, vma),
  VmaUnmapped: (draft, { vma }) => unlink(draft, vma),
  VmaSplit(draft, { vma: id, at, fresh, below }) {
    const vma = draft.vmas[id];
    const upper_pgoff = vma.pgoff + (at - vma.start);
    const part = below
      ? { start: vma.start, end: at, pgoff: vma.pgoff }
      : { start: at, end: vma.end, pgoff: upper_pgoff };
    const whole = { ...vma, policy: copyPolicy(vma.policy) };
    if (below) {
      vma.start = at;
      vma.pgoff = upper_pgoff;
    } else vma.end = at;
    link(draft, { ...whole, ...part, id: fresh });
    reinsert(draft, [id]);
  },
  VmaMerged(draft, { vma: id, start, end, pgoff, anon_vma, gone, shrunk }) {
    for (const other of gone) unlink(draft, other);
    if (shrunk) Object.assign(draft.vmas[shrunk.vma], { start: shrunk.start, end: shrunk.end, pgoff: shrunk.pgoff });
    const vma = draft.vmas[id];
    vma.start = start;
    vma.end = end;
    vma.pgoff = pgoff;
    reinsert(draft, shrunk ? [id, shrunk.vma] : [id]);
    if (vma.anon_vma === anon_vma) return;
    vma.anon_vma = anon_vma;
    (draft.anon_vmas[anon_vma] ??= []).unshift(id);
  },
  VmaFlagsChanged(draft, { vma, flags }) {
    draft.vmas[vma].flags = flags;
  },
  VmaPolicySet(draft, { vma, policy }) {
    draft.vmas[vma].policy = copyPolicy(policy);
  },
  AnonVmaPrepared(draft, { vma, anon_vma }) {
    draft.vmas[vma].anon_vma = anon_vma;
    (draft.anon_vmas[anon_vma] ??= []).unshift(vma);
    draft.next.anon_vma = Math.max(draft.next.anon_vma, anon_vma + 1);
  },
  MmForked(draft, { from, to, vmas }) {
    const origins = [...draft.mms[from].vmas];
    draft.mms[to].dumpable = draft.mms[from].dumpable;
    vmas.forEach((vma, i) => linkCopy(draft, { ...vma, flags: vma.flags & ~VM_LOCKED }, origins[i]));
    const names = draft.regions.filter((region) => region.mm === from);
    draft.regions.push(...names.map((region) => ({ ...region, mm: to })));
  },
  MmDestroyed(draft, { mm }, state) {
    invariant(draft.mms[mm].vmas.length === 0, 'an address space with areas is destroyed:', mm);
    delete draft.mms[mm];
    draft.regions = draft.regions.filter((region) => region.mm !== mm);
    freeTree(state, 'mms', mm * MM + M_ROOT);
    invariant(state.mms[mm * MM + M_LOCKED] === 0, 'locked pages outlive address space', mm);
    state.mms.fill(0, mm * MM, (mm + 1) * MM);
  },
  RegionNamed(draft, region) {
    draft.regions = draft.regions.filter(({ mm, name }) => mm !== region.mm || name !== region.name);
    draft.regions.push(region);
  },
};
