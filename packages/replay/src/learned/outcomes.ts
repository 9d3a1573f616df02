/**
 * What became of the pages of all calls, up to any event: the ledgers of all calls, in numbers. Each event that changes one of
 * these numbers is kept, with what it changes, in a few bytes; and for each block, the numbers before it.
 */
import { EVENT_BY_NUMBER, REFUSAL, StimulusEnded, type AnyEvent, type Block } from '@pagetape/events';
import { layout } from '@pagetape/core';
import { LEDGER_KINDS, LedgerFold, type Draft, type Reason } from '../ledger/ledger.ts';
import { kindNumber, type RowCursor } from '../run/rows.ts';
import { ByteReader, ByteWriter } from '../tape/bytes.ts';

/** Pages by what became of them: "copied", "evicted", "not moved: mlocked" … */
export type Outcomes = ReadonlyMap<string, number>;

/** By number of a kind: 1 for those that ledgers are made of. */
const IN_LEDGER = new Uint8Array(256);
for (const kind of LEDGER_KINDS) IN_LEDGER[kindNumber(kind)] = 1;

const REASONS: readonly Reason[] = [...REFUSAL, 'call-failed', 'leaked', 'not-finished'];
/** What calls do with pages: the bits of what became of one. Above them is the reason for which it stays, plus one. */
export const DONE: readonly string[] = ['looked at', 'isolated', 'copied', 'evicted', 'let go of by all others'];
const REASON_SHIFT = DONE.length;
const NAMES: readonly string[] = [...DONE, ...REASONS.map((reason) => `not moved: ${reason}`)];

/** What became of a page so far. */
function outcomeOf(fold: LedgerFold, page: Readonly<Draft> | undefined): number {
  if (!page) return 0;
  const reason = fold.reasonOf(page);
  const bits =
    1 |
    (page.isolated ? 2 : 0) |
    (page.migrated !== null ? 4 : 0) |
    (page.evictedIn !== null ? 8 : 0) |
    (page.unreferenced ? 16 : 0);
  return bits | ((reason === null ? 0 : REASONS.indexOf(reason) + 1) << REASON_SHIFT);
}

const zigzag = (n: number): number => ((n << 1) ^ (n >> 31)) >>> 0;
const unzigzag = (n: number): number => (n >>> 1) ^ -(n & 1);

export class OutcomeLog {
  /** The changes of each block: events since the last one, which number, by how much. */
  private readonly changes: Uint8Array[] = [];
  /** The numbers before each block. */
  private readonly before: Int32Array[] = [];
  private readonly now = new Int32Array(NAMES.length);
  /** What the event in hand changes. */
  private readonly change = new Int32Array(NAMES.length);
  private readonly folds = new Map<number, LedgerFold>();
  /** Of the block in hand: its changes, and the event of the last one. */
  private written = new ByteWriter();
  private last = 0;

  /** Begins with the next block. */
  open({ firstSeq }: Block): void {
    this.before.push(this.now.slice());
    this.written = new ByteWriter();
    this.last = firstSeq;
  }

  /** Takes the next event of the block. */
  add(cursor: RowCursor): void {
    const { kind, at } = cursor;
    if (IN_LEDGER[kind]) {
      let fold = this.folds.get(at.op);
      if (!fold) this.folds.set(at.op, (fold = new LedgerFold()));
      this.follow(fold, cursor);
    } else if (kind === StimulusEnded.number) this.folds.delete(at.op);
  }

  close(): void {
    this.changes.push(Uint8Array.from(this.written.done()));
  }

  /** Gives an event to the ledger of its call, and notes what it changes. */
  private follow(fold: LedgerFold, { block, offset, at, kind }: RowCursor): void {
    const event = EVENT_BY_NUMBER[kind] as AnyEvent;
    const data = dataOf(event, block, offset);
    const { pfn } = data;
    const changed =
      typeof pfn === 'number'
        ? this.followPages(fold, event.name, data, pfn, event.name === 'FolioSplit' ? layout.HUGE : 1)
        : this.followAll(fold, event.name, data);
    if (changed) this.note(at.seq);
  }

  /** An event that is about so many frames from one on. What was known of a page before stays, where another one is met. */
  private followPages(fold: LedgerFold, name: string, data: Data, pfn: number, frames: number): boolean {
    if (frames === 1) {
      const [before, was] = [fold.pageIn(pfn), outcomeOf(fold, fold.pageIn(pfn))];
      fold.add(name, data);
      const after = fold.pageIn(pfn);
      return this.turn(before === after ? was : 0, outcomeOf(fold, after));
    }
    const pages = Array.from({ length: frames }, (_, n) => fold.pageIn(pfn + n));
    const outcomes = pages.map((page) => outcomeOf(fold, page));
    fold.add(name, data);
    let changed = false;
    for (let n = 0; n < frames; n++) {
      const after = fold.pageIn(pfn + n);
      if (this.turn(pages[n] === after ? outcomes[n] : 0, outcomeOf(fold, after))) changed = true;
    }
    return changed;
  }

  /** An event that may say something of all pages of the call. */
  private followAll(fold: LedgerFold, name: string, data: Data): boolean {
    const outcomes = ABOUT_ALL.has(name) ? fold.pages.map((page) => outcomeOf(fold, page)) : [];
    fold.add(name, data);
    let changed = false;
    for (let n = 0; n < outcomes.length; n++)
      if (this.turn(outcomes[n], outcomeOf(fold, fold.pages[n]))) changed = true;
    return changed;
  }

  /** The outcome of one page was this, and is that. Returns whether it is another one. */
  private turn(was: number, is: number): boolean {
    if (was === is) return false;
    const { change } = this;
    for (let bit = 0; bit < REASON_SHIFT; bit++) change[bit] += ((is >>> bit) & 1) - ((was >>> bit) & 1);
    const [before, after] = [was >>> REASON_SHIFT, is >>> REASON_SHIFT];
    if (before > 0) change[REASON_SHIFT + before - 1]--;
    if (after > 0) change[REASON_SHIFT + after - 1]++;
    return true;
  }

  /** Writes down what the event changed. */
  private note(seq: number): void {
    const { change, now, written } = this;
    for (let n = 0; n < change.length; n++) {
      if (change[n] === 0) continue;
      written
        .varint(seq - this.last)
        .u8(n)
        .varint(zigzag(change[n]));
      now[n] += change[n];
      this.last = seq;
    }
    change.fill(0);
  }

  /** The outcomes of all calls up to an event of block `n`. Of a call under way, those that are known so far. */
  upTo(n: number, firstSeq: number, seq: number): Outcomes {
    const sums = (this.before[n] ?? this.now).slice();
    const reader = new ByteReader(this.changes[n] ?? new Uint8Array(0), 'outcomes');
    for (let at = firstSeq; reader.left > 0;) {
      at += reader.varint();
      if (at > seq) break;
      const what = reader.u8();
      sums[what] += unzigzag(reader.varint());
    }
    return new Map([...sums].flatMap((pages, what) => (pages > 0 ? [[NAMES[what], pages]] : [])));
  }

  write(to: ByteWriter): void {
    for (const changes of this.changes) to.u32(changes.length).raw(changes);
  }

  /** Reads the changes of so many blocks. */
  read(from: ByteReader, blocks: number): void {
    for (let n = 0; n < blocks; n++) {
      this.before.push(this.now.slice());
      const changes = Uint8Array.from(from.raw(from.u32()));
      this.changes.push(changes);
      const reader = new ByteReader(changes, 'outcomes');
      while (reader.left > 0) {
        reader.varint();
        const what = reader.u8();
        this.now[what] += unzigzag(reader.varint());
      }
    }
  }
}

/** Events without a page that say of others why they stay. */
const ABOUT_ALL: ReadonlySet<string> = new Set(['PagesMigrated', 'IsolatedPagesLeaked']);

type Data = Readonly<Record<string, unknown>>;

/** What a row holds. Of a kind of the hot lane it is one object for all rows: a ledger keeps none. */
function dataOf(event: AnyEvent, { rows, payloads }: Block, offset: number): Data {
  if (event.lane !== 'hot') return payloads[rows[offset + 1]] as Data;
  const { fields, number } = event;
  const lent = (LENT[number] ??= {});
  for (let n = 0; n < fields.length; n++) lent[fields[n].name] = rows[offset + 1 + n];
  return lent;
}

const LENT: Record<string, number>[] = [];
