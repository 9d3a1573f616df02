/** Picking events from a tape. */
import { eventByName, type RecordedEvent } from '@pagetape/events';
import type { Tape } from '../tape/index.ts';
import { kindNumber, RowCursor } from './rows.ts';

/** Which events are wanted. What is null does not matter. */
export interface Selection {
  /** Seqs, both ends included. */
  readonly from: number;
  readonly to: number;
  readonly kinds: ReadonlySet<string> | null;
  /** The process id of the task that ran. */
  readonly task: number | null;
  /** A frame that the event names. */
  readonly pfn: number | null;
  readonly op: number | null;
}

/** The events of a `full` tape that are wanted, in order. Blocks outside the range are not read. */
export function* selectEvents(tape: Tape, selection: Selection): Generator<RecordedEvent> {
  const { from, to, kinds, task, pfn, op } = selection;
  const { blocks } = tape;
  for (let i = Math.max(0, blocks.find(from)); i < blocks.count && blocks.entry(i).firstSeq <= to; i++) {
    if (blocks.entry(i).lastSeq < from) continue;
    const cursor = new RowCursor([blocks.blockAt(i)], blocks.positionBefore(i));
    while (cursor.next() && cursor.at.seq <= to) {
      const { at } = cursor;
      if (at.seq < from || (task !== null && at.task !== task) || (op !== null && at.op !== op)) continue;
      const event = cursor.event();
      if ((kinds === null || kinds.has(event.kind)) && (pfn === null || names(event, pfn))) yield event;
    }
  }
}

/** Whether an event is about this frame. */
function names({ kind, data }: RecordedEvent, pfn: number): boolean {
  const definition = eventByName(kind);
  if (definition?.lane === 'hot')
    return definition.fields.some(({ name, type }) => type.id === 'pfn' && data[name] === pfn);
  return data['pfn'] === pfn;
}

/** Process ids of the tasks of a tape, by name. */
export function tasksOf(tape: Tape): ReadonlyMap<string, number> {
  const spawned = kindNumber('TaskSpawned');
  const tasks = new Map<string, number>();
  const cursor = new RowCursor(tape.blocks);
  while (cursor.next()) {
    if (cursor.kind !== spawned) continue;
    const { task } = cursor.payload as { task: { name: string; pid: number } };
    tasks.set(task.name, task.pid);
  }
  return tasks;
}
