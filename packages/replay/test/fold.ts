/**
 * Shortens long runs of what is alike in a text: words or lines that say the same of one page after the other, so that a
 * scenario of hundreds of pages can be read. Short runs stay as they are.
 */

/** Texts of fewer words are told in full. */
const LONG = 64;
/** A run is worth shortening from so many words on. */
const RUN = 10;
/** The longest group of words that may repeat. */
const GROUP = 12;

const NUMBER = /\d+/g;
const shape = (word: string): string => word.replace(NUMBER, '0');
const numbers = (word: string): number[] => (word.match(NUMBER) ?? []).map(Number);

/** Whether `word` follows `before` as `before` followed the one before that, or would have. */
const inStep = (first: string, second: string, word: string): boolean => {
  const [a, b, c] = [numbers(first), numbers(second), numbers(word)];
  return a.every((number, i) => b[i] - number === c[i] - b[i]);
};

/** How many groups of `group` words from `at` on are alike, with numbers that go up or down in steps. */
function groupsFrom(words: readonly string[], shapes: readonly string[], at: number, group: number): number {
  let n = at + group;
  for (; n < words.length; n++) {
    if (shapes[n] !== shapes[n - group]) break;
    if (n >= at + 2 * group && !inStep(words[n - 2 * group], words[n - group], words[n])) break;
  }
  return Math.floor((n - at) / group);
}

/** The words, where of a run only the first group and the last are told; what repeats then is a run again. */
export function fold(words: readonly string[]): readonly string[] {
  return words.length < LONG ? words : foldRuns(foldRuns(words));
}

function foldRuns(words: readonly string[]): string[] {
  const shapes = words.map(shape);
  const told: string[] = [];
  for (let at = 0; at < words.length;) {
    let group = 1;
    let groups = 1;
    for (; group <= GROUP; group++) {
      groups = groupsFrom(words, shapes, at, group);
      if (groups > 3 && groups * group >= RUN) break;
    }
    if (group > GROUP) told.push(words[at++]);
    else {
      const last = at + (groups - 1) * group;
      told.push(...words.slice(at, at + group), `… ${groups - 2} more …`, ...words.slice(last, last + group));
      at = last + group;
    }
  }
  return told;
}
