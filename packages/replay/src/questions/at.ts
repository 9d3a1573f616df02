/** The machine at a position, as somebody who debugs it looks at it: nodes, lists, tasks, areas, pages, swap. */
import type { Policy, RecordedEvent } from '@pagetape/events';
import { layout, type StateView } from '@pagetape/core';
import { lruBatches, lruLists } from '../report/lists.ts';
import { inOrder, namesOfFrames, rangesText, rangeText } from '../report/names.ts';
import { placesOfPages, placeText } from '../report/placement.ts';
import { freeMemory, memoryOfAll, type FreeMemory, type MemoryOf } from '../report/places.ts';
import { policyWord } from '../conform/observe.ts';
import { mmOf } from './asked.ts';
import type { Step } from '../learned/names.ts';
import type { Questions } from './questions.ts';

/** What one node has. */
export interface NodeFacts {
  readonly node: number;
  readonly present: number;
  readonly free: number;
  readonly inactive: number;
  readonly active: number;
  readonly unevictable: number;
  /** Frames in batches of CPUs, and on private lists of calls. */
  readonly batched: number;
  readonly isolated: number;
}

/** The frames of an LRU list or a batch, head first. */
export interface ListFacts {
  readonly name: string;
  readonly pfns: readonly number[];
  /** The pages in them, where tasks or files have them. */
  readonly pages: string;
}

export interface AreaFacts {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly flags: number;
  readonly policy: string;
}

export interface TaskFacts {
  readonly task: string;
  readonly policy: string;
  readonly areas: readonly AreaFacts[];
  /** Runs of pages at one place. */
  readonly pages: readonly { readonly pages: string; readonly place: string }[];
}

export interface At {
  readonly seq: number;
  readonly event: RecordedEvent | null;
  readonly step: Step | undefined;
  readonly nodes: readonly NodeFacts[];
  readonly memory: readonly MemoryOf[];
  readonly free: FreeMemory;
  readonly swap: readonly { readonly area: number; readonly slots: number; readonly used: number }[];
  readonly lists: readonly ListFacts[] | null;
  readonly task: TaskFacts | null;
}

export interface AtOptions {
  /** A task whose areas and pages are wanted. */
  readonly task?: string | undefined;
  /** Whether the LRU lists are wanted page by page. */
  readonly lists?: boolean | undefined;
}

/** Goes to the position, and tells what is there. */
export function stateFacts(questions: Questions, seq: number, { task, lists }: AtOptions = {}): At {
  const { timeline } = questions;
  timeline.seek(seq);
  const s = timeline.state;
  const event = timeline.event(seq);
  return {
    seq,
    event,
    step: event ? questions.stepOf(event) : undefined,
    nodes: nodeFacts(s),
    memory: memoryOfAll(s),
    free: freeMemory(s),
    swap: swapFacts(s),
    lists: lists ? listFacts(s) : null,
    task: task === undefined ? null : taskFacts(s, task),
  };
}

function nodeFacts(s: StateView): NodeFacts[] {
  const inPlace = framesInPlaces(s);
  return s.topology.nodes.map((node) => {
    const zones = s.topology.zones.flatMap((zone, z) => (zone.node === node ? [z] : []));
    const sum = (at: number): number => zones.reduce((total, z) => total + s.zones[z * layout.ZONE + at], 0);
    const onNode = (list: number): number => s.nodes[node * layout.NODE + layout.N_NR + list];
    const inZones = (place: number): number => zones.reduce((total, z) => total + inPlace(z, place), 0);
    return {
      node,
      present: sum(layout.Z_PRESENT),
      free: sum(layout.Z_FREE),
      inactive: sum(layout.Z_NR) + onNode(0) + onNode(2),
      active: sum(layout.Z_NR + 1) + onNode(1) + onNode(3),
      unevictable: onNode(4),
      batched: inZones(layout.PLACE_BATCH),
      isolated: inZones(layout.PLACE_ISOLATED),
    };
  });
}

/** How many frames of a zone are in a place: those that no counter tells of. */
function framesInPlaces(s: StateView): (zone: number, place: number) => number {
  const counts = s.topology.zones.map(({ start }, z) => {
    const found = new Map<number, number>();
    const fresh = s.zones[z * layout.ZONE + layout.Z_FRESH];
    for (let pfn = start; pfn < start + fresh; pfn++) {
      const place = s.frames[pfn * layout.FRAME + layout.F_FLAGS] & layout.PLACE_MASK;
      found.set(place, (found.get(place) ?? 0) + 1);
    }
    return found;
  });
  return (zone, place) => counts[zone].get(place) ?? 0;
}

function swapFacts(s: StateView): At['swap'] {
  return Array.from({ length: Math.floor(s.areas.length / layout.AREA) }, (_, area) => ({
    area,
    slots: s.areas[area * layout.AREA + layout.S_PAGES],
    used: s.areas[area * layout.AREA + layout.S_INUSE],
  }));
}

function listFacts(s: StateView): ListFacts[] {
  const lists = [
    ...lruLists(s).map(({ node, list, pfns }) => ({ name: `${list} list of node ${node}`, pfns })),
    ...lruBatches(s).map(({ cpu, list, pfns }) => ({ name: `${list} batch of cpu ${cpu}`, pfns })),
  ];
  const names = namesOfFrames(s, new Set(lists.flatMap(({ pfns }) => pfns)));
  return lists.map((list) => ({
    ...list,
    pages: rangesText(inOrder(list.pfns.flatMap((pfn) => names.get(pfn) ?? []))),
  }));
}

function taskFacts(s: StateView, name: string): TaskFacts {
  const mm = mmOf(s, name);
  const task = Object.values(s.cold.tasks).find((each) => each.name === name || `${each.pid}` === name);
  return {
    task: task?.name ?? name,
    policy: policyOf(task?.policy),
    areas: s.cold.mms[mm].vmas.map((id) => {
      const { start, end, flags, policy } = s.cold.vmas[id];
      const region = s.cold.regions.find(
        (each) => each.mm === mm && each.start <= start && start < each.start + each.pages,
      );
      const name = region ? `${region.name} ${rangeText(start - region.start, end - 1 - region.start)}` : '-';
      return { name, first: start, last: end - 1, flags, policy: policyOf(policy) };
    }),
    pages: placesOfPages(s, mm).map(({ region, first, last, place }) => ({
      pages: `${region} ${rangeText(first, last)}`,
      place: placeText(place),
    })),
  };
}

const policyOf = (policy: Policy | null | undefined): string => (policy ? policyWord(policy) : 'default');
