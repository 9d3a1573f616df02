/**
 * Relations between runs, which hold whatever the rules are: the names of nodes say nothing, a call that did all has nothing left to
 * do, and who may do less moves no more. No other kernel is asked, so a bug that all kernels share shows as well.
 */
import { layout as L, ALL_PROFILES, read, type Result, type StateView } from '@pagetape/core';
import {
  CAPABILITY_NAMES,
  Hash64,
  resolveNumber,
  type NodeMask,
  type Stimulus,
  type StimulusByOp,
} from '@pagetape/events';
import type { Program } from '../laws/recording.ts';
import { finding, type Finding } from './finding.ts';
import { renamed } from './rename.ts';
import { Runner, runnerFor } from './runner.ts';

export function judgeRelations(program: Program): Finding[] {
  return [...namesSayNothing(program), ...nothingIsLeftToDo(program), ...lessPrivilegeMovesNoMore(program)];
}

// --- names of nodes ---------------------------------------------------------------------------------------------------

/** What a run comes to, but for the names of nodes. */
interface Ending {
  readonly answers: readonly string[];
  readonly state: string;
}

function endingOf(program: Program, runner: Runner): Ending | null {
  const { results, end } = runner.judge(program);
  if (end === 'crashed' || end === 'broken') return null;
  const { frames, tables, mms, swap_map, scalars } = runner.view;
  const hash = new Hash64();
  hash.ints(frames, 0, scalars[L.FRAMES_USED] * L.FRAME);
  hash.ints(tables, L.TABLE, scalars[L.TABLES_USED] * L.TABLE);
  hash.ints(mms, 0, mms.length);
  hash.ints(swap_map, 0, swap_map.length);
  return { answers: results.map(answerOf), state: hash.digest() };
}

const answerOf = ({ ret, errno, sig, stop }: Result): string => [ret, errno, sig, stop].join(' ');

/** Machines and steps in which some nodes have other numbers, in the same order, come to the same. */
function namesSayNothing(program: Program): Finding[] {
  const other = renamed(program);
  if (!other) return [];
  const ours = endingOf(program, runnerFor(program));
  const theirs = endingOf(other, new Runner(other));
  if (!ours || !theirs) return [];
  const step = ours.answers.findIndex((answer, i) => asked(program.steps[i]) && answer !== theirs.answers[i]);
  if (step >= 0) {
    const [op, answers] = [program.steps[step].op, [ours.answers[step], theirs.answers[step]]];
    return [
      finding('rename', `with other numbers of nodes ${op} answers ${answers[1]} instead of ${answers[0]}`, step + 1),
    ];
  }
  return ours.state === theirs.state
    ? []
    : [finding('rename', 'with other numbers of nodes the memory ends up elsewhere')];
}

/** Answers that are numbers of nodes say nothing. */
const asked = ({ op }: Stimulus): boolean => op !== 'get_mempolicy' && op !== 'parallel';

// --- a call again, and with less privilege ------------------------------------------------------------------------------

type Migrate = StimulusByOp<'migrate_pages'>;

/** Calls whose relations are looked at: the last of a program that nothing happens during. */
function lastMigration({ steps }: Program): number {
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i];
    if (step.op === 'migrate_pages' && !step.during) return i;
  }
  return -1;
}

/** Runs what stands before a step. Returns whether it came so far. */
function runUpTo(runner: Runner, program: Program, end: number): boolean {
  runner.begin(program);
  for (let i = 0; i < end; i++) if (runner.perform(program.steps[i]).stop) return false;
  return true;
}

/** Where each page of each address space lies: a frame, or minus a slot. */
function placesOf(s: StateView): Map<number, number> {
  const places = new Map<number, number>();
  for (let mm = 1; mm < s.cold.next.mm; mm++) {
    for (const id of s.cold.mms[mm]?.vmas ?? []) {
      const { start, end } = s.cold.vmas[id];
      for (let vpn = start; vpn < end; vpn++) {
        const pte = read.pte_of(s, mm, vpn);
        if (read.pte_present(pte)) places.set(mm * 2 ** 32 + vpn, read.pte_pfn(pte));
        else if (read.pte_is_swap(pte)) places.set(mm * 2 ** 32 + vpn, -read.pte_slot(pte));
      }
    }
  }
  return places;
}

function changes(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number {
  let found = 0;
  for (const [page, place] of before) if (after.get(page) !== place) found++;
  return found;
}

/** The nodes of a mask that is given plainly; null: it is given in another way. */
function plainNodes(mask: NodeMask, maxnode: Migrate['maxnode']): readonly number[] | null {
  const bits = resolveNumber(maxnode);
  if (!Array.isArray(mask) || bits < 64n || bits > 66n) return null;
  return (mask as readonly number[]).every((node) => node < 62) ? (mask as readonly number[]) : null;
}

/** Free frames that a target needs, so that nothing goes to another node for want of memory. */
const PLENTY = 300;

function hasPlenty({ topology, zones }: StateView, nid: number): boolean {
  let free = 0;
  topology.zones.forEach(({ node }, zone) => {
    if (node === nid) free += zones[zone * L.ZONE + L.Z_FREE];
  });
  return free >= PLENTY;
}

/** The call says that it moved all, and its targets are none of its sources: once more it must not move anything. */
function nothingIsLeftToDo(program: Program): Finding[] {
  const at = lastMigration(program);
  const call = program.steps[at] as Migrate | undefined;
  const [from, to] = call ? [plainNodes(call.old, call.maxnode), plainNodes(call.new, call.maxnode)] : [null, null];
  if (!call || !from || !to || to.some((node) => from.includes(node))) return [];
  const runner = runnerFor(program);
  try {
    if (!runUpTo(runner, program, at) || runner.perform(call).ret !== 0) return [];
    const caller = runner.view.cold.tasks[runner.view.cold.pids[call.t]];
    const free = to.every((node) => hasPlenty(runner.view, node) && caller?.mems_allowed.includes(node));
    if (!free) return [];
    const before = placesOf(runner.view);
    if (runner.perform(call).stop) return [];
    const moved = changes(before, placesOf(runner.view));
    return moved === 0
      ? []
      : [finding('again', `the same call again moves ${moved} pages, where it had said that all were moved`, at + 1)];
  } catch {
    return []; // What cannot be run is told by the quick judges.
  }
}

/** Answers that depend on how much memory others took before. */
const STARVED: ReadonlySet<string | undefined> = new Set(['ENOMEM', 'ENODEV']);

function lessPrivilegeMovesNoMore(program: Program): Finding[] {
  const at = lastMigration(program);
  if (at < 0 || ALL_PROFILES[program.profile]?.engine === 'none') return [];
  const call = program.steps[at] as Migrate;
  const runner = runnerFor(program);
  try {
    const full = movedBy(runner, program, at, []);
    const drop: Stimulus = { op: 'capdrop', t: call.t, caps: [...CAPABILITY_NAMES] };
    const less = movedBy(runner, program, at, [drop]);
    if (!full || !less || STARVED.has(full.result.errno) || STARVED.has(less.result.errno)) return [];
    if (full.result.ret === -1 && less.result.ret !== -1) {
      const answers = `${full.result.errno}, and without any capability ${less.result.ret}`;
      return [finding('privilege', `migrate_pages answers ${answers}`, at + 1)];
    }
    if (less.moved <= full.moved) return [];
    return [
      finding(
        'privilege',
        `without any capability migrate_pages moves ${less.moved} pages instead of ${full.moved}`,
        at + 1,
      ),
    ];
  } catch {
    return [];
  }
}

/** How many pages a call moves after some steps more. */
function movedBy(runner: Runner, program: Program, at: number, more: readonly Stimulus[]) {
  if (!runUpTo(runner, program, at)) return null;
  for (const step of more) runner.perform(step);
  const before = placesOf(runner.view);
  const result = runner.perform(program.steps[at]);
  return result.stop ? null : { result, moved: changes(before, placesOf(runner.view)) };
}
