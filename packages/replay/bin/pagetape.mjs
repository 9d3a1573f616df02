#!/usr/bin/env node
// Starts the CLI: what `npm run build` made, where that exists (so in every installed package), else the source.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built = new URL('../dist/cli/main.js', import.meta.url);

if (existsSync(built)) {
  await import(built.href);
} else {
  const runner = fileURLToPath(new URL('../../../scripts/run.mjs', import.meta.url));
  const source = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
  const { status } = spawnSync(process.execPath, [runner, source, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
