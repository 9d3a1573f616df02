/** Finds the word that was probably meant. */

/**
 * Edits from one word to the other: a letter added, left out, replaced, or two neighbours exchanged
 * (the "optimal string alignment" distance).
 */
function edits(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j]!, before[j - 2]! + 1);
      }
    }
    [before, above] = [above, row];
  }
  return above[b.length]!;
}

/** The word nearest to `word`, if one is so near that a slip of the hand explains it; the first of several. */
export function nearest(word: string, words: Iterable<string>): string | undefined {
  let best: string | undefined;
  // Of a word of one or two letters nothing would be left.
  let least = word.length < 3 ? 1 : Math.floor(word.length / 3) + 1;
  for (const candidate of words) {
    const distance = edits(word.toLowerCase(), candidate.toLowerCase());
    if (distance >= least) continue;
    [best, least] = [candidate, distance];
  }
  return best;
}

/** "a", "a and b", "a, b and c". */
export function inWords(words: readonly (string | number)[], and = 'and'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${and} ${words[words.length - 1]}`;
}

/** The names that there are at a place: "so far there is A", "so far there are A and B", "so far there is none". */
export function soFar(names: readonly string[]): string {
  if (names.length === 0) return 'so far there is none';
  return `so far there ${names.length === 1 ? 'is' : 'are'} ${inWords(names)}`;
}

/** What to say after naming an unknown word: the one that was meant, or else what there is. */
export function insteadOf(word: string, words: Iterable<string>, otherwise: string): string {
  const meant = nearest(word, words);
  return meant === undefined ? otherwise : `did you mean "${meant}"?`;
}
