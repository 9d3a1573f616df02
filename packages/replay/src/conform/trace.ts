/** The lines of a recorded trace, from events. The README of the recorded scenarios says what each line means. */
import { ARENA_VPN, type Result } from '@pagetape/core';
import {
  LRU,
  LRU_BATCH,
  MIGRATION_ENTRY,
  MLOCK_REQUEST,
  PAGEOUT,
  REFUSAL,
  SYSCALL_ABIS,
  type RecordedEvent,
} from '@pagetape/events';
import type { Names } from './pages.ts';

type Data = Readonly<Record<string, number>>;
type Line = (data: Data, names: Names) => string;

const lru = (data: Data): string => LRU[data['lru']];
const at = (data: Data, names: Names): string => `${names.mm(data['mm'])}@${data['vpn'] - ARENA_VPN}`;
const area = (data: Data, names: Names): string =>
  `${names.mm(data['mm'])}@${data['start'] - ARENA_VPN}-${data['end'] - ARENA_VPN}`;
const ofFile = (data: Data): string => `f${data['file']}@${data['index']}`;
const page =
  (word: string): Line =>
  (data, names) =>
    `${word} ${names.page(data['pfn'])}`;
const finished =
  (word: string): Line =>
  (data, names) =>
    `${word} ${names.page(data['pfn'])}${data['error'] === 1 ? ' error' : ''}`;

function refusedUnmap(data: Data, names: Names): string {
  const word = REFUSAL[data['reason']] === 'mlocked' ? 'locked' : 'young';
  return `unmap ${names.page(data['pfn'])} ${at(data, names)} ${word}`;
}

/** What the swap cache had for a slot. */
const copyOf = (data: Data, names: Names): string =>
  data['pfn'] === 0 ? 'not-cached' : `cached ${names.page(data['pfn'])}`;

/** The line of each kind; kinds that are not here leave no line. */
const LINES: Readonly<Record<string, Line>> = {
  PageAllocated: (d, n) => `alloc ${n.page(d['pfn'])} n${n.node(d['pfn'])}`,
  PageFreed: (d, n) => `free ${n.page(d['pfn'])} n${n.node(d['pfn'])}`,
  AllCpusDrained: () => 'drain-all',
  PageIsolated: (d, n) => `isolate ${n.page(d['pfn'])} ${lru(d)}`,
  PageIsolationFailed: (d, n) => `isolate-failed ${n.page(d['pfn'])} ${REFUSAL[d['reason']]}`,
  PageSkipped: (d, n) => `not-taken ${n.page(d['pfn'])} ${REFUSAL[d['reason']]}`,
  KernelWarningRaised: () => 'warn',
  MigrationPassStarted: (d) => `pass ${d['pass']}`,
  PageLockFailed: page('trylock-failed'),
  WritebackObserved: page('skip-writeback'),
  PageLockWaited: (d, n) => `sleep-on ${n.page(d['pfn'])} locked`,
  WritebackWaited: (d, n) => `sleep-on ${n.page(d['pfn'])} writeback`,
  HolderUnlocked: page('holder-unlocks'),
  PageAddedToSwapCache: (d, n) => `add-to-swap ${n.page(d['pfn'])} s${d['slot']}`,
  SwapAllocationFailed: page('no-swap-slot'),
  PteUnmapped: (d, n) => `unmap ${n.page(d['pfn'])} ${at(d, n)} ok`,
  UnmapRefused: refusedUnmap,
  FileOffsetInstalled: (d, n) => `file-offset ${at(d, n)} f${d['index']}`,
  CongestionIgnored: page('write-though-congested'),
  SwapWriteStarted: (d, n) => `swap-write ${n.page(d['pfn'])} s${d['slot']}`,
  SwapCopyDropped: (d, n) => `drop-swap-copy ${n.page(d['pfn'])} s${d['slot']}`,
  FileWritten: (d, n) => `file-write ${n.page(d['pfn'])} ${d['index']}`,
  BuffersReleased: (d, n) => `release-buffers ${n.page(d['pfn'])} ok`,
  BuffersReleaseRefused: (d, n) => `release-buffers ${n.page(d['pfn'])} busy`,
  OfflineDeadlinePassed: (d) => `deadline-passed n${d['nid']}`,
  OrphanedPageFound: page('orphaned'),
  PageTruncated: page('truncate'),
  FileRead: (d, n) => `file-read ${n.page(d['pfn'])} ${d['index']}`,
  PageMarkedReadahead: page('read-ahead'),
  SwapZeroesNoted: (d, n) => `zeroes-in ${n.page(d['pfn'])} s${d['slot']}`,
  SwapZeroesRead: (d, n) => `zeroes-from ${n.page(d['pfn'])} s${d['slot']}`,
  SwapPageRead: (d, n) => `swap-read ${n.page(d['pfn'])} s${d['slot']} at-once${d['error'] ? ' error' : ''}`,
  SwapAreaDraining: (d) => `swap-area ${d['area']} drained`,
  SwapAreaDisabled: (d) => `swap-area ${d['area']} off`,
  SwapAreaReopened: (d) => `swap-area ${d['area']} on-again`,
  SwapEntryPoisoned: (d, n) => `bad-entry ${n.page(d['pfn'])} ${at(d, n)}`,
  SwapReadStarted: (d, n) => `swap-read ${n.page(d['pfn'])} s${d['slot']}`,
  SwapWriteFinished: finished('write-done'),
  SwapReadFinished: finished('read-done'),
  PageMovedToSwapCache: (d, n) => `move-to-swap ${n.page(d['pfn'])} s${d['slot']}`,
  PageMovedFromSwapCache: (d, n) => `move-from-swap ${n.page(d['pfn'])} s${d['slot']}`,
  ShmemEntryLookedUp: (d, n) => `shmem-fault ${ofFile(d)} s${d['slot']} ${copyOf(d, n)}`,
  FilePageFilled: (d, n) => `write-new ${n.page(d['pfn'])} ${ofFile(d)}`,
  ShmemPageZeroed: (d, n) => `shmem-new ${n.page(d['pfn'])} ${ofFile(d)}`,
  FileWriteRefused: page('write-refused'),
  PageoutAttempted: (d, n) => `pageout ${n.page(d['pfn'])} ${PAGEOUT[d['outcome']]}`,
  PageRemovedFromSwapCache: (d, n) => `remove-mapping ${n.page(d['pfn'])} ok`,
  PageRemovedFromPageCache: (d, n) => `remove-mapping ${n.page(d['pfn'])} ok`,
  PageRemovalRefused: (d, n) => `remove-mapping ${n.page(d['pfn'])} busy`,
  PageMigrationDeferred: page('retry-later'),
  PageMigrationFailed: page('fail'),
  PagePutBack: (d, n) => `putback ${n.page(d['pfn'])} ${lru(d)}`,
  PageAddedToLruBatch: (d, n) => `pagevec ${n.page(d['pfn'])} cpu${d['cpu']} ${LRU_BATCH[d['lru']]}`,
  PageAddedToLru: (d, n) => `lru-add ${n.page(d['pfn'])} ${lru(d)}`,
  PageAddedToLruDirectly: (d, n) => `lru-add ${n.page(d['pfn'])} inactive`,
  PageRotated: page('rotate'),
  PageActivated: page('activate'),
  PageActivatedInBatch: page('activate-in-batch'),
  PageAddedToMlockBatch: (d, n) => `mlock-batch ${n.page(d['pfn'])} cpu${d['cpu']} ${MLOCK_REQUEST[d['request']]}`,
  PageMlocked: page('mlocked'),
  PageMunlocked: (d, n) => `munlocked ${n.page(d['pfn'])}${d['stranded'] === 1 ? ' stranded' : ''}`,
  PageMadeUnevictable: (d, n) => `unevictable ${n.page(d['pfn'])} from ${lru(d)}`,
  PageMadeEvictable: (d, n) => `evictable ${n.page(d['pfn'])} to ${lru(d)}`,
  MlockCountChanged: (d, n) => `lockers ${n.page(d['pfn'])} ${d['count']}`,
  SwapCacheLookedUp: (d, n) => `swap-fault ${at(d, n)} s${d['slot']} ${copyOf(d, n)}`,
  IoSettled: () => 'settle',
  SyscallRejected: (d) => `no-such-call ${SYSCALL_ABIS[d['abi']]} ${d['nr']}`,
  FrameRetired: (d, n) => `retire-frame ${d['pfn']} n${n.node(d['pfn'])}`,
  PageHwpoisoned: page('bad'),
  PageTakenOffLru: page('off-lru'),
  HwpoisonEntrySet: (d, n) => `bad-entry ${n.page(d['pfn'])} ${at(d, n)}`,
  HwpoisonEntryZapped: (d, n) => `bad-entry-gone ${at(d, n)}`,
  NodeRetired: (d) => `retire-node n${d['nid']}`,
  NodePairPlanned: (d) => `pair n${d['source']} n${d['dest']}`,
  TargetPageAllocated: (d, n) => `target ${n.page(d['pfn'])} n${n.node(d['pfn'])}`,
  MappingMoved: (d, n) => `move ${n.page(d['pfn'])} ${n.page(d['to'])}`,
  BuffersMoved: (d, n) => `move-buffers ${n.page(d['pfn'])} ${n.page(d['to'])}`,
  PteRestored: (d, n) => `restore ${n.page(d['pfn'])} ${at(d, n)}`,
  MigrationEntrySet: (d, n) => `migration-entry ${n.page(d['pfn'])} ${at(d, n)} ${MIGRATION_ENTRY[d['kind']]}`,
  MigrationEntryRemoved: (d, n) => `restore ${n.page(d['pfn'])} ${at(d, n)}`,
  MigrationEntryProtected: (d, n) => `migration-entry-protected ${at(d, n)} ${MIGRATION_ENTRY[d['kind']]}`,
  MigrationEntryZapped: (d, n) => `migration-entry-gone ${n.page(d['pfn'])} ${at(d, n)}`,
  MigrationEntryWaited: (d, n) => `wait-for-migration ${n.page(d['pfn'])} ${at(d, n)}`,
  PageBecameKsm: page('ksm-page'),
  KsmPageMapped: (d, n) => `ksm-map ${n.page(d['pfn'])} ${at(d, n)} for ${n.page(d['old'])}`,
  AnonPageUnshared: (d, n) => `unshare ${n.page(d['pfn'])} ${at(d, n)}`,
  VmaMigrateCalled: (d, n) => `vma-migrate ${area(d, n)} ${d['answer']}`,
  VmaMigrateNotOffered: (d, n) => `vma-migrate-not-asked ${area(d, n)}`,
  PageMigrated: (d, n) => `migrated ${n.page(d['pfn'])} ${n.page(d['to'])}`,
  PageLeftOnNode: (d, n) => `left ${n.page(d['pfn'])} ${REFUSAL[d['reason']]}`,
};

interface Applied {
  readonly task: number;
  readonly cpu: number;
  readonly mems_allowed: readonly number[];
}

const appliedTo = ({ cpu, mems_allowed }: Applied): string => `cpuset-applied cpu${cpu} mems ${mems_allowed.join(',')}`;

const nodesOf = (data: RecordedEvent['data']): string =>
  `${(data['from'] as number[]).join(',')} to ${(data['to'] as number[]).join(',')}`;

/** Which word the kernel has for a page that is done: it depends on the list that keeps such pages. */
export type DoneWord = 'evicted' | 'moved';

/** Prints the events of one step as trace lines. `names` follows the events meanwhile. */
export function traceOf(events: readonly RecordedEvent[], names: Names, done: DoneWord): string[] {
  const lines: string[] = [];
  for (const event of events) {
    if (event.kind !== 'PageFreed') names.follow(event);
    lines.push(...linesOf(event, names, done));
    if (event.kind === 'PageFreed') names.follow(event);
  }
  return lines;
}

function linesOf({ kind, data, op }: RecordedEvent, names: Names, done: DoneWord): string[] {
  const numbers = data as Data;
  if (kind === 'KernelOopsed') return [`oops ${data['site'] as string}: ${data['what'] as string}`];
  if (kind === 'SignalSent') return [`signal ${data['sig'] as string}`];
  if (kind === 'SignalDelivered') return [`dies-of ${data['sig'] as string}`];
  if (kind === 'CpuStateChanged') return [`cpu${data['cpu'] as number} ${data['online'] ? 'online' : 'offline'}`];
  if (kind === 'FileDeleted') return [`delete-file f${data['file'] as number}`];
  if (kind === 'TaskMemsUpdated') return [`notices-cpuset mems ${(data['mems_allowed'] as number[]).join(',')}`];
  if (kind === 'IsolatedPagesLeaked')
    return [`leaked ${(data['pages'] as number[]).map((pfn) => names.page(pfn)).join(' ')}`];
  if (kind === 'TaskMemsOverridden') return [`may-allocate-on ${(data['mems_allowed'] as number[]).join(',')}`];
  if (kind === 'TaskCpusetApplied') return [appliedTo(data as unknown as Applied)];
  if (kind === 'CpusetMigrationStarted') return [`worker-moves ${names.mm(numbers['mm'])} ${nodesOf(data)}`];
  if (kind === 'CpusetMigrationEnded') return [`worker-done ${names.mm(numbers['mm'])} ${numbers['result']}`];
  if (kind === 'PageEvicted') return [`${done} ${names.page(numbers['pfn'])}`];
  if (kind === 'PageFoundUnreferenced')
    return [`already-free ${names.page(numbers['pfn'])}`, `moved ${names.page(numbers['pfn'])}`];
  if (kind === 'StimulusBegan' && data['parent'] !== 0) return [`during ${(data['stimulus'] as { op: string }).op}`];
  if (kind === 'StimulusEnded' && data['parent'] !== 0) {
    const { ret, status } = data['result'] as Result;
    return [`did ${names.op(op)} ${ret}${status ? ` status=[${status.map((each) => each ?? '-').join(' ')}]` : ''}`];
  }
  const line = LINES[kind]?.(numbers, names);
  return line === undefined ? [] : [line];
}
