/**
 * Fuzzing. What others build on:
 *
 * - `generate(seed, profile)`: the program of a seed. It depends on nothing else, so a seed and a profile reproduce a run.
 * - `judge(program, {deep?})`: what is wrong with its run, as findings; each has a `signature` that groups failures. The quick
 *   judges look at every program of a campaign, the deep ones (all laws) at a share of them.
 * - `minimise(program, stillFails)`: the smallest program found that still fails; `failsAlike(finding)` is the usual test.
 * - `scenarioText(program, broke)`: the program as a scenario file whose first line says what broke.
 */
export { generate, machineOf, programOf, SEEDS_OF_MACHINE } from './generate.ts';
export { drawsFrom, drawsOf, type Draw } from './draw.ts';
export { failsAlike, judge, type JudgeOptions } from './judge.ts';
export { finding, type Finding } from './finding.ts';
export { minimise, type StillFails } from './minimise.ts';
export { scenarioText } from './scenario.ts';
