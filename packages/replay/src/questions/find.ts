/** Events by an expression over their fields: all, the first or last few, how many, and by what. */
import type { RecordedEvent } from '@pagetape/events';
import { RowCursor } from '../run/rows.ts';
import type { Tape } from '../tape/index.ts';
import { ExpressionError, parseExpression, type Expression, type Operator } from './expression.ts';
import { fieldOf, type AskedField } from './fields.ts';
import type { TapeNames } from '../learned/names.ts';

/** Says of the row that a cursor stands on whether it is wanted. */
export type RowTest = (cursor: RowCursor) => boolean;

/** Events from one seq to another, both included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export const WHOLE: Range = { from: 1, to: Infinity };

/** Makes a test of the text of an expression. Throws an ExpressionError. */
export function compileExpression(text: string, names: TapeNames): RowTest {
  return compile(parseExpression(text), text, names);
}

function compile(expression: Expression, text: string, names: TapeNames): RowTest {
  switch (expression.is) {
    case 'not': {
      const of = compile(expression.of, text, names);
      return (cursor) => !of(cursor);
    }
    case 'and':
    case 'or': {
      const [left, right] = [compile(expression.left, text, names), compile(expression.right, text, names)];
      return expression.is === 'and'
        ? (cursor) => left(cursor) && right(cursor)
        : (cursor) => left(cursor) || right(cursor);
    }
    case 'compare':
      return comparison(expression, text, names);
  }
}

const ORDER: Readonly<Record<Operator, (a: number | string, b: number | string) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

function comparison(asked: Extract<Expression, { is: 'compare' }>, text: string, names: TapeNames): RowTest {
  const field = askedField(asked.field, names, (message) => new ExpressionError(message, text, asked.at));
  const { operator, values } = asked;
  for (const value of values) {
    const problem = field.problem(value);
    if (problem !== undefined) throw new ExpressionError(problem, text, asked.valueAt);
  }
  const holds = ORDER[operator];
  return (cursor) => {
    const value = field.valueOf(cursor);
    if (value === undefined) return false;
    if (operator === '=') return values.some((each) => field.meaning(each, cursor) === value);
    if (operator === '!=') return values.every((each) => field.meaning(each, cursor) !== value);
    const other = field.meaning(values[0], cursor);
    return other !== undefined && typeof other === typeof value && holds(value, other);
  };
}

function askedField(name: string, names: TapeNames, error: (message: string) => Error): AskedField {
  const field = fieldOf(name, names);
  if (typeof field === 'string') throw error(field);
  return field;
}

/** A cursor over the blocks that hold events of a range. It may stand before the range, and go beyond it. */
export function cursorOver({ blocks }: Tape, { from, to }: Range): RowCursor {
  const first = Math.max(0, blocks.find(Math.max(1, from)));
  function* wanted() {
    for (let i = first; i < blocks.count && blocks.entry(i).firstSeq <= to; i++) yield blocks.blockAt(i);
  }
  return new RowCursor(wanted(), blocks.count > first ? blocks.positionBefore(first) : undefined);
}

/** The events that are wanted, in order. */
export function* findEvents(tape: Tape, test: RowTest, range: Range = WHOLE): Generator<RecordedEvent> {
  for (const cursor of rows(tape, test, range)) yield cursor.event();
}

function* rows(tape: Tape, test: RowTest, range: Range): Generator<RowCursor> {
  const cursor = cursorOver(tape, range);
  while (cursor.next() && cursor.at.seq <= range.to) if (cursor.at.seq >= range.from && test(cursor)) yield cursor;
}

/** The last events that are wanted, the oldest first. */
export function findLast(tape: Tape, test: RowTest, count: number, { from, to }: Range = WHOLE): RecordedEvent[] {
  const { blocks } = tape;
  let found: RecordedEvent[] = [];
  let i = to === Infinity ? blocks.count - 1 : blocks.find(to);
  for (; i >= 0 && found.length < count && blocks.entry(i).lastSeq >= from; i--) {
    const { firstSeq, lastSeq } = blocks.entry(i);
    const range = { from: Math.max(from, firstSeq), to: Math.min(to, lastSeq) };
    found = [...findEvents(tape, test, range), ...found];
  }
  return count === 0 ? [] : found.slice(-count);
}

export function countEvents(tape: Tape, test: RowTest, range: Range = WHOLE): number {
  let count = 0;
  const cursor = cursorOver(tape, range);
  while (cursor.next() && cursor.at.seq <= range.to) if (cursor.at.seq >= range.from && test(cursor)) count++;
  return count;
}

/** How many events have each value of some fields. */
export interface Group {
  /** A value for each field; "-" where an event has no such field. */
  readonly values: readonly string[];
  readonly count: number;
}

/** Counts the events that are wanted by the values of fields: the most frequent first. Throws an ExpressionError. */
export function groupEvents(
  tape: Tape,
  test: RowTest,
  by: readonly string[],
  names: TapeNames,
  range: Range = WHOLE,
): Group[] {
  const fields = by.map((name) =>
    askedField(name, names, (message) => new ExpressionError(message, by.join(','), by.join(',').indexOf(name))),
  );
  const groups = new Map<string, { values: string[]; count: number }>();
  for (const cursor of rows(tape, test, range)) {
    const values = fields.map((field) => {
      const value = field.valueOf(cursor);
      return value === undefined ? '-' : field.print(value, cursor);
    });
    const key = values.join('\n');
    const group = groups.get(key);
    if (group) group.count++;
    else groups.set(key, { values, count: 1 });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}
