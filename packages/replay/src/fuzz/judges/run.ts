/** Runs a program under the eyes of all rules. */
import { Simulation } from '@pagetape/core';
import { START, type Position, type RecordedEvent } from '@pagetape/events';
import { nameOfStep, type Program } from '../../laws/recording.ts';
import { finding, type Finding } from '../finding.ts';
import { argumentRules } from './arguments.ts';
import { gather } from './events.ts';
import { kernelRules } from './kernel.ts';
import { migrationRules } from './migration.ts';
import { excusesOf, type Rule } from './rule.ts';

const RULES: readonly Rule[] = [...kernelRules, ...argumentRules, ...migrationRules];

/** The names of the rules, as findings have them. */
export const RULE_NAMES: readonly string[] = RULES.map(({ name }) => name);

/**
 * What breaks a rule in the run of a program, up to the first step that does so. Kernels are excused from rules that they are known
 * to break; one of the museum is not excused for its bug.
 */
export function judgeRules(program: Program): Finding[] {
  const excuses = excusesOf(program.profile);
  const rules = RULES.filter(({ excused }) => !excused(excuses));
  let events: RecordedEvent[] = [];
  const at: Position = { ...START };
  const run = new Simulation({ ...program, sink: (block) => gather(block, at, events) });
  const looks = rules.map(({ name, open }) => ({ name, look: open(run.view, excuses) }));
  run.finish();
  for (const [n, step] of program.steps.entries()) {
    const verdicts = looks.flatMap(({ name, look }) => {
      const verdict = look(step);
      return verdict ? [{ name, verdict }] : [];
    });
    events = [];
    let result;
    try {
      result = run.perform(step);
    } catch {
      // A step that makes no sense, or a bug of ours: the quick judges tell one from the other.
      return [];
    }
    run.finish();
    const found = verdicts.flatMap(({ name, verdict }) =>
      verdict(result, events).map((sentence) =>
        finding(name, `after ${nameOfStep(program, n + 1)}: ${sentence}`, n + 1),
      ),
    );
    if (found.length > 0 || result.stop) return found;
  }
  return [];
}
