/** `pagetape diff`: where two tapes part, and what became of it; or what differs between two positions. */
import type { Command } from 'commander';
import type { FirstDifference } from '../diff/events.ts';
import type { Tape } from '../tape/index.ts';
import { ANSWER_NO, jsonText, linesText, type Context } from './context.ts';
import { UsageError } from './errors.ts';

export function define(command: Command, context: Context): void {
  command
    .argument('<a>', 'a tape; or a position on one, as X.tape@120')
    .argument('<b>', 'another tape, or another position, also of the same tape')
    .option('--json', 'print one JSON object, with all details')
    .action(async (a: string, b: string, options: { readonly json?: boolean }) => {
      await context.out(await diff(a, b, options.json ?? false, context));
    });
}

async function diff(fileA: string, fileB: string, json: boolean, context: Context): Promise<string> {
  const { parsePosition } = await import('../timeline/position.ts');
  if ([fileA, fileB].some((text) => parsePosition(text).seq !== null)) return diffAt(fileA, fileB, json, context);
  const { naming, openTape } = await import('./tape.ts');
  const { firstDifference } = await import('../diff/events.ts');
  const [a, b] = [openTape(fileA, context), openTape(fileB, context)];
  for (const [file, tape] of [
    [fileA, a],
    [fileB, b],
  ] as const) {
    if (tape.header.level !== 'full')
      throw new UsageError(`${file} holds steps alone; record it without --inputs to compare it`);
  }
  const headers = await headerDifferences(a, b);
  const first = naming(`${fileA} or ${fileB}`, () => firstDifference(a, b));
  if (!first) {
    if (json) return jsonText({ same: true, headers, first, state: [] });
    return linesText([...(await headerLines(headers)), `the same ${a.lastSeq} events`]);
  }
  context.status = ANSWER_NO;
  const { replayTape } = await import('../run/replay.ts');
  const { stateDifferences } = await import('../diff/state.ts');
  const { printFirst, printState } = await import('../diff/text.ts');
  const [endA, endB] = [naming(fileA, () => replayTape(a)), naming(fileB, () => replayTape(b))];
  const state = stateDifferences(endA.machine.view, endB.machine.view);
  const page = await firstPage(fileA, a, first);
  if (json) return jsonText({ same: false, headers, first: { ...first, page }, state });
  return linesText([...(await headerLines(headers)), ...printFirst(first, page), '', ...printState(state)]);
}

/** The page that the first event which differs is about, as tape A has it before that event. */
async function firstPage(fileA: string, tape: Tape, { seq, a, b }: FirstDifference): Promise<string | null> {
  const { Timeline } = await import('../timeline/timeline.ts');
  const { pageOfEvent } = await import('../diff/page.ts');
  const event = a ?? b;
  if (!event) return null;
  const timeline = Timeline.open(tape, { cache: `${fileA}.cache` });
  timeline.seek(seq - 1);
  timeline.close();
  return pageOfEvent(timeline.state, event);
}

/** What differs between two positions. */
async function diffAt(textA: string, textB: string, json: boolean, context: Context): Promise<string> {
  const { parsePosition, printPosition, seqOf } = await import('../timeline/position.ts');
  const { openAt } = await import('./position.ts');
  const { comparePositions, printPositionDifference } = await import('../questions/compare.ts');
  const a = await openAt(textA, context);
  const positionB = parsePosition(textB);
  const { last } = a.questions.timeline;
  const b = positionB.file === a.file ? { ...a, seq: seqOf(positionB, last, last) } : await openAt(textB, context);
  const difference = comparePositions(a, b);
  if (difference.state.length > 0) context.status = ANSWER_NO;
  const [nameA, nameB] = [printPosition(a.file, a.seq), printPosition(b.file, b.seq)];
  if (json) return jsonText({ a: nameA, b: nameB, same: difference.state.length === 0, ...difference });
  return linesText(printPositionDifference(difference, nameA, nameB));
}

type Headers = readonly { readonly name: string; readonly a: string; readonly b: string }[];

/** What the tapes say about themselves that is not the same. */
async function headerDifferences(a: Tape, b: Tape): Promise<Headers> {
  const { canonicalJson } = await import('@pagetape/events');
  const text = (value: unknown): string => (typeof value === 'string' ? value : canonicalJson(value ?? null));
  const names = ['profile', 'turns', 'seed', 'machine', 'prng', 'pagetape'] as const;
  return names
    .map((name) => ({ name, a: text(a.header[name]), b: text(b.header[name]) }))
    .filter((header) => header.a !== header.b);
}

async function headerLines(headers: Headers): Promise<string[]> {
  if (headers.length === 0) return [];
  const { printHeaders } = await import('../diff/text.ts');
  return [...printHeaders(headers), ''];
}
