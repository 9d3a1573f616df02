/**
 * Printing a program in the words of other tools. Each format is a table: what it makes of a step, by the step's operation.
 * A step that has no counterpart becomes a comment that says why, and is counted; nothing is made to look like what it is not.
 */
import { printStimulus, type Op, type Stimulus, type StimulusByOp } from '@pagetape/events';
import type { MachineSpec } from '@pagetape/core';
import { reasonFor } from './reasons.ts';

/** What is exported: a machine, and what is done to it. */
export interface ExportedProgram {
  readonly name?: string;
  readonly about?: string;
  readonly machine: MachineSpec;
  readonly steps: readonly Stimulus[];
}

/** What a format makes of one step. */
export interface Said {
  readonly lines: readonly string[];
  /** What the lines do not do of what the step does; without lines: why there are none. */
  readonly lacks?: string;
}

export const whole = (...lines: readonly string[]): Said => ({ lines });
export const partly = (lacks: string, ...lines: readonly string[]): Said => ({ lines, lacks });
export const none = (lacks: string): Said => ({ lines: [], lacks });

/** What a format makes of each operation. One that is left out has no counterpart. */
export type StepTable<Writer> = { readonly [O in Op]?: (step: StimulusByOp<O>, writer: Writer) => Said };

/** How many steps there are, those inside of others included, and how many of them the text has. */
export interface Tally {
  steps: number;
  partly: number;
  missing: number;
}

export interface Exported {
  readonly text: string;
  readonly tally: Tally;
}

/** Looks a step up in the table of a format. */
export function say<Writer>(table: StepTable<Writer>, step: Stimulus, writer: Writer): Said {
  const entry = table[step.op] as ((step: Stimulus, writer: Writer) => Said) | undefined;
  return entry ? entry(step, writer) : none(reasonFor(step.op));
}

/** Counts what was made of a step, and gives the words for a comment about it: the step, and what is missing. */
export function remark(step: Stimulus, { lines, lacks }: Said, tally: Tally): string[] {
  tally.steps += 1;
  const text = printAlone(step);
  if (lacks === undefined) return [text];
  if (lines.length > 0) {
    tally.partly += 1;
    return [text, `in part: ${lacks}`];
  }
  tally.missing += 1;
  return [text, `no counterpart: ${lacks}`];
}

/** A step without the steps in it, which have comments of their own. */
function printAlone(step: Stimulus): string {
  if (!('during' in step) || step.during === undefined) return printStimulus(step);
  const alone: Stimulus = { ...step };
  delete alone.during;
  return printStimulus(alone);
}

/** Steps inside a call: the pass before which they happen is nothing that a program outside the kernel can wait for. */
export function* insideOf(step: Stimulus): Generator<{ readonly inner: Stimulus; readonly said: Said }> {
  if (!('during' in step)) return;
  for (const { pass, steps } of step.during ?? []) {
    const said = none(`it happens inside the call above, right before pass ${pass}`);
    for (const inner of steps) yield { inner, said };
  }
}

/**
 * A program step by step, in a format that can do one thing at a time. Steps that run at the same time come one after the
 * other, and say so. `told` takes each step, the comment, and the lines.
 */
export function eachInTurn<Writer>(
  steps: readonly Stimulus[],
  { table, writer, tally }: { table: StepTable<Writer>; writer: Writer; tally: Tally },
  told: (step: Stimulus, comment: readonly string[], lines: readonly string[]) => void,
): void {
  const one = (step: Stimulus, said: Said): void => told(step, remark(step, said, tally), said.lines);
  const alone = (step: Stimulus): void => {
    one(step, say(table, step, writer));
    for (const { inner, said } of insideOf(step)) one(inner, said);
  };
  for (const step of steps) {
    if (step.op !== 'parallel') alone(step);
    else for (const inner of step.steps) one(inner, atOnce(say(table, inner, writer)));
  }
}

function atOnce({ lines, lacks }: Said): Said {
  if (lines.length === 0) return none(lacks ?? 'there is nothing to do');
  const together = 'it runs at the same time as its neighbours, which is not possible here';
  return { lines, lacks: lacks === undefined ? together : `${lacks}; ${together}` };
}

/** The words at the head of every format: what the program is. */
export function headOf({ name, about, machine }: ExportedProgram): string[] {
  const nodes = machine.nodes.map(({ id, pages, cpus }) => `node ${id}: ${pages} pages, ${cpus} cpus`);
  return [
    ...(name === undefined ? [] : [name]),
    ...(about === undefined ? [] : wrap(about)),
    `Simulated on ${machine.nodes.length} nodes: ${nodes.join('; ')}.`,
  ];
}

/** Text in lines of at most 110 characters, broken at blanks. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 110) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
