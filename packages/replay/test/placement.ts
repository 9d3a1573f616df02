/**
 * Tells the steps of machines with huge pages in the words of the recordings of kernels 6.x: the answer, what a step added to the
 * counters of migration, where the pages of each region lie if that changed. A huge page has too many parts to name each.
 */
import { ARENA_VPN, layout, ALL_PROFILES, read, Simulation, type Result, type StateView } from '@pagetape/core';
import { eventsOf, printStimulus, START, type Position, type RecordedEvent } from '@pagetape/events';
import { observePlacement } from '../src/conform/places.ts';
import type { Scenario } from '../src/scenario/load.ts';

const COUNTERS = [
  'pgmigrate_success',
  'pgmigrate_fail',
  'thp_migration_success',
  'thp_migration_fail',
  'thp_migration_split',
] as const;

type Data = Readonly<Record<string, number>>;

/** What happens to huge pages, in a word or two each. */
const LINES: Readonly<Record<string, (data: Data, s: StateView) => string>> = {
  HugePageAllocated: ({ pfn }, s) => `huge-page n${read.page_to_nid(s, pfn)}`,
  HugeZeroPageMapped: ({ mm, vpn }, s) => `huge-zero-page ${at(s, mm, vpn)}`,
  PmdSplit: ({ mm, vpn }, s) => `split-mapping ${at(s, mm, vpn)}`,
  PmdZapped: ({ mm, vpn }, s) => `unmap-huge ${at(s, mm, vpn)}`,
  PmdMoved: ({ mm, from, to }, s) => `move-huge ${at(s, mm, from)} ${at(s, mm, to)}`,
  HugetlbPageTaken: ({ pfn }, s) => `from-pool n${read.page_to_nid(s, pfn)}`,
  HugetlbPagePooled: ({ pfn }, s) => `to-pool n${read.page_to_nid(s, pfn)}`,
  HugetlbPageDissolved: ({ pfn }, s) => `out-of-pool n${read.page_to_nid(s, pfn)}`,
  FolioSplit: ({ pfn }, s) => `split-page n${read.page_to_nid(s, pfn)}`,
};

/** A page of the first task that has, or had, the address space. */
function at({ cold }: StateView, mm: number, vpn: number): string {
  const task = Object.values(cold.tasks).find((each) => each.mm === mm && each.pid === each.tgid);
  return `${task?.name ?? '?'}@${vpn - ARENA_VPN}`;
}

export class ToldPlacement {
  private readonly simulation: Simulation;
  private readonly profile: string;
  private readonly position: Position = { ...START };
  private events: RecordedEvent[] = [];
  private before: Record<string, unknown> = {};

  constructor({ machine, seed }: Scenario, profile: string) {
    const sink = (block: Parameters<typeof eventsOf>[0]): void => {
      this.events.push(...eventsOf({ ...block, rows: block.rows.slice() }, this.position));
    };
    this.profile = profile;
    this.simulation = new Simulation({ machine, profile, sink, ...(seed === undefined ? {} : { seed }) });
  }

  /** Batches are emptied before each step, as when the recordings were made. */
  step(stimulus: Scenario['steps'][number]): string[] {
    const { simulation } = this;
    const { view } = simulation;
    simulation.perform({ op: 'drain' });
    simulation.finish();
    this.events = [];
    const counted = countersOf(view);
    const result = simulation.perform(stimulus);
    simulation.finish();
    const told = this.events.flatMap(({ kind, data }) => LINES[kind]?.(data as Data, view) ?? []);
    const added = countersOf(view).flatMap((n, i) => (n === counted[i] ? [] : [`${COUNTERS[i]}=${n - counted[i]}`]));
    const { pl } = observePlacement(view, ALL_PROFILES[this.profile]) as { pl: Record<string, string> };
    const moved = Object.entries(pl).filter(([key, runs]) => this.before[key] !== runs);
    this.before = pl;
    return [
      `${printStimulus(stimulus)}  →  ${answer(result)}`,
      ...(told.length > 0 ? [`    ${told.join('; ')}`] : []),
      ...(added.length > 0 ? [`        ${added.join(' ')}`] : []),
      ...moved.map(([key, runs]) => `        ${key}: ${runs}`),
    ];
  }
}

const countersOf = ({ vmstat }: StateView): number[] => COUNTERS.map((name) => vmstat[layout.VMSTAT.indexOf(name)]);

function answer({ ret, errno, sig, status, maps, value }: Result): string {
  const words = [ret === null ? 'killed' : `${ret}`, errno, sig, typeof value === 'string' ? value : undefined];
  if (status) words.push(`status=[${status.map((each) => each ?? '-').join(' ')}]`);
  const lines = (maps ?? []).map((line) => `\n        ${line}`);
  return words.filter((word) => word !== undefined).join(' ') + lines.join('');
}
