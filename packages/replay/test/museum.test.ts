/** The museum: each bug is a kernel that can be asked for, and a scenario that shows it beside the same kernel without it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ALL_PROFILES, exhibitId, EXHIBITS, PROFILES, twinId } from '@pagetape/core';
import test from 'ava';
import { compareProfiles } from '../src/report/traits.ts';
import { loadScenario } from '../src/scenario/load.ts';
import { MUSEUM_NAMES, PROFILE_NAMES } from '../src/scenario/profiles.ts';
import { kernelsOf, outcomeOf } from './outcome.ts';

const SCENARIOS = fileURLToPath(new URL('../../core/test/scenarios/', import.meta.url));

test('a scenario may ask for every kernel that there is', (t) => {
  t.deepEqual([...PROFILE_NAMES].sort(), Object.keys(PROFILES).sort());
  t.deepEqual([...PROFILE_NAMES, ...MUSEUM_NAMES].sort(), Object.keys(ALL_PROFILES).sort());
});

for (const exhibit of EXHIBITS) {
  const id = exhibitId(exhibit);
  test(`${id} is the kernel ${twinId(exhibit)} with a bug that its scenario shows`, (t) => {
    const [shown, twin] = [ALL_PROFILES[id], ALL_PROFILES[twinId(exhibit)]];
    const told = compareProfiles(shown, twin).map(({ trait }) => trait);
    t.deepEqual(told, Object.keys(exhibit.bug), 'a user is told of the bug and of nothing else');
    const file = `${SCENARIOS}${id}.yaml`;
    t.true(existsSync(file));
    const scenario = loadScenario(file);
    t.deepEqual(kernelsOf(scenario), [id, twinId(exhibit)]);
    t.regex(outcomeOf(scenario), /^=== from here on/m, 'they part');
  });
}
