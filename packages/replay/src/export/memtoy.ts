/**
 * memtoy scripts. memtoy is Lee Schermerhorn's command interpreter for one process and its children, with which page migration
 * was tried out from 2005 on. The words are those of the help of its version 0.16.
 *
 * - Sizes and offsets are in pages (`8p`). Segments lie where mmap puts them, so where a region lies is not kept.
 * - The first task is memtoy itself; another one is a child of the task that makes it (`child B`), whose commands begin with
 *   its path (`/B touch r`).
 * - `where` asks get_mempolicy(MPOL_F_NODE|MPOL_F_ADDR) for each page; maxnode is always that of libnuma's nodemask_t.
 */
import {
  MPOL_F_ADDR,
  MPOL_F_NODE,
  MPOL_MF_MOVE,
  MPOL_MF_MOVE_ALL,
  resolveNumber,
  type Address,
  type NodeMask,
  type NumberValue,
  type StimulusByOp,
} from '@pagetape/events';
import type { MachineSpec } from '@pagetape/core';
import { commentText, FileNames } from './names.ts';
import { Places, plainNodes } from './places.ts';
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

/** Policies by their number, in memtoy's words. */
export const MEMTOY_POLICIES = ['default', 'preferred', 'bind', 'interleaved'] as const;

/** More single commands than this for one step would be no program to read. */
const MOST_COMMANDS = 64;

class Writer {
  readonly places = new Places();
  readonly files = new FileNames();
  readonly machine: MachineSpec;
  /** The path of each task: "" is memtoy itself. */
  readonly paths = new Map<string, string>();
  /** The segment of each region, by task and region. A mapping of a file is named by the file. */
  readonly segments = new Map<string, string>();

  constructor(machine: MachineSpec) {
    this.machine = machine;
  }

  /** A command of a task; nothing when memtoy has no such task. */
  command(task: string, ...words: readonly string[]): Said {
    const path = this.paths.get(task);
    if (path === undefined) return none(`${task} is no process that memtoy could make`);
    return whole([path, ...words].filter((word) => word !== '').join(' '));
  }

  /** The segment and the part of it that an address and pages mean. */
  part(task: string, address: Address, pages: number): string | undefined {
    if (!Array.isArray(address) || address[0] === '@' || (address[2] ?? 0) !== 0) return undefined;
    const [name, first] = address as readonly [string, number];
    const region = this.places.region(task, name);
    const segment = this.segments.get(`${task} ${name}`);
    if (!region || segment === undefined || first + pages > region.pages) return undefined;
    return first === 0 && pages === region.pages ? segment : `${segment} ${first}p ${pages}p`;
  }

  /** A command about a part of a segment. */
  about(verb: string, { t, addr }: { t: string; addr: Address }, pages: number, ...words: readonly string[]): Said {
    const part = this.part(t, addr, pages);
    return part === undefined
      ? none('memtoy speaks of parts of one segment alone')
      : this.command(t, verb, part, ...words);
  }
}

const NO_NODES = 'memtoy takes a list of nodes, and no maxnode that cuts it off';

/** A policy in memtoy's words, with its nodes. */
function policy(mode: NumberValue, mask: NodeMask, maxnode: NumberValue): { name: string; nodes: string } | string {
  const name = MEMTOY_POLICIES[Number(resolveNumber(mode))];
  if (name === undefined) return 'memtoy has the policies default, bind, preferred and interleaved';
  if (mask === null && name === 'default') return { name, nodes: '' };
  if (mask === null && name !== 'bind') return { name, nodes: '*' };
  const nodes = plainNodes(mask, maxnode);
  if (name === 'default') return nodes?.length === 0 ? { name, nodes: '' } : 'memtoy gives no nodes with default';
  if (!nodes || nodes.length === 0) return NO_NODES;
  if (name === 'preferred' && nodes.length > 1) return 'memtoy prefers one node';
  return { name, nodes: nodes.join(',') };
}

/** The flags of mbind that memtoy has. */
const MBIND_FLAGS = new Map<bigint, string>([
  [0n, ''],
  [BigInt(MPOL_MF_MOVE), '+move'],
  [BigInt(MPOL_MF_MOVE_ALL), '+move+all'],
  [BigInt(MPOL_MF_MOVE_ALL | MPOL_MF_MOVE), '+move+all'],
]);

function cpuOf(machine: MachineSpec, { cpu, node }: { cpu?: number; node?: number }): number | undefined {
  if (cpu !== undefined) return cpu;
  let first = 0;
  for (const each of machine.nodes) {
    if (each.cpus > 0 && (node === undefined || each.id === node)) return first;
    first += each.cpus;
  }
  return undefined;
}

function begin(step: StimulusByOp<'spawn'>, writer: Writer): Said {
  const { t, mems, caps, uid = 0, compat, dumpable } = step;
  const first = writer.paths.size === 0;
  if (!first && writer.segments.size > 0)
    return none('a child of memtoy has a copy of its segments, and this task has none');
  const cpu = cpuOf(writer.machine, step);
  const path = first ? '' : `/${t}`;
  const lines = first ? [] : [`child ${t}`];
  if (cpu !== undefined) lines.push(`${path} cpus ${cpu}`.trim());
  writer.paths.set(t, path);
  const special = uid !== 0 || mems !== undefined || caps !== undefined || compat === true || dumpable === 0;
  if (special) return partly('user ids, capabilities, cpusets and 32-bit programs are not memtoy’s business', ...lines);
  return whole(...lines);
}

function map(step: StimulusByOp<'mmap'>, writer: Writer): Said {
  const { t, r, pages, kind = 'anon', prot = 'rw', flags = [], migrate, file, off = 0 } = step;
  if (prot !== 'rw') return none('memtoy maps for reading and writing');
  if (migrate) return none('a vm_ops->migrate() belongs to a driver');
  const segment = file === undefined ? r : writer.files.of(file);
  if ([...writer.segments.values()].includes(segment)) return none(`memtoy has a segment "${segment}" already`);
  const share = kind === 'anon' || kind === 'filepriv' ? 'private' : 'shared';
  const define =
    file === undefined ? `anon ${segment} ${pages}p ${share}` : `file ${segment} ${off}p ${pages}p ${share}`;
  const lines = [writer.command(t, define), writer.command(t, 'map', segment)];
  if (lines.some(({ lacks }) => lacks !== undefined)) return lines[0]!;
  writer.segments.set(`${t} ${r}`, segment);
  const said = lines.flatMap((each) => each.lines);
  return flags.length === 0 ? whole(...said) : partly(`memtoy has no ${flags.join(', ')}`, ...said);
}

function unmap(step: StimulusByOp<'munmap'>, writer: Writer): Said {
  const { t, addr, pages } = step;
  const part = writer.part(t, addr, pages);
  if (part === undefined || part.includes(' ')) return none('memtoy unmaps whole segments');
  const said = writer.command(t, 'unmap', part);
  const key = [...writer.segments].find(([name, segment]) => segment === part && name.startsWith(`${t} `))?.[0];
  if (said.lacks === undefined && key !== undefined) writer.segments.delete(key);
  return said;
}

function fork({ t, as }: StimulusByOp<'fork'>, writer: Writer): Said {
  const said = writer.command(t, 'child', as);
  if (said.lacks !== undefined) return said;
  writer.paths.set(as, `${writer.paths.get(t)}/${as}`);
  for (const [key, segment] of writer.segments) {
    const [task, region] = key.split(' ');
    if (task === t) writer.segments.set(`${as} ${region}`, segment);
  }
  return said;
}

function touch(step: StimulusByOp<'touch'>, writer: Writer): Said {
  const { t, addr, pages, mode = 'w', stride = 1 } = step;
  const word = mode === 'w' ? 'write' : 'read';
  if (stride === 1 || pages === 1) return writer.about('touch', step, pages, word);
  if (pages > MOST_COMMANDS || !Array.isArray(addr)) return none('memtoy touches pages that lie side by side');
  const each = Array.from({ length: pages }, (_, n) =>
    writer.about('touch', { t, addr: [addr[0], (addr[1] as number) + n * stride] as Address }, 1, word),
  );
  return each.find(({ lacks }) => lacks !== undefined) ?? whole(...each.flatMap(({ lines }) => lines));
}

function migrate(step: StimulusByOp<'migrate_pages'>, writer: Writer): Said {
  if (step.pid !== 'self' && step.pid !== 0) return none('memtoy moves its own memory alone');
  const from = plainNodes(step.old, step.maxnode);
  const to = plainNodes(step.new, step.maxnode);
  if (!from?.length || !to?.length) return none(NO_NODES);
  return writer.command(step.t, 'migrate', to.join(','), from.join(','));
}

function bind(step: StimulusByOp<'mbind'>, writer: Writer): Said {
  const flags = MBIND_FLAGS.get(resolveNumber(step.flags));
  if (flags === undefined) return none('memtoy has the flags +move and +move+all, and no MPOL_MF_STRICT');
  const chosen = policy(step.mode, step.mask, step.maxnode);
  if (typeof chosen === 'string') return none(chosen);
  if (step.pages === undefined) return none('memtoy speaks of parts of one segment alone');
  return writer.about('mbind', step, step.pages, `${chosen.name}${flags}`, chosen.nodes);
}

function ask(step: StimulusByOp<'get_mempolicy'>, writer: Writer): Said {
  const flags = resolveNumber(step.flags);
  if (flags === 0n && (step.addr === null || step.addr === 'NULL')) return writer.command(step.t, 'mpol');
  if (flags !== BigInt(MPOL_F_NODE | MPOL_F_ADDR))
    return none('memtoy asks for the policy of the task, or where pages are');
  const region = Array.isArray(step.addr) ? writer.places.region(step.t, step.addr[0] as string) : undefined;
  const said = writer.about('where', step, 1);
  // Without a part memtoy looks at 64 pages, so the only page of a segment is named all the same.
  return region?.pages === 1 && said.lacks === undefined ? whole(`${said.lines[0]} 0p 1p`) : said;
}

const TABLE: StepTable<Writer> = {
  spawn: begin,
  fork,
  exit: ({ t }, writer) => writer.command(t, 'quit'),
  kill: ({ t, sig = 'SIGKILL' }, writer) => kick(t, sig, writer),
  pin: (step, writer) => {
    const cpu = cpuOf(writer.machine, step);
    return cpu === undefined ? none('there is no such cpu') : writer.command(step.t, 'cpus', String(cpu));
  },
  mmap: map,
  munmap: unmap,
  mlock: (step, writer) => writer.about('lock', step, step.pages),
  munlock: (step, writer) => writer.about('unlock', step, step.pages),
  touch,
  migrate_pages: migrate,
  mbind: bind,
  set_mempolicy: ({ t, mode, mask, maxnode }, writer) => {
    const chosen = policy(mode, mask, maxnode);
    return typeof chosen === 'string' ? none(chosen) : writer.command(t, 'mpol', chosen.name, chosen.nodes);
  },
  get_mempolicy: ask,
  numa_maps: () => none('memtoy does not show numa_maps; "where" shows the nodes of pages'),
  file: ({ name, pages, fs = 'disk' }, writer) => {
    const make = `before memtoy: head -c ${pages * 4096} /dev/zero > ${writer.files.of(name)}`;
    return none(fs === 'disk' ? make : `${make} (on ${fs})`);
  },
};

/** A signal to a child comes from the process that made it. */
function kick(task: string, signal: string, writer: Writer): Said {
  const path = writer.paths.get(task);
  if (path === undefined || path === '') return none('memtoy sends signals to its children');
  const parent = path.slice(0, path.lastIndexOf('/'));
  return whole(`${parent} kick ${task} ${signal}`.trim());
}

export function exportMemtoy(program: ExportedProgram): Exported {
  const writer = new Writer(program.machine);
  const tally = { steps: 0, partly: 0, missing: 0 };
  const lines = [...headOf(program), 'Run it with: memtoy THIS-FILE'].map((line) => `# ${commentText(line)}`);
  eachInTurn(program.steps, { table: TABLE, writer, tally }, (step, comment, commands) => {
    lines.push('', ...comment.map((line) => `# ${commentText(line)}`), ...commands);
    writer.places.learn(step);
  });
  return { text: `${lines.join('\n')}\n`, tally };
}
