/** Steps that are system calls by number: from registers to the functions that serve them. */
import {
  EFAULT,
  EINVAL,
  ENOSYS,
  resolveNumber,
  SYSCALL_ABIS,
  type Address,
  type StimulusByOp,
  type SyscallAbi,
  type SyscallArgument,
} from '@pagetape/events';
import { SYS_CALL_TABLES, type SimulatedCall } from '../arch/sys_call_table.ts';
import { NotSimulated, ScenarioFault } from '../errors.ts';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { killed_by_oops } from '../kernel/panic.ts';
import { set_mempolicy_home_node } from '../mm/mempolicy_kernel.ts';
import { UserStatus, type UserArray } from '../mm/user_array.ts';
import { copy_nodes_to_user, nr_node_ids, type UserMask } from '../mm/user_mask.ts';
import { movePagesCall, policyCalls } from './policy_calls.ts';
import { resolveAddress, resolveMask } from './resolve.ts';
import { fromKernel, type Result } from './result.ts';
import { answering } from './syscalls.ts';

const unreadable = (): null => null;

/** The arguments of a call, as registers and memory hold them. Those that are not given are 0. */
class Arguments {
  private readonly k: Kernel;
  private readonly args: readonly SyscallArgument[];
  private readonly register: 32 | 64;

  constructor(k: Kernel, args: readonly SyscallArgument[], register: 32 | 64) {
    this.k = k;
    this.args = args;
    this.register = register;
  }

  /** An unsigned long: what does not fit into the register is cut off. */
  long(n: number): bigint {
    const argument = this.args[n] ?? 0;
    if (isMemory(argument)) throw new ScenarioFault(`argument ${n + 1} of this call is a number, not memory`);
    return BigInt.asUintN(this.register, numberOf(this.k, argument));
  }

  /** An int: the lower half of a 64-bit register. */
  int(n: number): number {
    return Number(BigInt.asIntN(32, this.long(n)));
  }

  /** Memory that holds a node mask. */
  mask(n: number): UserMask {
    const argument = this.args[n] ?? null;
    if (argument === 'bad') return resolveMask('bad');
    if (isMemory(argument)) {
      if ('mask' in argument) return resolveMask(argument.mask);
      throw new ScenarioFault(`argument ${n + 1} of this call is a node mask: {mask: […]}, "NULL" or "bad"`);
    }
    if (this.long(n) === 0n) return null;
    throw new NotSimulated('a node mask in the memory of a task');
  }

  /** An array of pointers, as move_pages(2) reads them: of 32 bits in a 32-bit program. */
  pointers(n: number): UserArray<bigint> {
    const values = this.array(n, 'addrs32')?.map((address) => numberOf(this.k, address as Address));
    return values ? (i) => values[i] ?? 0n : unreadable;
  }

  /** An array of ints; null: no pointer. */
  ints(n: number): UserArray<number> | null {
    const argument = this.args[n] ?? null;
    if (argument !== 'bad' && !isMemory(argument) && this.long(n) === 0n) return null;
    const values = this.array(n, 'i32') as readonly number[] | null;
    return values ? (i) => values[i] ?? 0 : unreadable;
  }

  /** What an array in memory holds; null where nothing can be read. */
  private array(n: number, key: 'addrs32' | 'i32'): readonly unknown[] | null {
    const argument = this.args[n] ?? null;
    if (argument === 'bad') return null;
    if (isMemory(argument) && key in argument) return (argument as Record<typeof key, readonly unknown[]>)[key];
    if (!isMemory(argument) && this.long(n) === 0n) return null;
    throw new ScenarioFault(`argument ${n + 1} of this call is an array: {${key}: […]}, "NULL" or "bad"`);
  }

  /** A buffer of 32-bit words for an answer: how many, null for no pointer, or "bad". */
  buffer(n: number): number | null | 'bad' {
    const argument = this.args[n] ?? null;
    if (argument === 'bad') return 'bad';
    if (isMemory(argument)) {
      if ('out32' in argument) return argument.out32;
      throw new ScenarioFault(`argument ${n + 1} of this call is a buffer: {out32: n}, "NULL" or "bad"`);
    }
    if (this.long(n) === 0n) return null;
    throw new NotSimulated('a buffer in the memory of a task');
  }
}

type Memory = Extract<
  SyscallArgument,
  { readonly mask: unknown } | { i32: unknown } | { addrs32: unknown } | { out32: unknown }
>;

function isMemory(argument: SyscallArgument): argument is Memory {
  return typeof argument === 'object' && argument !== null && !Array.isArray(argument);
}

function numberOf(k: Kernel, argument: Exclude<SyscallArgument, Memory>): bigint {
  const number = typeof argument === 'number' || (typeof argument === 'string' && !/^(NULL|bad)$/.test(argument));
  return number ? resolveNumber(argument) : resolveAddress(k.s, current(k).pid, argument as Address);
}

/** Which table a call goes through. */
function abiOf(k: Kernel, step: StimulusByOp<'syscall'>): SyscallAbi {
  const arch = k.s.topology.spec.arch ?? 'x86_64';
  if (!step.compat && !current(k).compat) return arch;
  if (arch === 'x86_64') return 'ia32';
  throw new NotSimulated(`a 32-bit program on ${arch}`);
}

/**
 * `arch/ARCH/kernel/entry.S`: a call by its number. Beyond the table the answer is ENOSYS. What the table has and
 * Pagetape does not know ends the run, as nobody could say what it does.
 */
export function* performSyscall(k: Kernel, step: StimulusByOp<'syscall'>): Sleeping<Result> {
  const abi = abiOf(k, step);
  const { first, register, calls } = SYS_CALL_TABLES[abi];
  const nr = Number(BigInt.asIntN(32, BigInt(step.nr)));
  if (nr < first || nr >= first + k.traits.sys_call_table_entries[abi]) {
    k.emit.SyscallRejected(nr, SYSCALL_ABIS.indexOf(abi), ENOSYS);
    return fromKernel(-ENOSYS);
  }
  const call = calls[nr];
  const known = call && (call !== 'move_pages' || movePagesCall(k));
  if (!known) throw new NotSimulated(`system call ${nr} of ${abi}`);
  const args = new Arguments(k, step.args, register);
  if (register === 32 && k.traits.policies === 'zonelists') refuseWrapping(call, args);
  return yield* killed_by_oops(k, CALLS[call](k, args, abi));
}

/** Masks and lengths so long that 32-bit arithmetic wraps around, which ours does not. */
function refuseWrapping(call: SimulatedCall, args: Arguments): void {
  const at = { mbind: 4, get_mempolicy: 2, set_mempolicy: 2, migrate_pages: 1 }[call as string];
  const maxnode = at === undefined ? 0n : args.long(at);
  const end = call === 'mbind' ? args.long(0) + args.long(1) : 0n;
  if (maxnode >= 1n << 31n || end > (1n << 32n) - 4096n) throw new NotSimulated('32-bit arithmetic that wraps around');
}

const CALLS: Readonly<Record<SimulatedCall, (k: Kernel, args: Arguments, abi: SyscallAbi) => Sleeping<Result>>> = {
  migrate_pages: (k, args) =>
    answering(policyCalls(k).migrate_pages(k, args.int(0), args.long(1), args.mask(2), args.mask(3))),
  mbind: (k, args) => {
    const range = { start: args.long(0), len: args.long(1) };
    const flags = BigInt.asUintN(32, args.long(5));
    return answering(policyCalls(k).mbind(k, range, args.long(2), args.mask(3), args.long(4), flags));
  },
  // eslint-disable-next-line require-yield -- this call never sleeps
  set_mempolicy: function* (k, args) {
    return fromKernel(policyCalls(k).set_mempolicy(k, args.int(0), args.mask(1), args.long(2)));
  },
  get_mempolicy,
  move_pages,
  set_mempolicy_home_node: (k, args) => {
    const range = { start: args.long(0), len: args.long(1) };
    return answering(set_mempolicy_home_node(k, range, args.long(2), args.long(3)));
  },
};

/** `mm/migrate.c:sys_move_pages()` */
function* move_pages(k: Kernel, args: Arguments): Sleeping<Result> {
  const buffer = args.buffer(4);
  const length = typeof buffer === 'number' ? buffer : 0;
  const status = new UserStatus(length, buffer === null || buffer === 'bad' ? 0 : Infinity);
  const arrays = { pages: args.pointers(2), nodes: args.ints(3), status };
  const value = yield* movePagesCall(k)!(k, args.int(0), args.long(1), arrays, args.int(5));
  return { ...fromKernel(value), ...outOf([typeof buffer === 'number' ? status.values : null]) };
}

/** `mm/mempolicy.c:sys_get_mempolicy()`, with buffers that the call writes to; null where it wrote nothing. */
function* get_mempolicy(k: Kernel, args: Arguments, abi: SyscallAbi): Sleeping<Result> {
  const [pmode, pmask, maxnode] = [args.buffer(0), args.buffer(1), args.long(2)];
  if (abi === 'ia32' && pmask !== null && k.traits.policies === 'zonelists')
    throw new NotSimulated('compat_sys_get_mempolicy() with a mask');
  const mode = typeof pmode === 'number' ? blank(pmode) : null;
  const words = typeof pmask === 'number' ? blank(pmask) : null;
  const answered = (value: number): Result => ({ ...fromKernel(value), ...outOf([mode, words]) });
  if (pmask !== null && maxnode < BigInt(nr_node_ids(k))) return answered(-EINVAL);
  const answer = yield* policyCalls(k).get_mempolicy(k, args.long(3), args.long(4));
  if (typeof answer === 'number') return answered(answer);
  if (pmode === 'bad') return answered(-EFAULT);
  if (mode) mode[0] = answer.policy;
  if (pmask === null) return answered(0);
  const buffer = pmask === 'bad' ? 'bad' : Math.ceil(pmask / 2);
  const { error, mask } = copy_nodes_to_user(k, buffer, maxnode, answer.nodes);
  words?.forEach((_, n) => (words[n] = half(mask?.[n >> 1] ?? null, n & 1)));
  return answered(error);
}

const blank = (words: number): (number | null)[] => Array.from({ length: words }, () => null);

/** One of the two 32-bit words of a 64-bit one, as an int. */
function half(word: string | null, which: number): number | null {
  return word === null ? null : Number(BigInt.asIntN(32, BigInt(word) >> BigInt(32 * which)));
}

function outOf(buffers: readonly (readonly (number | null)[] | null)[]): Pick<Result, 'out'> {
  const out = buffers.filter((buffer) => buffer !== null);
  return out.length === 0 ? {} : { out };
}
