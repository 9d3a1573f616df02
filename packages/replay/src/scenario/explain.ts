/** Turns what a schema says about a scenario into sentences: what was found, and what would be right. */
import { CONSTANTS, stimulusByName, STIMULI } from '@pagetape/events';
import type { z } from 'zod';
import type { Finding, Path } from './problem.ts';
import { KEYS } from './schema.ts';
import { insteadOf, inWords, nearest } from './suggest.ts';

/** What is known about the file: its data, and the text at a place when it is short. */
export interface Given {
  readonly value: unknown;
  readonly quote: (path: Path) => string | undefined;
}

/** The findings for the issues of zod. A key that is only misspelt is not said to be missing as well. */
export function explain(issues: readonly z.core.$ZodIssue[], given: Given): Finding[] {
  const findings = issues.flatMap((issue) => explainOne(issue, given));
  const misspelt = new Set(findings.flatMap(({ meant }) => (meant ? [JSON.stringify(meant)] : [])));
  return findings.filter(({ missing, path }) => !missing || !misspelt.has(JSON.stringify(path)));
}

interface Explained extends Finding {
  /** Nothing is at the path. */
  readonly missing?: true;
  /** The path that this one was probably meant to be. */
  readonly meant?: Path;
}

function explainOne(issue: z.core.$ZodIssue, given: Given): Explained[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, given));
  if (issue.code === 'custom') return [custom(issue, path, given)];
  if (issue.code === 'invalid_union' && issue.discriminator === 'op') return [wrongStep(path, given)];
  if (!isPresent(given.value, path)) {
    const key = path.at(-1);
    const message = `${label(path.slice(0, -1), given).name} needs "${key}": ${issue.message}`;
    return [{ path, at: 'value', message, missing: true }];
  }
  return [{ path, at: 'value', message: wrongValue(issue, path, given) }];
}

/** What is at a place of the data. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((part, key) => (part as Record<string | number, unknown> | undefined | null)?.[key], value);
}

function isPresent(value: unknown, path: Path): boolean {
  const parent = valueAt(value, path.slice(0, -1));
  return path.length === 0 || (typeof parent === 'object' && parent !== null && Object.hasOwn(parent, path.at(-1)!));
}

/** What the mapping at a place is called, and the keys that it takes. */
function label(path: Path, given: Given): { name: string; keys: readonly string[] } {
  const last = path.at(-1);
  const before = path.at(-2);
  if (path.length === 0) return { name: 'a scenario', keys: KEYS.scenario };
  if (last === 'machine') return { name: 'a machine', keys: KEYS.machine };
  if (before === 'nodes') return { name: 'a node', keys: KEYS.node };
  if (last === 'zones') return { name: '"zones"', keys: KEYS.zones };
  if (before === 'during') return { name: '"during"', keys: ['pass', 'steps'] };
  const op = valueAt(given.value, [...path, 'op']);
  const definition = typeof op === 'string' ? stimulusByName(op) : undefined;
  if (definition) return { name: definition.name, keys: ['op', ...definition.keys] };
  return { name: before === 'steps' ? 'a step' : `"${last}"`, keys: [] };
}

function unknownKey(path: Path, key: string, given: Given): Explained {
  const { name, keys } = label(path, given);
  const meant = nearest(key, keys);
  const otherwise = keys.length > 0 ? `it takes ${inWords(keys)}` : 'leave it out';
  const message = `${name} does not take "${key}"; ${insteadOf(key, keys, otherwise)}`;
  return { path: [...path, key], at: 'key', message, ...(meant === undefined ? {} : { meant: [...path, meant] }) };
}

function wrongStep(path: Path, given: Given): Finding {
  // The issue is about `op`, or about a step that is no mapping.
  const op = valueAt(given.value, path);
  if (typeof op === 'string' && path.at(-1) === 'op') {
    const otherwise = 'scenario.schema.json lists all operations';
    const names = STIMULI.map((definition) => definition.name);
    return { path, at: 'value', message: `there is no operation "${op}"; ${insteadOf(op, names, otherwise)}` };
  }
  if (op === undefined)
    return { path, at: 'value', message: 'a step needs "op": the name of an operation, such as touch' };
  return { path, at: 'value', message: `${what(path, given)}; it must be the name of an operation, such as touch` };
}

function custom(issue: z.core.$ZodIssueCustom, path: Path, given: Given): Finding {
  const constant: unknown = issue.params?.['constant'];
  if (typeof constant !== 'string') {
    return { path: [...path, 'op'], at: 'value', message: `${label(path, given).name} ${issue.message}` };
  }
  const names = Object.keys(CONSTANTS);
  const family = `${constant.split('_', 1)[0]}_`;
  const alike = names.filter((name) => name.startsWith(family));
  const known = alike.length > 0 ? `one of ${inWords(alike, 'or')}` : 'a name such as MPOL_BIND';
  const otherwise = `write a number, or ${known}`;
  return { path, at: 'value', message: `${issue.message}; ${insteadOf(constant, names, otherwise)}` };
}

function wrongValue(issue: z.core.$ZodIssue, path: Path, given: Given): string {
  const message = `${what(path, given)}; it must be ${issue.message}`;
  const found = valueAt(given.value, path);
  // YAML reads hexadecimal digits without quotes as a number, and loses those that do not fit.
  if (typeof found === 'number' && given.quote(path)?.startsWith('0x')) return `${message}; put quotes around it`;
  if (issue.code !== 'invalid_value' || typeof found !== 'string') return message;
  const words = issue.values.map(String);
  const meant = nearest(found, words);
  if (meant !== undefined) return `${message}; did you mean "${meant}"?`;
  // A long list is not in the message, as a short one is.
  return words.every((word) => issue.message.includes(word)) ? message : `${message}: ${inWords(words, 'or')}`;
}

/** Names a value and says what it is, as in `"pages" is four`. */
function what(path: Path, given: Given): string {
  const found = given.quote(path);
  return `${subject(path)} is ${found ?? kindOf(valueAt(given.value, path))}`;
}

/** `"pages"`, `"old[1]"`, `a step`: short, as the place in the file is shown anyway. */
function subject(path: Path): string {
  let from = path.length - 1;
  while (from >= 0 && typeof path[from] === 'number') from--;
  if (from < 0) return 'this';
  if (path[from] === 'steps' && from === path.length - 2) return 'a step';
  const key = path.slice(from).map((part) => (typeof part === 'number' ? `[${part}]` : part));
  return `"${key.join('')}"`;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? 'a long text' : String(value);
}
