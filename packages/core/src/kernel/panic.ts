/** What becomes of a call when the kernel itself goes wrong (arch/x86_64/kernel/traps.c, kernel/exit.c). */
import type { Oops } from '@pagetape/events';
import { KernelOops, NotSimulated } from '../errors.ts';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import type { Result } from '../stimulus/result.ts';
import { do_exit } from './exit.ts';

/**
 * `arch/x86_64/kernel/traps.c:die()`: the kernel used a null pointer. Nothing that the call holds is given back. A kernel worker
 * would die, too, and whoever waits for its work would wait for ever.
 */
export function die(k: Kernel, site: string, what: string, holds: Omit<Oops, 'task'>): never {
  if (current(k).mm === 0) throw new NotSimulated(`a kernel thread that dies in ${site}`);
  k.emit.KernelOopsed({ site, what, task: current(k).pid, ...holds });
  throw new KernelOops(`${site}: ${what}`);
}

/**
 * Serves a call that may end in an oops: then the task exits. exit_mm() takes the mmap_sem for a moment, so a task
 * that holds it alone waits for itself.
 */
export function* killed_by_oops(k: Kernel, call: Sleeping<Result>): Sleeping<Result> {
  try {
    return yield* call;
  } catch (error) {
    if (!(error instanceof KernelOops)) throw error;
  }
  yield* do_exit(k);
  return { ret: null, sig: 'SIGKILL' };
}
