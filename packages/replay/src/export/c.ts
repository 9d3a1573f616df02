/**
 * C programs that make the calls of a scenario on a real kernel, and print what each answers and where touched pages are.
 *
 * - Page n of the arena is at 0x40000000 + n * 4096, as in the simulator, so addresses of calls are the same.
 * - With one task the program is that task. Otherwise each task is a process or a thread of its own that is told what to do;
 *   steps inside `parallel` are told to all of their tasks at once.
 * - Steps of whoever runs the machine are writes to files under /sys, which need root.
 */
import {
  CAPABILITY_NAMES,
  resolveNumber,
  type Address,
  type NodeMask,
  type NumberValue,
  type PidValue,
  type Stimulus,
  type StimulusByOp,
  type SyscallArgument,
} from '@pagetape/events';
import { bareCode, headersFor, partsFor } from './c_parts.ts';
import { commentText, FileNames } from './names.ts';
import { deedOf } from './outside.ts';
import { addressesOf, Places, protectionBits, wordsOf } from './places.ts';
import {
  headOf,
  insideOf,
  none,
  partly,
  remark,
  say,
  whole,
  type Exported,
  type ExportedProgram,
  type Said,
  type StepTable,
  type Tally,
} from './program.ts';

class Writer {
  readonly places = new Places();
  readonly files = new FileNames();
  readonly fileSystems = new Map<string, string>();
  readonly program: ExportedProgram;
  /** The number of each task, in the order in which they begin. */
  readonly tasks: ReadonlyMap<string, number>;
  /** The program is its only task. */
  readonly alone: boolean;

  constructor(program: ExportedProgram) {
    this.program = program;
    const all = program.steps.flatMap((step) => (step.op === 'parallel' ? step.steps : [step]));
    const names = all.flatMap((step) =>
      step.op === 'spawn' ? [step.t] : step.op === 'fork' || step.op === 'thread' ? [step.as] : [],
    );
    this.tasks = new Map(names.map((name, n) => [name, n]));
    this.alone = names.length <= 1 && !all.some(({ op }) => op === 'exit' || op === 'kill');
  }

  number(task: string): number {
    return this.tasks.get(task) ?? 0;
  }

  /** The process id of a task, as C. */
  pidOf(task: string): string {
    return this.alone ? 'getpid()' : `pids[${this.number(task)}]`;
  }

  pid(pid: PidValue): string {
    if (typeof pid === 'number') return `${pid}L`;
    const known: Readonly<Record<string, string>> = { self: '0', init: '1', kthread: '2', none: '0x3fffff' };
    return known[pid] ?? this.pidOf(pid);
  }

  /** An address, as C. */
  address(task: string, address: Address): string {
    if (address === null || address === 'NULL') return 'NULL';
    if (address === 'bad') return '(char *)0x10';
    if (typeof address === 'string') return `(char *)${address}UL`;
    const place = this.places.placeOfAny(task, address) ?? { page: 0, byte: 0 };
    return place.byte === 0 ? `ARENA(${place.page})` : `ARENA(${place.page}) + ${place.byte}`;
  }

  path(file: string): string {
    const name = this.files.of(file);
    return `"${this.fileSystems.get(file) === 'tmpfs' ? '/dev/shm/' : ''}${name}"`;
  }
}

/** A number as a register holds it: arguments of syscall(2) are longs, and an int would leave half of one open. */
const value = (number: NumberValue): string => {
  const bits = BigInt.asUintN(64, resolveNumber(number));
  return bits > 0x7fffffffn ? `0x${bits.toString(16)}UL` : `${bits}L`;
};
const bytes = (pages: number): string => (pages === 0 ? '0' : `${pages} * PAGE`);
const words = (list: readonly bigint[]): string => `{${list.map((word) => `0x${word.toString(16)}UL`).join(', ')}}`;

/** A node mask: the lines that make it, and what the call gets. */
function mask(name: string, given: NodeMask): { readonly lines: readonly string[]; readonly argument: string } {
  if (given === null) return { lines: [], argument: 'NULL' };
  if (given === 'bad') return { lines: [], argument: '(void *)0x10' };
  const {
    words: list,
    edge,
    skew,
  } = 'words' in given ? given : { words: wordsOf(given as readonly number[]), edge: false, skew: 0 };
  const data = words(list.map((word) => BigInt.asUintN(64, BigInt(word))));
  const moved = skew ? `(char *)${name} + ${skew}` : name;
  if (edge)
    return {
      lines: [
        `unsigned long ${name}_words[] = ${data};`,
        `char *${name} = before_a_gap(${name}_words, sizeof(${name}_words));`,
      ],
      argument: skew ? `${name} + ${skew}` : name,
    };
  return { lines: [`static unsigned long ${name}[1024] = ${data};`], argument: moved };
}

const PLAIN_MMAP_FLAGS: Readonly<Record<string, string>> = {
  populate: 'MAP_POPULATE',
  locked: 'MAP_LOCKED',
  hugetlb: 'MAP_HUGETLB',
  denywrite: 'MAP_DENYWRITE',
};
/** Arguments of the calls by number: mmap is one number on some architectures and another on others, so it goes through libc. */
const protection = (letters: string): string => {
  const names = ['PROT_READ', 'PROT_WRITE', 'PROT_EXEC'].filter((_, bit) => (protectionBits(letters) >> bit) & 1);
  return names.length === 0 ? 'PROT_NONE' : names.join(' | ');
};

const made = (call: string, text: string): string => `CALL("${call}", ${text});`;

function map(step: StimulusByOp<'mmap'>, writer: Writer): Said {
  const { at, pages, kind = 'anon', prot = 'rw', file, off = 0, flags = [], migrate } = step;
  if (migrate) return none('a vm_ops->migrate() belongs to a driver');
  const odd = flags.filter((flag) => PLAIN_MMAP_FLAGS[flag] === undefined);
  const names = [
    'MAP_FIXED',
    kind === 'anon' || kind === 'filepriv' ? 'MAP_PRIVATE' : 'MAP_SHARED',
    ...(file === undefined ? ['MAP_ANONYMOUS'] : []),
    ...flags.flatMap((flag) => PLAIN_MMAP_FLAGS[flag] ?? []),
  ];
  const fd = file === undefined ? '-1' : 'fd';
  const call = `mmap(ARENA(${at}), ${bytes(pages)}, ${protection(prot)}, ${names.join(' | ')}, ${fd}, ${bytes(off)})`;
  const line = `CALL("mmap", ${call} == MAP_FAILED ? -1 : 0);`;
  const lines = file === undefined ? [line] : [`int fd = open_file(${writer.path(file)});`, '', line, 'close(fd);'];
  return odd.length === 0 ? whole(...lines) : partly(`no program can ask for ${odd.join(', ')}`, ...lines);
}

/** A call about a range of the task. */
const ranged =
  (name: string, rest: (step: never) => readonly string[] = () => []) =>
  (step: { readonly t: string; readonly addr: Address; readonly pages: number }, writer: Writer): Said =>
    whole(
      made(
        name,
        `syscall(SYS_${name}, ${[writer.address(step.t, step.addr), bytes(step.pages), ...rest(step as never)].join(', ')})`,
      ),
    );

function spawn(step: StimulusByOp<'spawn'>, writer: Writer): Said {
  const { node, cpu, uid = 0, caps = [], mems, compat, dumpable } = step;
  const lines = [
    cpu === undefined
      ? `run_on_node(${node ?? writer.program.machine.nodes.find(({ cpus }) => cpus > 0)?.id ?? 0});`
      : `run_on_cpu(${cpu});`,
  ];
  if (uid !== 0) lines.push(`become(${uid}, ${capabilityBits(caps)});`);
  if (dumpable !== undefined) lines.push(made('prctl', `prctl(PR_SET_DUMPABLE, ${dumpable}, 0, 0, 0)`));
  const odd = [
    ...(mems === undefined ? [] : ['its cpuset is that of this program']),
    ...(compat ? ['it is no 32-bit program'] : []),
  ];
  return odd.length === 0 ? whole(...lines) : partly(odd.join('; '), ...lines);
}

function capabilityBits(names: readonly string[]): string {
  const bits = names.reduce(
    (sum, name) => sum | (1n << BigInt(CAPABILITY_NAMES.indexOf(name as (typeof CAPABILITY_NAMES)[number]))),
    0n,
  );
  return `0x${bits.toString(16)}ULL`;
}

function migrate(step: StimulusByOp<'migrate_pages'>, writer: Writer): Said {
  const [old, to] = [mask('old_nodes', step.old), mask('new_nodes', step.new)];
  const args = [writer.pid(step.pid), value(step.maxnode), old.argument, to.argument];
  return whole(
    ...old.lines,
    ...to.lines,
    ...blank(old, to),
    made('migrate_pages', `syscall(SYS_migrate_pages, ${args.join(', ')})`),
  );
}

/** An empty line after declarations. */
const blank = (...masks: readonly { readonly lines: readonly string[] }[]): string[] =>
  masks.some(({ lines }) => lines.length > 0) ? [''] : [];

function mbind(step: StimulusByOp<'mbind'>, writer: Writer): Said {
  const nodes = mask('nodes', step.mask);
  const length = step.len === undefined ? bytes(step.pages ?? 0) : value(step.len);
  const args = [
    writer.address(step.t, step.addr),
    length,
    value(step.mode),
    nodes.argument,
    value(step.maxnode),
    value(step.flags),
  ];
  return whole(...nodes.lines, ...blank(nodes), made('mbind', `syscall(SYS_mbind, ${args.join(', ')})`));
}

function setPolicy(step: StimulusByOp<'set_mempolicy'>): Said {
  const nodes = mask('nodes', step.mask);
  const call = `syscall(SYS_set_mempolicy, ${value(step.mode)}, ${nodes.argument}, ${value(step.maxnode)})`;
  return whole(...nodes.lines, ...blank(nodes), made('set_mempolicy', call));
}

function ask(step: StimulusByOp<'get_mempolicy'>, writer: Writer): Said {
  const { t, pmode, pmask, maxnode, addr, flags } = step;
  const lines: string[] = [];
  const out = ['NULL', 'NULL'];
  if (pmode === 'bad') out[0] = '(void *)0x10';
  else if (pmode === undefined) [out[0]] = ['&mode', lines.push('int mode = -1;')];
  if (pmask === 'bad') out[1] = '(void *)0x10';
  else if (typeof pmask === 'number') [out[1]] = ['nodes', lines.push('static unsigned long nodes[4096];')];
  else if (pmask !== null) {
    out[1] = 'nodes';
    lines.push(
      `static const unsigned long none[${Math.max(1, pmask.edge)}];`,
      `unsigned long *nodes = before_a_gap(none, ${pmask.edge} * sizeof(*none));`,
    );
  }
  if (lines.length > 0) lines.push('');
  const args = [...out, value(maxnode), writer.address(t, addr), value(flags)];
  lines.push(made('get_mempolicy', `syscall(SYS_get_mempolicy, ${args.join(', ')})`));
  if (out[0] === '&mode') lines.push('dprintf(1, "    mode or node: %d\\n", mode);');
  const shown = typeof pmask === 'number' ? pmask : pmask !== null && pmask !== 'bad' ? pmask.edge : 0;
  for (let n = 0; n < Math.min(shown, 16); n++)
    lines.push(`dprintf(1, "    nodes, word ${n}: 0x%lx\\n", nodes[${n}]);`);
  return whole(...lines);
}

/** More addresses than this, in no order, would be no program to read. */
const MOST_ADDRESSES = 4096;

function movePages(step: StimulusByOp<'move_pages'>, writer: Writer): Said {
  const { t, pid, nodes, flags, count, status, addrs_edge, status_edge } = step;
  const given = addressesOf(step);
  const list = Array.isArray(given) ? (given as readonly Address[]) : [];
  if (list.length > MOST_ADDRESSES) return none('so many addresses are no program to read');
  const length = list.length;
  const lines: string[] = [];
  const room = 512 + length;
  let pages = given === 'bad' ? '(void *)0x10' : 'NULL';
  if (Array.isArray(given)) {
    lines.push(`static void *pages[${room}] = {${list.map((address) => writer.address(t, address)).join(', ')}};`);
    pages = addrs_edge ? `before_a_gap(pages, ${length} * sizeof(*pages))` : 'pages';
  }
  let targets = nodes === 'bad' ? '(void *)0x10' : 'NULL';
  if (Array.isArray(nodes) || typeof nodes === 'number') {
    const values = Array.isArray(nodes) ? nodes : list.map(() => nodes);
    lines.push(`static int nodes[${room}] = {${values.length === 0 ? '0' : values.join(', ')}};`);
    targets = 'nodes';
  }
  let answers = status === 'bad' ? '(void *)0x10' : 'NULL';
  const told = status === null || status === 'bad' ? 0 : Math.min(length, status_edge ?? length);
  if (status !== null && status !== 'bad') {
    lines.push(`static int room_for_status[${room}];`, `int *status = room_for_status;`);
    answers = 'status';
  }
  if (lines.length > 0) lines.push('');
  if (answers === 'status') {
    lines.push(`for (long i = 0; i < ${room}; i++)`, '    status[i] = UNTOLD;');
    if (status_edge !== undefined) lines.push(`status = before_a_gap(status, ${status_edge} * sizeof(*status));`);
  }
  const args = [
    writer.pid(pid),
    count === undefined ? `${length}` : value(count),
    pages,
    targets,
    answers,
    value(flags),
  ];
  lines.push(made('move_pages', `syscall(SYS_move_pages, ${args.join(', ')})`));
  if (told > 0) lines.push(`print_nodes(status, ${told});`);
  return whole(...lines);
}

/** An argument of a call by number. */
function syscallArgument(
  argument: SyscallArgument,
  n: number,
  t: string,
  writer: Writer,
): { line?: string; text: string } {
  if (argument === 'bad') return { text: '(void *)0x10' };
  if (argument === null || argument === 'NULL') return { text: 'NULL' };
  if (Array.isArray(argument)) return { text: writer.address(t, argument as Address) };
  if (typeof argument !== 'object') return { text: value(argument) };
  if ('mask' in argument)
    return { line: `static unsigned long mask_${n}[1024] = ${words(wordsOf(argument.mask))};`, text: `mask_${n}` };
  if ('i32' in argument)
    return {
      line: `static int ints_${n}[1024] = {${[0, ...argument.i32].slice(argument.i32.length > 0 ? 1 : 0).join(', ')}};`,
      text: `ints_${n}`,
    };
  return { line: `static int out_${n}[4096];`, text: `out_${n}` };
}

function byNumber(step: StimulusByOp<'syscall'>, writer: Writer): Said {
  const { t, nr, args, compat = false } = step;
  if (compat) return none('a 64-bit program cannot make calls of a 32-bit one');
  const { arch = 'x86_64' } = writer.program.machine;
  if (arch !== 'x86_64') return none(`the number is one of ${arch}`);
  const given = args.map((argument, n) => syscallArgument(argument, n, t, writer));
  const lines = given.flatMap(({ line }) => line ?? []);
  const call = `syscall(${[nr, ...given.map(({ text }) => text)].join(', ')})`;
  return whole(...lines, ...(lines.length > 0 ? [''] : []), made(`syscall ${nr}`, call));
}

function file({ name, pages, fs = 'disk', buffers }: StimulusByOp<'file'>, writer: Writer): Said {
  writer.fileSystems.set(name, fs);
  const lines = [
    `int fd = open_file(${writer.path(name)});`,
    '',
    made('ftruncate', `ftruncate(fd, ${bytes(pages)})`),
    'fchmod(fd, 0666);',
    'posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);',
    'close(fd);',
  ];
  if ((fs === 'disk' || fs === 'tmpfs') && buffers === undefined) return whole(...lines);
  return partly('it is on the file system of the folder in which the program runs', ...lines);
}

const withFile = (path: string, ...lines: readonly string[]): Said =>
  whole(`int fd = open_file(${path});`, '', ...lines, 'close(fd);');

function write({ file: name, off, pages }: StimulusByOp<'pwrite'>, writer: Writer): Said {
  return withFile(
    writer.path(name),
    `for (long i = 0; i < ${pages}; i++)`,
    `    CALL("pwrite", pwrite(fd, whole_page, PAGE, (${off} + i) * PAGE));`,
  );
}

const id = (number: number | undefined): string => (number === undefined ? '-1' : `${number}`);

const TABLE: StepTable<Writer> = {
  spawn,
  fork: ({ as }, writer) => whole(`fork_task(${writer.number(as)});`),
  thread: ({ as }, writer) => whole(`thread_task(${writer.number(as)});`),
  exit: ({ t, zombie }, writer) => {
    const line = `leave(${writer.number(t)});`;
    return zombie ? partly('it is waited for, so its process id is free', line) : whole(line);
  },
  kill: ({ t, sig = 'SIGKILL' }, writer) => whole(made('kill', `kill(${writer.pidOf(t)}, ${sig})`)),
  uid: ({ uid, euid, suid }) =>
    whole(made('setresuid', `syscall(SYS_setresuid, ${id(uid)}, ${id(euid)}, ${id(suid)})`), DUMPABLE),
  gid: ({ gid, egid, sgid }) =>
    whole(made('setresgid', `syscall(SYS_setresgid, ${id(gid)}, ${id(egid)}, ${id(sgid)})`), DUMPABLE),
  capdrop: ({ caps }) => whole(`set_capabilities(${capabilityBits(caps)}, 1);`),
  dumpable: ({ value: set }) => whole(made('prctl', `prctl(PR_SET_DUMPABLE, ${set}, 0, 0, 0)`)),
  pin: ({ cpu, node }) => whole(cpu === undefined ? `run_on_node(${node});` : `run_on_cpu(${cpu});`),
  file,
  pwrite: write,
  punch: ({ file: name, off, pages }, writer) =>
    withFile(
      writer.path(name),
      made('fallocate', `fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, ${bytes(off)}, ${bytes(pages)})`),
    ),
  truncate: ({ name, pages }, writer) =>
    withFile(writer.path(name), made('ftruncate', `ftruncate(fd, ${bytes(pages)})`)),
  mmap: map,
  munmap: ranged('munmap'),
  mprotect: ranged('mprotect', ({ prot }: StimulusByOp<'mprotect'>) => [protection(prot)]),
  mremap: ({ t, r, at, pages }, writer) => {
    const from = writer.places.region(t, r) ?? { at: 0, pages: 1 };
    const args = [
      `ARENA(${from.at})`,
      bytes(from.pages),
      bytes(pages),
      'MREMAP_MAYMOVE | MREMAP_FIXED',
      `ARENA(${at})`,
    ];
    return whole(`CALL("mremap", mremap(${args.join(', ')}) == MAP_FAILED ? -1 : 0);`);
  },
  mlock: ranged('mlock'),
  munlock: ranged('munlock'),
  mlockall: ({ flags }) => whole(made('mlockall', `syscall(SYS_mlockall, ${value(flags)})`)),
  munlockall: () => whole(made('munlockall', 'syscall(SYS_munlockall)')),
  madvise: ranged('madvise', ({ advice }: StimulusByOp<'madvise'>) => [value(advice)]),
  remap_file_pages: ranged(
    'remap_file_pages',
    ({ prot = '', off, nonblock = false }: StimulusByOp<'remap_file_pages'>) => [
      protection(prot),
      `${off}`,
      nonblock ? 'MAP_NONBLOCK' : '0',
    ],
  ),
  touch: ({ t, addr, pages, mode = 'w', stride = 1 }, writer) =>
    whole(
      `touch("${mode === 'w' ? 'written' : 'read'}", ${writer.address(t, addr)}, ${pages}, ${stride}, ${mode === 'w' ? 1 : 0});`,
    ),
  migrate_pages: migrate,
  mbind,
  set_mempolicy: setPolicy,
  get_mempolicy: ask,
  home_node: ({ t, addr, pages, node, flags }, writer) => {
    const args = [writer.address(t, addr), bytes(pages), value(node), value(flags)];
    return whole(made('set_mempolicy_home_node', `syscall(SYS_set_mempolicy_home_node, ${args.join(', ')})`));
  },
  move_pages: movePages,
  syscall: byNumber,
  numa_maps: ({ t }, writer) => whole(...ofProcess(writer.pidOf(t), 'numa_maps')),
  mems_allowed: ({ t }, writer) => whole(...ofProcess(writer.pidOf(t), 'status', 'Mems_allowed_list:')),
  pagemap: ({ t, addr, pages }, writer) =>
    whole(`print_pagemap(${writer.pidOf(t)}, (unsigned long)(${writer.address(t, addr)}), ${pages});`),
  nodes: () =>
    whole(
      ...['online', 'has_memory', 'has_cpu'].map((name) => `print_file("/sys/devices/system/node/${name}", NULL);`),
    ),
  vmstat: () =>
    whole(
      'static const char *const words[] = {"numa_", "pgmigrate_", NULL};',
      '',
      'print_file("/proc/vmstat", words);',
    ),
};

/** setresuid and setresgid make a program that nobody may look at; a scenario has them put that back. */
const DUMPABLE = 'prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);';

/** Lines of a file of a process: all of them, or those that begin with a word. */
const ofProcess = (pid: string, name: string, word?: string): string[] => [
  'char name[64];',
  ...(word === undefined ? [] : [`static const char *const words[] = {"${word}", NULL};`]),
  '',
  `snprintf(name, sizeof(name), "/proc/%d/${name}", (int)${pid});`,
  `print_file(name, ${word === undefined ? 'NULL' : 'words'});`,
];

/** What somebody outside does, or else what the table says. */
function sayInC(step: Stimulus, writer: Writer): Said {
  const deed = deedOf(step, writer.program.machine);
  if (deed === undefined) return say(TABLE, step, writer);
  if (typeof deed === 'string') return none(deed);
  if (deed.kind === 'folder') return whole(made('mkdir', `mkdir("${deed.file}", 0755)`));
  if (deed.kind === 'read') return whole(`print_file("${deed.file}", NULL);`);
  if (deed.kind === 'write') return whole(`put("${deed.file}", ${quote(deed.value)});`);
  return whole(
    'char text[32];',
    '',
    `snprintf(text, sizeof(text), "%d", (int)${writer.pidOf(deed.task)});`,
    `put("${deed.file}", text);`,
  );
}

/** A string of C. What is no plain letter becomes its bytes in octal. */
function quote(text: string): string {
  const bytesOf = [...new TextEncoder().encode(text)];
  const letter = (byte: number): string => {
    if (byte === 0x22) return '\\"';
    const plain = byte >= 0x20 && byte < 0x7f && !'\\?'.includes(String.fromCharCode(byte));
    return plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
  };
  return `"${bytesOf.map(letter).join('')}"`;
}

/** Steps that the main process takes, not the task that they name. */
const BY_MAIN = new Set(['numa_maps', 'mems_allowed', 'pagemap', 'kill', 'cg_attach']);

/** The steps as functions, and the lines of main that have them run. */
class Assembly {
  readonly functions: string[] = [];
  readonly main: string[] = [];
  readonly tally: Tally = { steps: 0, partly: 0, missing: 0 };
  readonly writer: Writer;

  constructor(writer: Writer) {
    this.writer = writer;
  }

  all(steps: readonly Stimulus[]): void {
    for (const step of steps) {
      if (step.op === 'parallel') this.#atOnce(step.steps);
      else this.#one(step, this.#function(step));
    }
  }

  /** Writes the function of a step; its name, if there is one. */
  #function(step: Stimulus): string | undefined {
    const said = sayInC(step, this.writer);
    this.writer.places.learn(step);
    const comments = remark(step, said, this.tally);
    const name = `step_${this.tally.steps}`;
    const notes = [...insideOf(step)].flatMap(({ inner, said: inside }) => remark(inner, inside, this.tally));
    const head = [...comments, ...notes].map((line) => `// ${commentText(line)}`);
    if (said.lines.length === 0) {
      this.functions.push(head.join('\n'));
      return undefined;
    }
    const body = said.lines.map((line) => (line === '' ? '' : `    ${line}`));
    const told = `    dprintf(1, "%s\\n", ${quote(comments[0] ?? '')});`;
    const declarations = body.findIndex((line) => line === '');
    if (declarations < 0) body.unshift(told);
    else body.splice(declarations + 1, 0, told);
    this.functions.push([...head, `static void ${name}(void)`, '{', ...body, '}'].join('\n'));
    return name;
  }

  #one(step: Stimulus, name: string | undefined): void {
    if (name === undefined) return;
    const { writer } = this;
    if (step.op === 'spawn' && !writer.alone) this.main.push(`fork_task(${writer.number(step.t)});`);
    this.main.push(this.#byTask(step) ? `run(${writer.number(taskOf(step))}, ${name});` : `${name}();`);
  }

  #byTask(step: Stimulus): boolean {
    return !this.writer.alone && 't' in step && step.t !== undefined && !BY_MAIN.has(step.op);
  }

  /** Steps of several tasks are told to all of them, and then waited for; those of one task wait for each other. */
  #atOnce(steps: readonly Stimulus[]): void {
    const waiting: string[] = [];
    for (const step of steps) {
      const name = this.#function(step);
      if (name === undefined) continue;
      if (!this.#byTask(step)) this.main.push(`${name}();`);
      else {
        this.main.push(`tell(${this.writer.number(taskOf(step))}, ${name});`);
        waiting.push(`await(${this.writer.number(taskOf(step))});`);
      }
    }
    this.main.push(...waiting);
  }
}

const taskOf = (step: Stimulus): string => ('t' in step ? (step.t ?? '') : '');

const NUMBERS = `#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif`;

export function exportC(program: ExportedProgram): Exported {
  const writer = new Writer(program);
  const assembly = new Assembly(writer);
  assembly.all(program.steps);
  const { alone, tasks } = writer;
  const begin = alone ? [] : ['prepare_tasks();'];
  const files = [...writer.fileSystems.keys()].map((name) => `unlink(${writer.path(name)});`);
  const end = [...(alone ? [] : ['end_tasks();']), ...files];
  const main = [
    'int main(void)',
    '{',
    '    if (sysconf(_SC_PAGESIZE) != PAGE) {',
    '        dprintf(2, "this program is about pages of 4096 bytes\\n");',
    '        return 2;',
    '    }',
    ...[...begin, ...assembly.main, ...end, 'return 0;'].map((line) => `    ${line}`),
    '}',
  ].join('\n');
  const body = [...assembly.functions, main].join('\n\n');
  const parts = partsFor(body);
  const code = [...parts, body].join('\n\n');
  const bare = bareCode(code);
  const defines = [
    '#define PAGE 4096L',
    ...(/\bBITS\b/.test(bare) ? ['#define BITS (8 * (int)sizeof(long))'] : []),
    ...(/\bARENA\b/.test(bare) ? ['#define ARENA(page) ((char *)0x40000000L + (page) * PAGE)'] : []),
    ...(/\bUNTOLD\b/.test(bare) ? ['#define UNTOLD 0x7fffffff'] : []),
    ...(alone
      ? []
      : [`#define TASKS ${Math.max(1, tasks.size)}`, ...[...tasks].map(([name, n]) => `// task ${n}: ${name}`)]),
    ...(/\bSYS_set_mempolicy_home_node\b/.test(bare) ? [NUMBERS] : []),
    ...(/\bwhole_page\b/.test(bare) ? ['static const char whole_page[PAGE];'] : []),
  ];
  const threads = /\bpthread_/.test(bare) ? ' -pthread' : '';
  const about = [
    ...headOf(program),
    `Build it with: cc -O2 -Wall -Wextra${threads} -o steps THIS-FILE.c`,
    'The memory of the program itself is moved, and counted, like that of the scenario.',
  ];
  const text = [
    about.map((line) => `// ${commentText(line)}`).join('\n'),
    ['#define _GNU_SOURCE', ...headersFor(code)].join('\n'),
    defines.join('\n'),
    code,
  ].join('\n\n');
  return { text: `${text}\n`, tally: assembly.tally };
}
