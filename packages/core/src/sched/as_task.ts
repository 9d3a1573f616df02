/** Work that one task has another do for it, and waits for. */
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { WAIT_HANDOVER, waitFor } from './wait.ts';

/** Lets another task serve a part of the running step, such as a kernel worker. The one that asked sleeps meanwhile. */
export function* as_task<T>(k: Kernel, pid: number, work: Sleeping<T>): Sleeping<T> {
  const asking = current(k).pid;
  yield waitFor(WAIT_HANDOVER, pid);
  const result = yield* work;
  yield waitFor(WAIT_HANDOVER, asking);
  return result;
}
