/**
 * Looks for a mistake in this tree, cheapest judge first, and prints as one line of JSON who noticed it: a fuzz run of some seconds, the
 * named scenarios, what real kernels answered, a fuzz run of a minute. `{}`: nobody did.
 *
 * node scripts/run.mjs packages/replay/test/mutate/notice.ts [SECONDS]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROFILES } from '@pagetape/core';
import { conformFile, oracleFiles } from '../../src/conform/conform.ts';
import { judge } from '../../src/fuzz/judge.ts';
import { generate } from '../../src/fuzz/generate.ts';
import { judgeRules } from '../../src/fuzz/judges/run.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { outcomeOf } from '../outcome.ts';

/** Who noticed, and what. */
interface Noticed {
  readonly by: string;
  readonly what: string;
}

const CORE = fileURLToPath(new URL('../../../core/', import.meta.url));
const SCENARIOS = join(CORE, 'test/scenarios/');
const ORACLES = join(CORE, 'test/oracle/');

/** A program may ask for what a step before it failed to make; that is nobody's mistake. */
const isNoRefusal = ({ judge: name }: { judge: string }): boolean => name !== 'refused';

/** Programs of all kernels by turns, from a seed on, until something is wrong or the time is over. One in so many is judged by all laws. */
function fuzz(from: number, seconds: number): Noticed | null {
  const profiles = Object.keys(PROFILES);
  const end = process.cpuUsage().user + seconds * 1e6;
  for (let seed = from; process.cpuUsage().user < end; seed++) {
    const program = generate(seed, profiles[seed % profiles.length]);
    const [found] = [...judge(program, { deep: seed % 3 === 0 }), ...judgeRules(program)].filter(isNoRefusal);
    if (found) return { by: `fuzz, ${found.judge}`, what: `seed ${seed} of ${program.profile}: ${found.sentence}` };
  }
  return null;
}

function scenarios(): Noticed | null {
  for (const file of readdirSync(SCENARIOS).filter((name) => name.endsWith('.yaml'))) {
    const name = basename(file, '.yaml');
    const scenario = loadScenario(join(SCENARIOS, file));
    if (
      outcomeOf(scenario, name.startsWith('lru-6-')) !== readFileSync(join(SCENARIOS, `${name}.expected.txt`), 'utf8')
    ) {
      return { by: 'scenario', what: name };
    }
  }
  return null;
}

/** Recordings that are known to match: all of the kernels of 2006, and those that a list names. */
function recordings(): Noticed | null {
  for (const kernel of ['swap-v5', 'linux-6.12', 'linux-6.1']) {
    const known =
      kernel === 'swap-v5' ? null : readFileSync(join(ORACLES, `${kernel}.matched.txt`), 'utf8').split('\n');
    for (const file of oracleFiles([join(ORACLES, kernel)])) {
      const name = basename(file, '.json');
      if (known && !known.includes(name)) continue;
      if (conformFile(file).some(({ status }) => status !== 'matched'))
        return { by: 'recording', what: `${kernel} ${name}` };
    }
  }
  return null;
}

/** A judge that cannot even go on has noticed, too. */
function ask(name: string, judges: () => Noticed | null): Noticed | null {
  try {
    return judges();
  } catch (error) {
    return { by: name, what: (error as Error).message };
  }
}

const seconds = Number(process.argv[2] ?? 4);
const STAGES: readonly (readonly [string, () => Noticed | null])[] = [
  ['fuzz', () => fuzz(0, seconds)],
  ['scenario', scenarios],
  ['recording', recordings],
  ['fuzz', () => fuzz(1_000_000, 60)],
];

let noticed: Noticed | null = null;
for (const [name, judges] of STAGES) {
  const start = process.cpuUsage().user;
  noticed ??= ask(name, judges);
  if (process.env['TIMES']) console.error(name, (process.cpuUsage().user - start) / 1e6);
}
console.log(JSON.stringify(noticed ?? {}));
