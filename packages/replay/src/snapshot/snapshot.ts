/**
 * A run as a canonical text that says what it *means*: what calls answered, what became of pages, where memory lies, what was
 * counted. No time, no frame and no order of events is in it but in the hashes at its end, so that two texts differ
 * elsewhere only where somebody on the machine could tell.
 */

/** One fact: what it is about, and what it is. */
export interface SnapshotEntry {
  readonly key: string;
  readonly value: string;
}

/** Facts of one kind. Those of the ledger stand under the call that they are about. */
export interface SnapshotSection {
  readonly name: SectionName;
  readonly entries: readonly (SnapshotEntry & { readonly under?: string })[];
}

export type Snapshot = readonly SnapshotSection[];

/** The sections, in their order. */
export const SECTIONS = [
  'run',
  'deadlock',
  'calls',
  'ledger',
  'placement',
  'memory',
  'counters',
  'events and hashes',
] as const;
export type SectionName = (typeof SECTIONS)[number];

/** The snapshot without what no task could notice: the same for all versions that answer the same. */
export const withoutHashes = (snapshot: Snapshot): Snapshot =>
  snapshot.filter(({ name }) => name !== 'events and hashes');

const HEAD = 'pagetape snapshot 1';
/** What a call answered comes after an arrow, everything else after a colon. */
const SEPARATOR: Readonly<Partial<Record<SectionName, string>>> = { calls: ' → ' };
const separatorOf = (name: SectionName): string => SEPARATOR[name] ?? ': ';

/** The text of a snapshot. `parseSnapshot` reads it back. */
export function printSnapshot(snapshot: Snapshot): string {
  const lines = [HEAD];
  for (const { name, entries } of snapshot) {
    lines.push('', name);
    let under: string | undefined;
    for (const entry of entries) {
      if (entry.under !== undefined && entry.under !== under) lines.push(`  ${entry.under}`);
      under = entry.under;
      lines.push(`${under === undefined ? '  ' : '    '}${entry.key}${separatorOf(name)}${entry.value}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Reads the text of a snapshot. Throws a SnapshotError that says what is wrong with which line. */
export function parseSnapshot(text: string): Snapshot {
  const [head, ...lines] = text.replaceAll('\r\n', '\n').split('\n');
  if (head !== HEAD) throw new SnapshotError(`line 1 should be "${HEAD}"; "pagetape snapshot" writes such files`);
  const sections: { name: SectionName; entries: (SnapshotEntry & { under?: string })[] }[] = [];
  let under: string | undefined;
  for (const [i, line] of lines.entries()) {
    const section = sections.at(-1);
    const depth = /^ */.exec(line)?.[0].length ?? 0;
    if (line === '') continue;
    if (depth === 0) {
      sections.push({ name: sectionName(line, i + 2), entries: [] });
      under = undefined;
    } else if (!section) throw new SnapshotError(`line ${i + 2} is in no section`);
    else {
      const entry = readEntry(line.trimStart(), separatorOf(section.name));
      if (depth < 4) under = undefined;
      if (entry) section.entries.push(under === undefined ? entry : { ...entry, under });
      else under = line.trimStart();
    }
  }
  return sections;
}

function readEntry(text: string, separator: string): SnapshotEntry | undefined {
  const at = text.indexOf(separator);
  return at < 0 ? undefined : { key: text.slice(0, at), value: text.slice(at + separator.length) };
}

function sectionName(line: string, number: number): SectionName {
  const name = SECTIONS.find((each) => each === line);
  if (name) return name;
  throw new SnapshotError(`line ${number}, "${line}", is no section; there are ${SECTIONS.join(', ')}`);
}

/** A text that is no snapshot. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}
