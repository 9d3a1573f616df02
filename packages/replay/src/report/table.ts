/** Text in aligned columns. */

/** How the cells of a column stand: `l` left, `r` right. */
export type Alignment = 'l' | 'r';

/**
 * Rows as lines whose columns are aligned; a column is as wide as its widest cell, but cells beyond `max` push what
 * follows them instead of widening all rows.
 */
export function table(rows: readonly (readonly string[])[], align: readonly Alignment[], gap = 2, max = 72): string[] {
  const widths = align.map((_, c) => Math.max(0, ...rows.map((row) => row[c]?.length ?? 0).filter((n) => n <= max)));
  return rows.map((row) => {
    const cells = row.map((cell, c) => (align[c] === 'r' ? cell.padStart(widths[c]) : cell.padEnd(widths[c])));
    return cells.join(' '.repeat(gap)).trimEnd();
  });
}

/** Lines with so many blanks in front. */
export function indent(lines: readonly string[], by: number): string[] {
  return lines.map((line) => (line === '' ? '' : ' '.repeat(by) + line));
}
