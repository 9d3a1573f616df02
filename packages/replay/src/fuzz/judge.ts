/**
 * Judges of one program. The quick ones look at every program of a campaign: nothing throws that was not meant to, and all
 * invariants hold after each step. The deep ones are all laws and relations; they cost a hundred times as much.
 */
import { checkInvariants, NotSimulated, ScenarioFault, Simulation } from '@pagetape/core';
import type { Result } from '@pagetape/core';
import { checkLaws } from '../laws/checkLaws.ts';
import { nameOfStep, type Program } from '../laws/recording.ts';
import { checkLedger } from '../ledger/check.ts';
import { finding, type Finding } from './finding.ts';

export interface JudgeOptions {
  /** All laws besides the quick judges. */
  readonly deep?: boolean;
}

/** What is wrong with the run of a program; nothing when all is well. */
export function judge(program: Program, { deep = false }: JudgeOptions = {}): Finding[] {
  return deep ? judgeDeeply(program) : judgeQuickly(program);
}

function judgeQuickly(program: Program): Finding[] {
  const results: Result[] = [];
  try {
    const run = new Simulation(program);
    for (const step of program.steps) {
      const result = run.perform(step);
      results.push(result);
      const broken = checkInvariants(run.view, { midway: result.stop !== undefined });
      const after = `after ${nameOfStep(program, results.length)}`;
      if (broken.length > 0) return broken.map((each) => finding('invariants', `${after}: ${each}`, results.length));
      if (result.stop) break;
    }
    return [];
  } catch (error) {
    return thrown(error as Error, results);
  }
}

/** What an error says of the simulator. A program that asks for what is not simulated is legal up to there. */
function thrown(error: Error, results: readonly Result[]): Finding[] {
  const step = results.length + 1;
  if (error instanceof NotSimulated) return [];
  if (!(error instanceof ScenarioFault)) return [finding('crash', error.stack ?? error.message, step)];
  return wentWithout(results) ? [] : [finding('refused', error.message, step)];
}

/** Whether a step failed that may have been to make what later steps need. */
export function wentWithout(results: readonly Result[]): boolean {
  return results.some(({ ret, sig, errno, results: inner }) => {
    return (
      ret === null ||
      sig !== undefined ||
      errno === 'EAGAIN' ||
      errno === 'ENOMEM' ||
      (inner !== undefined && wentWithout(inner))
    );
  });
}

function judgeDeeply(program: Program): Finding[] {
  const { failures, refused, results } = checkLaws(program, { ledger: checkLedger });
  const found = failures.map((sentence) => {
    const [law] = sentence.split(':', 1);
    return finding(law, sentence.slice(law.length + 2), results.length);
  });
  return [...found, ...(refused ? thrown(refused, results) : [])];
}

const QUICK: ReadonlySet<string> = new Set(['invariants', 'crash', 'refused']);

/** Whether a program fails as the one did of which this was found. */
export function failsAlike({ judge: name, signature }: Finding): (program: Program) => boolean {
  const deep = !QUICK.has(name);
  return (program) => judge(program, { deep }).some((found) => found.signature === signature);
}
