/** The NUMA system calls. Their arguments are passed as given: what is wrong with them is for the kernel to find. */
import { z } from 'zod';
import { defineStimulus } from './define.ts';
import { during } from './nested.ts';
import {
  address,
  count,
  filePages,
  integer,
  regionName,
  either,
  nodeMask,
  numberValue,
  optional,
  pidValue,
  taskName,
  yesNo,
  type Address,
} from './values.ts';

const badOrNull = () => either('null or "bad"', [z.null(), z.literal('bad')]);

export const migrate_pages = defineStimulus({
  name: 'migrate_pages',
  doc: 'Moves the pages of a process from the nodes of one mask to those of another.',
  fields: () => ({
    t: taskName(),
    pid: pidValue(),
    maxnode: numberValue(),
    old: nodeMask(),
    new: nodeMask(),
    during: optional(during()),
  }),
});

export const mbind = defineStimulus({
  name: 'mbind',
  doc: 'Sets the policy of a range of memory, given in `pages` or as `len` in bytes.',
  fields: () => ({
    t: taskName(),
    addr: address(),
    pages: optional(count()),
    len: optional(numberValue().describe('The length in bytes.')),
    mode: numberValue(),
    mask: nodeMask(),
    maxnode: numberValue(),
    flags: numberValue(),
    during: optional(during()),
  }),
  choice: { keys: ['pages', 'len'], required: true },
});

export const set_mempolicy = defineStimulus({
  name: 'set_mempolicy',
  doc: 'Sets the policy of the task.',
  fields: () => ({ t: taskName(), mode: numberValue(), mask: nodeMask(), maxnode: numberValue() }),
});

export const get_mempolicy = defineStimulus({
  name: 'get_mempolicy',
  doc: 'Asks for the policy of the task or of an address, or for the node of a page.',
  fields: () => ({
    t: taskName(),
    pmode: optional(badOrNull().describe('Where the mode goes: an int when not given.')),
    pmask: either('a number of words, null, "bad" or {edge: words}', [
      count(),
      z.null(),
      z.literal('bad'),
      z.strictObject({ edge: count() }),
    ]).describe('64-bit words of the buffer for the mask; null: none; {edge}: nothing writable follows them.'),
    maxnode: numberValue(),
    addr: address(),
    flags: numberValue(),
  }),
});

export const home_node = defineStimulus({
  name: 'home_node',
  doc: 'set_mempolicy_home_node: the node from which the policy of a range is tried first.',
  fields: () => ({ t: taskName(), addr: address(), pages: count(), node: numberValue(), flags: numberValue() }),
});

export const move_pages = defineStimulus({
  name: 'move_pages',
  doc: 'Moves single pages of a process, or asks where they are.',
  fields: () => ({
    t: taskName(),
    pid: pidValue(),
    addrs: optional(
      either('a list of addresses, or "bad"', [z.array(address()), z.literal('bad')]).describe('Not given: NULL.'),
    ),
    range: optional(
      z
        .tuple([regionName(), filePages(), filePages()], '[region, page, number of pages]')
        .describe('The addresses of consecutive pages: [region, page, number].'),
    ),
    nodes: either('a list of nodes, one node for all pages, null or "bad"', [
      z.array(integer()),
      integer(),
      z.null(),
      z.literal('bad'),
    ]),
    flags: numberValue(),
    count: optional(numberValue().describe('Usual: the number of addresses.')),
    status: optional(
      either('true, null or "bad"', [z.literal(true), z.null(), z.literal('bad')]).describe(
        'Where the answers go: an array when not given.',
      ),
    ),
    addrs_edge: optional(yesNo().describe('Nothing is mapped behind the addresses.')),
    status_edge: optional(count().describe('Nothing is mapped behind so many entries of the status array.')),
  }),
  choice: { keys: ['addrs', 'range'], required: false },
});

/** An argument of a call by number: a number, an address, or memory that is made for the call. */
export type SyscallArgument =
  | number
  | string
  | Address
  | { readonly mask: readonly number[] }
  | { readonly i32: readonly number[] }
  | { readonly addrs32: readonly Address[] }
  | { readonly out32: number };

const argument = () =>
  either('a number, an address, {mask: […]}, {i32: […]}, {addrs32: […]} or {out32: n}', [
    numberValue(),
    address(),
    z.strictObject({ mask: z.array(count()) }),
    z.strictObject({ i32: z.array(integer()) }),
    z.strictObject({ addrs32: z.array(address()) }),
    z.strictObject({ out32: count() }),
  ]) as unknown as z.ZodType<SyscallArgument>;

export const syscall = defineStimulus({
  name: 'syscall',
  doc: 'A system call by its number on the architecture of the machine, or (compat) that of a 32-bit program.',
  fields: () => ({
    t: taskName(),
    nr: z.int('the number of a system call'),
    args: z.array(argument(), 'a list of arguments'),
    compat: optional(yesNo().describe('By int 0x80.')),
  }),
});
