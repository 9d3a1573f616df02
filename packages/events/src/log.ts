/**
 * The rows of a run in memory: what emitters write, what a tape stores, what a replay reads.
 *
 * A row is the number of the event kind, then its fields, all 32-bit integers. The one field of a cold event is the
 * position of its payload among the payloads of the block. `seq`, `t`, `cpu`, `task` and `op` are not stored: they
 * follow from the rows before (`position.ts`), so recording costs no more than writing the facts.
 */
import { EVENT_BY_NUMBER } from './catalogue.ts';
import { MAX_FIELDS } from './define.ts';

/** Rows of a block: the first event's seq, the number of events, their integers, the payloads of cold events. */
export interface Block {
  readonly firstSeq: number;
  readonly events: number;
  readonly rows: Int32Array;
  readonly payloads: readonly unknown[];
}

/** Takes each block when it is full. The rows are only lent: a sink that keeps them copies them. */
export type BlockSink = (block: Block) => void;

/** Events of a full block. A crash of the recorder loses at most these. */
export const BLOCK_EVENTS = 4096;

/** Integers in the row of each kind, by number; 0: no such kind. */
export const ROW_LENGTH: Uint8Array = Uint8Array.from({ length: 256 }, (_, number) => {
  const event = EVENT_BY_NUMBER[number];
  if (!event) return 0;
  return 1 + (event.lane === 'hot' ? event.fields.length : 1);
});

/** Gathers rows into blocks. Its fields are public because emitters are compiled against them. */
export class EventLog {
  readonly rows = new Int32Array(BLOCK_EVENTS * (MAX_FIELDS + 1));
  /** Integers written to `rows`. */
  length = 0;
  /** Events in the current block. */
  events = 0;
  payloads: unknown[] = [];
  /** Events of the blocks that were handed out. */
  private flushed = 0;
  private readonly sink: BlockSink | undefined;

  /** Seq of the last event; seq counts from 1. */
  get seq(): number {
    return this.flushed + this.events;
  }

  /** A run that goes on where another one stopped goes on counting. */
  set seq(last: number) {
    this.flushed = last - this.events;
  }

  constructor(sink?: BlockSink) {
    this.sink = sink;
  }

  /** Throws the current block away, and goes on as if `seq` events had been handed out. */
  forget(seq: number): void {
    this.length = 0;
    this.events = 0;
    this.payloads = [];
    this.flushed = seq;
  }

  /** Hands the current block to the sink, full or not. */
  flush(): void {
    if (this.events === 0) return;
    const { events, payloads } = this;
    this.sink?.({ firstSeq: this.flushed + 1, events, rows: this.rows.subarray(0, this.length), payloads });
    this.flushed += events;
    this.length = 0;
    this.events = 0;
    this.payloads = [];
  }
}

/** A sink that keeps copies of all blocks, for short runs and tests. */
export function collectBlocks(): { readonly blocks: Block[]; readonly sink: BlockSink } {
  const blocks: Block[] = [];
  return { blocks, sink: (block) => blocks.push({ ...block, rows: block.rows.slice() }) };
}
