#!/usr/bin/env node
// Starts the CLI: what `npm run build` made, where that exists (so in every installed package), else the source.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built = new URL('../dist/cli/main.js', import.meta.url);

if (existsSync(built)) {
  await import(built.href);
} else {
  // The runner reads its own arguments: the file to run, and what that gets.
  process.argv.splice(2, 0, fileURLToPath(new URL('../src/cli/main.ts', import.meta.url)));
  await import(new URL('../../../scripts/run.mjs', import.meta.url).href);
}
