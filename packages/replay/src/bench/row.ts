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
  /** What was measured and against what, with its sizes. */
  readonly about: string;
}

/** Digits beyond these are noise. */
const DIGITS = 4;

const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

export function row(id: string, unit: string, value: number, baseline: number, about: string): Row {
  return { id, value: rounded(value), unit, baseline: rounded(baseline), ratio: rounded(value / baseline), about };
}

/** 12,345,678 for large numbers, four digits for small ones. */
const printed = (value: number): string =>
  value >= 1000 ? `${Math.round(value)}`.replace(/\B(?=(\d{3})+$)/g, ',') : `${value}`;

/** Rows as an aligned table, with what each is about below it. */
export function printRows(rows: readonly Row[]): string[] {
  const head = ['', 'value', 'baseline', 'ratio', 'unit'];
  const cells = rows.map(({ id, value, baseline, ratio, unit }) => [
    id,
    printed(value),
    printed(baseline),
    printed(ratio),
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
  return [aligned(head), ...rows.flatMap((each, i) => [aligned(cells[i]), `  ${each.about}`])];
}
