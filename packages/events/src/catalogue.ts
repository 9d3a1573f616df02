/**
 * All event kinds of this version, by name and by number. A new kind is added by defining it in a file of this package:
 * what that file exports is found here.
 */
import * as entry from './arch/entry.ts';
import type { AnyEvent, Args, ColdEvent, HotEvent, Payload } from './define.ts';
import * as cpu from './kernel/cpu.ts';
import * as cpuset from './kernel/cpuset.ts';
import * as run from './kernel/run.ts';
import * as signal from './kernel/signal.ts';
import * as task from './kernel/task.ts';
import * as filemap from './mm/filemap.ts';
import * as memoryFailure from './mm/memory-failure.ts';
import * as memory from './mm/memory.ts';
import * as hugeMemory from './mm/huge_memory.ts';
import * as hugetlb from './mm/hugetlb.ts';
import * as fremap from './mm/fremap.ts';
import * as ksm from './mm/ksm.ts';
import * as mempolicy from './mm/mempolicy.ts';
import * as migrate from './mm/migrate.ts';
import * as mlock from './mm/mlock.ts';
import * as mmap from './mm/mmap.ts';
import * as pageAlloc from './mm/page_alloc.ts';
import * as pageIo from './mm/page_io.ts';
import * as rmap from './mm/rmap.ts';
import * as shmem from './mm/shmem.ts';
import * as swap from './mm/swap.ts';
import * as swapState from './mm/swap_state.ts';
import * as swapfile from './mm/swapfile.ts';
import * as vmscan from './mm/vmscan.ts';

const modules = [
  run,
  pageAlloc,
  swap,
  vmscan,
  filemap,
  swapState,
  swapfile,
  pageIo,
  rmap,
  memory,
  memoryFailure,
  fremap,
  mempolicy,
  migrate,
  mlock,
  mmap,
  task,
  cpu,
  signal,
  entry,
  cpuset,
  shmem,
  hugeMemory,
  hugetlb,
  ksm,
];

type Modules = typeof run &
  typeof pageAlloc &
  typeof swap &
  typeof vmscan &
  typeof filemap &
  typeof swapState &
  typeof swapfile &
  typeof pageIo &
  typeof rmap &
  typeof memory &
  typeof memoryFailure &
  typeof fremap &
  typeof mempolicy &
  typeof migrate &
  typeof mlock &
  typeof mmap &
  typeof task &
  typeof cpu &
  typeof signal &
  typeof entry &
  typeof cpuset &
  typeof shmem &
  typeof hugeMemory &
  typeof hugetlb &
  typeof ksm;

/** Every event kind, by name. */
export type Catalogue = { [K in keyof Modules as Modules[K] extends AnyEvent ? K : never]: Modules[K] };
export type EventName = keyof Catalogue & string;
export type HotName = { [K in EventName]: Catalogue[K] extends HotEvent ? K : never }[EventName];
export type ColdName = { [K in EventName]: Catalogue[K] extends ColdEvent ? K : never }[EventName];

/** What emits events: a function a kind, with the integers of a hot event or the object of a cold one. */
export type Emitters = {
  readonly [K in HotName]: (...args: Args<Catalogue[K]>) => void;
} & {
  readonly [K in ColdName]: (payload: Payload<Catalogue[K]>) => void;
};

/** Numbers of kinds that no longer exist; never to be given again. */
const RETIRED: ReadonlySet<number> = new Set<number>();

function collect(): AnyEvent[] {
  const byNumber: AnyEvent[] = [];
  for (const module of modules) {
    for (const [name, value] of Object.entries(module)) {
      if (typeof value !== 'object' || value === null || !('lane' in value)) continue;
      const event = value as AnyEvent;
      if (event.name !== name) throw new Error(`event ${event.name} is exported as ${name}`);
      const { number } = event;
      if (RETIRED.has(number)) throw new Error(`${name}: number ${number} is retired`);
      if (!Number.isInteger(number) || number < 1 || number > 255)
        throw new Error(`${name}: number ${number} is not a byte`);
      const other = byNumber[number];
      if (other) throw new Error(`${name} and ${other.name} share number ${number}`);
      byNumber[number] = event;
    }
  }
  return byNumber;
}

/** Event kinds by number; numbers without a kind are holes. */
export const EVENT_BY_NUMBER: readonly (AnyEvent | undefined)[] = collect();

/** Event kinds in the order of their numbers. */
export const EVENTS: readonly AnyEvent[] = EVENT_BY_NUMBER.filter((event) => event !== undefined);

const byName = new Map<string, AnyEvent>(EVENTS.map((event) => [event.name, event]));

export function eventByName(name: string): AnyEvent | undefined {
  return byName.get(name);
}

/** What a tape's reader must agree on with its writer about a kind. */
export function catalogueLine(event: AnyEvent): string {
  const fields =
    event.lane === 'hot' ? event.fields.map((field) => `${field.name}:${field.type.id}`).join(',') : 'object';
  return `${event.number} ${event.name} v${event.version} ${event.cost_ns}ns ${fields}`;
}

/** One line a kind. Its hash stands in the header of each tape. */
export function catalogueText(): string {
  return EVENTS.map(catalogueLine).join('\n');
}
