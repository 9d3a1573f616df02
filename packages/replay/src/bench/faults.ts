/** Single-bit faults: one bit of the state of one of two machines that reduce the same tape is turned over, and must be found. */
import { HOT_ARRAYS, layout, type HotArray, type MachineSpec, type StateView } from '@pagetape/core';
import type { Block } from '@pagetape/events';
import { Player } from '../laws/player.ts';
import { startOf } from '../run/stimuli.ts';
import type { Tape } from '../tape/index.ts';
import { firstStateDifference, type Played } from '../timeline/faults.ts';

/** A bit that turns over after an event. */
interface Fault {
  readonly seq: number;
  readonly array: HotArray;
  readonly index: number;
  readonly bit: number;
}

/** What became of the faults: how many were named exactly, and those that were not. */
export interface Found {
  readonly exact: number;
  readonly wrong: readonly string[];
}

/** A player on which the fault happens. */
class Faulty implements Played {
  private readonly player: Player;
  private readonly fault: Fault;

  constructor(player: Player, fault: Fault) {
    this.player = player;
    this.fault = fault;
  }

  get seq(): number {
    return this.player.seq;
  }

  get view(): StateView {
    return this.player.view;
  }

  playTo(seq: number): void {
    const { player, fault } = this;
    if (player.seq < fault.seq && fault.seq <= seq) {
      player.playTo(fault.seq);
      (player.view[fault.array] as unknown as Int32Array)[fault.index] ^= 1 << fault.bit;
    }
    player.playTo(seq);
  }

  fork(): Played {
    return new Faulty(this.player.fork(), this.fault);
  }
}

/** Numbers that look random, always the same ones. */
export function numbers(seed: number): (below: number) => number {
  let x = seed >>> 0;
  return (below) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * below);
  };
}

/** Integers of an array that the run has come to use. */
function usedOf(s: StateView, array: HotArray): number {
  if (array === 'frames') return s.scalars[layout.FRAMES_USED] * layout.FRAME;
  if (array === 'tables') return s.scalars[layout.TABLES_USED] * layout.TABLE;
  return s[array].length;
}

/**
 * Injects so many faults, one after another, at random events into random used integers, and looks for each without being told.
 * It is named exactly when the event, the integer and both values are right, and nothing else is said to differ.
 */
export function injectFaults(tape: Tape, faults: number, seed: number, onFault = () => {}): Found {
  const below = numbers(seed);
  const blocks = [...tape.blocks];
  const { machine } = startOf(tape);
  const wrong: string[] = [];
  for (let n = 0; n < faults; n++) {
    const seq = 1 + below(tape.lastSeq);
    const player = Player.open(machine, blocks);
    player.playTo(seq);
    const arrays = HOT_ARRAYS.filter((array) => usedOf(player.view, array) > 0);
    const array = arrays[below(arrays.length)];
    const fault: Fault = { seq, array, index: below(usedOf(player.view, array)), bit: below(32) };
    const value = player.view[array][fault.index];
    if (!isFound(machine, blocks, fault, value)) wrong.push(JSON.stringify(fault));
    onFault();
  }
  return { exact: faults - wrong.length, wrong };
}

function isFound(machine: MachineSpec, blocks: readonly Block[], fault: Fault, value: number): boolean {
  const last = blocks[blocks.length - 1];
  const end = last.firstSeq + last.events - 1;
  const found = firstStateDifference(
    Player.open(machine, blocks),
    new Faulty(Player.open(machine, blocks), fault),
    end,
  );
  if (found?.seq !== fault.seq || found.differences.length !== 1) return false;
  const [{ array, index, a, b }] = found.differences;
  return array === fault.array && index === fault.index && a === `${value}` && b === `${value ^ (1 << fault.bit)}`;
}
