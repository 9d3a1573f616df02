/** What the fuzzer took to find the bugs of the museum, as a page of Markdown. */
import { exhibitId } from '@pagetape/core';
import { printStimulus } from '@pagetape/events';
import type { Hunt } from '../fuzz/museum.ts';
import type { Program } from '../laws/recording.ts';

/** The hunts of one exhibit, and the smallest programs that they ended with. */
export interface Hunted {
  readonly hunts: readonly Hunt[];
  readonly small: readonly (Program | null)[];
}

const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

/** The lower one of the two in the middle. */
const median = (numbers: readonly number[]): number => ascending(numbers)[(numbers.length - 1) >> 1];

const inSeconds = (seconds: number): string => (seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(0));

export function museumPage(hunted: readonly Hunted[], limitSeconds: number): string {
  const masters = hunted[0].hunts.map(({ master }) => master);
  const rows = hunted.map(({ hunts, small }) => {
    const [{ exhibit }] = hunts;
    const rules = new Set(hunts.flatMap(({ found }) => (found ? [found.finding.judge] : [])));
    const sizes = small.flatMap((program) => (program ? [program.steps.length] : []));
    const cells = [
      exhibitId(exhibit),
      [...rules].join(', '),
      `${hunts.filter(({ found }) => found).length}`,
      inSeconds(median(hunts.map(({ seconds }) => seconds))),
      `${median(hunts.map(({ programs }) => programs))}`,
      sizes.length > 0 ? `${Math.min(...sizes)}–${Math.max(...sizes)}` : '',
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const times = hunted.map(({ hunts }) => {
    const cells = hunts.map(({ found, seconds, programs }) =>
      found ? `${inSeconds(seconds)} (${programs})` : `> ${inSeconds(seconds)}`,
    );
    return `| ${[exhibitId(hunts[0].exhibit), ...cells].join(' | ')} |`;
  });
  return `# The fuzzer in the museum

Each bug is a kernel (\`pagetape profiles --museum\`). From nothing but a master seed, programs are run and judged by rules that must hold
of any kernel, until one is broken. Seconds are CPU time of one thread; a hunt ends after ${limitSeconds} of them. Written by
\`pagetape fuzz --museum\`.

| exhibit | rule that it breaks | found, of ${masters.length} | median s | median programs | steps when made small |
|---|---|---|---|---|---|
${rows.join('\n')}

## All times

Seconds, and programs in brackets, by master seed.

| exhibit | ${masters.join(' | ')} |
|---|${masters.map(() => '---|').join('')}
${times.join('\n')}

## The smallest programs

Of the first master seed that found the bug, on the machine that it came with.

${hunted.map(smallest).join('\n')}`;
}

function smallest({ hunts, small }: Hunted): string {
  const at = small.findIndex((program) => program !== null);
  const [{ exhibit }] = hunts;
  const program = small[at];
  if (!program) return `${exhibitId(exhibit)}: not found\n`;
  return `${exhibitId(exhibit)}: ${hunts[at].found?.finding.sentence.replace(/^after step \d+ \(.*?\): /, '')}

\`\`\`
${program.steps.map(printStimulus).join('\n')}
\`\`\`
`;
}
