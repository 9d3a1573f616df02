/** Taking the snapshot of a run: from a scenario, which is run for it, or from a tape. */
import { type StateView } from '@pagetape/core';
import type { Ledger } from '../ledger/ledger.ts';
import type { RunFacts, StepFacts } from '../report/facts.ts';
import { inOrder, namesOfFrames, rangesText, rangeText, isZeroPage, type PageName } from '../report/names.ts';
import { counters, freeNumbers, taskNumbers, type Numbers } from '../report/numbers.ts';
import { placesOfPages, placeText } from '../report/placement.ts';
import { livingMms } from '../report/places.ts';
import { answer, deadlockWaits, eachStep, machineText, rulesOf, stepText, type RunTitle } from '../report/text.ts';
import { titleOf } from '../report/title.ts';
import type { RunStart } from '../run/record.ts';
import { replayTape } from '../run/replay.ts';
import { runScenario, type RunOptions } from '../run/run.ts';
import { startOf, stimuliOf } from '../run/stimuli.ts';
import type { Scenario } from '../scenario/load.ts';
import type { Tape } from '../tape/index.ts';
import { placesOf } from '../whatif/compare.ts';
import type { Snapshot, SnapshotEntry } from './snapshot.ts';

/** Runs a scenario, and gives the snapshot of the run. */
export function snapshotOfRun(scenario: Scenario, options: Omit<RunOptions, 'onStep'> = {}): Snapshot {
  const names = new RefusedNames();
  const { start, facts, view, ...hashes } = runScenario(scenario, { ...options, onStep: names.listen });
  return take(start, facts, view, hashes, names);
}

/** The snapshot of the run on a tape. One without events is run again. */
export function snapshotOfTape(tape: Tape): Snapshot {
  const start = startOf(tape);
  if (tape.header.level === 'inputs') return snapshotOfRun({ ...start, steps: [...stimuliOf(tape)] });
  const names = new RefusedNames();
  const { facts, machine, ...hashes } = replayTape(tape, names.listen);
  return take(start, facts, machine.view, hashes, names);
}

/**
 * The names of the pages that each call refused, as they are when the step of the scenario is over. What another call of the
 * step then copied is known by the frame that it is in.
 */
class RefusedNames {
  private readonly ofStep = new Map<number, ReadonlyMap<number, PageName>>();

  readonly listen = (s: StateView, step: StepFacts): void => {
    const calls = eachStep([step]).map(({ facts }) => facts);
    const ledgers = calls.flatMap(({ ledger }) => ledger ?? []);
    const refused = new Set(ledgers.flatMap((ledger) => ledger.refused.flatMap(({ pages }) => pages)));
    if (refused.size === 0) return;
    const copies = ledgers.flatMap((ledger) => ledger.entries.filter(({ migrated }) => migrated !== null));
    const now = new Map(copies.map(({ pfn, migrated }) => [pfn, migrated?.to ?? pfn]));
    const names = namesOfFrames(s, new Set([...refused, ...now.values()]));
    for (const [from, to] of now) {
      const name = names.get(to);
      if (name && !names.has(from)) names.set(from, name);
    }
    for (const { op } of calls) this.ofStep.set(op, names);
  };

  /** "db heap 3..5, 9" */
  text(op: number, pages: readonly number[]): string {
    const names = this.ofStep.get(op);
    const known = pages.flatMap((pfn) => (isZeroPage(pfn) ? [] : (names?.get(pfn) ?? [])));
    const zero = pages.filter(isZeroPage).length;
    const gone = pages.length - known.length - zero;
    return [
      ...(known.length > 0 ? [rangesText(inOrder(known))] : []),
      ...(zero > 0 ? ['the zero page'] : []),
      ...(gone > 0 ? [`${gone} that nobody has any more`] : []),
    ].join(', ');
  }
}

interface Hashes {
  readonly chain: string;
  readonly state: string;
}

function take(start: RunStart, facts: RunFacts, s: StateView, hashes: Hashes, names: RefusedNames): Snapshot {
  const title = titleOf('', undefined, start);
  const sections: Snapshot = [
    { name: 'run', entries: about(title, facts) },
    { name: 'deadlock', entries: deadlockWaits(facts).map(({ who, waits }) => entry(who, waits)) },
    { name: 'calls', entries: calls(facts, title) },
    { name: 'ledger', entries: ledgers(facts, names) },
    { name: 'placement', entries: placement(s) },
    { name: 'memory', entries: numbers(freeNumbers(s)) },
    {
      name: 'counters',
      entries: numbers(new Map([...counters(s), ...taskNumbers(s)])).filter(({ value }) => value !== '0'),
    },
    {
      name: 'events and hashes',
      entries: [
        entry('events', `${facts.events}`),
        entry('virtual nanoseconds', `${facts.t}`),
        entry('chain', hashes.chain),
        entry('state', hashes.state),
      ],
    },
  ];
  return sections.filter(({ entries }) => entries.length > 0);
}

const entry = (key: string, value: string): SnapshotEntry => ({ key, value });

const numbers = (of: Numbers): SnapshotEntry[] => [...of].map(([key, value]) => entry(key, `${value}`));

function about(title: RunTitle, { steps }: RunFacts): SnapshotEntry[] {
  return [
    entry('profile', rulesOf(title)),
    entry('seed', title.seed),
    entry('machine', machineText(title)),
    entry('steps', `${steps.length}`),
  ];
}

function calls({ steps }: RunFacts, { traits }: RunTitle): SnapshotEntry[] {
  return eachStep(steps).map(({ number, facts }) =>
    entry([number, facts.task ?? '-', stepText(facts)].join(' '), answer(facts, traits)),
  );
}

function ledgers({ steps }: RunFacts, names: RefusedNames): (SnapshotEntry & { under: string })[] {
  return eachStep(steps).flatMap(({ number, facts }) => {
    if (!facts.ledger || facts.ledger.entries.length === 0) return [];
    const after = facts.after
      ? [entry(`memory of ${facts.after.tasks.join(', ')} after it`, placesOf(facts.after))]
      : [];
    return [...ledgerEntries(facts.ledger, facts.op, names), ...after].map((each) => ({
      ...each,
      under: `${number} ${facts.stimulus.op}`,
    }));
  });
}

function ledgerEntries(ledger: Ledger, op: number, names: RefusedNames): SnapshotEntry[] {
  const { entries, isolated, evicted, migrated, unreferenced, passes, left, refused } = ledger;
  const refusedAfter = isolated - migrated - evicted - unreferenced;
  const counted = {
    'looked at': entries.length,
    isolated,
    copied: migrated,
    evicted,
    'let go of by all others': unreferenced,
    'counted as not moved': left === refusedAfter ? 0 : (left ?? 0),
    passes,
  };
  return [
    ...Object.entries(counted).flatMap(([key, n]) => (n === 0 ? [] : [entry(key, `${n}`)])),
    ...refused
      .map(({ reason, isolated: had, pages }) =>
        entry(`not moved, ${reason}${had ? '' : ' (not isolated)'}`, `${pages.length} (${names.text(op, pages)})`),
      )
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
  ];
}

/** Neighbours at the same place together; pages that are nowhere are left out. */
function placement(s: StateView): SnapshotEntry[] {
  return livingMms(s).flatMap(({ mm }) =>
    placesOfPages(s, mm).map(({ region, first, last, place }) =>
      entry(`${region} ${rangeText(first, last)}`, placeText(place)),
    ),
  );
}
