/** The text of `pagetape at`. */
import { printEvent } from '@pagetape/events';
import { indent, table } from '../report/table.ts';
import { memoryTable } from '../report/text.ts';
import { flagNames } from '../report/words.ts';
import type { At, TaskFacts } from './at.ts';
import { stepLine } from './whyText.ts';

export function printAt(at: At, heading: (text: string) => string): string[] {
  const { event, step, nodes, memory, free, swap, lists, task } = at;
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', heading(title), ...indent(lines, 2)];
  const numbers = ['present', 'free', 'inactive', 'active', 'unevictable', 'batched', 'isolated'] as const;
  const nodeRows = nodes.map((node) => [`node ${node.node}`, ...numbers.map((name) => `${node[name]}`)]);
  return [
    event ? printEvent(event) : 'before the first event',
    ...(step ? [stepLine(step)] : []),
    ...section('Nodes, in pages', table([['', ...numbers], ...nodeRows], ['l', ...numbers.map(() => 'r' as const)])),
    ...section(
      'Memory, in pages',
      memoryTable(
        nodes.map(({ node }) => node),
        memory,
        [['free', free]],
      ),
    ),
    ...section(
      'Swap',
      swap.map(({ area, slots, used }) => `area ${area}: ${used} of ${slots} slots used`),
    ),
    ...section(
      'Lists, head first',
      (lists ?? []).map(({ name, pfns, pages }) => `${name}: ${pfns.length}${pages === '' ? '' : ` (${pages})`}`),
    ),
    ...(task ? printTask(task, section) : []),
  ];
}

function printTask(
  { task, policy, areas, pages }: TaskFacts,
  section: (title: string, lines: string[]) => string[],
): string[] {
  const rows = areas.map((area) => [
    `0x${area.first.toString(16)}..0x${area.last.toString(16)}`,
    area.name,
    flagNames(area.flags).join(', '),
    area.policy,
  ]);
  return [
    ...section(`Areas of ${task}, whose own policy is ${policy}`, table(rows, ['l', 'l', 'l', 'l'])),
    ...section(
      `Pages of ${task}`,
      table(
        pages.map((run) => [run.pages, run.place]),
        ['l', 'l'],
      ),
    ),
  ];
}
