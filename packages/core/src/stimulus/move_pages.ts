/** move_pages(2): from the words of a step to the arrays in the memory of the caller, and back to what was written. */
import { ENOSYS, type Address, type StimulusByOp } from '@pagetape/events';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { killed_by_oops } from '../kernel/panic.ts';
import { UserStatus, type MovePagesArrays, type UserArray } from '../mm/user_array.ts';
import { movePagesCall } from './policy_calls.ts';
import { resolveAddress, resolveInt, resolveLong, resolvePid } from './resolve.ts';
import { fromKernel, type Result } from './result.ts';
import { answering } from './syscalls.ts';

type Step = StimulusByOp<'move_pages'>;

const unreadable = (): null => null;

/** The addresses that the step names, in its words; null: it has no array of them. */
function addressesOf(step: Step): readonly Address[] | null {
  if (step.range) {
    const [region, first, pages] = step.range;
    return Array.from({ length: pages }, (_, n) => [region, first + n] as const);
  }
  return step.addrs === undefined || step.addrs === 'bad' ? null : step.addrs;
}

/** The task whose region an address names: the caller if it has one of that name, else the first task that does. */
function ownerOf(k: Kernel, address: Address): number {
  const { pid, mm } = current(k);
  if (!Array.isArray(address)) return pid;
  const spaces = k.s.cold.regions.filter(({ name }) => name === address[0]).map((region) => region.mm);
  if (spaces.length === 0 || spaces.includes(mm)) return pid;
  const owner = Object.values(k.s.cold.tasks).find((task) => spaces.includes(task.mm));
  return owner?.pid ?? pid;
}

/** Zeroes follow an array, unless the step says that nothing does. */
function pagesArray(k: Kernel, step: Step, addresses: readonly Address[] | null): UserArray<bigint> {
  if (addresses === null) return unreadable;
  const values = addresses.map((address) => resolveAddress(k.s, ownerOf(k, address), address));
  return (n) => values[n] ?? (step.addrs_edge ? null : 0n);
}

function nodesArray({ nodes }: Step, length: number): UserArray<number> | null {
  if (nodes === null) return null;
  if (nodes === 'bad') return unreadable;
  if (typeof nodes === 'number') return (n) => (n < length ? nodes : 0);
  return (n) => nodes[n] ?? 0;
}

/** An array as long as that of the addresses, with room behind it. */
function statusArray({ status, status_edge }: Step, length: number): UserStatus {
  if (status === null || status === 'bad') return new UserStatus(0, 0);
  return new UserStatus(Math.min(length, status_edge ?? length), status_edge ?? Infinity);
}

export function* performMovePages(k: Kernel, step: Step): Sleeping<Result> {
  const call = movePagesCall(k);
  if (!call) return fromKernel(-ENOSYS);
  const addresses = addressesOf(step);
  const length = addresses?.length ?? 0;
  const arrays: MovePagesArrays = {
    pages: pagesArray(k, step, addresses),
    nodes: nodesArray(step, length),
    status: statusArray(step, length),
  };
  const count = step.count === undefined ? BigInt(length) : resolveLong(step.count);
  const served = answering(call(k, resolvePid(k.s, step.pid), count, arrays, resolveInt(step.flags)));
  const result = yield* killed_by_oops(k, served);
  const written = step.status === null || step.status === 'bad' ? {} : { status: arrays.status.values };
  return { ...result, ...written };
}
