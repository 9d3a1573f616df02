/**
 * Event kinds that only say what was found, tried or decided. They explain a run and change nothing, so they need a line
 * here and no reducer; the reference reducer passes over them too.
 */
const unchanged = (): void => {};

export const silentReducers = {
  SwapAllocationFailed: unchanged,
  IoSettled: unchanged,
  BuffersReleaseRefused: unchanged,
  PageRemovalRefused: unchanged,
  ReadaheadStarted: unchanged,
  PageAllocationFailed: unchanged,
  PageLeftOnNode: unchanged,
  AllCpusDrained: unchanged,
  PageIsolationFailed: unchanged,
  PageSkipped: unchanged,
  PageLockFailed: unchanged,
  PageLockWaited: unchanged,
  WritebackObserved: unchanged,
  WritebackWaited: unchanged,
  UnmapRefused: unchanged,
  WalkStarted: unchanged,
  WalkFinished: unchanged,
  MmapLockWaited: unchanged,
  MigrationEntryWaited: unchanged,
  MigrationBatchStarted: unchanged,
  MigrationPassStarted: unchanged,
  MigrationPassEnded: unchanged,
  MigrationBatchEnded: unchanged,
  PageMigrationDeferred: unchanged,
  PageMigrationFailed: unchanged,
  PageEvicted: unchanged,
  PageFoundUnreferenced: unchanged,
  PageoutAttempted: unchanged,
  CongestionIgnored: unchanged,
  PagesMigrated: unchanged,
  CheckFailed: unchanged,
  SyscallRejected: unchanged,
  NodemaskRead: unchanged,
  CpusetMigrationStarted: unchanged,
  CpusetMigrationEnded: unchanged,
  NodePairPlanned: unchanged,
  NodePairMigrated: unchanged,
  PageContentCopied: unchanged,
  PageMigrated: unchanged,
};
export type SilentName = keyof typeof silentReducers;
