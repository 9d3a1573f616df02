/** The law of the ledger: its refusals account for what the call returned, by the counting rule of the profile. */
import { MPOL_DEFAULT, MPOL_MF_STRICT, resolveNumber, type RecordedEvent, type Stimulus } from '@pagetape/events';
import type { Traits } from '@pagetape/core';
import { LEDGER_KINDS, LedgerFold, type Ledger } from './ledger.ts';

type Rule = Pick<Traits, 'engine' | 'evicted_page' | 'isolation_failures_count' | 'moves_batches'>;

/**
 * How many pages the call must count as not moved. A kernel that keeps evicted pages on its list counts every page
 * that it isolated; one that frees them at once counts those that it put back; one that keeps them apart counts what
 * its engine gave up, in the last pass or for good. One that copies pages counts those that are left on its lists.
 */
export function countedByRule(ledger: Ledger, rule: Rule): number {
  const { engine, evicted_page } = rule;
  if (engine !== 'swap') return refusedAndSplit(ledger, rule);
  switch (evicted_page) {
    case 'stays-on-list':
      return ledger.isolated;
    case 'freed-at-once':
      return ledger.putBack;
    case 'moved-list':
      return ledger.engineCount;
  }
}

const refusedAfterIsolation = ({ refused }: Ledger): number =>
  refused.reduce((sum, group) => sum + (group.isolated ? group.pages.length : 0), 0);

/** The call ended because a page found no frame. Where that is a part of a huge page, some kernels only move no more parts. */
const isStarved = ({ entries }: Ledger, { moves_batches }: Rule): boolean =>
  entries.some(({ reason, part }) => reason === 'no-target-page' && (!part || !moves_batches));

/** A huge page that was split counts once, whatever becomes of its parts; but nothing counts where no page is left. */
function refusedAndSplit(ledger: Ledger, rule: Rule): number {
  const refused = refusedAfterIsolation(ledger);
  if (ledger.split === 0 || refused === 0 || isStarved(ledger, rule)) return refused;
  return ledger.split + ledger.entries.filter((page) => page.isolated && !page.part && page.reason !== null).length;
}

/** A call that is being followed. */
interface Call {
  readonly stimulus: Stimulus;
  readonly fold: LedgerFold;
}

/**
 * Checks the ledger of every call in the events of a run. Returns one sentence for each thing that does not add up;
 * none when all does.
 */
export function checkLedger(events: Iterable<RecordedEvent>, rule: Rule): string[] {
  const wrong: string[] = [];
  const calls = new Map<number, Call>();
  const kinds: ReadonlySet<string> = new Set(LEDGER_KINDS);
  for (const { kind, op, data } of events) {
    if (kind === 'StimulusBegan') {
      calls.set(op, { stimulus: data['stimulus'] as Stimulus, fold: new LedgerFold() });
    } else if (kinds.has(kind)) {
      calls.get(op)?.fold.add(kind, data);
    } else if (kind === 'StimulusEnded') {
      const call = calls.get(op);
      calls.delete(op);
      if (call) wrong.push(...checkCall(call, op, data['result'] as Answer, rule));
    }
  }
  return wrong;
}

interface Answer {
  readonly ret: number | null;
  readonly errno?: string;
}

function checkCall({ stimulus, fold }: Call, op: number, answer: Answer, rule: Rule): string[] {
  const ledger = fold.ledger();
  if (ledger.entries.length === 0) return [];
  const found: string[] = [];
  const expect: Expect = (what, is, should, why) => {
    if (is !== should) found.push(`op ${op} (${stimulus.op}): ${what} ${is}, but ${why} ${should}`);
  };
  const stopped = answer.ret === null; // By an oops, or for ever: such a call leaves pages on its list.
  const unfinished = ledger.refused.find(({ reason }) => reason === 'not-finished')?.pages.length ?? 0;
  if (!stopped) expect('pages of which nothing more is known are', unfinished, 0, 'of a call that returned there are');
  // Of several address spaces a page may be in more than one, and be counted for each.
  const alone = ledger.lists === 1 || stimulus.op === 'migrate_pages';
  if (ledger.left !== null && alone && !ledger.drivers) {
    checkCounts(ledger, ledger.left, rule, expect);
    checkAnswer(stimulus, answer, ledger, rule, expect);
  }
  return found;
}

type Expect = (what: string, is: unknown, should: unknown, why: string) => void;

/** The numbers of the ledger among themselves. */
function checkCounts(ledger: Ledger, left: number, rule: Rule, expect: Expect): void {
  const { isolated, putBack, engineCount } = ledger;
  const refused = refusedAfterIsolation(ledger);
  const moved = ledger.entries.filter((entry) => entry.isolated && entry.reason === null).length;
  expect('pages isolated are', isolated, moved + refused, 'those moved and refused are');
  expect('pages counted as not moved are', left, countedByRule(ledger, rule), 'by the rule of the profile they are');
  // Pages that were moved are still on a list, unless they were freed at once.
  const kept = rule.engine === 'batched' || rule.evicted_page === 'freed-at-once' ? refused : isolated;
  expect('pages put back are', putBack, kept, 'those still on a list were');
  if (rule.engine !== 'swap' || rule.evicted_page === 'stays-on-list') return;
  expect('pages that the engine gave up are', engineCount, refused, 'the pages refused after isolation are');
}

/** The pages that the caller is told of: those that stayed, and what the kernel adds to them. */
function answered({ op }: Stimulus, { notTaken, notTried }: Ledger, left: number, rule: Rule): number {
  if (op === 'move_pages') return left + notTried;
  // mbind(2) has always looked at all of them, where it looks at any.
  const counts = rule.engine === 'batched' && (op === 'mbind' || rule.isolation_failures_count);
  return counts ? left + notTaken : left;
}

/** Errors of move_pages(2) that tell of an entry of its arrays, after pages before it were moved. */
const BAD_ENTRY: ReadonlySet<string | undefined> = new Set(['EFAULT', 'ENODEV', 'EACCES']);

/** What the caller got to see. Only MPOL_MF_STRICT makes mbind(2) tell of pages that stayed. */
function checkAnswer(stimulus: Stimulus, { ret, errno }: Answer, ledger: Ledger, rule: Rule, expect: Expect): void {
  if (ret === null || ledger.left === null) return;
  const left = answered(stimulus, ledger, ledger.left, rule);
  const starved = isStarved(ledger, rule);
  if (stimulus.op === 'migrate_pages' || (stimulus.op === 'move_pages' && !BAD_ENTRY.has(errno))) {
    if (starved) expect('the answer is', errno, 'ENOMEM', 'where frames were lacking it should be');
    else expect('the answer is', ret, left, 'the count is');
  }
  // A policy that could not be set everywhere is told, whatever was moved.
  if (stimulus.op !== 'mbind' || errno === 'EINVAL') return;
  const strict = (resolveNumber(stimulus.flags) & BigInt(MPOL_MF_STRICT)) !== 0n;
  const tells = strict && resolveNumber(stimulus.mode) !== BigInt(MPOL_DEFAULT) && left > 0;
  expect('the answer is', errno ?? 'success', tells ? 'EIO' : 'success', `with ${left} pages left it should be`);
}
