// npm test: set-up, lint and format, types, tests. Arguments go to ava: npm test -- packages/core/src/mm/vmscan.test.ts
//
// All steps run even when an earlier one fails, so one run shows everything that is wrong. The last line is
// `N passed, N failed`, alone, for whoever reads only that. A failed step counts as one failure.

import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root, setUp } from './setup.mjs';

const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}` };
// ava's output is read here on its way to the terminal, so it cannot see the terminal itself.
if (process.stdout.isTTY && !('NO_COLOR' in env)) env.FORCE_COLOR = '1';

/** Runs a command, shows what it prints, and returns its exit status and its lines. */
function run(command, commandArguments) {
  return new Promise((done, fail) => {
    const child = spawn(command, commandArguments, { cwd: root, env, stdio: ['inherit', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      process.stdout.write(chunk);
    });
    child.on('error', fail);
    child.on('close', (status) => done({ status, lines: stripVTControlCharacters(text).split('\n') }));
  });
}

/** ava leaves the number of passed tests out of its summary when something failed, so the tick lines are counted. */
function count({ status, lines }) {
  const sum = (pattern) => lines.reduce((total, line) => total + Number(pattern.exec(line)?.[1] ?? 0), 0);
  const passed = lines.filter((line) => /^ {2}[✔√] /.test(line)).length;
  const skipped = sum(/^ {2}(\d+) tests? skipped$/);
  const failed = sum(/^ {2}(\d+) (?:(?:tests?|hooks?) failed|unhandled rejections?|uncaught exceptions?)$/);
  // A syntax error, a file without a test or a time-out has no number of its own.
  return { passed, skipped, failed: status === 0 ? failed : Math.max(failed, 1) };
}

async function test() {
  if (!setUp()) return { passed: 0, skipped: 0, failed: 1 };
  let failedSteps = 0;
  for (const script of ['lint', 'typecheck']) {
    const { status } = await run('npm', ['run', '--silent', script]);
    if (status !== 0) failedSteps += 1;
    console.log(`${script}: ${status === 0 ? 'ok' : 'failed'}`);
  }
  const result = count(await run('ava', process.argv.slice(2)));
  return { ...result, failed: result.failed + failedSteps };
}

const { passed, skipped, failed } = await test();
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;
