// Runs one TypeScript file of this repository from source: node scripts/run.mjs FILE [ARGUMENT …]
// FILE is relative to the repository; what follows it is the program's business.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { nodeArguments } from './node-args.mjs';
import { root, setUp } from './setup.mjs';

function run(file, programArguments) {
  const child = spawn(process.execPath, [...nodeArguments(), resolve(root, file), ...programArguments], {
    stdio: 'inherit',
  });
  // A terminal sends Ctrl-C to both. This one waits, so that the program can end in its own way.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (status, signal) => process.exit(status ?? 128 + constants.signals[signal]));
}

const [file, ...programArguments] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/run.mjs FILE [ARGUMENT …]');
  process.exitCode = 2;
} else if (setUp()) {
  run(file, programArguments);
} else {
  process.exitCode = 1;
}
