/** The events that rules ask for. Most of a run is of no interest to them, and to make objects of it costs more than the rules do. */
import { advance, eventByName, ROW_LENGTH, type Block, type Position, type RecordedEvent } from '@pagetape/events';

const WANTED = [
  'KernelOopsed',
  'MappingMoved',
  'MigrationBatchStarted',
  'NodemaskRead',
  'PageAddedToSwapCache',
  'PageDirtied',
  'PageFreed',
  'PageIsolated',
  'PageIsolationFailed',
  'PageMigrated',
  'PageMovedFromSwapCache',
  'PageRemovedFromSwapCache',
  'StimulusBegan',
  'StimulusEnded',
  'SwapCopyDropped',
  'SwapWriteFinished',
  'TargetPageAllocated',
  'VmaMigrateCalled',
  'WalkStarted',
] as const;
export type WantedKind = (typeof WANTED)[number];

/** Definitions by the number of the kind. */
const BY_NUMBER = new Map(WANTED.map((name) => [eventByName(name)!.number, eventByName(name)!]));
const ENDED = eventByName('StimulusEnded')!.number;

/** Adds the wanted events of a block. `at` is the position before the block and is moved on. */
export function gather(block: Block, at: Position, events: RecordedEvent[]): void {
  const { rows, payloads } = block;
  for (let offset = 0; offset < rows.length; offset += ROW_LENGTH[rows[offset]]) {
    advance(at, block, offset);
    const event = BY_NUMBER.get(rows[offset]);
    if (!event) continue;
    let data: Record<string, unknown> = {};
    if (event.lane === 'cold') data = payloads[rows[offset + 1]] as Record<string, unknown>;
    else for (const [i, { name }] of event.fields.entries()) data[name] = rows[offset + 1 + i];
    events.push({ ...at, kind: event.name, data });
    // What follows the end of a step belongs to the one around it.
    if (event.number === ENDED) at.op = data['parent'] as number;
  }
}
