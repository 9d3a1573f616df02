/**
 * syzkaller programs (docs/program_syntax.md, and the descriptions of the calls in sys/linux/sys.txt, of syzkaller).
 *
 * - A program is one process: the calls of the first task. Other tasks have no counterpart.
 * - Memory is the data area of syzkaller, 4,096 pages from 0x7f0000000000 on. The arena lies at its beginning, moved down if it
 *   must be; its last pages hold what calls read and write in memory: a place of its own for each argument.
 * - There is no call that only touches memory. madvise(2) says that MADV_POPULATE_READ and MADV_POPULATE_WRITE (since 5.14) fault
 *   pages in as if each was read or written, so that is what a touch becomes.
 * - A node mask is one 64-bit word there. A pointer that cannot be read is 0xffffffffffffffff.
 */
import {
  resolveNumber,
  type Address,
  type NodeMask,
  type NumberValue,
  type Op,
  type PidValue,
  type Stimulus,
  type StimulusByOp,
} from '@pagetape/events';
import type { MachineSpec } from '@pagetape/core';
import { commentText, FileNames } from './names.ts';
import { addressesOf, Places, protectionBits, wordsOf } from './places.ts';
import {
  eachInTurn,
  headOf,
  none,
  partly,
  whole,
  type Exported,
  type ExportedProgram,
  type Said,
  type StepTable,
} from './program.ts';

/** Where pointers lie before syzkaller adjusts them. */
export const SYZ_BASE = 0x7f0000000000n;
/** The first page of what calls read and write: a page or more for each argument, so that zeroes follow it. */
export const SYZ_ARGUMENTS = {
  old: 4032,
  new: 4033,
  mode: 4034,
  mask: 4035,
  cpus: 4036,
  name: 4037,
  bytes: 4038,
  pages: 4040,
  nodes: 4056,
  status: 4072,
} as const;
const ARENA_PAGES = SYZ_ARGUMENTS.old;
const MOST_PAGES = 4096;
/** More single calls than this for one step would be no program to read. */
const MOST_CALLS = 64;

const UNREADABLE = '0xffffffffffffffff';
const PAGE = 4096n;

export const hex = (value: bigint | number): string => `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
const number = (value: NumberValue): string => hex(resolveNumber(value));

const ONE_PROCESS = 'a program is one process, the first task';

/** What cannot be written as a syzkaller program; the words say why. */
class Unwritable extends Error {}

class Writer {
  readonly places = new Places();
  readonly files = new FileNames();
  /** The variable of each file that is open. */
  readonly open = new Map<string, string>();
  readonly machine: MachineSpec;
  /** The one task that there is. */
  readonly task: string | undefined;
  /** The page of the arena that lies at the beginning of the data area. */
  readonly first: number;

  constructor({ machine, steps }: ExportedProgram) {
    this.machine = machine;
    this.task = firstTask(steps);
    const pages = steps.flatMap((step) =>
      step.op === 'mmap' || step.op === 'mremap' ? [step.at, step.at + step.pages] : [],
    );
    const last = Math.max(0, ...pages);
    const lowest = pages.length === 0 ? 0 : Math.min(...pages);
    this.first = last <= ARENA_PAGES ? 0 : lowest - (lowest % 512);
  }

  /** Pages of the arena, as an address with its length. */
  range(page: number, pages: number): string {
    const at = page - this.first;
    if (at < 0 || pages < 1 || at + pages > ARENA_PAGES)
      throw new Unwritable('the data area of syzkaller ends before these pages');
    return `&(${hex(SYZ_BASE + BigInt(at) * PAGE)}/${hex(BigInt(pages) * PAGE)})=nil`;
  }

  /** Memory that the step speaks of. */
  memory(task: string, address: Address, pages: number): string {
    if (address === null || address === 'NULL') return '0x0';
    const place = this.places.place(task, address);
    if (!place || place.byte !== 0)
      throw new Unwritable('an address there is the beginning of a page of the data area');
    return this.range(place.page, Math.max(pages, 1));
  }

  /** An argument in memory, at its place. */
  at(argument: keyof typeof SYZ_ARGUMENTS, value?: string): string {
    const pointer = `&(${hex(SYZ_BASE + BigInt(SYZ_ARGUMENTS[argument]) * PAGE)})`;
    return value === undefined ? pointer : `${pointer}=${value}`;
  }

  mask(argument: 'old' | 'new', mask: NodeMask): string {
    if (mask === null) return '0x0';
    if (mask === 'bad') return UNREADABLE;
    const given = 'words' in mask ? mask : undefined;
    if (given?.edge || given?.skew) throw new Unwritable('no place there ends where a mask does');
    const words = given ? given.words.map((word) => BigInt(word)) : wordsOf(mask as readonly number[]);
    if (words.length > 1) throw new Unwritable('a node mask is one 64-bit word there');
    return this.at(argument, hex(words[0] ?? 0n));
  }

  pid(pid: PidValue): string {
    if (typeof pid === 'number') return hex(pid);
    if (pid === 'self' || pid === this.task) return '0x0';
    const known: Readonly<Record<string, number>> = { init: 1, kthread: 2, none: 0x3fffff };
    if (known[pid] === undefined) throw new Unwritable('there is one process, and the call is about another');
    return hex(known[pid]);
  }

  file(name: string): string {
    const variable = this.open.get(name);
    if (variable === undefined) throw new Unwritable(`the file ${JSON.stringify(name)} is not open`);
    return variable;
  }
}

function firstTask(steps: readonly Stimulus[]): string | undefined {
  for (const step of steps) if (step.op === 'spawn') return step.t;
  return undefined;
}

/** A line: a call with its arguments. */
const call = (name: string, ...args: readonly string[]): string => `${name}(${args.join(', ')})`;
const bytes = (pages: number): string => hex(BigInt(pages) * PAGE);

const MMAP_FLAGS: Readonly<Record<string, number>> = {
  populate: 0x8000,
  locked: 0x2000,
  hugetlb: 0x40000,
  denywrite: 0x800,
};
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;

function map(step: StimulusByOp<'mmap'>, writer: Writer): Said {
  const { at, pages, kind = 'anon', prot = 'rw', file, off = 0, flags = [], migrate } = step;
  if (migrate) return none('a vm_ops->migrate() belongs to a driver');
  const odd = flags.filter((flag) => MMAP_FLAGS[flag] === undefined);
  const bits =
    MAP_FIXED |
    (kind === 'anon' || kind === 'filepriv' ? MAP_PRIVATE : MAP_SHARED) |
    (file === undefined ? MAP_ANONYMOUS : 0) |
    flags.reduce((sum, flag) => sum | (MMAP_FLAGS[flag] ?? 0), 0);
  const fd = file === undefined ? UNREADABLE : writer.file(file);
  const line = call(
    'mmap',
    writer.range(at, pages),
    bytes(pages),
    hex(protectionBits(prot)),
    hex(bits),
    fd,
    bytes(off),
  );
  return odd.length === 0 ? whole(line) : partly(`there is no flag ${odd.join(', ')}`, line);
}

function touch({ t, addr, pages, mode = 'w', stride = 1 }: StimulusByOp<'touch'>, writer: Writer): Said {
  const advice = mode === 'w' ? '0x17' : '0x16';
  if (stride === 1) return whole(call('madvise', writer.memory(t, addr, pages), bytes(pages), advice));
  const place = writer.places.place(t, addr);
  if (!place || pages > MOST_CALLS) return none('the pages do not lie side by side');
  const each = (n: number): string => call('madvise', writer.range(place.page + n * stride, 1), bytes(1), advice);
  return whole(...Array.from({ length: pages }, (_, n) => each(n)));
}

function movePages(step: StimulusByOp<'move_pages'>, writer: Writer): Said {
  const { t, pid, nodes, flags, count, status, addrs_edge, status_edge } = step;
  if (addrs_edge || status_edge !== undefined) return none('no place there ends where an array does');
  const addresses = addressesOf(step);
  const list = Array.isArray(addresses) ? (addresses as readonly Address[]) : [];
  if (list.length > MOST_PAGES) return none('so many addresses are no program to read');
  const pages = list.map((address) => writer.memory(t, address, 1));
  const array = (values: readonly string[]): string => `[${values.join(', ')}]`;
  const targets = typeof nodes === 'number' ? list.map(() => nodes) : nodes;
  return whole(
    call(
      'move_pages',
      writer.pid(pid),
      count === undefined ? hex(list.length) : number(count),
      addresses === null ? '0x0' : addresses === 'bad' ? UNREADABLE : writer.at('pages', array(pages)),
      targets === null
        ? '0x0'
        : targets === 'bad'
          ? UNREADABLE
          : writer.at('nodes', array(targets.map((node) => int(node)))),
      status === null ? '0x0' : status === 'bad' ? UNREADABLE : writer.at('status', array(list.map(() => '0x0'))),
      number(flags),
    ),
  );
}

const int = (value: number): string => `0x${BigInt.asUintN(32, BigInt(value)).toString(16)}`;

function ask(step: StimulusByOp<'get_mempolicy'>, writer: Writer): Said {
  const { t, pmode, pmask, maxnode, addr, flags } = step;
  if (typeof pmask === 'object' && pmask !== null) return none('no place there ends where a mask does');
  const out = (given: unknown, argument: 'mode' | 'mask'): string =>
    given === null ? '0x0' : given === 'bad' ? UNREADABLE : writer.at(argument, '0x0');
  return whole(
    call(
      'get_mempolicy',
      out(pmode, 'mode'),
      out(pmask, 'mask'),
      number(maxnode),
      writer.memory(t, addr, 1),
      number(flags),
    ),
  );
}

function pin({ cpu, node }: StimulusByOp<'pin'>, writer: Writer): Said {
  const at = cpu ?? firstCpu(writer.machine, node);
  if (at === undefined || at > 63) return none('a mask of cpus is one 64-bit word there');
  return whole(call('sched_setaffinity', '0x0', '0x8', writer.at('cpus', hex(1n << BigInt(at)))));
}

function firstCpu({ nodes }: MachineSpec, node = 0): number | undefined {
  let first = 0;
  for (const { id, cpus } of nodes) {
    if (id === node) return cpus > 0 ? first : undefined;
    first += cpus;
  }
  return undefined;
}

function open({ name, pages, fs = 'disk', buffers }: StimulusByOp<'file'>, writer: Writer): Said {
  const variable = `r${writer.open.size}`;
  writer.open.set(name, variable);
  const path = (text: string): string => writer.at('name', `'${text}\\x00'`);
  const named = writer.files.of(name);
  const opened =
    fs === 'tmpfs'
      ? call('memfd_create', path(named), '0x0')
      : call('openat', '0xffffffffffffff9c', path(`./${named}`), '0x42', '0x1ff');
  const lines = [`${variable} = ${opened}`, call('ftruncate', variable, bytes(pages))];
  if (fs === 'tmpfs') return whole(...lines);
  return fs === 'disk' && buffers === undefined
    ? whole(...lines)
    : partly('which file system it is on is up to syzkaller', ...lines);
}

function spawn(step: StimulusByOp<'spawn'>, writer: Writer): Said {
  const { t, node, cpu, uid = 0, caps, mems, compat, dumpable = 1 } = step;
  if (t !== writer.task) return none(ONE_PROCESS);
  const at = cpu ?? firstCpu(writer.machine, node);
  const lines = at === undefined || at > 63 ? [] : pin({ op: 'pin', t, cpu: at }, writer).lines;
  const special = uid !== 0 || caps !== undefined || mems !== undefined || compat === true || dumpable === 0;
  return special ? partly('user ids and cpusets are up to the sandbox', ...lines) : whole(...lines);
}

function write({ file, off, pages }: StimulusByOp<'pwrite'>, writer: Writer): Said {
  if (pages > MOST_CALLS) return none('so many pages are no program to read');
  const fd = writer.file(file);
  return whole(
    ...Array.from({ length: pages }, (_, n) => call('pwrite64', fd, writer.at('bytes'), '0x1000', bytes(off + n))),
  );
}

/** An id that stays is -1. */
const id = (value: number | undefined): string => (value === undefined ? UNREADABLE : hex(value));

const TABLE: StepTable<Writer> = {
  spawn,
  fork: () => none(ONE_PROCESS),
  thread: () => none(ONE_PROCESS),
  kill: () => none(ONE_PROCESS),
  pin,
  exit: () => whole(call('exit', '0x0')),
  uid: ({ uid, euid, suid }) => whole(call('setresuid', id(uid), id(euid), id(suid))),
  gid: ({ gid, egid, sgid }) => whole(call('setresgid', id(gid), id(egid), id(sgid))),
  file: open,
  pwrite: write,
  punch: ({ file, off, pages }, writer) => whole(call('fallocate', writer.file(file), '0x3', bytes(off), bytes(pages))),
  truncate: ({ name, pages }, writer) => whole(call('ftruncate', writer.file(name), bytes(pages))),
  mmap: map,
  munmap: ({ t, addr, pages }, writer) => whole(call('munmap', writer.memory(t, addr, pages), bytes(pages))),
  mprotect: ({ t, addr, pages, prot }, writer) =>
    whole(call('mprotect', writer.memory(t, addr, pages), bytes(pages), hex(protectionBits(prot)))),
  mremap: ({ t, r, at, pages }, writer) => {
    const { at: from, pages: old } = writer.places.region(t, r) ?? { at: 0, pages: 1 };
    return whole(call('mremap', writer.range(from, old), bytes(old), bytes(pages), '0x3', writer.range(at, pages)));
  },
  mlock: ({ t, addr, pages }, writer) => whole(call('mlock', writer.memory(t, addr, pages), bytes(pages))),
  munlock: ({ t, addr, pages }, writer) => whole(call('munlock', writer.memory(t, addr, pages), bytes(pages))),
  mlockall: ({ flags }) => whole(call('mlockall', number(flags))),
  munlockall: () => whole(call('munlockall')),
  madvise: ({ t, addr, pages, advice }, writer) =>
    whole(call('madvise', writer.memory(t, addr, pages), bytes(pages), number(advice))),
  remap_file_pages: ({ t, addr, pages, off, prot = '', nonblock = false }, writer) =>
    whole(
      call(
        'remap_file_pages',
        writer.memory(t, addr, pages),
        bytes(pages),
        hex(protectionBits(prot)),
        hex(off),
        nonblock ? '0x10000' : '0x0',
      ),
    ),
  touch,
  migrate_pages: ({ pid, maxnode, old, new: to }, writer) =>
    whole(call('migrate_pages', writer.pid(pid), number(maxnode), writer.mask('old', old), writer.mask('new', to))),
  mbind: ({ t, addr, pages, len, mode, mask, maxnode, flags }, writer) => {
    const length = len === undefined ? BigInt(pages ?? 0) * PAGE : resolveNumber(len);
    const memory = writer.memory(t, addr, Math.max(1, pages ?? 1));
    return whole(
      call('mbind', memory, hex(length), number(mode), writer.mask('old', mask), number(maxnode), number(flags)),
    );
  },
  set_mempolicy: ({ mode, mask, maxnode }, writer) =>
    whole(call('set_mempolicy', number(mode), writer.mask('old', mask), number(maxnode))),
  get_mempolicy: ask,
  move_pages: movePages,
};

/** Steps of other tasks are left out; so are those that cannot be written, with the reason. */
function guarded(table: StepTable<Writer>): StepTable<Writer> {
  const guard =
    (entry: (step: Stimulus, writer: Writer) => Said) =>
    (step: Stimulus, writer: Writer): Said => {
      const task = 't' in step ? step.t : undefined;
      if (task !== undefined && task !== writer.task) return none(ONE_PROCESS);
      try {
        return entry(step, writer);
      } catch (error) {
        if (error instanceof Unwritable) return none(error.message);
        throw error;
      }
    };
  const entries = Object.entries(table) as [Op, (step: Stimulus, writer: Writer) => Said][];
  return Object.fromEntries(entries.map(([op, entry]) => [op, guard(entry)])) as StepTable<Writer>;
}

export function exportSyzkaller(program: ExportedProgram): Exported {
  const writer = new Writer(program);
  const tally = { steps: 0, partly: 0, missing: 0 };
  const moved = writer.first === 0 ? [] : [`Page ${writer.first} of the arena is the first of the data area.`];
  const lines = [...headOf(program), ...moved].map((line) => `# ${commentText(line)}`);
  eachInTurn(program.steps, { table: guarded(TABLE), writer, tally }, (step, comment, calls) => {
    lines.push('', ...comment.map((line) => `# ${commentText(line)}`), ...calls);
    writer.places.learn(step);
  });
  return { text: `${lines.join('\n')}\n`, tally };
}
