/**
 * Which event last changed something: a field of a page, an area, a number. The blocks that cannot have changed it are passed
 * over; the others are reduced again, the last one first, and the value is looked at after each event.
 */
import { EVENTS, type RecordedEvent } from '@pagetape/events';
import { layout, read, type StateView } from '@pagetape/core';
import { counters, freeNumbers, taskNumbers } from '../report/numbers.ts';
import { insteadOf } from '../scenario/suggest.ts';
import { parseWatch, WATCH_INTEGERS } from '../timeline/watch.ts';
import { frameOf, QuestionError, type AskedPage } from './asked.ts';
import { areaOf, frameList, frameMarks } from './frame.ts';
import type { Step } from '../learned/names.ts';
import type { Questions } from './questions.ts';
import { frameKey, pageKey } from '../learned/touches.ts';

/** Something in a state that has a value, and where it may change. */
export interface Watched {
  readonly what: string;
  /** Quick: it is read after each event of a block. */
  readonly valueOf: (s: StateView) => string | number;
  /** Whether it may change in block `n`; left out: in any. */
  readonly mayChangeIn?: (n: number) => boolean;
  /** It only ever grows, so halves can be searched. */
  readonly grows?: boolean;
}

export interface Who {
  readonly seq: number;
  readonly what: string;
  readonly before: string | number;
  readonly after: string | number;
  /** null: it has always been so. */
  readonly event: RecordedEvent | null;
  readonly step: Step | undefined;
}

/** The last change at or before a position. The timeline is left at that position. */
export function whoChanged(questions: Questions, watched: Watched, seq: number): Who {
  const { timeline } = questions;
  timeline.seek(seq);
  const after = watched.valueOf(timeline.state);
  const found = watched.grows ? byHalves(questions, watched, seq, after) : backwards(questions, watched, seq);
  timeline.seek(seq);
  const event = found === null ? null : questions.event(found.seq);
  return {
    seq,
    what: watched.what,
    before: found?.before ?? after,
    after,
    event,
    step: event ? questions.stepOf(event) : undefined,
  };
}

interface Change {
  readonly seq: number;
  readonly before: string | number;
}

function backwards(questions: Questions, watched: Watched, seq: number): Change | null {
  const { blocks } = questions.timeline.tape;
  for (let n = seq === 0 ? -1 : blocks.find(seq); n >= 0; n--) {
    if (watched.mayChangeIn && !watched.mayChangeIn(n)) continue;
    const change = lastChangeIn(questions, watched, n, seq);
    if (change) return change;
  }
  return null;
}

/** The block after which the value is already that of the end, by halves. */
function byHalves(questions: Questions, watched: Watched, seq: number, last: string | number): Change | null {
  const { timeline } = questions;
  const { blocks } = timeline.tape;
  let [low, high] = [0, seq === 0 ? -1 : blocks.find(seq)];
  while (low < high) {
    const middle = (low + high) >>> 1;
    timeline.seek(blocks.entry(middle).lastSeq);
    if (watched.valueOf(timeline.state) === last) high = middle;
    else low = middle + 1;
  }
  return high < 0 ? null : lastChangeIn(questions, watched, low, seq);
}

function lastChangeIn({ timeline }: Questions, watched: Watched, n: number, to: number): Change | null {
  const { firstSeq, lastSeq } = timeline.tape.blocks.entry(n);
  timeline.seek(firstSeq - 1);
  let value = watched.valueOf(timeline.state);
  let change: Change | null = null;
  timeline.playEach(Math.min(lastSeq, to), (s) => {
    const now = watched.valueOf(s);
    if (now !== value) change = { seq: timeline.seq, before: value };
    value = now;
    return false;
  });
  return change;
}

// --- pages ------------------------------------------------------------------------------------------------------------

type FrameField = (s: StateView, pfn: number) => string | number;

/** What can be asked of a frame. */
const FRAME_FIELDS: Readonly<Record<string, FrameField>> = {
  references: read.page_count,
  mappings: read.page_mapcount,
  list: frameList,
  marks: (s, pfn) => frameMarks(s, pfn).join(', ') || 'none',
  locked: (s, pfn) => flag(s, pfn, layout.PG_LOCKED),
  dirty: (s, pfn) => flag(s, pfn, layout.PG_DIRTY),
  active: (s, pfn) => flag(s, pfn, layout.PG_ACTIVE),
  referenced: (s, pfn) => flag(s, pfn, layout.PG_REFERENCED),
  writeback: (s, pfn) => flag(s, pfn, layout.PG_WRITEBACK),
  swapcache: (s, pfn) => flag(s, pfn, layout.PG_SWAPCACHE),
  mapping: read.mapping_of,
};

const flag = (s: StateView, pfn: number, bit: number): string =>
  (s.frames[pfn * layout.FRAME + layout.F_FLAGS] & bit) !== 0 ? 'yes' : 'no';

/** A field of a page: `entry`, its page-table entry, or one of the frame that it is in at the position. */
export function watchPage({ timeline, touches }: Questions, page: AskedPage, field: string | undefined): Watched {
  const chosen = field ?? (page.is === 'page' ? 'entry' : 'list');
  if (chosen === 'entry') {
    if (page.is === 'frame') throw new QuestionError('a frame has no entry; ask about a page of a task, as db:heap+3');
    const { mm, vpn } = page;
    const key = pageKey(mm, vpn);
    return {
      what: 'entry',
      valueOf: (s) => entryText(s, read.pte_of(s, mm, vpn)),
      mayChangeIn: (n) => touches.mayName(n, key),
    };
  }
  const valueOf = FRAME_FIELDS[chosen];
  const known = ['entry', ...Object.keys(FRAME_FIELDS)];
  if (!valueOf) {
    const instead = insteadOf(chosen, known, `there are ${known.join(', ')}`);
    throw new QuestionError(`a page has no field "${chosen}"; ${instead}`);
  }
  const pfn = page.is === 'frame' ? page.pfn : frameOf(timeline.state, page.mm, page.vpn);
  if (pfn < 0) throw new QuestionError(`the page is in no frame at this position; ask for its --field entry`);
  const key = frameKey(pfn);
  return {
    what: `${chosen} of frame ${pfn}`,
    valueOf: (s) => valueOf(s, pfn),
    // A batch that is drained drops its references without naming its pages, right after it named them.
    mayChangeIn: (n) => touches.mayName(n, key) || (n > 0 && touches.mayName(n - 1, key)),
  };
}

function entryText(s: StateView, pte: number): string {
  if (pte === 0) return 'none';
  const pfn = read.frame_of_pte(s, pte);
  if (pfn >= 0) return `frame ${pfn}${read.is_migration_entry(pte) ? ', being moved' : bits(pte)}`;
  return read.pte_is_swap(pte) ? `slot ${read.pte_slot(pte)}` : 'special';
}

function bits(pte: number): string {
  const words = [
    ...(pte & layout.PTE_WRITE ? ['writable'] : []),
    ...(pte & layout.PTE_YOUNG ? ['used'] : []),
    ...(pte & layout.PTE_DIRTY ? ['dirty'] : []),
  ];
  return words.map((word) => `, ${word}`).join('');
}

// --- areas ------------------------------------------------------------------------------------------------------------

/** Kinds of cold events that only say what was asked or found. */
const SAYING: ReadonlySet<string> = new Set(['StimulusBegan', 'StimulusEnded', 'NodemaskRead', 'DeadlockFound']);
const COLD: ReadonlySet<number> = new Set(
  EVENTS.flatMap(({ lane, name, number }) => (lane === 'cold' && !SAYING.has(name) ? [number] : [])),
);

const AREA_FIELDS = ['flags', 'policy', 'start', 'end', 'anon_vma', 'file'] as const;

/** The area that a page lies in, or one field of it. */
export function watchArea({ touches }: Questions, page: AskedPage, field: string | undefined): Watched {
  if (page.is === 'frame') throw new QuestionError('a frame is in no area; ask about a page of a task, as db:heap');
  const name = AREA_FIELDS.find((each) => each === field);
  if (field !== undefined && !name) {
    const instead = insteadOf(field, AREA_FIELDS, `there are ${AREA_FIELDS.join(', ')}`);
    throw new QuestionError(`an area has no field "${field}"; ${instead}`);
  }
  const { mm, vpn } = page;
  let [seen, text]: [unknown, string] = [undefined, 'no area'];
  return {
    what: name === undefined ? 'area' : `${name} of the area`,
    valueOf: (s) => {
      const area = areaOf(s, mm, vpn);
      const value = area && (name ? area[name] : area);
      if (value !== seen) [seen, text] = [value, value === undefined ? 'no area' : JSON.stringify(value)];
      return text;
    },
    mayChangeIn: (n) => touches.hasKind(n, COLD),
  };
}

// --- whatever can be watched ---------------------------------------------------------------------------------------------

/** Something as the debugger watches it: a slot, an LRU list, a policy, a cpuset … */
export function watchThing({ timeline, touches }: Questions, text: string): Watched {
  const { name, sample, object, tell } = parseWatch(text, timeline.state);
  let [then, now] = [new Int32Array(WATCH_INTEGERS), new Int32Array(WATCH_INTEGERS)];
  let seen: unknown;
  let told: string | undefined;
  let isCold = false;
  const valueOf = (s: StateView): string => {
    const integers = sample(s, now);
    isCold = integers === 0;
    let changed = told === undefined || (object !== undefined && object(s) !== seen);
    for (let i = 0; i < integers; i++) if (now[i] !== then[i]) changed = true;
    if (changed || told === undefined) [seen, told, then, now] = [object?.(s), tell(s), now, then];
    return told;
  };
  valueOf(timeline.state);
  return { what: name, valueOf, ...(isCold ? { mayChangeIn: (n: number) => touches.hasKind(n, COLD) } : {}) };
}

// --- numbers ----------------------------------------------------------------------------------------------------------

/** A number by the name that reports give it: pgfault, "free pages of node 0", "minor faults of db". */
export function watchNumber({ timeline }: Questions, name: string): Watched {
  const s = timeline.state;
  const vmstat = layout.VMSTAT.findIndex((each) => each === name);
  if (vmstat >= 0) return { what: name, valueOf: (state) => state.vmstat[vmstat], grows: !name.startsWith('nr_') };
  for (const numbers of [counters, freeNumbers, taskNumbers]) {
    if (numbers(s).has(name)) return { what: name, valueOf: (state) => numbers(state).get(name) ?? 'none' };
  }
  const known = [...counters(s).keys(), ...freeNumbers(s).keys(), ...taskNumbers(s).keys()];
  const instead = insteadOf(name, known, 'there are pgfault, free pages of node 0, minor faults of a task …');
  throw new QuestionError(`there is no counter "${name}"; ${instead}`);
}
