/** Reduces recorded events on a machine, up to any one of them. */
import { openMachine, type Machine, type MachineSpec, type StateView } from '@pagetape/core';
import { ROW_LENGTH, type Block } from '@pagetape/events';

export class Player {
  /** Seq of the last event that was reduced. */
  seq = 0;
  private readonly machine: Machine;
  private readonly blocks: readonly Block[];
  private block = 0;
  private offset = 0;

  private constructor(machine: Machine, blocks: readonly Block[]) {
    this.machine = machine;
    this.blocks = blocks;
  }

  /** Stands before the first event. */
  static open(machine: MachineSpec, blocks: readonly Block[]): Player {
    return new Player(openMachine(machine), blocks);
  }

  get view(): StateView {
    return this.machine.view;
  }

  /** An independent player that stands at the same event. */
  fork(): Player {
    const other = new Player(this.machine.fork(), this.blocks);
    Object.assign(other, { seq: this.seq, block: this.block, offset: this.offset });
    return other;
  }

  /** Reduces the events that are left up to this one. */
  playTo(seq: number): void {
    while (this.seq < seq && this.block < this.blocks.length) {
      const block = this.blocks[this.block];
      const left = block.firstSeq + block.events - 1 - this.seq;
      const to = left <= seq - this.seq ? block.rows.length : this.offsetAfter(block, seq - this.seq);
      this.seq += this.machine.replay(block, this.offset, to);
      this.offset = to;
      if (to === block.rows.length) [this.block, this.offset] = [this.block + 1, 0];
    }
  }

  /** Where the row begins that comes after so many more rows of the block. */
  private offsetAfter({ rows }: Block, events: number): number {
    let offset = this.offset;
    for (let n = 0; n < events; n++) offset += ROW_LENGTH[rows[offset]];
    return offset;
  }
}
