/** Keeping snapshots in tests: in a plain file beside the test, or with the snapshots of AVA. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { compareSnapshots, type SnapshotDifference } from './compare.ts';
import { parseSnapshot, printSnapshot, SnapshotError, withoutHashes, type Snapshot } from './snapshot.ts';
import { printSnapshotDifferences } from './text.ts';

/** What came of comparing a snapshot with a file. */
export interface GoldenCheck {
  /** `same`; `differs`; `written`: there was no file, or it was to be written anew. */
  readonly outcome: 'same' | 'differs' | 'written';
  readonly differences: readonly SnapshotDifference[];
  /** The difference for people; empty unless there is one. */
  readonly message: string;
}

export interface GoldenOptions {
  /** Write the file, whatever it says; usual: only where PAGETAPE_UPDATE=1 is in the environment. */
  readonly update?: boolean;
  /** Write the file where there is none; usual: yes, but not where CI is in the environment. */
  readonly create?: boolean;
  /** Keep the hashes in the file, too, which any change of an event changes; usual: yes. */
  readonly hashes?: boolean;
}

/** Reads a snapshot from a file. Throws a SnapshotError that names the file, or the error of the file system. */
export function readGolden(file: string): Snapshot {
  try {
    return parseSnapshot(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SnapshotError) error.message = `${file}: ${error.message}`;
    throw error;
  }
}

/** Compares a snapshot with the one that a file holds, for any test runner. */
export function checkGolden(snapshot: Snapshot, file: string, options: GoldenOptions = {}): GoldenCheck {
  const { update = process.env['PAGETAPE_UPDATE'] === '1', create = !process.env['CI'], hashes = true } = options;
  const there = existsSync(file);
  if (update || (!there && create)) {
    writeFileSync(file, printSnapshot(hashes ? snapshot : withoutHashes(snapshot)));
    return { outcome: 'written', differences: [], message: '' };
  }
  const differences = compareSnapshots(there ? readGolden(file) : [], snapshot);
  if (there && differences.length === 0) return { outcome: 'same', differences, message: '' };
  const found = there ? printSnapshotDifferences(differences).join('\n') : 'there is no such file';
  const message = `${file}: ${found}\n\nPAGETAPE_UPDATE=1 writes the file anew.`;
  return { outcome: 'differs', differences, message };
}

/** What a test of AVA offers. */
interface Assertions {
  pass(message?: string): unknown;
  fail(message?: string): unknown;
  snapshot(expected: unknown, message?: string): unknown;
}

/** An assertion for AVA: the snapshot is that of the file, or the test fails with the difference. */
export function matchesGolden(t: Assertions, snapshot: Snapshot, file: string, options?: GoldenOptions): void {
  const { outcome, message } = checkGolden(snapshot, file, options);
  if (outcome === 'differs') t.fail(message);
  else t.pass();
}

/** An assertion for AVA, which keeps the text among its own snapshots and shows line by line what differs. */
export function matchesSnapshot(t: Assertions, snapshot: Snapshot, message?: string): void {
  t.snapshot(printSnapshot(snapshot), message);
}
