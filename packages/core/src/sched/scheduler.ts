/**
 * Who runs. Each step is an actor: a generator that yields what it waits for. With one actor nothing is ever chosen; with
 * several, chance picks among those that can go on, and the choice is on the tape.
 *
 * The device is an actor too: when somebody waits for a page that is being read or written, the oldest request may end.
 * When nobody can go on the run stops with a report of who waits for whom.
 */
import { isSubjectDead, subjectOf, type Subject } from './subject.ts';
import { UNTIL_WAIT, type Stimulus, type Task } from '@pagetape/events';
import { current, task_cpu, type Kernel, type Sleeping } from '../kernel.ts';
import { end_idle_tasks, get_signal_to_deliver } from '../kernel/signal.ts';
import { release_holder } from '../mm/filemap.ts';
import { end_all_requests, end_oldest_request, is_pending } from '../mm/page_io.ts';
import { STREAMS, type Stream } from '../prng.ts';
import { CURRENT_CPU, CURRENT_OP, CURRENT_TASK, IO_PENDING, LAST_OP, MM, M_SEM } from '../state/layout.ts';
import { holderUntil } from '../state/outside.ts';
import { PageLocked, PageWriteback } from '../state/read.ts';
import { perform } from '../stimulus/perform.ts';
import type { Result } from '../stimulus/result.ts';
import {
  WAIT_HANDOVER,
  WAIT_MMAP_READ,
  WAIT_MMAP_WRITE,
  WAIT_OTHERS,
  WAIT_PAGE_LOCK,
  WAIT_PASS,
  WAIT_PREEMPT,
  WAIT_WRITEBACK,
  waitId,
  waitKind,
} from './wait.ts';

interface Actor {
  readonly stimulus: Stimulus;
  readonly subject: Subject;
  readonly op: number;
  readonly parent: number;
  /** The task that goes on with the step: that of the subject, or one that works for it. */
  acting: number;
  run: Sleeping<Result> | null;
  wait: number;
  /** How often anybody had been resumed when this one last was. */
  turn: number;
  result: Result | null;
  /** What was bound to a pass and has acted. A call may have several passes of one number, one for each pair of nodes. */
  readonly acted: Set<object>;
}

export class Scheduler {
  private readonly k: Kernel;
  private ops: number;
  /** How often anybody was resumed. */
  private turns = 0;
  /** Set when the run cannot go on. */
  private stop: 'hang' | 'blocked' | null = null;
  /** How many steps that act during another one are under way. */
  private interventions = 0;

  constructor(k: Kernel) {
    this.k = k;
    this.ops = k.s.scalars[LAST_OP];
  }

  /** Serves one step of a scenario to its end, with all that belongs to it. */
  serve(stimulus: Stimulus): Result {
    const actor = this.enter(stimulus, 0);
    if (stimulus.op === 'parallel') this.serveParallel(actor, stimulus.steps);
    else this.drive([actor]);
    return actor.result as Result;
  }

  /** Serves steps that overlap. They belong to the step that holds them; steps of one task keep their order. */
  private serveParallel(whole: Actor, steps: readonly Stimulus[]): void {
    this.begin(whole);
    const actors = steps.map((step) => this.enter(step, whole.op));
    this.k.contended = true;
    this.drive(actors);
    this.k.contended = false;
    const results = actors.map((actor) => actor.result as Result);
    if (this.stop) whole.result = { ret: null, stop: this.stop, results };
    else this.finish(whole, { ret: 0, results });
  }

  private enter(stimulus: Stimulus, parent: number): Actor {
    const subject = subjectOf(this.k.s, stimulus);
    if (subject.task !== 0) this.k.under_way.push(subject.task);
    return {
      stimulus,
      subject,
      acting: subject.task,
      op: ++this.ops,
      parent,
      run: null,
      wait: WAIT_PREEMPT,
      turn: 0,
      result: null,
      acted: new Set(),
    };
  }

  /** Runs actors until all have their result, or nobody can go on. */
  private drive(actors: readonly Actor[]): void {
    for (;;) {
      const live = actors.filter((actor) => actor.result === null);
      if (live.length === 0) return;
      const runnable = live.filter((actor) => this.canRun(actor) && isFirstOfTask(actor, live));
      const device = this.deviceIsAwaited(live);
      if (runnable.length === 0 && !device) return this.giveUp(live);
      const choices = runnable.length + (device ? 1 : 0);
      const choice = choices === 1 ? 0 : this.draw('schedule', choices);
      if (choice === runnable.length) end_oldest_request(this.k);
      else this.resume(runnable[choice]);
      if (this.stop) return this.abandon(live);
    }
  }

  private canRun({ wait, turn }: Actor): boolean {
    const { s } = this.k;
    const id = waitId(wait);
    switch (waitKind(wait)) {
      case WAIT_PAGE_LOCK:
        return !PageLocked(s, id);
      case WAIT_WRITEBACK:
        return !PageWriteback(s, id);
      case WAIT_MMAP_READ:
        return s.mms[id * MM + M_SEM] >= 0;
      case WAIT_MMAP_WRITE:
        return s.mms[id * MM + M_SEM] === 0;
      case WAIT_OTHERS:
        return this.turns > turn;
      default:
        return true;
    }
  }

  /** Whether somebody waits for a page whose request is pending at a device that works. */
  private deviceIsAwaited(live: readonly Actor[]): boolean {
    const { s } = this.k;
    if (s.scalars[IO_PENDING] === 0 || s.cold.io_mode === 'stuck') return false;
    return live.some((actor) => {
      return !this.canRun(actor) && isIoWait(actor.wait) && is_pending(this.k, waitId(actor.wait));
    });
  }

  private draw(stream: Stream, bound: number): number {
    const value = this.k.chance.below(stream, bound);
    this.k.emit.ChanceDrawn(STREAMS.indexOf(stream), bound, value);
    return value;
  }

  /** Lets an actor run up to its next wait, or to its end. */
  private resume(actor: Actor): void {
    if (actor.run === null) this.begin(actor);
    this.switchTo(actor);
    actor.turn = ++this.turns;
    // A task that is on its way out goes on; it may have to sleep there.
    if (actor.run === null && isSubjectDead(this.k.s, actor.subject))
      return this.finish(actor, { ret: null, dead: true });
    actor.run ??= untilUserMode(this.k, actor.stimulus);
    const { done, value } = actor.run.next();
    if (done) return this.finish(actor, value);
    actor.wait = value;
    if (waitKind(value) === WAIT_PASS) this.intervene(actor, waitId(value));
    else if (waitKind(value) === WAIT_PAGE_LOCK) this.holderYields(waitId(value));
    else if (waitKind(value) === WAIT_HANDOVER) actor.acting = waitId(value);
  }

  private begin({ op, parent, subject, stimulus }: Actor): void {
    this.k.emit.StimulusBegan({ op, parent, task: subject.task, stimulus: { ...stimulus } });
  }

  private switchTo({ acting, op }: Actor): void {
    const { scalars } = this.k.s;
    const cpu = acting === 0 ? 0 : task_cpu(this.k, acting);
    const same = scalars[CURRENT_TASK] === acting && scalars[CURRENT_CPU] === cpu && scalars[CURRENT_OP] === op;
    if (!same) this.k.emit.ActorSwitched(acting, cpu, op);
  }

  /** What others do right before the first pass of a number: at once and completely. */
  private intervene(actor: Actor, pass: number): void {
    const during = 'during' in actor.stimulus ? (actor.stimulus.during ?? []) : [];
    const due = during.filter((each) => each.pass === pass && !actor.acted.has(each));
    for (const each of due) actor.acted.add(each);
    for (const step of due.flatMap((each) => each.steps)) {
      const nested = this.enter(step, actor.op);
      this.interventions++;
      this.drive([nested]);
      this.interventions--;
      if (this.stop) return;
    }
  }

  /** Somebody outside who waits to be waited for lets go of the lock. */
  private holderYields(pfn: number): void {
    if (holderUntil(this.k.s, pfn) === UNTIL_WAIT) release_holder(this.k, pfn);
  }

  private finish(actor: Actor, result: Result): void {
    const { s } = this.k;
    const pending = s.scalars[IO_PENDING];
    if (actor.parent === 0 && s.cold.io_mode === 'step' && pending > 0) {
      this.k.emit.IoSettled(pending);
      end_all_requests(this.k);
    }
    this.over(actor, result);
    this.k.emit.StimulusEnded({ op: actor.op, parent: actor.parent, task: actor.subject.task, result: { ...result } });
  }

  private over(actor: Actor, result: Result): void {
    const { under_way } = this.k;
    const at = under_way.indexOf(actor.subject.task);
    if (at >= 0) under_way.splice(at, 1);
    actor.result = result;
  }

  /** Nobody can go on: says who waits for what. */
  private giveUp(live: readonly Actor[]): void {
    const waits = live.map(({ acting, op, wait }) => ({ task: acting, op, ...describeWait(this.k, wait) }));
    this.k.emit.DeadlockFound({ waits });
    this.stop = this.interventions === 0 ? 'hang' : 'blocked';
    this.abandon(live);
  }

  private abandon(live: readonly Actor[]): void {
    for (const actor of live)
      if (actor.result === null) this.over(actor, { ret: null, stop: this.stop as 'hang' | 'blocked' });
  }
}

/** Serves a step. A signal that waits for its task ends the task before the step, or when the step is over. */
function* untilUserMode(k: Kernel, step: Stimulus): Sleeping<Result> {
  const before = yield* get_signal_to_deliver(k);
  if (before !== null) return { ret: null, sig: before };
  const result = yield* perform(k, step);
  const task: Task | undefined = current(k);
  const sig = yield* get_signal_to_deliver(k);
  if (sig === null) return result;
  if (task) yield* end_idle_tasks(k, task.tgid);
  return { ...result, sig };
}

/** Steps of one task run one after the other. */
function isFirstOfTask(actor: Actor, live: readonly Actor[]): boolean {
  const { task } = actor.subject;
  return task === 0 || live.find((other) => other.subject.task === task) === actor;
}

const isIoWait = (wait: number): boolean => waitKind(wait) === WAIT_PAGE_LOCK || waitKind(wait) === WAIT_WRITEBACK;

function semHolder({ s }: Kernel, mm: number): string {
  const dead = s.cold.oopses.some((oops) => oops.mm === mm);
  return dead ? 'a call that died in an oops' : 'the call around this step, or another task';
}

function describeWait(k: Kernel, wait: number): { for: string; held_by: string } {
  const id = waitId(wait);
  const device = is_pending(k, id) ? 'the device' : 'nobody known';
  switch (waitKind(wait)) {
    case WAIT_PREEMPT:
      return { for: 'its turn', held_by: 'the step before it, of the same task' };
    case WAIT_PAGE_LOCK:
      return { for: `the lock of page ${id}`, held_by: holderUntil(k.s, id) < 0 ? device : 'somebody outside' };
    case WAIT_OTHERS:
      return { for: `memory of node ${id} to come free`, held_by: 'whoever refers to its pages' };
    case WAIT_WRITEBACK:
      return { for: `the end of the write of page ${id}`, held_by: device };
    default:
      return { for: `the mmap_sem of address space ${id}`, held_by: semHolder(k, id) };
  }
}
