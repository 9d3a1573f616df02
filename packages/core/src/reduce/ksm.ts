/** Reducers of kernel samepage merging: merged pages, and what ksmd knows of their mappings. */
import { CONTENT_ZEROES } from '@pagetape/events';
import { isDraft, type Draft } from 'immer';
import type { ColdState, Ksm } from '../state/cold.ts';
import {
  F_COUNT,
  F_FLAGS,
  F_INDEX,
  F_MAPCOUNT,
  F_MAPPING,
  FRAME,
  MAPPING_KSM,
  PG_ANON_EXCLUSIVE,
  PG_CLEARED,
  PTE_DIRTY,
  PTE_WRITE,
  PTE_YOUNG,
} from '../state/layout.ts';
import type { State } from '../state/state.ts';
import { invariant } from './assert.ts';
import { addRmap, countRss, entryOf, present, removeRmap } from './mappings.ts';
import { edit } from './draft.ts';
import { plain } from './list.ts';
import type { ColdReducers } from './types.ts';

function KsmPteProtected(state: State, pfn: number, mm: number, vpn: number): void {
  state.tables[entryOf(state, mm, vpn)] &= ~(PTE_WRITE | PTE_DIRTY);
  state.frames[pfn * FRAME + F_FLAGS] &= ~PG_ANON_EXCLUSIVE;
}

function PageBecameKsm({ frames }: State, pfn: number, node: number): void {
  invariant(frames[pfn * FRAME + F_MAPPING] < 0, 'a page that is not anonymous is merged: frame', pfn);
  frames[pfn * FRAME + F_MAPPING] = -(MAPPING_KSM + node);
}

/** Both pages are anonymous, so what is resident stays the same. */
function KsmPageMapped(state: State, pfn: number, mm: number, vpn: number, old: number): void {
  state.tables[entryOf(state, mm, vpn)] = present(pfn, PTE_YOUNG);
  state.frames[pfn * FRAME + F_COUNT]++;
  addRmap(state, pfn);
  removeRmap(state, old);
}

function AnonPageUnshared(state: State, pfn: number, mm: number, vpn: number, anon_vma: number, index: number): void {
  const at = pfn * FRAME;
  invariant(state.frames[at + F_MAPCOUNT] === 0, 'a copy that is not new is mapped: frame', pfn);
  state.tables[entryOf(state, mm, vpn)] = present(pfn, PTE_YOUNG);
  state.frames[at + F_MAPPING] = -anon_vma;
  state.frames[at + F_INDEX] = index;
  state.frames[at + F_FLAGS] |= PG_ANON_EXCLUSIVE;
  addRmap(state, pfn);
  countRss(state, mm, pfn, 1);
}

function PageContentKnown({ frames }: State, pfn: number, content: number): void {
  if (content === CONTENT_ZEROES) frames[pfn * FRAME + F_FLAGS] |= PG_CLEARED;
  else frames[pfn * FRAME + F_FLAGS] &= ~PG_CLEARED;
}

export const ksmPageReducers = { PageContentKnown, KsmPteProtected, PageBecameKsm, KsmPageMapped, AnonPageUnshared };

type ColdDraft = Draft<ColdState>;

/** What ksmd knows, to be written. It is a part of the tree of its own, so it is copied down to the table of nodes. */
function ksmOf(draft: ColdDraft): Draft<Ksm> {
  const { ksm } = draft;
  if (ksm && isDraft(ksm)) return ksm;
  return (draft.ksm = ksm
    ? { ...ksm, stable_nodes: { ...ksm.stable_nodes } }
    : { mms: [], stable_nodes: {}, next_node: 1 });
}

/** An address space is gone; what ksmd knew of its mappings it finds out when it looks again. */
export function forgetMm(draft: ColdDraft, mm: number): void {
  if (draft.ksm) ksmOf(draft).mms = plain(draft.ksm.mms).filter((each) => each !== mm);
}

export const ksmReducers: ColdReducers<
  'KsmEntered' | 'KsmLeft' | 'StableNodeSet' | 'StableNodeRemoved' | 'RmapItemAppended' | 'RmapItemRemoved'
> = {
  KsmEntered(draft, { mm }) {
    const ksm = ksmOf(draft);
    ksm.mms = [...plain(ksm.mms), mm];
  },
  KsmLeft: (draft, { mm }) => forgetMm(draft, mm),
  StableNodeSet(draft, { node, pfn, content }) {
    const ksm = ksmOf(draft);
    ksm.next_node = Math.max(ksm.next_node, node + 1);
    if (ksm.stable_nodes[node]) edit(ksm.stable_nodes, node).pfn = pfn;
    else ksm.stable_nodes[node] = { pfn, content, items: [] };
  },
  StableNodeRemoved: (draft, { node }) => void delete ksmOf(draft).stable_nodes[node],
  RmapItemAppended(draft, { node, ...item }) {
    const it = edit(ksmOf(draft).stable_nodes, node);
    it.items = [item, ...plain(it.items)];
  },
  RmapItemRemoved(draft, { node, mm, vpn }) {
    const it = edit(ksmOf(draft).stable_nodes, node);
    const items = plain(it.items);
    const at = items.findIndex((item) => item.mm === mm && item.vpn === vpn);
    invariant(at >= 0, 'node', node, 'of the stable tree does not know page', vpn, 'of address space', mm);
    it.items = [...items.slice(0, at), ...items.slice(at + 1)];
  },
};
