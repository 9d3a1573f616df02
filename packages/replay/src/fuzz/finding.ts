/** What a judge found wrong, and how findings are grouped. */

export interface Finding {
  /** Who says so: invariants, crash, refused, a law, a relation. */
  readonly judge: string;
  /** What is wrong, in a sentence. */
  readonly sentence: string;
  /** The step after which it showed, counted from 1; 0: the whole run. */
  readonly step: number;
  /** Equal for failures that are likely one: the sentence without what differs from run to run. */
  readonly signature: string;
}

export function finding(judge: string, sentence: string, step = 0): Finding {
  return { judge, sentence, step, signature: `${judge}: ${signatureOf(sentence)}` };
}

const LONGEST = 160;

/** A sentence without numbers, names of tasks and regions, and steps; of a stack, the message and the two functions on top. */
function signatureOf(sentence: string): string {
  const [message, ...frames] = sentence.split(/\n\s+at /);
  const functions = frames
    .map((frame) => /^(?:async )?([\w.$]+)/.exec(frame)?.[1] ?? '?')
    .filter((name) => name !== 'invariant');
  const text = message
    .split('\n')[0]
    .replace(/^after step \d+ \(.*?\)(, event \d+)?: /, '')
    .replace(/0x[0-9a-f]+|\d+/g, 'N')
    .replace(/\b[0-9a-f]{16}\b/g, 'H')
    .replace(/\b[TrfA-Z]N\b/g, 'X');
  return [text.slice(0, LONGEST), ...functions.slice(0, 2)].join(' < ');
}

/** Items by key, in the order in which keys come up. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
