/** The text that `pagetape run` and `pagetape replay` print: one line a step, more for calls that move pages. */
import { printStimulus } from '@pagetape/events';
import { bitmap_scnlistprintf, type Traits } from '@pagetape/core';
import type { Entry, Ledger } from '../ledger/ledger.ts';
import type { Turn } from '../run/record.ts';
import type { RunFacts, StepFacts } from './facts.ts';
import type { FreeMemory, MemoryOf } from './places.ts';
import { statusText } from './statuses.ts';
import { indent, table, type Alignment } from './table.ts';
import { checkSentence, count, countingRule, duration, errorSentence, flagNames, reasonSentence } from './words.ts';

/** What is known of a run beside its events. */
export interface RunTitle {
  readonly name: string;
  readonly about?: string | undefined;
  readonly traits: Traits;
  /** Where the run goes on by other rules. */
  readonly turns: readonly Turn[];
  readonly seed: string;
  /** How much memory there is, by node, and how many slots of swap. */
  readonly nodes: readonly { readonly id: number; readonly pages: number }[];
  readonly swap: number;
}

/** What the run came to: the chain hash of its events, and the hash of its last state. */
export interface RunHashes {
  readonly chain: string;
  readonly state: string;
}

/**
 * The lines of a report. `unreached`: steps that the run did not come to, when the scenario is at hand. Headings come
 * through `heading`, which may make them bold.
 */
export function printRun(
  title: RunTitle,
  facts: RunFacts,
  { chain, unreached = 0 }: Pick<RunHashes, 'chain'> & { readonly unreached?: number },
  heading = (text: string) => text,
): string[] {
  return [
    ...printTitle(title, heading),
    '',
    heading('Steps'),
    ...printSteps(facts, title.traits),
    ...(facts.deadlock ? ['', heading('Deadlock'), ...printDeadlock(facts)] : []),
    ...(unreached > 0 ? [`  ${count(unreached, 'step was', 'steps were')} not reached.`] : []),
    '',
    heading('Memory, in pages'),
    ...indent(printMemory(facts), 2),
    '',
    `${count(facts.events, 'event')} in ${duration(facts.t)} of virtual time`,
    `chain ${chain}  seed ${title.seed}  profile ${rulesOf(title)}`,
  ];
}

/** Whose rules hold: "linux-6.12", or "linux-2.6.18, linux-2.6.16 after event 120". */
export const rulesOf = ({ traits, turns }: Pick<RunTitle, 'traits' | 'turns'>): string =>
  [traits.id, ...turns.map(({ seq, profile }) => `${profile} after event ${seq}`)].join(', ');

/** How much memory the machine has. */
export function machineText({ nodes, swap }: Pick<RunTitle, 'nodes' | 'swap'>): string {
  const sizes = new Set(nodes.map(({ pages }) => pages));
  const each =
    sizes.size === 1
      ? `${nodes.length} nodes of ${nodes[0].pages} pages`
      : nodes.map(({ id, pages }) => `node ${id}: ${pages} pages`).join(', ');
  return `${each}; ${swap === 0 ? 'no swap' : `${swap} pages of swap`}`;
}

function printTitle(title: RunTitle, heading: (text: string) => string): string[] {
  const { name, about, traits, seed } = title;
  return [
    heading(name) + (about ? `: ${about}` : ''),
    `  machine  ${machineText(title)}`,
    `  profile  ${traits.id}: ${traits.about}`,
    `  seed     ${seed}`,
  ];
}

/** A step, or lines that explain the one before. */
type Row = { readonly cells: readonly string[] } | { readonly notes: readonly string[] };

const STEP_COLUMNS: readonly Alignment[] = ['r', 'l', 'l', 'r', 'l'];

function printSteps(facts: RunFacts, traits: Traits): string[] {
  const rows = eachStep(facts.steps).flatMap(({ number, facts: step }) => printStep(step, number, facts.nodes, traits));
  const cells = rows.flatMap((row) => ('cells' in row ? [row.cells] : []));
  const lines = table(cells, STEP_COLUMNS, 2, 64);
  const margin = Math.max(0, ...cells.map(([number]) => number.length)) + 2;
  return rows.flatMap((row) => ('cells' in row ? [lines.shift() as string] : indent(row.notes, margin + 2)));
}

/** Steps and the steps in them, in the order in which reports have them, with the numbers that they have there. */
export function eachStep(steps: readonly StepFacts[], outer = ''): { number: string; facts: StepFacts }[] {
  return steps.flatMap((facts, i) => {
    const number = `${outer}${i + 1}`;
    return [{ number, facts }, ...eachStep(facts.steps, `${number}.`)];
  });
}

function printStep(step: StepFacts, number: string, nodes: readonly number[], traits: Traits): Row[] {
  const took = step.ended === null ? '' : duration(step.ended - step.began);
  const notes = explain(step, nodes, traits);
  return [
    { cells: [number, step.task ?? '-', stepText(step), took, answer(step, traits)] },
    ...(notes.length > 0 ? [{ notes }] : []),
  ];
}

/** The step in its usual text, without its task, which has a column, and without the steps in it, which have lines. */
export function stepText({ stimulus, task }: Pick<StepFacts, 'stimulus' | 'task'>): string {
  if (stimulus.op === 'parallel') return `parallel: ${count(stimulus.steps.length, 'step')} at the same time`;
  const { during, ...rest } = stimulus as typeof stimulus & {
    during?: readonly { readonly steps: readonly unknown[] }[];
  };
  const text = printStimulus(rest as typeof stimulus).replace(task === null ? '' : ` t=${JSON.stringify(task)}`, '');
  const others = during?.reduce((sum, { steps }) => sum + steps.length, 0) ?? 0;
  return others === 0 ? text : `${text}, during it ${count(others, 'step')}`;
}

/** Steps that answer with a number of something. */
const ANSWERS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  pwrite: ['page written', 'pages written'],
  age: ['mark of use cleared', 'marks of use cleared'],
  deactivate: ['page deactivated', 'pages deactivated'],
  pinpages: ['page held', 'pages held'],
  unpin: ['page let go of', 'pages let go of'],
  swapfill: ['slot taken', 'slots taken'],
  swapfree: ['slot given back', 'slots given back'],
};
/** Calls whose plain 0 is an answer. */
const POLICY_CALLS: ReadonlySet<string> = new Set(['migrate_pages', 'mbind', 'set_mempolicy', 'get_mempolicy']);

/** What the one who asked got to see, and why. */
export function answer(step: StepFacts, traits: Traits): string {
  const { result, stimulus, check } = step;
  if (!result) return 'did not return';
  const { ret, errno, sig, dead } = result;
  if (dead) return 'nothing: the task has ended';
  if (stimulus.op === 'parallel') return 'all done';
  if (stimulus.op === 'touch') return [touchAnswer(step), ...(sig ? [`stopped by ${sig}`] : [])].join('; ');
  if (ret === null && sig) return `did not return: the kernel oopsed, and the task was killed by ${sig}`;
  if (sig) return `${sig} ended the task before it saw the answer`;
  if (errno) {
    const why = check ? checkSentence(check.check, check.errno, traits) : errorSentence(stimulus.op, errno, traits);
    return `${ret} ${errno}${why ? `: ${why}` : ''}`;
  }
  const noun = ANSWERS[stimulus.op];
  if (noun) return count(ret ?? 0, noun[0], noun[1]);
  const written = [
    ...(result.mode === undefined ? [] : [`mode ${result.mode}`]),
    ...(result.value === undefined ? [] : [`reads ${JSON.stringify(result.value)}`]),
    ...(result.vmstat ? Object.entries(result.vmstat).flatMap(([name, n]) => (n > 0 ? [`${name} ${n}`] : [])) : []),
    ...(result.out ?? []).map((words) => `wrote ${words.map((word) => word ?? '-').join(' ')}`),
    ...(result.mask === undefined ? [] : [`mask ${result.mask.map((word) => word ?? '-').join(' ')}`]),
  ];
  if (ret === 0 && written.length === 0 && !POLICY_CALLS.has(stimulus.op)) return 'ok';
  return `${ret}${written.length > 0 ? ` (${written.join(', ')})` : ''}`;
}

/** "64 pages: 60 on node 1 (44 of them from swap), 4 zero page" */
function touchAnswer({ result, mapped, fromSwap, zeroMapped, majorFaults }: StepFacts): string {
  const places = Object.entries(mapped)
    .filter(([, pages]) => pages > 0)
    .map(([nid, pages]) => `${pages} to node ${nid}`);
  if (fromSwap > 0)
    places.push(`${fromSwap} of them from swap${majorFaults > 0 ? `, ${majorFaults} read from disk` : ''}`);
  if (zeroMapped > 0) places.push(`${zeroMapped} to the zero page`);
  return `${count(result?.ret ?? 0, 'page')}${places.length > 0 ? `: ${places.join(', ')}` : ''}`;
}

/** The lines under a step that moved pages, or was to. */
function explain(step: StepFacts, nodes: readonly number[], traits: Traits): string[] {
  const { ledger, before, after, quirks, warnings, unentered, result } = step;
  const lines = [
    ...(result?.maps ?? []),
    ...printStatuses(step),
    ...quirks.map((quirk) => `note: ${quirk}`),
    ...printCpuset(step),
  ];
  if (warnings > 0)
    lines.push(
      `note: the kernel warned ${warnings === 1 ? 'once' : `${warnings} times`} about a page that is on no LRU list`,
    );
  if (ledger && ledger.entries.length > 0) lines.push(...printLedger(ledger, traits));
  else if (ledger?.left === 0) lines.push('found no page to move');
  if (unentered) {
    const flags = flagNames(unentered.flags).join(', ');
    lines.push(`not looked at: ${count(unentered.pages, 'page')} in areas marked ${flags}, which are left alone`);
  }
  if (before && after && changed(before, after)) lines.push(...printBeforeAfter(before, after, nodes));
  return lines;
}

/** What move_pages(2) said of each page. */
function printStatuses({ result, stimulus }: StepFacts): string[] {
  if (stimulus.op !== 'move_pages' || !result || result.status === undefined) return [];
  if (result.status === null) return ['no status was written'];
  return result.status.length === 0 ? [] : [`statuses: ${statusText(result.status)}`];
}

const nodeList = (nodes: readonly number[]): string =>
  `${nodes.length === 1 ? 'node' : 'nodes'} ${bitmap_scnlistprintf(nodes)}`;

/** What a change of a cpuset did to its tasks. */
function printCpuset({ allowed, worker }: StepFacts): string[] {
  const stayed = (left: number): string =>
    left === 0
      ? 'all of it'
      : left < 0
        ? `it failed (${left}), which nobody is told`
        : `all but ${left}, which nobody is told`;
  return [
    ...Object.entries(allowed).map(([task, nodes]) => `${task} may use ${nodeList(nodes)}`),
    ...worker.map(
      ({ tasks, from, to, left }) =>
        `a kernel worker moves the memory of ${tasks} from ${nodeList(from)} to ${nodeList(to)}: ${stayed(left)}`,
    ),
  ];
}

function printLedger(ledger: Ledger, traits: Traits): string[] {
  const { entries, isolated, evicted, migrated, unreferenced, passes, left, refused } = ledger;
  const moved = [
    ...(migrated > 0 ? [`${migrated} copied${passesText(ledger, (entry) => entry.migrated?.pass)}`] : []),
    ...(evicted > 0 || migrated === 0 ? [`${evicted} evicted${passesText(ledger, (entry) => entry.evictedIn)}`] : []),
    ...(unreferenced > 0 ? [`${unreferenced} let go of by all others`] : []),
  ];
  const stayed = isolated - migrated - evicted - unreferenced;
  const looked = `looked at ${count(entries.length, 'page')}, isolated ${isolated}`;
  const inPasses = passes === 0 ? '' : ` in ${count(passes, 'pass', 'passes')}`;
  const engine = isolated === 0 ? '' : `: ${[...moved, `${stayed} refused`].join(', ')}${inPasses}`;
  const rows = refused.map(({ reason, pages }) => [`${pages.length}`, reason, reasonSentence(reason, pages)]);
  return [
    looked + engine,
    ...(left === null || left === stayed ? [] : [`counted as not moved: ${left}; ${countingRule(traits)}`]),
    ...(rows.length > 0 ? ['not moved, by reason:', ...indent(table(rows, ['r', 'l', 'l']), 2)] : []),
  ];
}

/** In which pass pages went: where young ones are spared, old ones early, those that were in use later. */
function passesText({ entries }: Ledger, passOf: (entry: Entry) => number | null | undefined): string {
  const byPass = new Map<number, number>();
  for (const entry of entries) {
    const pass = passOf(entry) ?? null;
    if (pass !== null) byPass.set(pass, (byPass.get(pass) ?? 0) + 1);
  }
  if (byPass.size === 1) return ` in pass ${[...byPass.keys()][0]}`;
  const texts = [...byPass].sort(([a], [b]) => a - b).map(([pass, pages]) => `${pages} in pass ${pass}`);
  return texts.length > 0 ? ` (${texts.join(', ')})` : '';
}

const changed = (a: MemoryOf, b: MemoryOf): boolean =>
  a.swapped !== b.swapped || a.onNode.some((pages, n) => pages !== b.onNode[n]);

function printBeforeAfter(before: MemoryOf, after: MemoryOf, nodes: readonly number[]): string[] {
  const row = (name: string, { onNode, swapped }: MemoryOf): string[] => [name, ...onNode.map(String), `${swapped}`];
  const head = [`memory of ${before.tasks.join(', ')}`, ...nodes.map((nid) => `node ${nid}`), 'swap'];
  return table([head, row('  before', before), row('  after', after)], ['l', ...head.slice(1).map(() => 'r' as const)]);
}

function printMemory({ nodes, memory, freeAtStart, freeAtEnd }: RunFacts): string[] {
  return memoryTable(nodes, memory, [
    ['free at the start', freeAtStart],
    ['free at the end', freeAtEnd],
  ]);
}

/** Where the memory of tasks lies, a row each, and what is free. */
export function memoryTable(
  nodes: readonly number[],
  memory: readonly MemoryOf[],
  freeRows: readonly (readonly [name: string, free: FreeMemory])[],
): string[] {
  const zero = memory.some((each) => each.zero > 0);
  const head = ['', ...nodes.map((nid) => `node ${nid}`), 'swap', 'resident', ...(zero ? ['zero page'] : [])];
  const tasks = memory.flatMap(({ tasks: names, onNode, swapped, zero: zeros }) => {
    const resident = onNode.reduce((sum, pages) => sum + pages, 0);
    if (resident + swapped + zeros === 0) return [];
    return [[names.join(', '), ...[...onNode, swapped, resident].map(String), ...(zero ? [`${zeros}`] : [])]];
  });
  const free = freeRows.map(([name, { onNode, swap }]) => [name, ...onNode.map(String), `${swap}`]);
  return table([head, ...tasks, ...free], ['l', ...head.slice(1).map(() => 'r' as const)]);
}

function printDeadlock(facts: RunFacts): string[] {
  const lines = deadlockWaits(facts).map(({ who, waits }) => `  ${who} ${waits}`);
  return [...lines, '  Nobody of them can ever go on, so the run stopped here.'];
}

/** Who waits in a deadlock, and for what. */
export function deadlockWaits({ deadlock, steps }: RunFacts): { readonly who: string; readonly waits: string }[] {
  const numbers = new Map(eachStep(steps).map(({ number, facts }) => [facts.op, number]));
  return (deadlock ?? []).map((wait) => ({
    who: `${wait.task} (step ${numbers.get(wait.op) ?? ''})`,
    waits: `waits for ${wait.for}, which ${wait.held_by} has`,
  }));
}
