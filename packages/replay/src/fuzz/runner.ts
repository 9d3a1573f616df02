/**
 * The quick lane: a machine that is begun again for each program, trees that nobody freezes, and all invariants in one pass after
 * each step. A machine with huge pages, and a run that stopped within a call, are looked at by the thorough check, at the end.
 */
import { checkInvariants, NotSimulated, QuickInvariants, ScenarioFault, Simulation } from '@pagetape/core';
import type { Result, StateView } from '@pagetape/core';
import type { BlockSink, Stimulus } from '@pagetape/events';
import { nameOfStep, type Program } from '../laws/recording.ts';
import { finding, type Finding } from './finding.ts';

/** How a run ended: `refused` and `crashed` with the error that was thrown. */
export interface Outcome {
  readonly results: readonly Result[];
  readonly findings: readonly Finding[];
  readonly end: 'done' | 'stopped' | 'broken' | 'refused' | 'crashed';
}

export class Runner {
  readonly machine: Program['machine'];
  readonly profile: string;
  private readonly run: Simulation;
  private readonly quick: QuickInvariants;
  /** What it holds may be anything after something went wrong. */
  usable = true;

  constructor({ machine, profile }: Program, sink?: BlockSink) {
    this.machine = machine;
    this.profile = profile;
    this.run = new Simulation({ machine, profile, seed: '0', restartable: true, ...(sink ? { sink } : {}) });
    this.quick = new QuickInvariants(this.run.view);
  }

  get view(): StateView {
    return this.run.view;
  }

  get events(): number {
    return this.run.log.seq;
  }

  /** Goes to the start of a program. */
  begin({ seed }: Program): void {
    this.run.restart(seed);
  }

  perform(step: Stimulus): Result {
    return this.run.perform(step);
  }

  /** Runs a program of the machine and the profile of this runner, and judges it. */
  judge(program: Program): Outcome {
    const results: Result[] = [];
    try {
      return this.judgeSteps(program, results);
    } catch (error) {
      return this.thrown(error as Error, results);
    } finally {
      this.run.finish();
    }
  }

  private judgeSteps(program: Program, results: Result[]): Outcome {
    const { run, quick } = this;
    const { huge } = run.view.topology;
    this.begin(program);
    for (const step of program.steps) {
      const result = run.perform(step);
      results.push(result);
      if (result.stop) return { results, findings: [], end: 'stopped' };
      if (huge || quick.check(run.view) === 0) continue;
      return this.broken(program, results, quick.verdict);
    }
    if (huge && checkInvariants(run.view).length > 0) return this.broken(program, results, 0);
    return { results, findings: [], end: 'done' };
  }

  private broken(program: Program, results: readonly Result[], verdict: number): Outcome {
    this.usable = false;
    const told = checkInvariants(this.view);
    const sentences = told.length > 0 ? told : [`the quick check says ${verdict}, and the thorough one finds nothing`];
    const after = `after ${nameOfStep(program, results.length)}`;
    const findings = sentences.map((each) => finding('invariants', `${after}: ${each}`, results.length));
    return { results, findings, end: 'broken' };
  }

  /** What an error says of the simulator. A program that asks for what is not simulated is legal up to there. */
  private thrown(error: Error, results: readonly Result[]): Outcome {
    const step = results.length + 1;
    if (error instanceof NotSimulated) return { results, findings: [], end: 'refused' };
    if (error instanceof ScenarioFault) {
      const findings = wentWithout(results) ? [] : [finding('refused', error.message, step)];
      return { results, findings, end: 'refused' };
    }
    this.usable = false;
    return { results, findings: [finding('crash', error.stack ?? error.message, step)], end: 'crashed' };
  }
}

/** Whether a step failed that may have been to make what later steps need. */
export function wentWithout(results: readonly Result[]): boolean {
  return results.some(({ ret, sig, errno, results: inner }) => {
    const failed = ret === null || sig !== undefined || errno === 'EAGAIN' || errno === 'ENOMEM';
    return failed || (inner !== undefined && wentWithout(inner));
  });
}

let last: Runner | undefined;

/** A runner for a program. It is that of the last one where machine and profile are the same. */
export function runnerFor(program: Program): Runner {
  const { machine, profile } = program;
  if (last?.usable && last.machine === machine && last.profile === profile) return last;
  return (last = new Runner(program));
}
