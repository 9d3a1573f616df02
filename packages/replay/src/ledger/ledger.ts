/**
 * The ledger of a call: what became of each page that it looked at on a node it was to empty, and, for each page that
 * was not moved, the one rule that refused it.
 *
 * It is a fold over the events of one call. A page that was isolated has the last thing that a pass found out about
 * it; but once its content is in swap it counts as evicted, even where the kernel keeps it on the list and meets it
 * again.
 */
import { layout } from '@pagetape/core';
import { REFUSAL, type EventName, type RecordedEvent, type Refusal } from '@pagetape/events';

/**
 * Why a page was not moved: a refusal of the kernel; or the call failed before it moved anything, and put the page back
 * or forgot it, or has not ended.
 */
export type Reason = Refusal | 'call-failed' | 'leaked' | 'not-finished';

/** One page in the ledger. */
export interface Entry {
  readonly pfn: number;
  /** The call took it off its LRU list. */
  readonly isolated: boolean;
  /** It is one of the pages that the call split a huge page into. */
  readonly part: boolean;
  /** The pass in which its content was in swap or in its file, and nobody referred to the frame; null: none. */
  readonly evictedIn: number | null;
  /** The frame that the page is in now, and the pass in which it got there; null: it was not copied. */
  readonly migrated: { readonly to: number; readonly pass: number } | null;
  /** Everybody else had let go of it. */
  readonly unreferenced: boolean;
  /** Why it was not moved; null when it was evicted, copied or let go of. */
  readonly reason: Reason | null;
  /** How often it was put back to an LRU list. */
  readonly putBack: number;
}

/** The pages that were not moved for one reason, in the order in which the call met them. */
export interface Refused {
  readonly reason: Reason;
  /** Whether these pages had been isolated; those count as not moved. */
  readonly isolated: boolean;
  readonly pages: readonly number[];
}

export interface Ledger {
  /**
   * In the order in which the call met them. A page that is copied twice, as nodes are emptied one after the other, is met
   * twice, in two frames; and so may be a frame with two pages.
   */
  readonly entries: readonly Entry[];
  readonly isolated: number;
  readonly evicted: number;
  readonly migrated: number;
  readonly unreferenced: number;
  /** Pages of the last pass that wanted another one, and pages that failed for good: what the engine itself counts. */
  readonly engineCount: number;
  readonly putBack: number;
  readonly passes: number;
  /** What the call counts as not moved; null when it did not come so far. */
  readonly left: number | null;
  /** Lists that were worked on, one for each address space or pair of nodes: a page may have been on several. */
  readonly lists: number;
  /** Huge pages that were split: each counts as one page not moved, unless in the end no page was left. */
  readonly split: number;
  /**
   * How often the walk could not take a page that it wanted, sharing aside. A page that is mapped twice is met twice: taken,
   * then not to be had.
   */
  readonly notTaken: number;
  /** Entries of move_pages(2) that were never looked at, because others before them stayed. */
  readonly notTried: number;
  /** Drivers were asked to migrate areas: what they moved or left by themselves, nobody counts. */
  readonly drivers: boolean;
  /** Largest group first. */
  readonly refused: readonly Refused[];
}

/** A page that is met, while its call is under way. */
export interface Draft {
  readonly pfn: number;
  isolated: boolean;
  part: boolean;
  evictedIn: number | null;
  migrated: Entry['migrated'];
  unreferenced: boolean;
  /** The last refusal; null when there was none, or none that still holds. */
  refusal: Refusal | null;
  putBack: number;
}

type Data = RecordedEvent['data'];

/** Takes the events of one call, in order. Events that say nothing about pages of a migration are passed over. */
export class LedgerFold {
  private readonly drafts: Draft[] = [];
  /** By frame: the page that was met in it last. */
  private readonly last = new Map<number, Draft>();
  /** Frames that the call has for pages, and has not put to an LRU list yet. */
  private readonly targets = new Set<number>();
  private passes = 0;
  private retry = 0;
  private failed = 0;
  private left: number | null = null;
  private lists = 0;
  private split = 0;
  private notTaken = 0;
  private notTried = 0;
  private drivers = false;
  private leaked: readonly number[] = [];

  add(kind: string, data: Data): void {
    FOLD[kind as LedgerKind]?.(this, data);
  }

  /** The pages that were met so far. */
  get pages(): readonly Readonly<Draft>[] {
    return this.drafts;
  }

  /** The page that was met last in a frame. */
  pageIn(pfn: number): Readonly<Draft> | undefined {
    return this.last.get(pfn);
  }

  page(data: Data): Draft {
    const pfn = data['pfn'] as number;
    return this.last.get(pfn) ?? this.begin(pfn);
  }

  private begin(pfn: number): Draft {
    const draft = {
      pfn,
      isolated: false,
      part: false,
      evictedIn: null,
      migrated: null,
      unreferenced: false,
      refusal: null,
      putBack: 0,
    };
    this.drafts.push(draft);
    this.last.set(pfn, draft);
    return draft;
  }

  /** The page that the walk met in a frame: another one, where the last one has left the frame. */
  meet(data: Data): Draft {
    const found = this.page(data);
    return found.migrated ? this.begin(found.pfn) : found;
  }

  /** A page that could not be had counts as refused, unless the call has it already. */
  refuseUnlessIsolated(data: Data): void {
    const page = this.meet(data);
    const reason = REFUSAL[data['reason'] as number];
    if (!page.isolated) page.refusal = reason;
    if (reason !== 'shared') this.notTaken++;
  }

  isolate(data: Data): void {
    const page = this.meet(data);
    page.isolated = true;
    page.refusal = null;
    this.targets.delete(page.pfn);
  }

  /** A huge page becomes small ones, each of which is moved by itself; or it was none of those that the call has in hand. */
  splitFolio({ pfn }: Data): void {
    if (!this.last.get(pfn as number)?.isolated) return;
    this.split++;
    for (let part = pfn as number; part < (pfn as number) + layout.HUGE; part++) {
      const page = this.meet({ pfn: part });
      Object.assign(page, { isolated: true, part: true, refusal: null });
    }
  }

  target({ pfn }: Data): void {
    this.targets.add(pfn as number);
  }

  /** A target goes to the LRU lists, too, but was never taken off one. */
  putBack(data: Data): void {
    if (!this.targets.delete(data['pfn'] as number)) this.page(data).putBack++;
  }

  /** A page that is left in the end has its last refusal; one that was never looked at, the reason that is told now. */
  stays(data: Data): void {
    this.page(data).refusal ??= REFUSAL[data['reason'] as number];
  }

  endPass({ retry, failed }: Data): void {
    this.passes++;
    this.retry = retry as number;
    this.failed = failed as number;
  }

  endCall({ left }: Data): void {
    this.left = (this.left ?? 0) + (left as number);
    this.lists++;
  }

  skipEntries({ entries }: Data): void {
    this.notTried += entries as number;
  }

  askDriver(): void {
    this.drivers = true;
  }

  leak({ pages }: Data): void {
    this.leaked = pages as readonly number[];
  }

  ledger(): Ledger {
    const entries = this.drafts.map((draft) => this.entry(draft));
    const count = (test: (entry: Entry) => boolean): number => entries.filter(test).length;
    return {
      entries,
      isolated: count((entry) => entry.isolated),
      evicted: count((entry) => entry.evictedIn !== null),
      migrated: count((entry) => entry.migrated !== null),
      unreferenced: count((entry) => entry.unreferenced),
      engineCount: this.retry + this.failed,
      putBack: entries.reduce((sum, entry) => sum + entry.putBack, 0),
      passes: this.passes,
      left: this.left,
      lists: this.lists,
      split: this.split,
      notTaken: this.notTaken,
      notTried: this.notTried,
      drivers: this.drivers,
      refused: group(entries),
    };
  }

  private entry(draft: Draft): Entry {
    const { pfn, isolated, part, evictedIn, migrated, unreferenced, putBack } = draft;
    return { pfn, isolated, part, evictedIn, migrated, unreferenced, putBack, reason: this.reasonOf(draft) };
  }

  /** Why a page was not moved, as far as the call has come. */
  reasonOf({ pfn, evictedIn, migrated, unreferenced, refusal, putBack }: Readonly<Draft>): Reason | null {
    if (evictedIn !== null || migrated !== null || unreferenced) return null;
    return refusal ?? this.unexplained(pfn, putBack);
  }

  private unexplained(pfn: number, putBack: number): Reason {
    if (this.leaked.includes(pfn)) return 'leaked';
    return this.left === null && putBack > 0 ? 'call-failed' : 'not-finished';
  }
}

type LedgerKind =
  | 'PageSkipped'
  | 'PageIsolationFailed'
  | 'PageIsolated'
  | 'FolioSplit'
  | 'HugetlbPageIsolated'
  | 'PageMigrationDeferred'
  | 'PageMigrationFailed'
  | 'PageReclaimRefused'
  | 'PageEvicted'
  | 'TargetPageAllocated'
  | 'PageMigrated'
  | 'PageFoundUnreferenced'
  | 'PagePutBack'
  | 'MigrationPassEnded'
  | 'PagesMigrated'
  | 'EntriesNotTried'
  | 'PageLeftOnNode'
  | 'VmaMigrateCalled'
  | 'IsolatedPagesLeaked';

const refuse = (fold: LedgerFold, data: Data): void => {
  fold.page(data).refusal = REFUSAL[data['reason'] as number];
};

const FOLD: Readonly<Record<LedgerKind, (fold: LedgerFold, data: Data) => void>> = {
  PageSkipped: (fold, data) => fold.refuseUnlessIsolated(data),
  PageIsolationFailed: (fold, data) => fold.refuseUnlessIsolated(data),
  PageIsolated: (fold, data) => fold.isolate(data),
  FolioSplit: (fold, data) => fold.splitFolio(data),
  HugetlbPageIsolated: (fold, data) => fold.isolate(data),
  PageMigrationDeferred: refuse,
  PageMigrationFailed: refuse,
  PageReclaimRefused: refuse,
  PageEvicted: (fold, data) => void (fold.page(data).evictedIn ??= data['pass'] as number),
  PageFoundUnreferenced: (fold, data) => void (fold.page(data).unreferenced = true),
  TargetPageAllocated: (fold, data) => fold.target(data),
  PageMigrated(fold, data) {
    fold.page(data).migrated = { to: data['to'] as number, pass: data['pass'] as number };
  },
  PagePutBack: (fold, data) => fold.putBack(data),
  MigrationPassEnded: (fold, data) => fold.endPass(data),
  PagesMigrated: (fold, data) => fold.endCall(data),
  EntriesNotTried: (fold, data) => fold.skipEntries(data),
  PageLeftOnNode: (fold, data) => fold.stays(data),
  VmaMigrateCalled: (fold) => fold.askDriver(),
  IsolatedPagesLeaked: (fold, data) => fold.leak(data),
};

/** The event kinds that a ledger is made of. */
export const LEDGER_KINDS = Object.keys(FOLD) as readonly EventName[];

function group(entries: readonly Entry[]): Refused[] {
  const groups = new Map<string, { reason: Reason; isolated: boolean; pages: number[] }>();
  for (const { pfn, isolated, reason } of entries) {
    if (reason === null) continue;
    const key = `${reason} ${isolated}`;
    const found = groups.get(key);
    if (found) found.pages.push(pfn);
    else groups.set(key, { reason, isolated, pages: [pfn] });
  }
  return [...groups.values()].sort((a, b) => b.pages.length - a.pages.length);
}

/** The ledger of one call, from its events: those whose `op` is that of the call. */
export function ledgerOf(events: Iterable<RecordedEvent>): Ledger {
  const fold = new LedgerFold();
  for (const { kind, data } of events) fold.add(kind, data);
  return fold.ledger();
}
