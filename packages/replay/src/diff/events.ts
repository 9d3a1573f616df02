/** Where two tapes part: the first event that is not the same, found by chain hashes block by block. */
import { canonicalJson, eventByName, type RecordedEvent } from '@pagetape/events';
import { RowCursor } from '../run/rows.ts';
import type { Tape, TapeBlocks } from '../tape/index.ts';

/** The first difference between two tapes, and what led to it. */
export interface FirstDifference {
  /** Seq of the event at which they part. */
  readonly seq: number;
  /** The events there; null where a tape has ended. */
  readonly a: RecordedEvent | null;
  readonly b: RecordedEvent | null;
  /** What the two events do not have in common, where they are of one kind. */
  readonly fields: readonly FieldDifference[];
  /** Blocks whose chain hashes were compared to find the place. */
  readonly probes: number;
  /** The last events that both have, oldest first. */
  readonly before: readonly RecordedEvent[];
  /** The step in which they part, as it began on tape A; null before the first step. */
  readonly step: { readonly number: number; readonly stimulus: unknown } | null;
}

/** A field of an event, or a member of its payload, as people read it. */
export interface FieldDifference {
  readonly name: string;
  readonly a: string;
  readonly b: string;
}

/** Events that are shown before a difference. */
const SHOWN_BEFORE = 4;

/**
 * The number of the first block that differs. The chain hash of a block covers all before it, so blocks agree up to
 * some block and none after: a search by halves reads no block at all.
 */
export function firstDifferentBlock(
  a: Pick<TapeBlocks, 'count' | 'entry'>,
  b: Pick<TapeBlocks, 'count' | 'entry'>,
): { readonly block: number; readonly probes: number } {
  let [low, high, probes] = [0, Math.min(a.count, b.count), 0];
  while (low < high) {
    const middle = (low + high) >>> 1;
    probes++;
    if (a.entry(middle).chain === b.entry(middle).chain) low = middle + 1;
    else high = middle;
  }
  return { block: low, probes };
}

/** The first event that differs; null when the tapes hold the same events. */
export function firstDifference(a: Tape, b: Tape): FirstDifference | null {
  const { block, probes } = firstDifferentBlock(a.blocks, b.blocks);
  if (block === a.blocks.count && block === b.blocks.count) return null;
  const [atA, atB] = [cursorFrom(a.blocks, block), cursorFrom(b.blocks, block)];
  for (;;) {
    const [moreA, moreB] = [atA.next(), atB.next()];
    if (!moreA && !moreB) return null;
    if (moreA && moreB && atA.isSameAs(atB)) continue;
    const seq = (moreA ? atA : atB).at.seq;
    const sides = { a: moreA ? atA.event() : null, b: moreB ? atB.event() : null };
    return {
      seq,
      ...sides,
      fields: fieldDifferences(sides),
      probes,
      before: eventsBefore(a.blocks, seq),
      step: stepAt(a, seq),
    };
  }
}

/** Fields that differ, in the order of the definition; of payloads the members, in alphabetical order. */
function fieldDifferences({ a, b }: Pick<FirstDifference, 'a' | 'b'>): FieldDifference[] {
  if (!a || !b || a.kind !== b.kind) return [];
  const event = eventByName(a.kind);
  if (event?.lane === 'hot') {
    return event.fields.flatMap(({ name, type }) => {
      const [x, y] = [a.data[name], b.data[name]] as [number, number];
      return x === y ? [] : [{ name, a: type.print(x), b: type.print(y) }];
    });
  }
  return [...memberDifferences('', a.data, b.data)];
}

function* memberDifferences(path: string, a: unknown, b: unknown): Generator<FieldDifference> {
  const text = (value: unknown): string => (value === undefined ? 'nothing' : canonicalJson(value));
  if (text(a) === text(b)) return;
  const [x, y] = [membersOf(a), membersOf(b)];
  if (!x || !y) return yield { name: path, a: text(a), b: text(b) };
  for (const name of [...new Set([...Object.keys(x), ...Object.keys(y)])].sort((p, q) => (p < q ? -1 : 1)))
    yield* memberDifferences(path === '' ? name : `${path}.${name}`, x[name], y[name]);
}

const membersOf = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;

function cursorFrom(blocks: TapeBlocks, first: number): RowCursor {
  return new RowCursor(blocksFrom(blocks, first), first < blocks.count ? blocks.positionBefore(first) : undefined);
}

function* blocksFrom(blocks: TapeBlocks, first: number): Generator<ReturnType<TapeBlocks['blockAt']>> {
  for (let i = first; i < blocks.count; i++) yield blocks.blockAt(i);
}

/** The last events before `seq`. */
function eventsBefore(blocks: TapeBlocks, seq: number): RecordedEvent[] {
  const first = blocks.find(Math.max(1, seq - SHOWN_BEFORE));
  if (first < 0) return [];
  const found: RecordedEvent[] = [];
  const cursor = cursorFrom(blocks, first);
  while (cursor.next() && cursor.at.seq < seq) if (cursor.at.seq >= seq - SHOWN_BEFORE) found.push(cursor.event());
  return found;
}

/** The step of the scenario that was being served at event `seq`, counted from 1. */
function stepAt(tape: Tape, seq: number): FirstDifference['step'] {
  let step: FirstDifference['step'] = null;
  let number = 0;
  for (const stimulus of tape.stimuli()) {
    if (stimulus.seq > seq) break;
    const { parent, stimulus: asked } = stimulus.payload as { parent: number; stimulus: unknown };
    if (stimulus.kind === 'StimulusBegan' && parent === 0) step = { number: ++number, stimulus: asked };
  }
  return step;
}
