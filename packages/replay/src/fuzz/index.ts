/**
 * Fuzzing. What others build on:
 *
 * - `generate(seed, profile)`: the program of a seed; `programOfSeed` takes seeds of mutants, such as `17~4`, as well. A program
 *   depends on nothing else, so a seed and a profile reproduce a run.
 * - `judge(program, {deep?})`: what is wrong with its run, as findings; each has a `signature` that groups failures. The quick
 *   judges look at every program of a campaign, relations and all laws at a share of them.
 * - `minimise(program, stillFails)`: the smallest program found that still fails; `failsAlike(finding)` is the usual test.
 * - `scenarioText(program, broke)`: the program as a scenario file whose first line says what broke.
 * - `runBatch(batch)`: the unit of work, whose result depends on the batch alone; `runCampaign(store, runBatches)` gives all batches of a
 *   campaign to whoever runs them (this process, `openPool`, or other machines), and records what is done in the store.
 */
export { runBatch, type Batch, type BatchResult, type Failure, type Reached } from './batch.ts';
export { BATCH, runCampaign, runHere, summarise, type Progress, type RunBatches, type Summary } from './campaign.ts';
export { Coverage, FEATURES } from './coverage.ts';
export { drawsFrom, drawsOf, type Draw } from './draw.ts';
export { finding, groupBy, type Finding } from './finding.ts';
export { generate, machineOf, programOf, SEEDS_OF_MACHINE } from './generate.ts';
export { failsAlike, judge, judgeLaws, type JudgeOptions } from './judge.ts';
export { minimise, type StillFails } from './minimise.ts';
export { isSeed, programOfSeed } from './mutate.ts';
export { openPool, type Pool } from './pool.ts';
export { judgeRelations } from './relations.ts';
export { Runner, type Outcome } from './runner.ts';
export { scenarioText } from './scenario.ts';
export { CampaignError, fileStore, identity, memoryStore, type Plan, type Store } from './store.ts';
