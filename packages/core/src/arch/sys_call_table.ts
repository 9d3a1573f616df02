/**
 * The tables of system calls, as data (arch/i386/kernel/syscall_table.S, include/asm-x86_64/unistd.h,
 * arch/x86_64/ia32/ia32entry.S, arch/ia64/kernel/entry.S). Only the calls that Pagetape simulates are named. How far
 * each table goes is a trait of the kernel, as later kernels have more.
 *
 * The table of 32-bit programs on x86_64 leads to the functions of 64-bit programs, but for get_mempolicy(2).
 */
import type { SyscallAbi } from '@pagetape/events';

export type SimulatedCall =
  | 'mbind'
  | 'get_mempolicy'
  | 'set_mempolicy'
  | 'migrate_pages'
  | 'move_pages'
  | 'set_mempolicy_home_node';

interface SyscallTable {
  /** The number of its first entry. */
  readonly first: number;
  /** Bits of a register that holds an argument. */
  readonly register: 32 | 64;
  readonly calls: Readonly<Record<number, SimulatedCall>>;
}

const I386 = {
  274: 'mbind',
  275: 'get_mempolicy',
  276: 'set_mempolicy',
  294: 'migrate_pages',
  317: 'move_pages',
  450: 'set_mempolicy_home_node',
} as const;

export const SYS_CALL_TABLES: Readonly<Record<SyscallAbi, SyscallTable>> = {
  i386: { first: 0, register: 32, calls: I386 },
  ia32: { first: 0, register: 32, calls: I386 },
  x86_64: {
    first: 0,
    register: 64,
    calls: {
      237: 'mbind',
      238: 'set_mempolicy',
      239: 'get_mempolicy',
      256: 'migrate_pages',
      279: 'move_pages',
      450: 'set_mempolicy_home_node',
    },
  },
  ia64: {
    first: 1024,
    register: 64,
    calls: {
      1259: 'mbind',
      1260: 'get_mempolicy',
      1261: 'set_mempolicy',
      1276: 'move_pages',
      1280: 'migrate_pages',
    },
  },
};
