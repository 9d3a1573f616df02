/**
 * Some seeds of one profile: the unit of work that workers take, and that a campaign records as done. Its result depends on nothing
 * but the batch, so who runs it, and how often, makes no difference.
 */
import { Hash64 } from '@pagetape/events';
import { Coverage } from './coverage.ts';
import { drawsOf } from './draw.ts';
import type { Finding } from './finding.ts';
import { generate, SEEDS_OF_MACHINE } from './generate.ts';
import { judgeLaws } from './judge.ts';
import { programOfSeed } from './mutate.ts';
import { judgeRelations } from './relations.ts';
import { Runner } from './runner.ts';
import type { Program } from '../laws/recording.ts';

export interface Batch {
  readonly profile: string;
  /** Seeds from `from` to before `to`. */
  readonly from: number;
  readonly to: number;
  /** Of so many programs one is judged by all laws; 0: none. */
  readonly deep: number;
  /** Of so many programs one is judged by relations; 0: none. */
  readonly relations: number;
  /** Seeds of programs that reached something, which may be changed. */
  readonly corpus: readonly string[];
  /** What was reached before. */
  readonly reached: readonly string[];
}

export interface Failure {
  readonly seed: string;
  readonly profile: string;
  readonly finding: Finding;
}

/** A program that reached something first. */
export interface Reached {
  readonly seed: string;
  readonly features: readonly string[];
}

export interface BatchResult {
  readonly profile: string;
  readonly from: number;
  readonly to: number;
  readonly events: number;
  readonly steps: number;
  readonly deep: number;
  readonly relations: number;
  /** Programs that ended early: a step that is not simulated or makes no sense, or one that never returned. */
  readonly refused: number;
  readonly stopped: number;
  readonly failures: readonly Failure[];
  readonly reached: readonly Reached[];
  /** Of all answers: two runs of one batch must agree. */
  readonly hash: string;
  /** User CPU time. It is not part of the hash. */
  readonly cpu_ms: number;
}

/** One program in so many is a mutant, where there is something to change. */
const MUTANTS = 4;

/** The program of a seed of the batch. */
function programIn({ profile, corpus }: Batch, seed: number): Program {
  if (corpus.length === 0 || seed % MUTANTS !== MUTANTS - 1) return generate(seed, profile);
  // A few parents for many seeds, as each may have a machine of its own, which has to be made.
  const draw = drawsOf(`parent:${Math.floor(seed / SEEDS_OF_MACHINE)}:${Math.floor(seed / MUTANTS) % PARENTS}`);
  return programOfSeed(`${corpus[draw.below(corpus.length)]}~${seed}`, profile);
}

const PARENTS = 4;

const isDue = (seed: number, every: number): boolean => every > 0 && seed % every === 0;

/** Runners of a batch: one for the machine of the seeds, and a few for those of mutants. */
class Runners {
  private readonly kept = new Map<Program['machine'], Runner>();
  private readonly coverage: Coverage;

  constructor(coverage: Coverage) {
    this.coverage = coverage;
  }

  of(program: Program): Runner {
    const known = this.kept.get(program.machine);
    if (known?.usable) return known;
    if (this.kept.size >= MOST_RUNNERS) this.kept.clear();
    const runner = new Runner(program, (block) => this.coverage.add(block));
    this.kept.set(program.machine, runner);
    return runner;
  }
}

const MOST_RUNNERS = 8;

export function runBatch(batch: Batch): BatchResult {
  const { profile, from, to } = batch;
  const coverage = new Coverage();
  coverage.learn(batch.reached);
  const runners = new Runners(coverage);
  const hash = new Hash64();
  const failures: Failure[] = [];
  const reached: Reached[] = [];
  const counts = { events: 0, steps: 0, deep: 0, relations: 0, refused: 0, stopped: 0 };
  const before = process.cpuUsage().user;
  for (let seed = from; seed < to; seed++) {
    const program = programIn(batch, seed);
    const runner = runners.of(program);
    const { results, findings, end } = runner.judge(program);
    const found = [...findings];
    counts.events += runner.events;
    counts.steps += results.length;
    if (end === 'refused') counts.refused++;
    if (end === 'stopped') counts.stopped++;
    if (isDue(seed, batch.relations) && ++counts.relations) found.push(...judgeRelations(program));
    if (isDue(seed, batch.deep) && ++counts.deep) found.push(...judgeLaws(program));
    for (const each of found) failures.push({ seed: program.seed, profile, finding: each });
    const features = coverage.takeFresh();
    if (features.length > 0) reached.push({ seed: program.seed, features });
    let answers = runner.events;
    for (const { ret } of results) answers = (Math.imul(answers, 31) + (ret ?? -9)) | 0;
    hash.word(answers);
    for (const { signature } of found) hash.text(signature);
  }
  const cpu_ms = Math.round((process.cpuUsage().user - before) / 1000);
  return { profile, from, to, ...counts, failures, reached, hash: hash.digest(), cpu_ms };
}
