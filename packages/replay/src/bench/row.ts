/** One line of the bench: what was measured, what it is compared with, and how it is shown. */

export interface Row {
  /** Stable for ever, so that releases can be compared. */
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  /** The same for what it is compared with, in the same unit. */
  readonly baseline: number;
  /** `value / baseline`. For sizes less is better. */
  readonly ratio: number;
  /** What C on plain arrays reaches, in the same unit; null: there is no compiler. Absent: C has nothing to say to it. */
  readonly limit?: number | null;
  /** `value / limit` */
  readonly of_limit?: number | null;
  /** What was measured and against what, with its sizes. */
  readonly about: string;
}

/** Digits beyond these are noise. */
const DIGITS = 4;

const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

export function row(
  id: string,
  unit: string,
  value: number,
  baseline: number,
  about: string,
  limit?: number | null,
): Row {
  const ratio = rounded(value / baseline);
  const shown = { id, value: rounded(value), unit, baseline: rounded(baseline), ratio, about };
  if (limit === undefined) return shown;
  if (limit === null) return { ...shown, limit, of_limit: null };
  return { ...shown, limit: rounded(limit), of_limit: rounded(value / limit) };
}

/** 12,345,678 for large numbers, four digits for small ones. */
const printed = (value: number): string =>
  value >= 1000 ? `${Math.round(value)}`.replace(/\B(?=(\d{3})+$)/g, ',') : `${value}`;

/** Rows as an aligned table, with what each is about below it. */
export function printRows(rows: readonly Row[]): string[] {
  const head = ['', 'value', 'baseline', 'ratio', 'C', 'of C', 'unit'];
  const cells = rows.map(({ id, value, baseline, ratio, limit, of_limit, unit }) => [
    id,
    printed(value),
    printed(baseline),
    printed(ratio),
    typeof limit === 'number' ? printed(limit) : '',
    typeof of_limit === 'number' ? printed(of_limit) : '',
    unit,
  ]);
  const widths = head.map((title, i) =>
    Math.max(...[head, ...cells].map((line) => (i < line.length ? line[i] : title).length)),
  );
  const aligned = (line: readonly string[]): string =>
    line
      .map((cell, i) => (i === 0 || i === line.length - 1 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd();
  const lines = [aligned(head), ...rows.flatMap((each, i) => [aligned(cells[i]), `  ${each.about}`])];
  if (rows.some(({ limit }) => limit === null))
    lines.push('C: empty, because no compiler (cc, gcc, clang) built it here');
  return lines;
}
