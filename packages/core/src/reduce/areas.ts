/** Reducers of address spaces and their areas, and of reverse mapping's lists of areas. */
import type { Vma } from '@pagetape/events';
import { VM_DONTCOPY, VM_LOCKED, VM_NONLINEAR, VM_SHARED } from '@pagetape/events';
import type { Draft } from 'immer';
import type { ColdState } from '../state/cold.ts';
import { MM, M_LOCKED, M_ROOT } from '../state/layout.ts';
import { invariant } from './assert.ts';
import { edit } from './draft.ts';
import { freeTree } from './grow.ts';
import { forgetMm } from './ksm.ts';
import { copyPolicy } from './policy.ts';
import { inserted, plain, without } from './list.ts';
import type { ColdReducers } from './types.ts';

type ColdDraft = Draft<ColdState>;

const isNonlinear = (vma: { flags: number }): boolean => (vma.flags & VM_NONLINEAR) !== 0;

/** The list on which the file of an area keeps it. */
const listOf = (vma: { flags: number }): 'i_mmap' | 'i_mmap_nonlinear' =>
  isNonlinear(vma) ? 'i_mmap_nonlinear' : 'i_mmap';

/** Puts an area among those of its address space, of its file and of its anon_vma. */
function link(draft: ColdDraft, vma: Vma): void {
  draft.vmas[vma.id] = { ...vma, policy: copyPolicy(vma.policy) };
  draft.next.vma = Math.max(draft.next.vma, vma.id + 1);
  const mm = edit(draft.mms, vma.mm);
  mm.vmas = inserted(mm.vmas, positionFor(draft, plain(mm.vmas), vma.start), vma.id);
  if (vma.anon_vma !== 0) joinAnonVma(draft, vma.anon_vma, vma.id);
  if (vma.file === 0) return;
  const file = edit(draft.files, vma.file);
  const list = listOf(vma);
  file[list] = inserted(file[list], plain(file[list]).length, vma.id);
  if ((vma.flags & VM_SHARED) !== 0) file.i_mmap_writable++;
}

/** Where an area that begins at `start` belongs among those of its address space. */
function positionFor(draft: ColdDraft, vmas: readonly number[], start: number): number {
  let low = 0;
  let high = vmas.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (draft.vmas[vmas[middle]].start > start) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The newest area of an anon_vma is visited first. */
function joinAnonVma({ anon_vmas }: ColdDraft, anon_vma: number, id: number): void {
  anon_vmas[anon_vma] = inserted(anon_vmas[anon_vma] ?? [], 0, id);
}

const rangeOf = ({ file, pgoff, start, end }: Vma): string => `${file} ${pgoff} ${end - start}`;

/** Of each range of a file that is mapped, the first area: the one that the tree of the file holds. */
function firstOfRanges(draft: ColdDraft, files: ReadonlySet<number>): Map<string, number> {
  const firsts = new Map<string, number>();
  for (const file of files) {
    for (const id of plain(draft.files[file].i_mmap)) {
      const range = rangeOf(draft.vmas[id]);
      if (!firsts.has(range)) firsts.set(range, id);
    }
  }
  return firsts;
}

/**
 * Links the copy that fork() made of an area. Areas of one range form a list behind the first: the copy of the first goes
 * to the end, that of another right behind it (mm/prio_tree.c:vma_prio_tree_add()), as that of any nonlinear area. The count
 * of shared writers is left as it is.
 */
function linkCopy(draft: ColdDraft, vma: Vma, origin: number, firsts: ReadonlyMap<string, number>): void {
  link(draft, vma);
  if (vma.file === 0) return;
  const file = edit(draft.files, vma.file);
  if ((vma.flags & VM_SHARED) !== 0) file.i_mmap_writable--;
  if (!isNonlinear(vma) && firsts.get(rangeOf(vma)) === origin) return;
  const list = listOf(vma);
  const others = without(file[list], vma.id);
  file[list] = inserted(others, others.indexOf(origin) + 1, vma.id);
}

/** Areas whose bounds changed are inserted into the tree of their file anew, the higher one first: vma_adjust(). A list stays. */
function reinsert(draft: ColdDraft, ids: readonly number[]): void {
  for (const id of [...ids].sort((a, b) => draft.vmas[b].start - draft.vmas[a].start)) {
    if (draft.vmas[id].file === 0 || isNonlinear(draft.vmas[id])) continue;
    const file = edit(draft.files, draft.vmas[id].file);
    file.i_mmap = [...without(file.i_mmap, id), id];
  }
}

function unlink(draft: ColdDraft, id: number): void {
  const vma = draft.vmas[id];
  const mm = edit(draft.mms, vma.mm);
  mm.vmas = without(mm.vmas, id);
  if (vma.anon_vma !== 0) {
    const rest = without(draft.anon_vmas[vma.anon_vma], id);
    if (rest.length > 0) draft.anon_vmas[vma.anon_vma] = rest;
    else delete draft.anon_vmas[vma.anon_vma];
  }
  if (vma.file !== 0) {
    const file = edit(draft.files, vma.file);
    const list = listOf(vma);
    file[list] = without(file[list], id);
    if ((vma.flags & VM_SHARED) !== 0) file.i_mmap_writable--;
  }
  delete draft.vmas[id];
}

export const areaReducers: ColdReducers<
  | 'VmaMapped'
  | 'VmaUnmapped'
  | 'VmaSplit'
  | 'VmaMerged'
  | 'VmaFlagsChanged'
  | 'VmaMadeNonlinear'
  | 'NonlinearCursorMoved'
  | 'SwapReadaheadNoted'
  | 'MmDefFlagsSet'
  | 'VmaPolicySet'
  | 'AnonVmaPrepared'
  | 'MmForked'
  | 'MmDestroyed'
  | 'RegionNamed'
> = {
  VmaMapped: (draft, vma) => link(draft, vma),
  VmaUnmapped: (draft, { vma }) => unlink(draft, vma),
  VmaSplit(draft, { vma: id, at, fresh, below }) {
    const vma = edit(draft.vmas, id);
    const upper_pgoff = vma.pgoff + (at - vma.start);
    const part = below
      ? { start: vma.start, end: at, pgoff: vma.pgoff }
      : { start: at, end: vma.end, pgoff: upper_pgoff };
    const noted = vma.swap_readahead ? { swap_readahead: { ...vma.swap_readahead } } : {};
    const whole = { ...vma, ...noted, policy: copyPolicy(vma.policy) };
    if (below) {
      vma.start = at;
      vma.pgoff = upper_pgoff;
    } else vma.end = at;
    link(draft, { ...whole, ...part, id: fresh });
    reinsert(draft, [id]);
  },
  VmaMerged(draft, { vma: id, start, end, pgoff, anon_vma, gone, shrunk }) {
    for (const other of gone) unlink(draft, other);
    if (shrunk)
      Object.assign(edit(draft.vmas, shrunk.vma), { start: shrunk.start, end: shrunk.end, pgoff: shrunk.pgoff });
    const vma = edit(draft.vmas, id);
    vma.start = start;
    vma.end = end;
    vma.pgoff = pgoff;
    reinsert(draft, shrunk ? [id, shrunk.vma] : [id]);
    if (vma.anon_vma === anon_vma) return;
    vma.anon_vma = anon_vma;
    joinAnonVma(draft, anon_vma, id);
  },
  VmaFlagsChanged(draft, { vma, flags }) {
    edit(draft.vmas, vma).flags = flags;
  },
  VmaMadeNonlinear(draft, { vma: id }) {
    const vma = edit(draft.vmas, id);
    const file = edit(draft.files, vma.file);
    file.i_mmap = without(file.i_mmap, id);
    file.i_mmap_nonlinear = inserted(file.i_mmap_nonlinear, plain(file.i_mmap_nonlinear).length, id);
    vma.flags |= VM_NONLINEAR;
  },
  NonlinearCursorMoved(draft, { vma, cursor }) {
    edit(draft.vmas, vma).cursor = cursor;
  },
  SwapReadaheadNoted(draft, { vma, ...noted }) {
    if (vma === 0) draft.swap_readahead = noted;
    else edit(draft.vmas, vma).swap_readahead = noted;
  },
  MmDefFlagsSet(draft, { mm, flags }) {
    edit(draft.mms, mm).def_flags = flags;
  },
  VmaPolicySet(draft, { vma, policy }) {
    edit(draft.vmas, vma).policy = copyPolicy(policy);
  },
  AnonVmaPrepared(draft, { vma, anon_vma }) {
    edit(draft.vmas, vma).anon_vma = anon_vma;
    joinAnonVma(draft, anon_vma, vma);
    draft.next.anon_vma = Math.max(draft.next.anon_vma, anon_vma + 1);
  },
  MmForked(draft, { from, to, vmas }) {
    const origins = plain(draft.mms[from].vmas).filter((id) => (draft.vmas[id].flags & VM_DONTCOPY) === 0);
    edit(draft.mms, to).dumpable = draft.mms[from].dumpable;
    const firsts = firstOfRanges(draft, new Set(vmas.map(({ file }) => file).filter((file) => file !== 0)));
    vmas.forEach((vma, i) => linkCopy(draft, { ...vma, flags: vma.flags & ~VM_LOCKED }, origins[i], firsts));
    const names = plain(draft.regions).filter((region) => region.mm === from);
    draft.regions = [...plain(draft.regions), ...names.map((region) => ({ ...region, mm: to }))];
  },
  MmDestroyed(draft, { mm }, state) {
    invariant(draft.mms[mm].vmas.length === 0, 'an address space with areas is destroyed:', mm);
    delete draft.mms[mm];
    draft.regions = plain(draft.regions).filter((region) => region.mm !== mm);
    forgetMm(draft, mm);
    freeTree(state, 'mms', mm * MM + M_ROOT);
    invariant(state.mms[mm * MM + M_LOCKED] === 0, 'locked pages outlive address space', mm);
    state.mms.fill(0, mm * MM, (mm + 1) * MM);
  },
  RegionNamed(draft, region) {
    const others = plain(draft.regions).filter(({ mm, name }) => mm !== region.mm || name !== region.name);
    draft.regions = [...others, region];
  },
};
