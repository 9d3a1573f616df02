/** Recorded events one by one, as rows of integers; they become objects only when somebody asks. */
import {
  advance,
  canonicalJson,
  EVENT_BY_NUMBER,
  eventByName,
  ROW_LENGTH,
  START,
  StimulusEnded,
  type Block,
  type EventName,
  type Position,
  type RecordedEvent,
} from '@pagetape/events';

/** The number of an event kind, for comparing it with the first integer of a row. */
export function kindNumber(name: EventName): number {
  const event = eventByName(name);
  if (!event) throw new Error(`there is no event kind ${name}`);
  return event.number;
}

/**
 * Goes over the rows of blocks and knows where and when each happened. Before the first `next` it stands on none.
 * Blocks are pulled from an iterable, or given one by one with `open`.
 */
export class RowCursor {
  readonly at: Position;
  block: Block = { firstSeq: 1, events: 0, rows: new Int32Array(0), payloads: [] };
  /** Where the row begins in the block. */
  offset = 0;
  private readonly blocks: Iterator<Block> | undefined;
  private after = 0;
  private end = 0;
  /** The step that is served again after this event, when the event ends one. */
  private parent: number | null = null;

  constructor(blocks?: Iterable<Block>, at: Position = START) {
    this.at = { ...at };
    this.blocks = blocks?.[Symbol.iterator]();
  }

  /** Goes on with these rows of a block, which follow the last event. They are only lent. */
  open(block: Block, from = 0, to = block.rows.length): void {
    this.block = block;
    this.after = from;
    this.end = to;
  }

  /** Moves on to the next event. Returns whether there is one. */
  next(): boolean {
    if (this.parent !== null) this.at.op = this.parent;
    this.parent = null;
    while (this.after >= this.end) {
      const next = this.blocks?.next();
      if (!next || next.done) return false;
      this.open(next.value);
    }
    this.offset = this.after;
    this.after += ROW_LENGTH[this.kind];
    advance(this.at, this.block, this.offset);
    if (this.kind === StimulusEnded.number) this.parent = (this.payload as { parent: number }).parent;
    return true;
  }

  get kind(): number {
    return this.block.rows[this.offset];
  }

  /** A field of a hot event. */
  field(n: number): number {
    return this.block.rows[this.offset + 1 + n];
  }

  /** The object of a cold event. */
  get payload(): unknown {
    return this.block.payloads[this.block.rows[this.offset + 1]];
  }

  get isCold(): boolean {
    return EVENT_BY_NUMBER[this.kind]?.lane === 'cold';
  }

  /** The event as an object that lives on. */
  event(): RecordedEvent {
    const definition = EVENT_BY_NUMBER[this.kind];
    if (!definition) throw new Error(`event ${this.at.seq} has the unknown kind ${this.kind}`);
    const { name: kind } = definition;
    if (definition.lane === 'cold') {
      return Object.freeze({ ...this.at, kind, data: this.payload as RecordedEvent['data'] });
    }
    const fields = definition.fields.map(({ name }, n) => [name, this.field(n)] as const);
    return Object.freeze({ ...this.at, kind, data: Object.freeze(Object.fromEntries(fields)) });
  }

  /** Whether both stand on equal events: kind and fields or payload. */
  isSameAs(other: RowCursor): boolean {
    if (this.kind !== other.kind) return false;
    if (this.isCold) return canonicalJson(this.payload) === canonicalJson(other.payload);
    for (let n = ROW_LENGTH[this.kind] - 2; n >= 0; n--) if (this.field(n) !== other.field(n)) return false;
    return true;
  }
}
