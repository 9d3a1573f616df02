/** The text about a branch. */
import { indent } from '../report/table.ts';
import { stepText } from '../report/text.ts';
import { count, duration } from '../report/words.ts';
import { answerText } from '../whatif/compare.ts';
import { printWhatIf } from '../whatif/text.ts';
import type { TwinStep } from '../whatif/twin.ts';
import type { Fork } from './fork.ts';
import type { SavedBranch } from './save.ts';
import { printPosition } from './position.ts';

/** Lines: where the branch begins, what came of its own steps, and how those of the trunk go in it. */
export function printFork(fork: Fork, position: string, file: string, heading = (text: string) => text): string[] {
  const { branch, inserted, trunk, other, comparison } = fork;
  const { inside, seq, before, rest } = branch;
  const at = printPosition(file, seq);
  const why = inside
    ? [
        `${position} lies in step ${inside.number}, which cannot be taken over in its middle; the branch begins before it`,
      ]
    : [];
  return [
    ...why,
    `a branch at ${at}, after ${count(before, 'step')}`,
    ...inserted.flatMap(printOwn),
    ...(other.ended !== null && other.steps.length === 0 ? [`  the branch ends there: ${other.ended}`] : []),
    ...(comparison.compared === 0 && rest.length > 0 ? [] : ['', ...printWhatIf(trunk, other, comparison, heading)]),
  ];
}

/** What was kept of a branch. */
export function printSaved({ last, common, ended }: SavedBranch, file: string): string[] {
  return [
    `the branch is on ${file}: ${count(last, 'event')}, the first ${common} of which are those of the trunk`,
    ...(ended === null ? [] : [`  it ends there: ${ended}`]),
  ];
}

/** A step that only the branch has: its answer, and the memory after it. */
function printOwn({ facts, result, took_ns, memory }: TwinStep): string[] {
  const lines = Object.entries(memory).map(([name, { nodes, onNode, swapped }]) => {
    const places = onNode.map((pages, n) => `N${nodes[n]}=${pages}`);
    return `memory of ${name}: ${[...places, `swap=${swapped}`].join(' ')}`;
  });
  return [`  ${stepText(facts)}  ${duration(took_ns)}  ${answerText(result)}`, ...indent(lines, 4)];
}
