/**
 * Judges of one program. The quick ones look at every program of a campaign: nothing throws that was not meant to, and all
 * invariants hold after each step. Relations compare a few runs with each other. The deep ones are all laws, and rules that must
 * hold of any kernel; they cost a hundred times as much.
 */
import { checkLaws } from '../laws/checkLaws.ts';
import type { Program } from '../laws/recording.ts';
import { checkLedger } from '../ledger/check.ts';
import { finding, type Finding } from './finding.ts';
import { judgeRelations } from './relations.ts';
import { runnerFor, wentWithout } from './runner.ts';
import { judgeRules } from './judges/run.ts';

export interface JudgeOptions {
  /** All laws, and relations, besides the quick judges. */
  readonly deep?: boolean;
}

/** What is wrong with the run of a program; nothing when all is well. */
export function judge(program: Program, { deep = false }: JudgeOptions = {}): Finding[] {
  const { findings } = runnerFor(program).judge(program);
  if (findings.length > 0 || !deep) return [...findings];
  return [...judgeRelations(program), ...judgeLaws(program), ...judgeRules(program)];
}

/** Each law is a judge of its own. */
export function judgeLaws(program: Program): Finding[] {
  const { failures, refused, results } = checkLaws(program, { ledger: checkLedger });
  const found = failures.map((sentence) => {
    const [law] = sentence.split(':', 1);
    return finding(law, sentence.slice(law.length + 2), results.length);
  });
  const fault = refused?.name === 'ScenarioFault' && !wentWithout(results);
  return fault ? [...found, finding('refused', refused.message, results.length + 1)] : found;
}

const QUICK: ReadonlySet<string> = new Set(['invariants', 'crash', 'refused']);

/** Whether a program fails as the one did of which this was found. */
export function failsAlike({ judge: name, signature }: Finding): (program: Program) => boolean {
  const deep = !QUICK.has(name);
  return (program) => judge(program, { deep }).some((found) => found.signature === signature);
}
