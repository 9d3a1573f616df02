/**
 * Emitters and the replay loop, compiled from the catalogue: one straight function a kind, with direct calls, because a
 * table of closures costs several times as much on the hot path. `emit.js` and `replay.js` in a debugger are these.
 *
 * Both do the same to the machine: add the cost of the event to the clock, then call the reducer with its fields.
 */
import { EVENTS, type Emitters } from './catalogue.ts';
import type { AnyEvent } from './define.ts';
import { BLOCK_EVENTS, type Block, type EventLog } from './log.ts';

/** What an event does to the machine, by kind: a function of the state and the fields, or of the state and the payload. */
export type Reducers<State> = Readonly<Record<string, (state: State, ...args: never[]) => void>>;

/** What a state must have for events to take time: virtual nanoseconds. */
export interface Clocked {
  readonly clock: { t: number };
}

/** Parameters are numbered, so that a field may have any name. */
const args = (event: AnyEvent): string[] => (event.lane === 'hot' ? event.fields.map((_, n) => `a${n}`) : ['payload']);

const passTime = ({ cost_ns }: AnyEvent): string => (cost_ns === 0 ? '' : `clock.t += ${cost_ns};`);

function emitterSource(event: AnyEvent): string {
  const parameters = args(event);
  const row = event.lane === 'hot' ? parameters : ['log.payloads.push(payload) - 1'];
  const stores = [`${event.number}`, ...row].map((value, i) => `rows[i + ${i}] = ${value};`).join(' ');
  return `${event.name}(${parameters.join(', ')}) {
  if (log.events === ${BLOCK_EVENTS}) log.flush();
  const i = log.length;
  ${stores}
  log.length = i + ${row.length + 1};
  log.events++;
  ${passTime(event)}
  reduce_${event.name}(${['state', ...parameters].join(', ')});
}`;
}

function replayCase(event: AnyEvent): string {
  const length = event.lane === 'hot' ? event.fields.length : 1;
  const fields = Array.from({ length }, (_, n) => `rows[i + ${n + 1}]`);
  const values = event.lane === 'hot' ? fields : ['block.payloads[rows[i + 1]]'];
  return `case ${event.number}: ${passTime(event)} reduce_${event.name}(${['state', ...values].join(', ')}); i += ${length + 1}; break;`;
}

const prologue = (): string =>
  [
    "'use strict';",
    'const clock = state.clock;',
    ...EVENTS.map(({ name }) => `const reduce_${name} = reducers.${name};`),
  ].join('\n');

/** Compiled once for all machines of a process, so that what the engine learns from one serves the next. */
let emitterFactory: Function | undefined;
let replayFactory: Function | undefined;

function emittersSource(): string {
  return `${prologue()}
const rows = log.rows;
return Object.freeze({\n${EVENTS.map(emitterSource).join(',\n')}\n});
//# sourceURL=emit.js`;
}

/** The functions that record an event in `log` and reduce it. */
export function compileEmitters<State extends Clocked>(
  log: EventLog,
  state: State,
  reducers: Reducers<State>,
): Emitters {
  emitterFactory ??= new Function('log', 'state', 'reducers', emittersSource());
  return emitterFactory(log, state, reducers) as Emitters;
}

/** Reduces the rows of a block from the integer at `from` up to before `to`, and returns how many events that were. */
export type ReplayBlock = (block: Block, from: number, to: number) => number;

/** The loop that reduces recorded rows. */
export function compileReplay<State extends Clocked>(state: State, reducers: Reducers<State>): ReplayBlock {
  replayFactory ??= new Function('state', 'reducers', replaySource());
  return replayFactory(state, reducers) as ReplayBlock;
}

function replaySource(): string {
  return `${prologue()}
return function replayBlock(block, from, to) {
  const rows = block.rows;
  let i = from, events = 0;
  while (i < to) {
    switch (rows[i]) {
      ${EVENTS.map(replayCase).join('\n      ')}
      default: throw new Error('unknown event kind ' + rows[i] + ' at integer ' + i + ' of the block');
    }
    events++;
  }
  return events;
};
//# sourceURL=replay.js`;
}
