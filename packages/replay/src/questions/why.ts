/**
 * Why a page is where it is: the events that put it there, each with the step that it served, back to the first; and why the last
 * call that looked at it did not move it: the rule, what the rule met, and what would have let the page go.
 */
import { EVENT_BY_NUMBER, printData, type EventName, type RecordedEvent } from '@pagetape/events';
import { layout, read, type StateView } from '@pagetape/core';
import { LEDGER_KINDS, LedgerFold, type Reason } from '../ledger/ledger.ts';
import { namesOfFrames, pageNamer, rangesText } from '../report/names.ts';
import { placeOf } from '../report/places.ts';
import { reasonSentence } from '../report/words.ts';
import { kindNumber } from '../run/rows.ts';
import { frameOf, type AskedPage } from './asked.ts';
import { frameFacts, mappingsOf } from './frame.ts';
import type { Step } from '../learned/names.ts';
import type { Questions } from './questions.ts';
import { REMEDIES } from './remedies.ts';

/** One event of the chain, and what it means for the page. */
export interface Cause {
  readonly event: RecordedEvent;
  readonly step: Step | undefined;
  readonly says: string;
}

/** A call that looked at the page and left it where it was. */
export interface NotMoved {
  readonly step: Step;
  readonly reason: Reason;
  /** The rule, as a sentence. */
  readonly rule: string;
  /** What the call found out about the page, in order. */
  readonly events: readonly RecordedEvent[];
  /** The page just before the event that refused it. */
  readonly met: readonly string[];
  /** Who else has the page, and since when. */
  readonly since: readonly Cause[];
  /** What would have let it move. */
  readonly remedy: string;
}

export interface Why {
  /** The position that was asked about. */
  readonly seq: number;
  readonly page: string;
  readonly is: string;
  /** The oldest first. */
  readonly causes: readonly Cause[];
  readonly notMoved: NotMoved | null;
}

/** Answers for a page at a position. The timeline is left at that position. */
export function whyOf(questions: Questions, page: AskedPage, seq: number): Why {
  const { timeline } = questions;
  timeline.seek(seq);
  const s = timeline.state;
  const pfn = page.is === 'frame' ? page.pfn : frameOf(s, page.mm, page.vpn);
  const mapped = page.is === 'page' ? page : mappingsOf(s, page.pfn)[0];
  const causes = mapped ? historyOf(questions, mapped.mm, mapped.vpn, seq) : ofFrame(questions, pfn, seq);
  const answer = { seq, page: nameOf(s, page), is: isText(s, page, pfn), causes };
  const notMoved = pfn <= layout.ZERO_PFN ? null : lastRefusal(questions, pfn, seq);
  timeline.seek(seq);
  return { ...answer, notMoved };
}

function nameOf(s: StateView, page: AskedPage): string {
  if (page.is === 'page') return rangesText([pageNamer(s)(page.mm, page.vpn)]);
  const name = namesOfFrames(s, new Set([page.pfn])).get(page.pfn);
  return name ? rangesText([name]) : `frame ${page.pfn}`;
}

function isText(s: StateView, page: AskedPage, pfn: number): string {
  if (page.is === 'frame') return `in frame ${pfn}, on node ${read.page_to_nid(s, pfn)}`;
  const place = placeOf(s, page.mm, page.vpn);
  if (place === null) return 'nowhere: nobody has touched it, or it was let go of';
  if (place === 'bad') return 'lost: its frame went bad';
  if (place === 'zero') return 'the shared zero page: it was only read';
  if (place === 'swap') {
    const slot = read.pte_slot(read.pte_of(s, page.mm, page.vpn));
    return `in swap, in slot ${slot}${pfn >= 0 ? `; frame ${pfn} of node ${read.page_to_nid(s, pfn)} has a copy` : ''}`;
  }
  return `on node ${place}, in frame ${pfn}`;
}

// --- where it came from -----------------------------------------------------------------------------------------------

type Says = (data: Readonly<Record<string, number>>, questions: Questions) => string;

const frame = (pfn: number, { names }: Questions): string => `frame ${pfn} of node ${names.node(pfn)}`;

/** Kinds that write the entry of a page, and what they mean for it. */
const WRITES: Readonly<Partial<Record<EventName, Says>>> = {
  AnonPageMapped: ({ pfn }, q) => `it is in ${frame(pfn, q)}, which a fault gave it`,
  FilePageMapped: ({ pfn }, q) => `it is in ${frame(pfn, q)}, which has that page of the file`,
  ZeroPageMapped: () => 'it was only read, and shares the zero page',
  SwapEntryMapped: ({ pfn, slot }, q) => `a fault found it in slot ${slot}: it is in ${frame(pfn, q)}`,
  CowBroken: ({ pfn }, q) => `a write made a copy of its own: it left ${frame(pfn, q)} to the others`,
  PteDuplicated: () => 'a fork shared it with the parent',
  PteMoved: () => 'mremap took it along from another address',
  PteUnmapped: ({ pfn, slot }, q) =>
    slot === 0
      ? `unmapped from ${frame(pfn, q)}; its file has it`
      : `unmapped from ${frame(pfn, q)}: it is in slot ${slot}`,
  PteRestored: ({ pfn }, q) => `mapped again: it is in ${frame(pfn, q)}`,
  MigrationEntrySet: ({ pfn }, q) => `taken off ${frame(pfn, q)}, to be moved`,
  MigrationEntryRemoved: ({ pfn }, q) => `mapped again: it is in ${frame(pfn, q)}`,
  PteZapped: ({ pfn }, q) => `let go of: it left ${frame(pfn, q)}`,
  SwapEntryZapped: ({ slot }) => `let go of: it left slot ${slot}`,
  HwpoisonEntrySet: ({ pfn }, q) => `lost: ${frame(pfn, q)} went bad`,
  HwpoisonEntryZapped: () => 'let go of after it was lost',
  SwapEntryPoisoned: ({ slot }) => `lost: it could not be brought back from slot ${slot}`,
  MigrationEntryZapped: ({ pfn }, q) => `let go of while it was being moved from ${frame(pfn, q)}`,
};

const writeKinds: ReadonlySet<number> = new Set((Object.keys(WRITES) as EventName[]).map(kindNumber));
/** Nothing of the page was there before these. */
const BIRTHS: ReadonlySet<string> = new Set(['ZeroPageMapped', 'FilePageMapped', 'PteZapped', 'SwapEntryZapped']);
/** These map a frame that was allocated for it. */
const FRESH: ReadonlySet<string> = new Set([
  'AnonPageMapped',
  'SwapEntryMapped',
  'PteRestored',
  'MigrationEntryRemoved',
]);

/** The events that wrote the entry of a page, back to the first that matters, the oldest first. */
function historyOf(questions: Questions, mm: number, vpn: number, seq: number): Cause[] {
  const found: Cause[] = [];
  const allocated = new Set<number>();
  let [owner, page, before]: [number, number, number] = [mm, vpn, seq];
  for (;;) {
    const hit = lastWrite(questions, owner, page, before);
    if (hit === undefined) break;
    const event = questions.event(hit);
    const data = event.data as Readonly<Record<string, number>>;
    found.push(causeOf(questions, event, (WRITES[event.kind as EventName] as Says)(data, questions)));
    const allocation = FRESH.has(event.kind) ? allocationOf(questions, data['pfn'], hit) : undefined;
    if (allocation && !allocated.has(allocation.event.seq)) {
      found.push(allocation);
      allocated.add(allocation.event.seq);
    }
    if (BIRTHS.has(event.kind)) break;
    // A page that is mapped for the first time comes from nowhere; a copy, from the page that the write left.
    if (event.kind === 'AnonPageMapped' && !isCopy(questions, owner, page, hit)) break;
    if (event.kind === 'PteDuplicated') owner = data['from'];
    if (event.kind === 'PteMoved') page = data['from'];
    before = hit - 1;
  }
  return found.sort((a, b) => a.event.seq - b.event.seq);
}

function lastWrite(questions: Questions, mm: number, vpn: number, seq: number): number | undefined {
  const [hit] = questions.aboutPage(mm, vpn, seq, (rows, offset) => writes(rows, offset, mm, vpn), 1);
  return hit;
}

function writes(rows: Int32Array, offset: number, mm: number, vpn: number): boolean {
  if (!writeKinds.has(rows[offset])) return false;
  const event = EVENT_BY_NUMBER[rows[offset]];
  if (event?.name === 'PteDuplicated') return rows[offset + 2] === mm && rows[offset + 3] === vpn;
  return event?.name === 'PteMoved' ? rows[offset + 3] === vpn : true;
}

/** Whether what was written before is that a write left the page. */
function isCopy(questions: Questions, mm: number, vpn: number, seq: number): boolean {
  const hit = lastWrite(questions, mm, vpn, seq - 1);
  return hit !== undefined && questions.event(hit).kind === 'CowBroken';
}

const causeOf = (questions: Questions, event: RecordedEvent, says: string): Cause => ({
  event,
  step: questions.stepOf(event),
  says,
});

const ALLOCATED = kindNumber('PageAllocated');
const TARGET = kindNumber('TargetPageAllocated');

/** Why a frame of this node: what was asked of the allocator; and of a page that was moved, from where. */
function allocationOf(questions: Questions, pfn: number, seq: number): Cause | undefined {
  const [hit] = questions.aboutFrame(pfn, seq, (rows, at) => rows[at] === ALLOCATED, 1);
  if (hit === undefined) return undefined;
  const event = questions.event(hit);
  const [target] = questions.aboutFrame(pfn, seq, (rows, at) => rows[at] === TARGET, 1);
  if (target === undefined || target < hit)
    return causeOf(questions, event, whyNode(event.data as Readonly<Record<string, number>>, questions));
  const { dest } = rowsOf(questions, target);
  const got = questions.names.node(pfn);
  const where = got === dest ? `a frame of node ${dest}` : `no frame of node ${dest} was free, so one of node ${got}`;
  return causeOf(questions, event, `${where}, for a page that the call moves`);
}

const rowsOf = (questions: Questions, seq: number): Readonly<Record<string, number>> =>
  questions.event(seq).data as Readonly<Record<string, number>>;

function whyNode(
  { pfn, preferred, local, interleaved }: Readonly<Record<string, number>>,
  { names }: Questions,
): string {
  const node = names.node(pfn);
  const wanted =
    interleaved === 1
      ? `node ${preferred} had its turn of the interleave`
      : preferred === local
        ? `node ${local} is where the task runs`
        : `node ${preferred} is what the policy asks for`;
  if (preferred < 0 || node === preferred) return `a frame of node ${node}: ${wanted}`;
  return `a frame of node ${node}: ${wanted}, but it had no free frame`;
}

/** A frame that nobody maps: the last few events that name it. */
function ofFrame(questions: Questions, pfn: number, seq: number): Cause[] {
  const hits = [...questions.aboutFrame(pfn, seq, () => true, 4)];
  return hits.reverse().map((hit) => {
    const event = questions.event(hit);
    return causeOf(questions, event, EVENT_BY_NUMBER[kindNumber(event.kind as EventName)]?.doc ?? '');
  });
}

// --- why it was not moved ---------------------------------------------------------------------------------------------

const ledgerKinds: ReadonlySet<number> = new Set(LEDGER_KINDS.map(kindNumber));
const REFUSALS: ReadonlySet<string> = new Set([
  'PageSkipped',
  'PageIsolationFailed',
  'PageMigrationDeferred',
  'PageMigrationFailed',
  'PageLeftOnNode',
]);

/** The last call that looked at the frame, when it left the page there. */
function lastRefusal(questions: Questions, pfn: number, seq: number): NotMoved | null {
  const events: RecordedEvent[] = [];
  for (const hit of questions.aboutFrame(pfn, seq, (rows, at) => ledgerKinds.has(rows[at]) || rows[at] === ALLOCATED)) {
    const event = questions.event(hit);
    if (event.kind === 'PageAllocated' || (events.length > 0 && event.op !== events[0].op)) break;
    events.unshift(event);
  }
  const step = events.length > 0 ? questions.stepOf(events[0]) : undefined;
  const reason = reasonIn(events, step !== undefined && step.ended !== null && step.ended <= seq);
  if (!step || reason === null) return null;
  const last = events.filter(({ kind }) => REFUSALS.has(kind)).at(-1) ?? events[events.length - 1];
  const { timeline } = questions;
  timeline.seek(last.seq - 1);
  const met = frameFacts(timeline.state, pfn);
  return {
    step,
    reason,
    rule: reasonSentence(reason, [pfn]),
    events,
    met,
    since: holders(questions, pfn, last.seq - 1),
    remedy: REMEDIES[reason],
  };
}

/** What the ledger of the call says of the page; null: it was moved. */
function reasonIn(events: readonly RecordedEvent[], ended: boolean): Reason | null {
  const fold = new LedgerFold();
  for (const { kind, data } of events) fold.add(kind, data);
  if (ended) fold.add('PagesMigrated', { left: 0 });
  return fold.ledger().entries.at(-1)?.reason ?? null;
}

/** Events by which somebody outside took hold of a frame, and what undoes them. */
const HOLDS: Readonly<Partial<Record<EventName, { readonly until: EventName; readonly says: string }>>> = {
  PinPlaced: { until: 'PinRemoved', says: 'a reference was taken on it' },
  HolderTookLock: { until: 'HolderUnlocked', says: 'somebody outside took its lock' },
  SwapWriteStarted: { until: 'SwapWriteFinished', says: 'its write to swap began' },
};

/** Who took hold of the frame and has it still. */
function holders(questions: Questions, pfn: number, seq: number): Cause[] {
  return (Object.entries(HOLDS) as [EventName, { until: EventName; says: string }][]).flatMap(
    ([kind, { until, says }]) => {
      const [took, gave] = [kindNumber(kind), kindNumber(until)];
      const [hit] = questions.aboutFrame(pfn, seq, (rows, at) => rows[at] === took || rows[at] === gave, 1);
      const event = hit === undefined ? undefined : questions.event(hit);
      return event?.kind === kind ? [causeOf(questions, event, says)] : [];
    },
  );
}

/** An event as a line of an answer. */
export const eventLine = ({ seq, ...event }: RecordedEvent): string => `${seq} ${printData(event)}`;
