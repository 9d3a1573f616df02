/** The verbs of the debugger: what each takes, what it does, and what it says. */
import { EVENTS, parseStimulus, printEvent, printStimulus, type Stimulus } from '@pagetape/events';
import { ALL_PROFILES, PROFILES } from '@pagetape/core';
import { profileAfter } from '../run/record.ts';
import { readSystemFile, systemFiles } from '../formats/files.ts';
import { memoryOfAll, freeMemory } from '../report/places.ts';
import { table } from '../report/table.ts';
import { count, duration } from '../report/words.ts';
import { insteadOf, inWords } from '../scenario/suggest.ts';
import { forkAt, type Otherwise } from '../timeline/fork.ts';
import { saveBranch } from '../timeline/save.ts';
import { printFork, printSaved } from '../timeline/text.ts';
import { TargetError, wholeNumber } from '../timeline/target.ts';
import { parseWatch, WATCH_FORMS, WATCH_NAMES, watchStop } from '../timeline/watch.ts';
import type { Hit, Session } from './session.ts';

export interface Verb {
  readonly name: string;
  readonly short?: string;
  readonly takes: string;
  readonly help: string;
  readonly run: (session: Session, rest: string) => readonly string[];
  /** Words that may follow, for completion. */
  readonly words?: (session: Session) => readonly string[];
}

const KINDS = EVENTS.map(({ name }) => name);

/** The line of the position: the event and the step that it serves. */
export function here(session: Session): string[] {
  const { timeline } = session;
  const event = timeline.event();
  if (!event) return [`at the start, before the first of ${count(timeline.last, 'event')}`];
  const end = timeline.seq === timeline.last ? ['at the end of the tape'] : [];
  return [shorten(printEvent(event)), ...end];
}

function number(text: string, usual: number): number {
  return text === '' ? usual : wholeNumber(text, 'number', Infinity);
}

function step(session: Session, rest: string): string[] {
  session.timeline.step(number(rest, 1));
  return here(session);
}

function back(session: Session, rest: string): string[] {
  session.timeline.stepBack(number(rest, 1));
  return here(session);
}

function goto(session: Session, rest: string): string[] {
  const { timeline } = session;
  const words: Readonly<Record<string, number>> = { start: 0, end: timeline.last };
  timeline.seek(words[rest] ?? wholeNumber(rest.replace(/^@/, ''), 'position', timeline.last));
  return here(session);
}

/** Goes to the start of a step: the next one, the one before, or that of a number. */
function stepStart(session: Session, rest: string, direction: 1 | -1): string[] {
  const { trunk, timeline } = session;
  const found =
    rest !== ''
      ? trunk[wholeNumber(rest, 'step', trunk.length) - 1]
      : direction === 1
        ? trunk.find(({ began }) => began > timeline.seq)
        : trunk.filter(({ began }) => began < timeline.seq).at(-1);
  if (!found) throw new TargetError(direction === 1 ? 'there is no further step' : 'there is no step before this one');
  timeline.seek(found.began);
  return [`step ${found.number}: ${shorten(printStimulus(found.stimulus))}`, ...here(session)];
}

function run(session: Session, direction: 'forward' | 'back'): string[] {
  if (session.stops.length === 0)
    throw new TargetError(
      `there is nothing to stop at; set a "watch" or a "break" first, or "goto ${direction === 'forward' ? 'end' : 'start'}"`,
    );
  return told(session, session.run(direction), direction);
}

function told(session: Session, hit: Hit | null, direction: 'forward' | 'back'): string[] {
  if (!hit) return [`nothing stops ${direction === 'forward' ? 'after' : 'before'} ${session.position}`];
  const { by } = hit;
  return [`stop ${by.number}: ${by.name}`, ...changeLines(hit), ...here(session)];
}

/** Goes to the next or the last change of something that is not watched otherwise. */
function change(session: Session, rest: string, direction: 'forward' | 'back'): string[] {
  const watched = parseWatch(rest, session.timeline.state);
  const hit = session.run(direction, [{ number: 0, name: watched.name, stop: watchStop(watched), watch: watched }]);
  if (!hit) return [`${rest} does not change ${direction === 'forward' ? 'after' : 'before'} ${session.position}`];
  return [...changeLines(hit), ...here(session)];
}

const changeLines = ({ change: made }: Hit): string[] =>
  made ? [`  before  ${made.before}`, `  after   ${made.after}`] : [];

function watch(session: Session, rest: string): string[] {
  const set = parseWatch(rest, session.timeline.state);
  const numbered = session.watch(set);
  return [`stop ${numbered.number}: ${numbered.name}`, `  now  ${set.tell(session.timeline.state)}`];
}

function breakAt(session: Session, rest: string): string[] {
  if (rest === '') throw new TargetError('say at which events: a kind, or an expression as of "find"');
  const numbered = session.breakAt(rest);
  return [`stop ${numbered.number}: ${numbered.name}`];
}

function stops(session: Session): string[] {
  if (session.stops.length === 0) return ['there are none; "watch" and "break" set them'];
  return session.stops.map((each) => `${each.number}  ${each.name}`);
}

function remove(session: Session, rest: string): string[] {
  const deleted = rest === 'all' ? session.stops.map((each) => each.number) : [wholeNumber(rest, 'stop', Infinity)];
  for (const each of deleted) session.delete(each);
  return [];
}

function where(session: Session): string[] {
  const { timeline, step: served } = session;
  return [
    `${session.position} of ${timeline.last}, ${duration(timeline.state.clock.t)} of virtual time`,
    ...(served ? [`step ${served.number} of ${session.trunk.length}: ${shorten(printStimulus(served.stimulus))}`] : []),
    ...here(session),
  ];
}

/** The events around the position. */
function list(session: Session, rest: string): string[] {
  const { timeline } = session;
  const around = number(rest, 4);
  const from = Math.max(1, timeline.seq - around);
  const to = Math.min(timeline.last, timeline.seq + around);
  const lines: string[] = [];
  const cursor = from > to ? null : timeline.cursorAt(from);
  for (let more = cursor !== null; more && cursor && cursor.at.seq <= to; more = cursor.next())
    lines.push(`${cursor.at.seq === timeline.seq ? '>' : ' '} ${shorten(printEvent(cursor.event()))}`);
  return timeline.seq === 0 ? ['> at the start', ...lines] : lines;
}

function event(session: Session): string[] {
  const found = session.timeline.event();
  return found ? JSON.stringify(found, null, 2).split('\n') : here(session);
}

function print(session: Session, rest: string): string[] {
  return [parseWatch(rest, session.timeline.state).tell(session.timeline.state)];
}

function memory(session: Session): string[] {
  const { state } = session.timeline;
  const { nodes } = state.topology;
  const free = freeMemory(state);
  const rows = memoryOfAll(state).map(({ tasks, onNode, swapped, zero }) => [
    tasks.join(', '),
    ...onNode.map(String),
    `${swapped}`,
    zero > 0 ? `${zero}` : '',
  ]);
  return table(
    [
      ['', ...nodes.map((node) => `node ${node}`), 'swap', 'zero'],
      ...rows,
      ['free', ...free.onNode.map(String), `${free.swap}`, ''],
    ],
    ['l', ...nodes.map(() => 'r' as const), 'r', 'r'],
  );
}

function proc(session: Session, rest: string): string[] {
  const { state } = session.timeline;
  const traits = ALL_PROFILES[profileAfter(session.timeline.start, session.timeline.seq)];
  const found = readSystemFile(state, traits, rest);
  if (!found)
    throw new TargetError(`there is no file "${rest}" here; there are ${inWords(systemFiles(state, traits))}`);
  return found.text.trimEnd().split('\n');
}

function steps(session: Session): string[] {
  const now = session.step?.number ?? 0;
  return session.trunk.map(
    ({ number: n, began, stimulus }) => `${n === now ? '>' : ' '} ${n}  @${began}  ${shorten(printStimulus(stimulus))}`,
  );
}

const FORK = 'fork [alone] [profile NAME] [to FILE] [do STEP; STEP …]';

/** `fork profile linux-6.12`, `fork do STEP`, `fork alone to FILE do STEP`: in any order, the steps last. */
function fork(session: Session, rest: string): string[] {
  const [, head = '', steps = ''] = /^(.*?)(?:\bdo\s+(.*))?$/s.exec(rest) ?? [];
  const words = head
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');
  let otherwise: Otherwise = steps === '' ? {} : { steps: steps.split(/\s*;\s*/).map(stimulus) };
  let file: string | undefined;
  while (words.length > 0) {
    const word = words.shift();
    if (word === 'alone') otherwise = { ...otherwise, rest: false };
    else if (word === 'profile') otherwise = { ...otherwise, profile: profile(words.shift() ?? '') };
    else if (word === 'to' && words.length > 0) file = words.shift();
    else throw new TargetError(`"${word}" makes no branch; write: ${FORK}`);
  }
  if (otherwise.steps === undefined && otherwise.profile === undefined)
    throw new TargetError(`say what is to be different: ${FORK}`);
  const made = forkAt(session.timeline, otherwise);
  return [
    ...printFork(made, session.position, session.file),
    ...(file === undefined
      ? []
      : ['', ...printSaved(saveBranch(session.timeline, made.branch, otherwise, file), file)]),
  ];
}

function stimulus(text: string): Stimulus {
  try {
    return parseStimulus(text);
  } catch (error) {
    throw new TargetError((error as Error).message);
  }
}

function profile(name: string): string {
  if (Object.hasOwn(ALL_PROFILES, name)) return name;
  throw new TargetError(
    `there is no profile "${name}"; ${insteadOf(name, Object.keys(PROFILES), `there are ${inWords(Object.keys(PROFILES))}`)}`,
  );
}

/** What may follow the name of something to watch. */
const watchWords = ({ timeline: { state } }: Session): readonly string[] => [
  ...WATCH_NAMES,
  ...Object.values(state.cold.tasks).map(({ name }) => name),
  ...new Set(state.cold.regions.map(({ name }) => name)),
];

/** What can be watched, in lines for a help text. */
export const THINGS: readonly string[] = WATCH_FORMS;

export const VERBS: readonly Verb[] = [
  { name: 'where', short: 'w', takes: '', help: 'the position, the step and the event', run: where },
  { name: 'step', short: 's', takes: '[N]', help: 'go on by an event, or by N', run: step },
  { name: 'back', short: 'b', takes: '[N]', help: 'go back by an event, or by N', run: back },
  {
    name: 'goto',
    short: 'g',
    takes: 'SEQ|start|end',
    help: 'go to a position',
    run: goto,
    words: () => ['start', 'end'],
  },
  {
    name: 'next',
    short: 'n',
    takes: '[STEP]',
    help: 'go to the start of the next step of the scenario, or of one by its number',
    run: (s, rest) => stepStart(s, rest, 1),
  },
  {
    name: 'previous',
    short: 'p',
    takes: '',
    help: 'go back to the start of this step, or of the one before',
    run: (s, rest) => stepStart(s, rest, -1),
  },
  { name: 'watch', takes: 'THING', help: 'stop where a thing changes', run: watch, words: watchWords },
  {
    name: 'break',
    takes: 'EXPRESSION',
    help: 'stop at events of a kind, or at those that an expression picks, as of find: kind=PageEvicted and pfn>70',
    run: breakAt,
    words: () => KINDS,
  },
  { name: 'stops', takes: '', help: 'list what is set', run: stops },
  { name: 'delete', takes: 'N|all', help: 'delete a stop by its number', run: remove, words: () => ['all'] },
  { name: 'continue', short: 'c', takes: '', help: 'go on to the next stop', run: (s) => run(s, 'forward') },
  { name: 'reverse', short: 'r', takes: '', help: 'go back to the last stop', run: (s) => run(s, 'back') },
  {
    name: 'last',
    takes: 'THING',
    help: 'go back to the last change of a thing',
    run: (s, rest) => change(s, rest, 'back'),
    words: watchWords,
  },
  {
    name: 'until',
    takes: 'THING',
    help: 'go on to the next change of a thing',
    run: (s, rest) => change(s, rest, 'forward'),
    words: watchWords,
  },
  { name: 'print', takes: 'THING', help: 'what a thing is here', run: print, words: watchWords },
  { name: 'list', short: 'l', takes: '[N]', help: 'the events around', run: list },
  { name: 'event', short: 'e', takes: '', help: 'the event with all that it holds', run: event },
  { name: 'steps', takes: '', help: 'the steps of the scenario', run: steps },
  { name: 'memory', short: 'm', takes: '', help: 'where the memory of all tasks lies', run: memory },
  {
    name: 'proc',
    takes: 'FILE',
    help: 'a file of /proc or /sys as it reads here',
    run: proc,
    words: ({ timeline }) => systemFiles(timeline.state, ALL_PROFILES[profileAfter(timeline.start, timeline.seq)]),
  },
  {
    name: 'fork',
    takes: FORK.slice('fork '.length),
    help: 'a branch from here, by other rules or with other steps first, compared with what the tape has; alone: without the further steps of the tape; to FILE: kept as a tape',
    run: fork,
    words: () => ['alone', 'profile', 'to', 'do', ...Object.keys(PROFILES)],
  },
];

/** The help of all verbs, or of one. */
export function helpLines(verbs: readonly Pick<Verb, 'name' | 'short' | 'takes' | 'help'>[]): string[] {
  return table(
    verbs.map(({ name, short = '', takes, help }) => [name, short, takes.length > 24 ? '' : takes, help]),
    ['l', 'l', 'l', 'l'],
    2,
    24,
  );
}

const shorten = (text: string): string => (text.length > 140 ? `${text.slice(0, 139)}…` : text);
