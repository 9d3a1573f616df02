/** What is known of a run beside its events, and the whole of it as data. */
import { ALL_PROFILES } from '@pagetape/core';
import type { RunStart } from '../run/record.ts';
import type { RunFacts, StepFacts } from './facts.ts';
import type { RunHashes, RunTitle } from './text.ts';

/** The title of a run. */
export function titleOf(
  name: string,
  about: string | undefined,
  { machine, profile, seed, turns = [] }: RunStart,
): RunTitle {
  const { nodes, swap } = machine;
  const slots = swap.reduce((sum, each) => sum + each, 0);
  return { name, about, seed, traits: ALL_PROFILES[profile], turns, nodes, swap: slots };
}

/** A step as JSON: its ledger by reasons, as each page of it is in the events. */
function stepJson({ ledger, steps, ...step }: StepFacts): object {
  const { entries, ...numbers } = ledger ?? { entries: [] };
  const summary = ledger ? { looked_at: entries.length, ...numbers } : null;
  return { ...step, lastMapped: undefined, ledger: summary, steps: steps.map(stepJson) };
}

/** The report as one JSON value. */
export function runJson({ name, traits, seed, nodes, swap }: RunTitle, facts: RunFacts, hashes: RunHashes): object {
  const { chain, state } = hashes;
  const machine = { nodes: nodes.map(({ id, pages }) => ({ id, pages })), swap };
  return { name, profile: traits.id, seed, machine, ...facts, steps: facts.steps.map(stepJson), chain, state };
}
