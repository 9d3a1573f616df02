/** A project that keeps the meaning of its runs: in a file beside the scenario, or among the snapshots of AVA. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import {
  checkGolden,
  compareSnapshots,
  loadScenario,
  matchesGolden,
  printSnapshotDifferences,
  readGolden,
  snapshotOfRun,
} from '@pagetape/replay';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const scenario = loadScenario(here('scenario.yaml'));

test('two processes that share memory move at once', (t) => {
  matchesGolden(t, snapshotOfRun(scenario), here('snapshot.txt'), { hashes: false });
});

test('the rules of the kernel before give another answer to one of them, and differ in what that cost alone', (t) => {
  const before = snapshotOfRun(scenario, { profile: 'linux-6.1' });
  const { outcome, message } = checkGolden(before, here('snapshot.txt'), { update: false });
  t.is(outcome, 'differs');
  t.true(message.includes('6.1 worker migrate_pages pid="self" maxnode=64 old=[0] new=[1]: was 16, is 0'));
  const lines = printSnapshotDifferences(compareSnapshots(readGolden(here('snapshot.txt')), before));
  t.is(`${lines.join('\n')}\n`, readFileSync(here('changed.txt'), 'utf8'));
});
