/** What a debugger knows between two commands: the timeline, what to stop at, and the branch that was made last. */
import { EVENTS } from '@pagetape/events';
import { compileExpression } from '../questions/find.ts';
import { Questions } from '../questions/questions.ts';
import type { RowCursor } from '../run/rows.ts';
import { printPosition } from '../timeline/position.ts';
import type { Stop } from '../timeline/stop.ts';
import { TargetError } from '../timeline/target.ts';
import type { Timeline } from '../timeline/timeline.ts';
import { changeAt, watchStop, type Change, type Watch } from '../timeline/watch.ts';
import { stepsOf, type TrunkStep } from '../timeline/fork.ts';

/** Something to stop at that has a number, so that it can be deleted. */
export interface Numbered {
  readonly number: number;
  /** As `stops` lists it. */
  readonly name: string;
  readonly stop: Stop;
  /** What is watched; events are not. */
  readonly watch: Watch | null;
}

/** Where a search ended, and why. */
export interface Hit {
  readonly seq: number;
  readonly by: Numbered;
  /** What became of the watched thing. */
  readonly change: Change | null;
}

export class Session {
  readonly file: string;
  readonly timeline: Timeline;
  private readonly list: Numbered[] = [];
  private numbers = 0;
  private steps: readonly TrunkStep[] | undefined;
  private asked: Questions | undefined;

  constructor(file: string, timeline: Timeline) {
    this.file = file;
    this.timeline = timeline;
  }

  /** The position as commands take it. */
  get position(): string {
    return printPosition(this.file, this.timeline.seq);
  }

  /** What questions need to know of the whole tape. Made when the first is asked. */
  get questions(): Questions {
    return (this.asked ??= new Questions(this.timeline));
  }

  get stops(): readonly Numbered[] {
    return this.list;
  }

  watch(watch: Watch): Numbered {
    return this.add({ name: `watch ${watch.name}`, stop: watchStop(watch), watch });
  }

  /** Stops at events that an expression picks, as that of `find`. A kind alone needs to know nothing of the tape. */
  breakAt(text: string): Numbered {
    const kind = EVENTS.find(({ name }) => name === text)?.number;
    const matches =
      kind === undefined ? compileExpression(text, this.questions.names) : (row: RowCursor) => row.kind === kind;
    return this.add({ name: `break ${text}`, stop: { on: 'events', matches }, watch: null });
  }

  private add(made: Omit<Numbered, 'number'>): Numbered {
    const numbered = { number: ++this.numbers, ...made };
    this.list.push(numbered);
    return numbered;
  }

  delete(number: number): void {
    const at = this.list.findIndex((each) => each.number === number);
    if (at < 0) throw new TargetError(`there is no stop ${number}; "stops" lists them`);
    this.list.splice(at, 1);
  }

  /** Goes to the nearest place where one of these stops; null: there is none, and nothing moved. */
  run(direction: 'forward' | 'back', stops: readonly Numbered[] = this.list): Hit | null {
    const { timeline } = this;
    const from = timeline.seq;
    let best: { seq: number; by: Numbered } | null = null;
    for (const by of stops) {
      timeline.seek(from);
      const seq: number | null =
        direction === 'forward'
          ? timeline.runTo(by.stop, best ? best.seq - 1 : timeline.last)
          : timeline.runBackTo(by.stop, best ? best.seq + 1 : 1);
      if (seq !== null) best = { seq, by };
    }
    timeline.seek(best?.seq ?? from);
    return best && { ...best, change: best.by.watch && changeAt(timeline, best.by.watch) };
  }

  /** The steps of the run that belong to no other one. */
  get trunk(): readonly TrunkStep[] {
    return (this.steps ??= stepsOf(this.timeline));
  }

  /** The step that the event of the position serves or follows; undefined before the first. */
  get step(): TrunkStep | undefined {
    return this.trunk.filter(({ began }) => began <= this.timeline.seq).at(-1);
  }
}
