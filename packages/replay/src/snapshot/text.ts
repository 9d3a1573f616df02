/** The text of a difference between two snapshots: in words first, then each fact with what it was and what it is. */
import { indent } from '../report/table.ts';
import { count, moreText } from '../report/words.ts';
import type { SnapshotDifference } from './compare.ts';
import type { SectionName } from './snapshot.ts';

/** Lines that are shown of a section; the rest is counted. */
const SHOWN = 20;

/** Lines; none when nothing differs. */
export function printSnapshotDifferences(differences: readonly SnapshotDifference[]): string[] {
  if (differences.length === 0) return [];
  const all = [...new Set(differences.map(({ section }) => section))];
  const sections = all.length > 1 ? all.filter((name) => name !== 'events and hashes') : all;
  return [
    ...summary(differences),
    ...sections.flatMap((name) => ['', name, ...indent(printSection(of(differences, name)), 2)]),
  ];
}

const of = (differences: readonly SnapshotDifference[], name: SectionName): SnapshotDifference[] =>
  differences.filter(({ section }) => section === name);

function summary(differences: readonly SnapshotDifference[]): string[] {
  const words = (Object.keys(WORDS) as (keyof typeof WORDS)[]).flatMap((name) => {
    const found = of(differences, name);
    return found.length > 0 ? WORDS[name](found) : [];
  });
  if (words.length > 0) return words;
  return ['the events differ, but in nothing that a task could notice'];
}

type Words = (found: readonly SnapshotDifference[]) => string[];

/** What each section comes to. Hashes differ when anything does, so they are told only when nothing else is. */
const WORDS: Readonly<Record<Exclude<SectionName, 'events and hashes'>, Words>> = {
  run: (found) => [`${found.map(({ key }) => key).join(', ')} ${found.length === 1 ? 'is' : 'are'} not the same`],
  deadlock: () => ['not the same tasks wait for ever'],
  calls(found) {
    const answers = found.filter(({ was, is }) => was !== null && is !== null).length;
    const others = found.length - answers;
    return [
      ...(answers > 0 ? [`${count(answers, 'step answers', 'steps answer')} otherwise`] : []),
      ...(others > 0 ? [`${count(others, 'step is', 'steps are')} on one side alone`] : []),
    ];
  },
  ledger: moreOrFewer,
  placement: (found) => {
    const pages = found.reduce((sum, each) => sum + each.count, 0);
    return [`${count(pages, 'page lies', 'pages lie')} elsewhere at the end`];
  },
  memory: () => ['free memory is not the same at the end'],
  counters: (found) => [`${count(found.length, 'counter differs', 'counters differ')}`],
};

const LEADING = /^\d+/;

/** "3 more pages not moved: page-locked", summed over calls. */
function moreOrFewer(found: readonly SnapshotDifference[]): string[] {
  const sums = new Map<string, number>();
  for (const { key, was, is } of found) {
    if (key === 'passes' || key.startsWith('memory of')) continue;
    const number = (text: string | null): number => Number(LEADING.exec(text ?? '')?.[0] ?? 0);
    sums.set(key, (sums.get(key) ?? 0) + number(is) - number(was));
  }
  const told = [...sums].flatMap(([key, more]) => {
    return more === 0 ? [] : [moreText(more, key.replace(', ', ': '))];
  });
  return told.length > 0
    ? told
    : [`the ledger of ${count(new Set(found.map(({ under }) => under)).size, 'call')} differs`];
}

function printSection(found: readonly SnapshotDifference[]): string[] {
  const lines: string[] = [];
  let under: string | undefined;
  for (const difference of found.slice(0, SHOWN)) {
    if (difference.under !== undefined && difference.under !== under) lines.push(difference.under);
    under = difference.under;
    lines.push(...indent(printFact(difference), under === undefined ? 0 : 2));
  }
  const rest = found.length - SHOWN;
  return rest > 0 ? [...lines, `… and ${rest} more`] : lines;
}

/** Short facts take a line, long ones three. */
function printFact({ key, was, is }: SnapshotDifference): string[] {
  const [before, after] = [was ?? 'nothing', is ?? 'nothing'];
  const line = `${key}: was ${before}, is ${after}`;
  if (line.length <= 100) return [line];
  return [key, `  was ${before}`, `  is  ${after}`];
}
