/**
 * Where and when each event of a tape happened: `seq`, `t`, `cpu`, `task`, `op`, derived from the rows themselves.
 *
 * Time is the sum of the costs of the events so far. Who runs is set by ActorSwitched, what is served by StimulusBegan
 * and StimulusEnded.
 */
import { EVENT_BY_NUMBER } from './catalogue.ts';
import { ActorSwitched, StimulusBegan, StimulusEnded } from './kernel/run.ts';
import { ROW_LENGTH, type Block } from './log.ts';

/** The five things that every event has. `op` 0, `task` 0: none. */
export interface Position {
  seq: number;
  /** Virtual nanoseconds since the start, after the event. */
  t: number;
  cpu: number;
  task: number;
  op: number;
}

export const START: Readonly<Position> = Object.freeze({ seq: 0, t: 0, cpu: 0, task: 0, op: 0 });

/** An event as readers of a tape see it: its position, its kind, and its fields or the members of its payload. */
export interface RecordedEvent extends Readonly<Position> {
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Virtual nanoseconds that an event of each kind takes, by number. */
export const COST_NS: Float64Array = Float64Array.from({ length: 256 }, (_, n) => EVENT_BY_NUMBER[n]?.cost_ns ?? 0);

const object = (value: unknown): Record<string, unknown> => value as Record<string, unknown>;

/** Moves `at` over the event whose row begins at `offset` of the block. */
export function advance(at: Position, block: Block, offset: number): void {
  const kind = block.rows[offset] as number;
  at.seq++;
  at.t += COST_NS[kind] as number;
  if (kind === ActorSwitched.number) {
    at.task = block.rows[offset + 1] as number;
    at.cpu = block.rows[offset + 2] as number;
    at.op = block.rows[offset + 3] as number;
  } else if (kind === StimulusBegan.number) {
    const began = object(block.payloads[block.rows[offset + 1] as number]);
    at.op = began['op'] as number;
  }
}

/** Leaves the stimulus when its end has been read: the end itself still belongs to it. */
function leave(at: Position, block: Block, offset: number): void {
  if (block.rows[offset] !== StimulusEnded.number) return;
  at.op = object(block.payloads[block.rows[offset + 1] as number])['parent'] as number;
}

function toObject(at: Position, block: Block, offset: number): RecordedEvent {
  const event = EVENT_BY_NUMBER[block.rows[offset] as number];
  if (!event) throw new Error(`event ${at.seq} has the unknown kind ${block.rows[offset]}`);
  if (event.lane === 'cold') {
    const data = object(block.payloads[block.rows[offset + 1] as number]);
    return Object.freeze({ ...at, kind: event.name, data });
  }
  const fields: Record<string, number> = {};
  event.fields.forEach((field, i) => (fields[field.name] = block.rows[offset + 1 + i] as number));
  return Object.freeze({ ...at, kind: event.name, data: Object.freeze(fields) });
}

/** The events of a block as frozen objects, made on demand. `at` is the position before the block and is moved on. */
export function* eventsOf(block: Block, at: Position): Generator<RecordedEvent> {
  for (let offset = 0; offset < block.rows.length;) {
    advance(at, block, offset);
    yield toObject(at, block, offset);
    leave(at, block, offset);
    offset += ROW_LENGTH[block.rows[offset] as number] as number;
  }
}
