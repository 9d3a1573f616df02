/** The law of the ledger: its refusals account for what the call returned, by the counting rule of the profile. */
import type { RecordedEvent } from '@pagetape/events';
import type { Traits } from '@pagetape/core';
import { LEDGER_KINDS, LedgerFold, type Ledger } from './ledger.ts';

type Rule = Pick<Traits, 'evicted_page'>;

/**
 * How many pages the call must count as not moved. A kernel that keeps evicted pages on its list counts every page that it
 * isolated; one that frees them at once counts those that it put back; one that keeps them apart counts what its engine
 * gave up, in the last pass or for good.
 */
export function countedByRule(ledger: Ledger, { evicted_page }: Rule): number {
  switch (evicted_page) {
    case 'stays-on-list':
      return ledger.isolated;
    case 'freed-at-once':
      return ledger.putBack;
    case 'moved-list':
      return ledger.engineCount;
  }
}

/** A call that is being followed. */
interface Call {
  readonly name: string;
  readonly fold: LedgerFold;
}

/**
 * Checks the ledger of every call in the events of a run. Returns one sentence for each thing that does not add up; none
 * when all does.
 */
export function checkLedger(events: Iterable<RecordedEvent>, rule: Rule): string[] {
  const wrong: string[] = [];
  const calls = new Map<number, Call>();
  const kinds: ReadonlySet<string> = new Set(LEDGER_KINDS);
  for (const { kind, op, data } of events) {
    if (kind === 'StimulusBegan') {
      const name = (data['stimulus'] as { op: string }).op;
      calls.set(op, { name, fold: new LedgerFold() });
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

function checkCall({ name, fold }: Call, op: number, { ret }: Answer, rule: Rule): string[] {
  const ledger = fold.ledger();
  if (ledger.entries.length === 0) return [];
  const found: string[] = [];
  const expect = (what: string, is: number, should: number, why: string): void => {
    if (is !== should) found.push(`op ${op} (${name}): ${what} ${is}, but ${why} ${should}`);
  };
  const { isolated, left, engineCount } = ledger;
  const refused = ledger.refused.filter((group) => group.isolated);
  const refusedPages = refused.reduce((sum, { pages }) => sum + pages.length, 0);
  const moved = ledger.entries.filter((entry) => entry.isolated && entry.reason === null).length;
  expect('pages isolated', isolated, moved + refusedPages, 'those moved and refused are');
  for (const { reason, pages } of refused) {
    if (reason === 'not-finished')
      found.push(`op ${op} (${name}): nothing says what became of pages ${pages.join(', ')}`);
  }
  if (left === null) return found;
  expect('pages counted as not moved', left, countedByRule(ledger, rule), 'by the rule of the profile these are');
  const kept = rule.evicted_page === 'freed-at-once' ? refusedPages : isolated;
  expect('pages put back', ledger.putBack, kept, 'those still on a list were');
  if (rule.evicted_page !== 'stays-on-list') {
    expect('pages that the engine gave up', engineCount, refusedPages, 'the pages refused after isolation are');
  }
  if (name === 'migrate_pages' && ret !== null && ret >= 0) expect('the answer is', ret, left, 'the count is');
  return found;
}
