/** What became of the pages of all calls up to a position, in numbers: each call's ledger is made once, when it is first asked for. */
import { EVENT_BY_NUMBER, ROW_LENGTH, StimulusEnded, type Block } from '@pagetape/events';
import { LEDGER_KINDS, LedgerFold, type Tally } from '../ledger/ledger.ts';
import { kindNumber, RowCursor } from '../run/rows.ts';
import type { Timeline } from '../timeline/timeline.ts';

/** Pages by what became of them: "copied", "evicted", "not moved: mlocked" … */
export type Outcomes = ReadonlyMap<string, number>;

/** By number of a kind: 1 for those that ledgers are made of. */
const IN_LEDGER = new Uint8Array(256);
for (const kind of LEDGER_KINDS) IN_LEDGER[kindNumber(kind)] = 1;

interface Ended {
  readonly seq: number;
  readonly outcomes: Outcomes;
}

/** A call that moves pages: the seqs of its first and last ledger events, and its ledger at some places between. */
interface Span {
  readonly first: number;
  last: number;
  /** Ledger events from one place to the next; it grows with the call, so that there are never many. */
  every: number;
  since: number;
  kept: { readonly seq: number; readonly fold: LedgerFold }[];
}

const EVERY = 1 << 12;
const KEPT = 16;

/** Takes note of a ledger event of a call, and now and then of its ledger. */
function follow(span: Span, seq: number, fold: LedgerFold): void {
  span.last = seq;
  if (++span.since < span.every) return;
  span.since = 0;
  span.kept.push({ seq, fold: fold.clone() });
  if (span.kept.length <= KEPT) return;
  span.kept = span.kept.filter((_, i) => i % 2 === 1);
  span.every *= 2;
}

export class CallLedgers {
  private readonly timeline: Timeline;
  private readonly ended: Ended[] = [];
  /** By op. */
  private readonly spans = new Map<number, Span>();

  constructor(timeline: Timeline) {
    this.timeline = timeline;
    const folds = new Map<number, LedgerFold>();
    const cursor = new RowCursor(timeline.blocksFrom(0));
    while (cursor.next()) {
      const { seq, op } = cursor.at;
      if (IN_LEDGER[cursor.kind]) {
        let fold = folds.get(op);
        if (!fold) folds.set(op, (fold = new LedgerFold()));
        addRow(fold, cursor.block, cursor.offset);
        let span = this.spans.get(op);
        if (!span) this.spans.set(op, (span = { first: seq, last: seq, every: EVERY, since: 0, kept: [] }));
        follow(span, seq, fold);
      } else if (cursor.kind === StimulusEnded.number) {
        const fold = folds.get(op);
        if (fold) this.ended.push({ seq, outcomes: outcomesOf(fold.tally()) });
        const span = this.spans.get(op);
        if (span) span.last = seq;
        folds.delete(op);
      }
    }
  }

  /** The outcomes of all calls up to a position. Of a call under way, those that are known so far. */
  upTo(seq: number): Outcomes {
    const sums = new Map<string, number>();
    const add = (outcomes: Outcomes): void =>
      outcomes.forEach((pages, what) => void sums.set(what, (sums.get(what) ?? 0) + pages));
    for (const { seq: end, outcomes } of this.ended) if (end <= seq) add(outcomes);
    for (const [op, span] of this.spans) if (span.first <= seq && seq < span.last) add(this.partly(op, span, seq));
    return sums;
  }

  private partly(op: number, { first, kept }: Span, to: number): Outcomes {
    const before = kept.filter(({ seq }) => seq <= to).at(-1);
    const fold = before?.fold.clone() ?? new LedgerFold();
    const from = before ? before.seq + 1 : first;
    if (from <= to) this.fold(fold, op, from, to);
    return outcomesOf(fold.tally());
  }

  /** Folds the ledger events of a call from one seq to another. */
  private fold(fold: LedgerFold, op: number, from: number, to: number): void {
    const alone = [...this.spans].every(([other, span]) => other === op || span.last < from || span.first > to);
    if (alone) this.foldAll(fold, from, to);
    else {
      const cursor = this.timeline.cursorAt(from);
      for (let more = cursor !== null; more && cursor && cursor.at.seq <= to; more = cursor.next())
        if (cursor.at.op === op && IN_LEDGER[cursor.kind]) addRow(fold, cursor.block, cursor.offset);
    }
  }

  /** Folds every ledger event of a stretch: no other call has any there. */
  private foldAll(fold: LedgerFold, from: number, to: number): void {
    const { blocks } = this.timeline.tape;
    for (let n = blocks.find(from); n < blocks.count && blocks.entry(n).firstSeq <= to; n++) {
      const block = this.timeline.blockAt(n);
      const { rows } = block;
      let seq = block.firstSeq;
      for (let offset = 0; offset < rows.length && seq <= to; offset += ROW_LENGTH[rows[offset]]) {
        if (IN_LEDGER[rows[offset]] && seq >= from) addRow(fold, block, offset);
        seq++;
      }
    }
  }
}

/** Gives a row to a ledger. The object is one for all rows: a ledger keeps none. */
function addRow(fold: LedgerFold, { rows, payloads }: Block, offset: number): void {
  const event = EVENT_BY_NUMBER[rows[offset]];
  if (event?.lane !== 'hot') return fold.add(event?.name ?? '', payloads[rows[offset + 1]] as Record<string, unknown>);
  const { fields } = event;
  for (let n = 0; n < fields.length; n++) lent[fields[n].name] = rows[offset + 1 + n];
  fold.add(event.name, lent);
}

const lent: Record<string, number> = {};

function outcomesOf({ entries, isolated, evicted, migrated, unreferenced, refused }: Tally): Outcomes {
  const outcomes = new Map<string, number>();
  const numbers = {
    'looked at': entries,
    isolated,
    copied: migrated,
    evicted,
    'let go of by all others': unreferenced,
  };
  for (const [what, pages] of Object.entries(numbers)) if (pages > 0) outcomes.set(what, pages);
  for (const { reason, pages } of refused)
    outcomes.set(`not moved: ${reason}`, (outcomes.get(`not moved: ${reason}`) ?? 0) + pages);
  return outcomes;
}
