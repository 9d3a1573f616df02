// Shows every ban of determinism-plugin.js firing, and that clean code passes.
//
// Each row below becomes one file in a temporary copy of the repository's layout, with the real configuration and
// plugin in it. The linter runs once over all of them, so a ban that the configuration forgets is noticed too.

import test, { type ExecutionContext } from 'ava';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const clean = 'clean';

/** Folder, the rule that must fire there (and no other of ours), code. */
type Row = [folder: string, rule: string, code: string];

const inMachine = (rule: string, snippets: string[]): Row[] =>
  snippets.map((code, index) => [index % 2 === 0 ? 'packages/core/src/mm' : 'packages/events/src', rule, code]);

const bans: Row[] = [
  ...inMachine('no-clock', [
    'export const t = Date.now();',
    'export const t = new Date();',
    'export const t = performance.now();',
    'export type When = Date;',
  ]),
  ...inMachine('no-chance', ['export const x = Math.random();', "export const x = Math['random']();"]),
  ...inMachine('no-locale', [
    'export const x = (a: string, b: string) => a.localeCompare(b);',
    'export const x = (n: number) => n.toLocaleString();',
    'export const x = (s: string) => s.toLocaleUpperCase();',
    'export const x = (s?: string) => s?.toLocaleLowerCase();',
    'export const x = new Intl.NumberFormat();',
  ]),
  ...inMachine('no-inexact-math', [
    ...['sin', 'cos', 'tan', 'atan2', 'exp', 'expm1', 'log', 'log2', 'log10', 'pow', 'cbrt', 'hypot', 'tanh'].map(
      (name) => `export const x = (n: number) => Math.${name}(n, n);`,
    ),
    'export const x = (n: number) => n ** 3;',
    'export function f(n: number) { n **= 2; return n; }',
    'const { log2 } = Math; export const x = log2(8);',
    'export const x = (name: string) => Math[name](2);',
  ]),
  ...inMachine('no-host', [
    'export const x = process.env;',
    'export const x = globalThis.structuredClone;',
    'export const x = crypto.randomUUID();',
    "console.log('x');",
    'export const x = import.meta.url;',
    'export const x = new WeakRef({});',
  ]),
  ...inMachine('no-async', [
    'setTimeout(() => {}, 1);',
    'setInterval(() => {}, 1);',
    'setImmediate(() => {});',
    'queueMicrotask(() => {});',
    'export async function f() {}',
    'export const f = async () => {};',
    'export const f = async function () {};',
    'export const o = { async f() {} };',
    'export async function* f() { yield 1; }',
    'export const x = new Promise(() => {});',
    'export const x = Promise.resolve(1);',
    'export type Later = Promise<number>;',
    'export const x = await 1;',
    'export {}; for await (const x of []) f(x);',
    "export const x = import('./a.ts');",
  ]),
  ...inMachine('no-for-in', ['export function f(o: object) { for (const k in o) if (k) return k; }']),
  ...inMachine('sort-says-order', [
    'export const x = [2, 1].sort();',
    'export const x = [2, 1].toSorted();',
    'export const x = (a?: number[]) => a?.sort();',
  ]),
];

const directions: Row[] = [
  ['packages/events/src/mm', 'import-direction', "import { x } from '@pagetape/core';"],
  ['packages/events/src', 'import-direction', "import type { X } from 'immer';"],
  ['packages/events/src', 'import-direction', "export * from 'node:fs';"],
  ['packages/events/src', 'import-direction', "export { x } from '../../core/src/index.ts';"],
  ['packages/core/src', 'import-direction', "import { x } from '@pagetape/replay';"],
  ['packages/core/src', 'import-direction', "import 'zod';"],
  ['packages/core/src', 'import-direction', "export type X = import('node:fs').Stats;"],
  ['packages/core/src/mm', 'import-direction', "import { produce } from 'immer';"],
  ['packages/core/src/reduce', 'import-direction', "import seedrandom from 'seedrandom';"],
  ['packages/core/test', 'import-direction', "import { x } from '@pagetape/replay';"],
  ['packages/replay/src', 'import-direction', "import { x } from '@pagetape/examples';"],
  ['packages/replay/src', 'import-direction', "import { x } from '../../core/src/index.ts';"],
  ['examples/a', 'import-direction', "import { x } from 'immer';"],
  ['scripts', 'import-direction', "import { x } from 'zod';"],
  ['tools/x', 'import-direction', "import { x } from '@pagetape/replay';"],
];

const passes: Row[] = [
  [
    'packages/core/src/mm',
    clean,
    'export const x = (n: number) => Math.floor(n) + Math.max(1, Math.imul(n, 3)) + (n << 2);',
  ],
  ['packages/core/src/mm', clean, 'export const x = (a: number[]) => a.sort((p, q) => p - q);'],
  ['packages/core/src/mm', clean, 'export function* f(o: object) { for (const k of Object.keys(o)) yield k; }'],
  ['packages/core/src/mm', clean, 'export const x = new Map([[1, new Set([2])]]);'],
  // The same words are fine where they are ours: a local name, a parameter, a property, a key.
  [
    'packages/core/src/mm',
    clean,
    'export const f = (process: { Date: number }) => ({ crypto: process.Date, performance: 1 });',
  ],
  ['packages/core/src', clean, "import { x } from '@pagetape/events'; import { y } from './mm/y.ts'; export { x, y };"],
  ['packages/core/src/reduce', clean, "import { produce } from 'immer'; export { produce };"],
  ['packages/core/src/state/cold', clean, "import { produce } from 'immer'; export { produce };"],
  ['packages/core/src/reference', clean, "import { produce } from 'immer'; export { produce };"],
  ['packages/core/src/prng.ts', clean, "import seedrandom from 'seedrandom'; export { seedrandom };"],
  ['packages/events/src/uapi', clean, "import * as z from 'zod'; import { x } from '../field.ts'; export { x, z };"],
  [
    'packages/replay/src',
    clean,
    "import { readFileSync } from 'node:fs'; import { x } from '@pagetape/core'; export { readFileSync, x };",
  ],
  ['examples/a', clean, "import { x } from '@pagetape/replay'; export { x };"],
  // The bans end where the machine ends.
  [
    'packages/replay/src',
    clean,
    'export const t = async () => [Date.now(), Math.random(), process.pid, 2 ** 3, [1].sort()];',
  ],
  [
    'packages/core/src/mm/a.test.ts',
    clean,
    "import test, { type ExecutionContext } from 'ava'; import fc from 'fast-check'; test('x', async () => fc.sample(fc.nat(), Date.now()));",
  ],
  [
    'packages/core/src/mm/a.bench.ts',
    clean,
    "import { readFileSync } from 'node:fs'; export const x = () => [performance.now(), readFileSync];",
  ],
];

const rows = [...bans, ...directions, ...passes];
/** A row may name its file, where the file's name is what matters. */
function fileOf(row: Row) {
  const [place] = row;
  return place.endsWith('.ts') ? place : `${place}/row${rows.indexOf(row)}.ts`;
}

interface Report {
  diagnostics: { code?: string; message: string; filename: string }[];
}

function lint(): Report {
  // The real path, because the plugin compares the linted file's path with its own.
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'pagetape-lint-')));
  try {
    for (const file of ['.oxlintrc.json', 'tools/lint/determinism-plugin.js']) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      copyFileSync(join(root, file), join(copy, file));
    }
    for (const row of rows) {
      const file = join(copy, fileOf(row));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${row[2]}\n`);
    }
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['--format', 'json'], {
      cwd: copy,
      encoding: 'utf8',
    });
    return JSON.parse(stdout) as Report;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** The rules of ours that fired, by file. */
function firedRules({ diagnostics }: Report): Map<string, Set<string>> {
  const fired = new Map<string, Set<string>>();
  for (const { code, filename, message } of diagnostics) {
    // A diagnostic without a code is a syntax error: then the row is wrong, and must not pass for a ban.
    const rule = code === undefined ? message : /^pagetape\((.*)\)$/.exec(code)?.[1];
    if (rule !== undefined) fired.set(filename, (fired.get(filename) ?? new Set()).add(rule));
  }
  return fired;
}

const fired = firedRules(lint());

function check(t: ExecutionContext, some: Row[]) {
  for (const row of some) {
    const [place, rule, code] = row;
    const found = [...(fired.get(fileOf(row)) ?? [])];
    t.deepEqual(found, rule === clean ? [] : [rule], `${place}: ${code}`);
  }
}

test('each ban fires on its snippet, and no other does', (t) => check(t, bans));

test('each forbidden import is refused', (t) => check(t, directions));

test('clean code passes', (t) => check(t, passes));

test('no rule of the plugin is left without a row', async (t) => {
  const url = new URL('determinism-plugin.js', import.meta.url).href;
  const plugin = (await import(url)) as { default: { rules: Record<string, unknown> } };
  t.deepEqual(new Set(Object.keys(plugin.default.rules)), new Set([...bans, ...directions].map(([, rule]) => rule)));
});
