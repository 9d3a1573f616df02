/** The way into the kernel, by number (arch/i386/kernel/entry.S and its likes in other architectures). */
import { defineEvent } from '../define.ts';
import { count, oneOf, signed } from '../field.ts';

/** What a machine can be. */
export const ARCHITECTURES = ['x86_64', 'i386', 'ia64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** The tables of system calls: one for each architecture, and that of 32-bit programs on x86_64. */
export const SYSCALL_ABIS = [...ARCHITECTURES, 'ia32'] as const;
export type SyscallAbi = (typeof SYSCALL_ABIS)[number];

export const SyscallRejected = defineEvent({
  name: 'SyscallRejected',
  number: 175,
  of: 'arch/*/kernel/entry.S',
  doc: 'A task called by a number that the table of its architecture does not have.',
  fields: [signed('nr'), oneOf('abi', SYSCALL_ABIS), count('errno')],
  cost_ns: 200,
});
