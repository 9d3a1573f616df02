/**
 * The named scenarios under packages/core/test/scenarios: each shows one rule of swap migration, and obeys all laws.
 * `NAME.expected.txt` is what happens; PAGETAPE_UPDATE=1 writes it anew, for a person to check against the
 * specification.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { checkLaws } from '../src/laws/checkLaws.ts';
import { checkLedger } from '../src/ledger/check.ts';
import { loadScenario } from '../src/scenario/load.ts';
import { kernelsOf, outcomeOf } from './outcome.ts';

const FOLDER = fileURLToPath(new URL('../../core/test/scenarios/', import.meta.url));
const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => name.slice(0, -'.yaml'.length));

for (const name of names) {
  test(name, (t) => {
    const scenario = loadScenario(join(FOLDER, `${name}.yaml`));
    const { machine, steps, seed = '0' } = scenario;
    for (const profile of kernelsOf(scenario)) {
      const { failures, refused } = checkLaws({ machine, profile, seed, steps }, { ledger: checkLedger });
      t.deepEqual([profile, refused, ...failures], [profile, undefined]);
    }
    const text = outcomeOf(scenario, name.startsWith('lru-6-'));
    t.truthy(scenario.about, 'a scenario says which rule it shows');
    const file = join(FOLDER, `${name}.expected.txt`);
    if (process.env['PAGETAPE_UPDATE'] === '1') writeFileSync(file, text);
    t.true(existsSync(file), 'run with PAGETAPE_UPDATE=1 to write the expected text');
    t.is(text, readFileSync(file, 'utf8'));
  });
}
