/** Calls by number that no kernel would answer, or that Pagetape cannot: what the user is told. */
import type { SyscallArgument } from '@pagetape/events';
import test from 'ava';
import { Simulation } from '../simulation.ts';

const node = (id: number) => ({ id, pages: 64, cpus: 1 });
const base = { nodes: [node(0), node(1)], swap: [8], page_cluster: 0, io: 'step' } as const;

function call(
  nr: number,
  args: readonly SyscallArgument[],
  { arch = 'x86_64', compat = false }: { arch?: 'x86_64' | 'i386' | 'ia64'; compat?: boolean } = {},
) {
  const simulation = new Simulation({ machine: { ...base, arch } });
  simulation.perform({ op: 'spawn', t: 'A' });
  return simulation.perform({ op: 'syscall', t: 'A', nr, args: [...args], ...(compat ? { compat } : {}) });
}

test('a number in the table that is not simulated is told by name', (t) => {
  t.throws(() => call(1, []), { name: 'NotSimulated', message: 'system call 1 of x86_64 is not simulated yet' });
  t.throws(() => call(1276, [], { arch: 'ia64' }), { name: 'NotSimulated' });
  t.throws(() => call(4, [], { compat: true }), { message: 'system call 4 of ia32 is not simulated yet' });
});

test('32-bit programs have a table of their own on x86_64 alone', (t) => {
  t.is(call(295, [], { compat: true }).errno, 'ENOSYS');
  t.throws(() => call(1259, [], { arch: 'ia64', compat: true }), { message: /32-bit program on ia64/ });
});

test('what an argument must be is said', (t) => {
  t.throws(() => call(256, [0, { mask: [1] }, null, null]), { message: /argument 2 of this call is a number/ });
  t.throws(() => call(256, [0, 65, { out32: 1 }, null]), { message: /argument 3 of this call is a node mask/ });
  t.throws(() => call(239, [{ mask: [1] }, null, 0, null, 0]), { message: /argument 1 of this call is a buffer/ });
});

test('a null pointer is a null pointer in each of its forms, and arguments left out are 0', (t) => {
  for (const nothing of [null, 'NULL', 0, '0x0'] as const) t.is(call(256, [0, 0, nothing, nothing]).ret, 0);
  t.is(call(256, []).ret, 0);
});

test('arithmetic that wraps around in 32 bits is refused', (t) => {
  const message = /32-bit arithmetic that wraps around/;
  t.throws(() => call(294, [0, '0xffffffff', null, null], { arch: 'i386' }), { message });
  t.throws(() => call(274, ['0x40000000', '0xfffff000', 0, null, 0, 0], { arch: 'i386' }), { message });
});
