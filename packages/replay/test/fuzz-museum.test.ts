/**
 * The rules that judge programs: each bug of the museum breaks one, in its scenario and in the program of a known seed; and no
 * kernel that there was breaks any that it is not known to break. PAGETAPE_UPDATE=1 looks for the seeds anew.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exhibitId, EXHIBITS, PROFILES, twinId } from '@pagetape/core';
import test from 'ava';
import { generate } from '../src/fuzz/generate.ts';
import { judgeRules } from '../src/fuzz/judges/run.ts';
import { hunt } from '../src/fuzz/museum.ts';
import { loadScenario } from '../src/scenario/load.ts';
import { kernelsOf } from './outcome.ts';

const SCENARIOS = fileURLToPath(new URL('../../core/test/scenarios/', import.meta.url));
const SEEDS = fileURLToPath(new URL('../fuzz/museum-seeds.json', import.meta.url));

if (process.env['PAGETAPE_UPDATE'] === '1') {
  const seeds = EXHIBITS.map((exhibit) => [exhibitId(exhibit), hunt(exhibit, 0, 600).found?.seed]);
  writeFileSync(SEEDS, `${JSON.stringify(Object.fromEntries(seeds), null, 2)}\n`);
}
const seeds = JSON.parse(readFileSync(SEEDS, 'utf8')) as Readonly<Record<string, number>>;

for (const exhibit of EXHIBITS) {
  const id = exhibitId(exhibit);
  test(`${id} is found by a rule, in its scenario and by its seed`, (t) => {
    const { machine, steps, seed = '0' } = loadScenario(`${SCENARIOS}${id}.yaml`);
    t.is(judgeRules({ machine, profile: id, seed, steps }).length > 0, true, 'its scenario breaks a rule');
    t.deepEqual(judgeRules({ machine, profile: twinId(exhibit), seed, steps }), [], 'without the bug it does not');
    t.not(judgeRules(generate(seeds[id], id)).length, 0, 'run with PAGETAPE_UPDATE=1 if the generator has changed');
  });
}

test('no named scenario breaks a rule that its kernels are not known to break', (t) => {
  for (const file of readdirSync(SCENARIOS).filter((name) => name.endsWith('.yaml') && !name.startsWith('museum-'))) {
    const scenario = loadScenario(`${SCENARIOS}${file}`);
    const { machine, steps, seed = '0' } = scenario;
    for (const profile of kernelsOf(scenario))
      t.deepEqual([file, ...judgeRules({ machine, profile, seed, steps })], [file]);
  }
});

test('nor does a random program', (t) => {
  for (const profile of Object.keys(PROFILES)) {
    for (let seed = 0; seed < 64; seed++) t.deepEqual(judgeRules(generate(seed, profile)), []);
  }
});
