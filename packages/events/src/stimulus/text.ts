/**
 * The one text form of steps, for people, tests, corpus and bug reports: `op key=JSON key=JSON …`, with the keys in the
 * order of the operation's definition. `parseStimulus(printStimulus(s))` equals `s`.
 */
import type { z } from 'zod';
import { stimulusByName, stimulusSchema, STIMULI, type Stimulus } from './stimuli.ts';

type Plain = Readonly<Record<string, unknown>>;

/** The step as one line, such as `touch t="A" addr=["r",0] pages=4`. */
export function printStimulus(stimulus: Stimulus): string {
  const { op, ...fields } = inOrder(stimulus);
  const words = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  return op + words.join('');
}

/** The same step with its keys, and those of the steps in it, in the order of the definitions. */
function inOrder(stimulus: Stimulus): Plain & { op: string } {
  const definition = stimulusByName(stimulus.op);
  if (!definition) throw new Error(`there is no operation "${stimulus.op}"`);
  const ordered: Record<string, unknown> & { op: string } = { op: stimulus.op };
  for (const key of definition.keys) {
    const value = (stimulus as Plain)[key];
    if (value !== undefined) ordered[key] = value;
  }
  if ('during' in stimulus && stimulus.during) {
    ordered['during'] = stimulus.during.map(({ pass, steps }) => ({ pass, steps: steps.map(inOrder) }));
  }
  if (stimulus.op === 'parallel') ordered['steps'] = stimulus.steps.map(inOrder);
  return ordered;
}

/** One `key=JSON`: blanks end it only outside of strings, as JSON is written without other blanks. */
const WORD = /^([a-z_]+)=((?:"(?:[^"\\]|\\.)*"|[^\s"])+)(?:\s+|$)/;

/** Reads a line that `printStimulus` wrote. Throws an Error that says what is wrong with it. */
export function parseStimulus(line: string): Stimulus {
  const [, op, text] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(line) as unknown as [string, string, string];
  if (!stimulusByName(op)) {
    throw new Error(`"${op}" is not an operation; a line begins with one of ${STIMULI.map((d) => d.name).join(', ')}`);
  }
  const result = stimulusSchema.safeParse({ op, ...parseWords(op, text) });
  if (!result.success) throw new Error(`${op}: ${result.error.issues.map(sentence).join('; ')}`);
  return result.data;
}

function parseWords(op: string, text: string): Plain {
  const fields: Record<string, unknown> = {};
  let rest = text;
  while (rest !== '') {
    const match = WORD.exec(rest);
    if (!match) throw new Error(`${op}: expected key=JSON, found ${rest}`);
    const [all, key, json] = match as unknown as [string, string, string];
    if (Object.hasOwn(fields, key)) throw new Error(`${op}: "${key}" is given twice`);
    fields[key] = parseJson(op, key, json);
    rest = rest.slice(all.length);
  }
  return fields;
}

function parseJson(op: string, key: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Error(`${op}: the value of "${key}" is not JSON: ${json}`);
  }
}

/** What the schema says about one place: its error texts complete "must be", the others are sentences. */
function sentence(issue: z.core.$ZodIssue): string {
  const where = issue.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .slice(1);
  if (issue.code === 'custom' || issue.code === 'unrecognized_keys') return issue.message;
  return `"${where}" must be ${issue.message}`;
}
