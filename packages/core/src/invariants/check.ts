/** Law 5: what holds in every state between two steps of a scenario, whatever happened before. */
import type { StateView } from '../state/view.ts';
import { checkAnonVmas, checkFileMappings, checkLockedPages, checkVmas } from './areas.ts';
import { checkCounters, checkRss } from './counters.ts';
import { checkAppliedCpusets, checkCpusets } from './cpusets.ts';
import { takeCensus, type Census } from './census.ts';
import { checkDeletedFiles, checkSharedPolicies, checkSwappedFiles, checkUnlinkedFiles } from './files.ts';
import { checkFolios, checkHugeEntries } from './huge.ts';
import { checkLocks, checkWriteback } from './io.ts';
import { checkLockHolders, checkPins, checkSeizedSlots } from './outside.ts';
import { checkCountedPages, checkFreeFrames, checkLruLists, checkPlaces, checkZones } from './places.ts';
import {
  checkExclusivePages,
  checkMigrationEntries,
  checkPageCache,
  checkReverseMapping,
  checkStableTree,
  checkSwapCache,
} from './mappings.ts';
import { checkMapcounts, checkReferences } from './references.ts';
import { checkSlots, checkSwapAreas } from './swap.ts';
import { checkCallsAreOver, checkPageTables, checkTables, checkThreads, checkUsers } from './tasks.ts';

/** Looks at one subject, and says in sentences what is broken. */
export type Invariant = (s: StateView, census: Census, report: (sentence: string) => void, midway: boolean) => void;

const INVARIANTS: readonly Invariant[] = [
  checkPlaces,
  checkLruLists,
  checkCountedPages,
  checkFreeFrames,
  checkZones,
  checkReferences,
  checkMapcounts,
  checkSwapCache,
  checkPageCache,
  checkReverseMapping,
  checkMigrationEntries,
  checkExclusivePages,
  checkFolios,
  checkHugeEntries,
  checkStableTree,
  checkSlots,
  checkSwapAreas,
  checkCounters,
  checkRss,
  checkLocks,
  checkWriteback,
  checkLockHolders,
  checkPins,
  checkSeizedSlots,
  checkVmas,
  checkFileMappings,
  checkAnonVmas,
  checkLockedPages,
  checkSwappedFiles,
  checkUnlinkedFiles,
  checkDeletedFiles,
  checkSharedPolicies,
  checkUsers,
  checkThreads,
  checkPageTables,
  checkTables,
  checkCpusets,
  checkAppliedCpusets,
  checkCallsAreOver,
];

export interface InvariantOptions {
  /**
   * The state is that of a run which stopped inside a call: the call still has references, locks and isolated pages
   * of its own. What it may have is not checked then.
   */
  readonly midway?: boolean;
}

/** All that is broken, in sentences; empty when everything holds. */
export function checkInvariants(view: StateView, { midway = false }: InvariantOptions = {}): string[] {
  const census = takeCensus(view);
  const broken = [...census.strays];
  for (const check of INVARIANTS) check(view, census, (sentence) => broken.push(sentence), midway);
  return broken;
}
