/**
 * The mutation test: puts each mistake of `mutants.ts` into a copy of this tree and has `notice.ts` look for it there. Writes
 * packages/replay/fuzz/MUTATIONS.md. It takes about an hour of one CPU.
 *
 * node scripts/run.mjs packages/replay/test/mutate/mutate.ts [WORD]: only mistakes whose file or words have it, and nothing is written
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MUTANTS, type Mutant } from './mutants.ts';
import { REASONS } from './reasons.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const REPORT = join(ROOT, 'packages/replay/fuzz/MUTATIONS.md');

/** Seconds of CPU that a look may take: several times what it takes where nothing is wrong. */
const CPU_SECONDS = 400;

interface Outcome {
  readonly mutant: Mutant;
  /** Null: nobody noticed. */
  readonly noticed: { readonly by: string; readonly what: string } | null;
}

/** A copy of what is needed to run; packages refer to each other by relative links, so they find each other there. */
function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'pagetape-mutants-'));
  for (const name of ['packages', 'scripts', 'package.json', 'tsconfig.base.json']) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true, verbatimSymlinks: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** The file with the mistake. Throws where its text has changed, so that the table must follow. */
function mutated(text: string, { file, what, from, to }: Mutant): string {
  const found = text.split(from).length - 1;
  if (found !== 1) throw new Error(`${file}: "${what}" stands there ${found} times: ${JSON.stringify(from)}`);
  return text.replace(from, () => to);
}

function look(copy: string): Outcome['noticed'] {
  const node = [process.execPath, ...process.execArgv, 'packages/replay/test/mutate/notice.ts'];
  const command = `ulimit -t ${CPU_SECONDS}; exec ${node.join(' ')}`;
  const env = { ...process.env, NODE_OPTIONS: '--max-old-space-size=1500' };
  const { stdout } = spawnSync('bash', ['-c', command], {
    cwd: copy,
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) return { by: 'any run', what: 'it does not end' };
  const noticed = JSON.parse(line) as { by?: string; what?: string };
  return noticed.by === undefined ? null : { by: noticed.by, what: noticed.what ?? '' };
}

function tryMutant(copy: string, mutant: Mutant): Outcome {
  const file = join(copy, mutant.file);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, mutated(text, mutant));
  const noticed = look(copy);
  writeFileSync(file, text);
  return { mutant, noticed };
}

const cell = (text: string): string => text.split('\n')[0].replaceAll('|', '\\|').slice(0, 110);

function report(outcomes: readonly Outcome[]): string {
  const survivors = outcomes.filter(({ noticed }) => noticed === null);
  const share = Math.round(((outcomes.length - survivors.length) / outcomes.length) * 1000) / 10;
  const rows = outcomes.map(({ mutant: { file, what }, noticed }, i) => {
    const name = file.replace('packages/core/src/', '');
    return `| ${i + 1} | ${name} | ${what} | ${noticed?.by ?? '**nobody**'} | ${cell(noticed?.what ?? '')} |`;
  });
  const reasons = survivors.map(
    ({ mutant }) =>
      `- ${mutant.file.replace('packages/core/src/', '')}, ${mutant.what}: ${REASONS[mutant.what] ?? '?'}`,
  );
  return `# Mutation test

${outcomes.length} single mistakes in kernel functions and reducers; ${outcomes.length - survivors.length} were noticed, ${share} %. Written by
\`node scripts/run.mjs packages/replay/test/mutate/mutate.ts\`. Who noticed is the first of: a fuzz run of 4 seconds, the named scenarios, what
real kernels answered, a fuzz run of 60 seconds.

| # | file | mistake | noticed by | what |
|---|---|---|---|---|
${rows.join('\n')}

## Survivors

${reasons.length > 0 ? reasons.join('\n') : 'None.'}
`;
}

const word = process.argv[2] ?? '';
const chosen = MUTANTS.filter(({ file, what }) => `${file} ${what}`.includes(word));
for (const mutant of MUTANTS) mutated(readFileSync(join(ROOT, mutant.file), 'utf8'), mutant);
const copy = copyTree();
try {
  const sound = look(copy);
  if (sound) throw new Error(`without any mistake somebody complains: ${sound.by}, ${sound.what}`);
  const outcomes: Outcome[] = [];
  for (const mutant of chosen) {
    const outcome = tryMutant(copy, mutant);
    outcomes.push(outcome);
    console.log(
      `${outcomes.length}/${chosen.length} ${mutant.file}, ${mutant.what}: ${outcome.noticed?.by ?? 'NOBODY'}`,
    );
  }
  mkdirSync(join(ROOT, 'packages/replay/fuzz'), { recursive: true });
  if (word === '') writeFileSync(REPORT, report(outcomes));
} finally {
  rmSync(copy, { recursive: true });
}
