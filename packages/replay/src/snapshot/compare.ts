/** What differs between two snapshots: fact by fact, and pages one by one, so that nothing is told that is the same. */
import { rangeText } from '../report/names.ts';
import { withoutHashes, type SectionName, type Snapshot, type SnapshotSection } from './snapshot.ts';

/** A fact that is not the same. Null: there is no such fact. */
export interface SnapshotDifference {
  readonly section: SectionName;
  /** The call in the ledger that it is about. */
  readonly under?: string | undefined;
  readonly key: string;
  readonly was: string | null;
  readonly is: string | null;
  /** So many pages, or one thing. */
  readonly count: number;
}

/**
 * All that differs, in the order of the sections; none when the snapshots say the same. Hashes are compared where both have
 * them: a text may be kept without.
 */
export function compareSnapshots(was: Snapshot, is: Snapshot): SnapshotDifference[] {
  const hashed = [was, is].every((snapshot) => snapshot.some(({ name }) => name === 'events and hashes'));
  const [a, b] = hashed ? [was, is] : [withoutHashes(was), withoutHashes(is)];
  return compareSections(a, b);
}

function compareSections(was: Snapshot, is: Snapshot): SnapshotDifference[] {
  const names = [...new Set([...was, ...is].map(({ name }) => name))];
  return names.flatMap((name) => {
    const [a, b] = [entriesOf(was, name), entriesOf(is, name)];
    return name === 'placement' ? comparePlaces(a, b) : compareFacts(name, a, b);
  });
}

type Entries = SnapshotSection['entries'];

const entriesOf = (snapshot: Snapshot, name: SectionName): Entries =>
  snapshot.find((section) => section.name === name)?.entries ?? [];

function compareFacts(section: SectionName, was: Entries, is: Entries): SnapshotDifference[] {
  const [a, b] = [byKey(was), byKey(is)];
  const found: SnapshotDifference[] = [];
  for (const path of new Set([...a.keys(), ...b.keys()])) {
    const [old, now] = [a.get(path), b.get(path)];
    const { key, under } = (old ?? now) as Entries[number];
    if (old?.value === now?.value) continue;
    found.push({ section, under, key, was: old?.value ?? null, is: now?.value ?? null, count: 1 });
  }
  return found.sort((x, y) => byStep(x.under, y.under));
}

/** Calls by the numbers of their steps: 6, 6.1, 7, 10. */
function byStep(a = '', b = ''): number {
  const [x, y] = [a, b].map((under) => under.split(' ')[0].split('.').map(Number));
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i] - y[i];
  return x.length - y.length;
}

const byKey = (entries: Entries): Map<string, Entries[number]> =>
  new Map(entries.map((entry) => [`${entry.under ?? ''}\n${entry.key}`, entry]));

/** A run of pages of a region, and the place that they are at. */
interface Run {
  readonly first: number;
  readonly last: number;
  readonly place: string;
}

function comparePlaces(was: Entries, is: Entries): SnapshotDifference[] {
  const [a, b] = [byRegion(was), byRegion(is)];
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((region) =>
    compareRegion(region, a.get(region) ?? [], b.get(region) ?? []),
  );
}

function byRegion(entries: Entries): Map<string, Run[]> {
  const regions = new Map<string, Run[]>();
  for (const { key, value } of entries) {
    const [, region = key, first = '0', last = first] = /^(.*) (\d+)(?:\.\.(\d+))?$/.exec(key) ?? [];
    const run = { first: Number(first), last: Number(last), place: value };
    const runs = regions.get(region);
    if (runs) runs.push(run);
    else regions.set(region, [run]);
  }
  return regions;
}

/** Cuts both lists at every border of either, and keeps the pieces that differ. Pieces that touch and say the same are one. */
function compareRegion(region: string, was: readonly Run[], is: readonly Run[]): SnapshotDifference[] {
  const borders = [...new Set([...was, ...is].flatMap(({ first, last }) => [first, last + 1]))].sort((x, y) => x - y);
  const [placeWas, placeIs] = [placesAt(was), placesAt(is)];
  const pieces: { first: number; last: number; was: string | null; is: string | null }[] = [];
  for (let i = 0; i + 1 < borders.length; i++) {
    const [first, last] = [borders[i], borders[i + 1] - 1];
    const piece = { first, last, was: placeWas(first), is: placeIs(first) };
    if (piece.was === piece.is) continue;
    const before = pieces.at(-1);
    if (before && before.last === first - 1 && before.was === piece.was && before.is === piece.is) before.last = last;
    else pieces.push(piece);
  }
  return pieces.map(({ first, last, ...places }) => ({
    section: 'placement',
    key: `${region} ${rangeText(first, last)}`,
    ...places,
    count: last - first + 1,
  }));
}

/** Gives the place of pages that are asked for in ascending order. */
function placesAt(runs: readonly Run[]): (page: number) => string | null {
  const sorted = [...runs].sort((x, y) => x.first - y.first);
  let at = 0;
  return (page) => {
    while (at < sorted.length && sorted[at].last < page) at++;
    return at < sorted.length && sorted[at].first <= page ? sorted[at].place : null;
  };
}
