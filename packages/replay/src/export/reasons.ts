/** Why a step has no counterpart, for the operations that hardly any format has. */
import { stimulusByName, type Op } from '@pagetape/events';

const REASONS: Readonly<Partial<Record<Op, string>>> = {
  lock: 'no program can hold the lock of a page',
  unlock: 'no program can hold the lock of a page',
  pinpages: 'it stands for direct I/O that stays under way',
  unpin: 'it stands for direct I/O that ends',
  writeback: 'no program can start the write-out of one page to swap',
  age: 'no program can make the page scanner look at a page now',
  deactivate: 'no program can make the page scanner look at a page now',
  drain: 'no program can empty the batches of a cpu',
  swapfill: 'it stands for whoever else uses swap space',
  swapfree: 'it stands for whoever else uses swap space',
  io: 'when requests to a disk end is up to the disk',
  io_done: 'when requests to a disk end is up to the disk',
  ioerr: 'disks fail when they like',
  congest: 'whether the queue of a device is full is up to the device',
  hog: 'it stands for whoever else uses the memory of the node',
  unhog: 'it stands for whoever else uses the memory of the node',
  soft_offline: 'it would take memory of the machine out of use for good',
  node_offline: 'which blocks of memory the node has is known on the machine alone',
  node_online: 'which blocks of memory the node has is known on the machine alone',
  ksm: 'a full scan of ksmd takes as long as it takes',
};

/** Why no format, or not this one, has the operation. */
export function reasonFor(op: Op): string {
  const known = REASONS[op];
  if (known !== undefined) return known;
  return stimulusByName(op)?.by === 'outside'
    ? 'it is done by somebody outside of the tasks'
    : `there are no words for ${op} here`;
}
