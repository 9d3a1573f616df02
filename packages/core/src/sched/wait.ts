/**
 * What a kernel function waits for, as one integer: the kind in the lowest three bits, a frame, an address space, a pass,
 * a task or a node above. It yields this to the scheduler and goes on when it is resumed.
 */
export const WAIT = 8;
export const WAIT_PREEMPT = 0; // may give way to another task here
export const WAIT_PASS = 1; // a migration pass begins: disturbances that are bound to it act
export const WAIT_PAGE_LOCK = 2; // until the frame is unlocked
export const WAIT_WRITEBACK = 3; // until the frame is written
export const WAIT_MMAP_READ = 4; // until the mmap_sem may be taken shared
export const WAIT_MMAP_WRITE = 5; // … alone
export const WAIT_HANDOVER = 6; // another task goes on with the step
export const WAIT_OTHERS = 7; // until somebody else has acted, who might free memory of the node

export const waitFor = (kind: number, id: number): number => id * WAIT + kind;
export const waitKind = (wait: number): number => wait % WAIT;
export const waitId = (wait: number): number => Math.floor(wait / WAIT);
