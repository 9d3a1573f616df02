/**
 * Random programs for property tests: small machines, and steps that make sense on them. A program is made from a list of
 * plain choices, each a kind and some numbers, so that fast-check can leave choices out and make numbers smaller while the
 * rest still makes sense.
 */
import type { MachineSpec, NodeSpec } from '@pagetape/core';
import {
  MPOL_F_NUMA_BALANCING,
  MPOL_F_RELATIVE_NODES,
  MPOL_F_STATIC_NODES,
  type Stimulus,
  type StimulusByOp,
} from '@pagetape/events';
import fc from 'fast-check';
import type { Program } from '../src/laws/recording.ts';

const PROFILES = [
  'swap-v5-seed',
  'swap-v5-rc1',
  'swap-v5-posted',
  'linux-2.6.16',
  'linux-2.6.16-semicolon',
  'linux-2.6.18',
  'linux-2.6.18-allvmas',
  'linux-2.6.18-hotremove',
  'linux-2.6.18-nomigration',
  'linux-2.6.18-softoffline',
  'linux-6.1',
  'linux-6.12',
] as const;

// --- machines ---------------------------------------------------------------------------------------------------

const anyNode = fc.record({
  /** Ids that are left out before this one. */
  gap: fc.constantFrom(0, 0, 0, 1, 2),
  pages: fc.integer({ min: 64, max: 200 }),
  cpus: fc.constantFrom(1, 1, 2, 0),
  dimm: fc.constantFrom(false, false, true),
});

const anyMachine: fc.Arbitrary<MachineSpec> = fc
  .record({
    nodes: fc.array(anyNode, { minLength: 2, maxLength: 4 }),
    swap: fc.array(fc.integer({ min: 0, max: 64 }), { minLength: 0, maxLength: 2 }),
    swap_device: fc.integer({ min: 1, max: 64 }),
    page_cluster: fc.integer({ min: 0, max: 3 }),
    io: fc.constantFrom('step', 'now', 'hold'),
  })
  .map(({ nodes, ...rest }) => {
    const made: NodeSpec[] = [];
    for (const { gap, pages, cpus, dimm } of nodes) {
      const before = made.at(-1)?.id ?? -1;
      made.push({
        id: before + 1 + (made.length > 0 ? gap : 0),
        pages,
        cpus: made.length === 0 ? Math.max(cpus, 1) : cpus,
        ...(dimm && made.length > 0 ? { dimm } : {}),
      });
    }
    return { nodes: made, ...rest };
  });

// --- choices ----------------------------------------------------------------------------------------------------

/** What may be chosen, and how often. */
const WEIGHTS = {
  touch: 5,
  touchr: 2,
  migrate: 5,
  mbind: 2,
  move_pages: 3,
  age: 2,
  munmap: 1,
  mlock: 1,
  munlock: 1,
  mprotect: 1,
  madvise: 1,
  remap: 2,
  deactivate: 1,
  pinpages: 1,
  unpin: 1,
  lock: 1,
  unlock: 1,
  writeback: 1,
  set_mempolicy: 1,
  get_mempolicy: 1,
  swapfill: 1,
  swapfree: 1,
  io: 1,
  io_done: 1,
  ioerr: 1,
  congest: 1,
  kill: 1,
  cpu_offline: 1,
  cpu_online: 1,
  drain: 1,
  pin: 1,
  uid: 1,
  gid: 1,
  dumpable: 1,
  swapon: 1,
  capdrop: 1,
  exit: 1,
  mmap: 3,
  fork: 2,
  thread: 1,
  spawn: 1,
  file: 2,
  driver: 1,
  truncate: 1,
  cpuset: 3,
  pwrite: 2,
  swapoff: 1,
  soft_offline: 1,
  node_offline: 1,
  cg_new: 1,
  cg_set: 3,
  cg_get: 1,
  cg_attach: 2,
  hog: 1,
  unhog: 2,
  parallel: 3,
  during: 2,
  // What only kernels of 6.x have: it is a touch under others.
  node_online: 1,
  advise: 2,
  mremap: 1,
  punch: 1,
  mlockall: 1,
  munlockall: 1,
  home_node: 1,
  weight: 1,
  policy: 2,
  ksm: 3,
} as const;
type Kind = keyof typeof WEIGHTS;

const anyKind = fc.oneof(
  ...(Object.keys(WEIGHTS) as Kind[]).map((kind) => ({ weight: WEIGHTS[kind], arbitrary: fc.constant(kind) })),
);

const MODE_FLAGS = [MPOL_F_STATIC_NODES, MPOL_F_RELATIVE_NODES, MPOL_F_NUMA_BALANCING] as const;
const ADVICE = [
  'MADV_FREE',
  'MADV_COLD',
  'MADV_PAGEOUT',
  'MADV_POPULATE_READ',
  'MADV_POPULATE_WRITE',
  'MADV_DONTFORK',
  'MADV_DOFORK',
  'MADV_WIPEONFORK',
  'MADV_KEEPONFORK',
  'MADV_DONTNEED_LOCKED',
  'MADV_REMOVE',
  'MADV_WILLNEED',
  'MADV_MERGEABLE',
  'MADV_MERGEABLE',
  'MADV_UNMERGEABLE',
  'MADV_SOFT_OFFLINE',
  'MADV_HWPOISON',
] as const;

interface Choice {
  readonly kind: Kind;
  /** Who does it, and to whom. */
  readonly who: number;
  readonly whom: number;
  /** Where, and how much. */
  readonly region: number;
  readonly page: number;
  readonly pages: number;
  /** Nodes, as bits. */
  readonly from: number;
  readonly to: number;
  readonly variant: number;
}

const small = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });

const anyChoice: fc.Arbitrary<Choice> = fc.record({
  kind: anyKind,
  who: small(7),
  whom: small(7),
  region: small(7),
  page: small(23),
  pages: small(23),
  from: small(15),
  to: small(15),
  variant: small(23),
});

// --- from choices to steps ----------------------------------------------------------------------------------------

interface Region {
  readonly name: string;
  readonly pages: number;
  /** A shared mapping of a file, or shared memory. */
  readonly shared: boolean;
}

interface Person {
  readonly name: string;
  /** Threads share theirs. */
  readonly regions: Region[];
}

/** Whose pages a step is about, and which. */
interface At {
  readonly t: string;
  readonly addr: readonly [region: string, page: number];
  readonly pages: number;
}

/** A step, and what it changes, to be done after it. */
interface Made {
  readonly step: Stimulus;
  readonly after: () => void;
}

/** In the order in which they are made. */
const GROUPS = ['x', 'x/y', 'z'] as const;

const afterAll = (made: readonly Made[]) => (): void => made.forEach(({ after }) => after());

/** What is there, so that steps name tasks, regions and files that exist. */
class Author {
  readonly tasks: Person[] = [];
  private readonly machine: MachineSpec;
  private named = 0;
  private files = 0;
  private readonly groups: string[] = [];
  /** Files of tmpfs. */
  private readonly tmpfs = new Set<string>();
  private readonly offline = new Set<number>();
  private readonly modern: boolean;

  constructor(machine: MachineSpec, profile: string) {
    this.machine = machine;
    this.modern = profile.startsWith('linux-6');
  }

  /** The step of a choice, and what it changes, which must be done after the step. */
  step(choice: Choice, rest: readonly Choice[] = [], nested = false): Made {
    if (this.tasks.length === 0) return this.spawn(choice);
    if (choice.kind === 'parallel') return this.parallel(choice, rest);
    if (choice.kind === 'during') return this.during(choice, rest);
    return this.making(choice, nested) ?? this.using(choice);
  }

  private nodes(bits: number): number[] {
    return this.machine.nodes.map(({ id }) => id).filter((_, i) => ((bits >> i) & 1) !== 0);
  }

  private get cpus(): number {
    return this.machine.nodes.reduce((sum, { cpus }) => sum + cpus, 0);
  }

  /** A CPU that is online. */
  private cpu(n: number): number {
    const online = Array.from({ length: this.cpus }, (_, cpu) => cpu).filter((cpu) => !this.offline.has(cpu));
    return online[n % online.length];
  }

  private fresh(prefix: string): string {
    return `${prefix}${++this.named}`;
  }

  private spawn({ who, variant }: Choice): Made {
    const t = this.fresh('T');
    const user = variant % 4 === 3 ? { uid: 1000 } : {};
    return {
      step: { op: 'spawn', t, cpu: this.cpu(who), ...user },
      after: () => this.tasks.push({ name: t, regions: [] }),
    };
  }

  /** Steps after which there is something new, or something less. */
  private making(choice: Choice, nested: boolean): Made | null {
    const { kind, who, region, page, pages, variant } = choice;
    const task = this.tasks[who % this.tasks.length];
    const t = task.name;
    const crowded = this.tasks.length >= 6;
    switch (kind) {
      case 'spawn':
        return crowded ? null : this.spawn(choice);
      case 'fork':
      case 'thread': {
        if (crowded) return null;
        const as = this.fresh('T');
        const regions = kind === 'fork' ? [...task.regions] : task.regions;
        // What is made within another step may never be made, so nobody asks for it later.
        const after = (): void => void (nested || this.tasks.push({ name: as, regions }));
        return { step: { op: kind, t, as }, after };
      }
      case 'exit': {
        const after = (): void => void this.tasks.splice(this.tasks.indexOf(task), 1);
        return { step: { op: 'exit', t, ...(variant % 4 === 0 ? { zombie: true } : {}) }, after };
      }
      case 'kill': {
        // Threads share their regions.
        const process = this.tasks.filter(({ regions }) => regions === task.regions);
        const after = (): void => process.forEach((each) => void this.tasks.splice(this.tasks.indexOf(each), 1));
        return { step: { op: 'kill', t, ...(variant % 2 ? { sig: 'SIGTERM' } : {}) }, after };
      }
      case 'cpu_offline':
      case 'cpu_online': {
        const cpu = variant % this.cpus;
        const after = (): void => {
          if (kind === 'cpu_online') this.offline.delete(cpu);
          else if (cpu !== 0) this.offline.add(cpu);
        };
        return { step: { op: kind, cpu }, after };
      }
      case 'file':
        return { step: this.file(`f${this.files}`, pages + 1, variant), after: () => void this.files++ };
      case 'truncate': {
        if (this.files === 0) return null;
        return { step: { op: 'truncate', name: `f${region % this.files}`, pages: page }, after: () => {} };
      }
      case 'pwrite': {
        if (this.files === 0) return null;
        const file = `f${region % this.files}`;
        return { step: { op: 'pwrite', t, file, off: page, pages: 1 + (pages % 5) }, after: () => {} };
      }
      case 'mmap':
      case 'driver': {
        const r = this.fresh('r');
        const length = (pages + 1) * (variant % 5 === 4 ? 6 : 1);
        const step: StimulusByOp<'mmap'> = {
          op: 'mmap',
          t,
          r,
          at: page * 3 + region * 250,
          pages: length,
          ...(kind === 'mmap' ? this.contents(choice) : driver(variant)),
        };
        const shared = step.kind === 'file' || step.kind === 'shared';
        return { step, after: () => task.regions.push({ name: r, pages: length, shared }) };
      }
      case 'remap': {
        // It needs a file, and a shared mapping of it: they are made first.
        if (task.regions.some(({ shared }) => shared)) return null;
        if (this.files === 0) return nested ? null : this.making({ ...choice, kind: 'file' }, nested);
        return nested ? null : this.making({ ...choice, kind: 'mmap', variant: 0, whom: 1 }, nested);
      }
      case 'cg_new': {
        const cg = GROUPS.find((name) => !this.groups.includes(name));
        return cg ? { step: { op: 'cg_new', cg }, after: () => this.groups.push(cg) } : null;
      }
      case 'cg_set':
      case 'cg_get':
      case 'cg_attach': {
        if (this.groups.length === 0) return nested ? null : this.making({ ...choice, kind: 'cg_new' }, nested);
        return { step: this.group(choice, this.groups[region % this.groups.length], t), after: () => {} };
      }
      default:
        return task.regions.length === 0 && !nested ? this.making({ ...choice, kind: 'mmap' }, nested) : null;
    }
  }

  /** A step on a control group, whose files are those of the cpusets of any kernel. */
  private group({ kind, to, variant }: Choice, cg: string, t: string): Stimulus {
    if (kind === 'cg_attach') return { op: 'cg_attach', cg: variant % 6 === 5 ? '' : cg, t };
    const files = ['mems', 'cpus', 'mems', 'memory_migrate', 'mems', 'cgroup.subtree_control'] as const;
    const file = files[variant % files.length];
    if (kind === 'cg_get') return { op: 'cg_get', cg, file: variant % 4 === 3 ? 'mems.effective' : file };
    const values = {
      mems: this.nodes(to).join(),
      cpus: to % 3 === 0 ? `0-${this.cpu(this.machine.nodes.length - 1)}` : `${this.cpu(to)}`,
      memory_migrate: to % 2,
      'cgroup.subtree_control': to % 4 === 0 ? '-cpuset' : '+cpuset',
    };
    return { op: 'cg_set', cg, file, value: values[file] };
  }

  /** A file on disk, with buffers or without, or in memory, or in memory and swap. */
  private file(name: string, pages: number, variant: number): Stimulus {
    const buffers = (['free', 'busy', 'journal', undefined, undefined] as const)[variant % 5];
    const fs = (['disk', 'ramfs', 'ext2', 'ext3', 'xfs', undefined, 'tmpfs', 'tmpfs'] as const)[variant % 8];
    if (fs === 'tmpfs') this.tmpfs.add(name);
    return {
      op: 'file',
      name,
      pages,
      ...(fs && { fs }),
      ...(buffers && fs !== 'ramfs' && fs !== 'tmpfs' && { buffers }),
    };
  }

  /** What a new region shows: memory, or a file. */
  private contents({ variant, whom }: Choice) {
    const locked = variant % 6 === 5 ? { flags: ['locked' as const] } : {};
    const prot = (['rw', 'rw', 'r', ''] as const)[variant % 4];
    if (this.files === 0 || whom % 3 === 0) {
      return { ...(variant % 3 === 1 ? { kind: 'shared' as const } : {}), prot: prot || 'rw', ...locked };
    }
    return {
      kind: whom % 3 === 1 ? ('file' as const) : ('filepriv' as const),
      file: `f${whom % this.files}`,
      prot,
      ...locked,
    };
  }

  /** Steps on what is there. */
  private using({ kind, who, whom, region, page, pages: more, from, to, variant }: Choice) {
    const { name: t, regions: all } = this.tasks[who % this.tasks.length];
    const shared = kind === 'remap' ? all.filter((each) => each.shared) : [];
    const regions = shared.length > 0 ? shared : all;
    const { name, pages: size } = regions[region % regions.length] ?? { name: '@', pages: 8 };
    const addr = [name, page % size] as const;
    const pages = variant % 3 === 2 ? size : 1 + (more % (size + 2));
    const at = { t, addr, pages };
    const pid = ['self', 'kthread', 'none'][whom - 5] ?? this.tasks[whom % this.tasks.length].name;
    const masks = { maxnode: 65, old: this.nodes(variant % 4 ? ~to : from), new: this.nodes(to) };
    const policy = { mode: variant % 4, mask: this.nodes(to), maxnode: 65 };
    const steps: Partial<Record<Kind, Stimulus>> = {
      touch: { op: 'touch', ...at },
      touchr: { op: 'touch', ...at, mode: 'r', stride: 1 + (variant % 3) },
      migrate: { op: 'migrate_pages', t, pid, ...masks },
      mbind: { op: 'mbind', ...at, ...policy, flags: from % 8 },
      move_pages: this.moving(at, pid, variant, to),
      set_mempolicy: { op: 'set_mempolicy', t, ...policy },
      get_mempolicy: { op: 'get_mempolicy', t, pmask: 1, maxnode: 64, addr, flags: 2 + (variant % 2) },
      age: { op: 'age', ...at },
      deactivate: { op: 'deactivate', ...at },
      munmap: { op: 'munmap', ...at },
      mlock: { op: 'mlock', ...at },
      munlock: { op: 'munlock', ...at },
      mprotect: { op: 'mprotect', ...at, prot: ['r', 'rw', ''][variant % 3] },
      madvise: { op: 'madvise', ...at, advice: 'MADV_DONTNEED' },
      remap: { op: 'remap_file_pages', t, addr, pages: 1 + (to % 4), off: from % 8, nonblock: variant % 2 === 1 },
      pinpages: { op: 'pinpages', ...at, mode: variant % 2 ? 'r' : 'w' },
      unpin: variant % 2 ? { op: 'unpin' } : { op: 'unpin', ...at },
      lock: { op: 'lock', t, addr, until: (['wait', 'unlock', { tries: 1 + (variant % 3) }] as const)[variant % 3] },
      unlock: { op: 'unlock' },
      writeback: { op: 'writeback', ...at },
      swapfill: { op: 'swapfill', leave: variant },
      swapfree: { op: 'swapfree', count: variant },
      io: { op: 'io', mode: (['now', 'step', 'hold', 'step', 'hold', 'stuck'] as const)[variant % 6] },
      io_done: { op: 'io_done' },
      ioerr: { op: 'ioerr', dir: variant % 2 ? 'read' : 'write', count: 1 + (variant % 3) },
      congest: { op: 'congest', dev: variant % 2 ? 'swap' : 'disk', on: variant % 3 > 0 },
      cpuset: this.cpuset({ kind, who, whom, region, page, pages: more, from, to, variant }),
      drain: variant % 3 === 0 ? { op: 'drain' } : { op: 'drain', cpu: this.cpu(variant) },
      swapon: { op: 'swapon' },
      swapoff: { op: 'swapoff' },
      soft_offline: { op: 'soft_offline', t, addr },
      node_offline: { op: 'node_offline', node: this.machine.nodes[variant % this.machine.nodes.length].id },
      hog: { op: 'hog', node: this.machine.nodes[variant % this.machine.nodes.length].id },
      unhog: { op: 'unhog' },
      pin: { op: 'pin', t, cpu: this.cpu(variant) },
      capdrop: { op: 'capdrop', t, caps: ['CAP_SYS_ADMIN', 'CAP_SYS_NICE'] },
      uid: { op: 'uid', t, uid: 1000 * (variant % 2) },
      gid: { op: 'gid', t, gid: 1000 * (variant % 2), egid: 0 },
      dumpable: { op: 'dumpable', t, value: variant % 2 === 0 ? 0 : 1 },
    };
    const modern = this.modern ? this.modernStep(kind, at, { region, from, to, variant }) : null;
    return { step: modern ?? steps[kind] ?? (steps.touch as Stimulus), after: () => {} };
  }

  /** Steps that only kernels of 6.x have. */
  private modernStep(kind: Kind, at: At, choice: Pick<Choice, 'region' | 'from' | 'to' | 'variant'>): Stimulus | null {
    const { region, from, to, variant } = choice;
    const { t, addr, pages } = at;
    const node = this.machine.nodes[variant % this.machine.nodes.length].id;
    const mode = (variant % 7) | (from % 4 === 0 ? MODE_FLAGS[to % 3] : 0);
    const policy = { mode, mask: this.nodes(to), maxnode: 65 };
    switch (kind) {
      case 'node_online':
        return { op: 'node_online', node };
      case 'advise':
        return { op: 'madvise', ...at, advice: ADVICE[variant % ADVICE.length] };
      case 'mremap':
        if (addr[0] === '@') return null;
        return { op: 'mremap', t, r: addr[0], at: 9000 + from * 600 + region * 60, pages };
      case 'ksm':
        return variant % 3 === 0 ? { op: 'madvise', ...at, advice: 'MADV_MERGEABLE' } : { op: 'ksm' };
      case 'punch':
        return this.tmpfs.size === 0
          ? null
          : { op: 'punch', t, file: [...this.tmpfs][region % this.tmpfs.size], off: from, pages: 1 + to };
      case 'mlockall':
        return { op: 'mlockall', t, flags: 1 + (variant % 7) };
      case 'munlockall':
        return { op: 'munlockall', t };
      case 'home_node':
        return { op: 'home_node', t, addr, pages, node, flags: 0 };
      case 'weight':
        return { op: 'weight', node, value: `${from}` };
      case 'policy':
        return region % 2 === 0
          ? { op: 'mbind', ...at, ...policy, flags: from % 8 }
          : { op: 'set_mempolicy', t, ...policy };
      default:
        return null;
    }
  }

  /** A move_pages call: pages to one node or to several, some of them twice, or nowhere. */
  private moving({ t, addr: [name, page], pages }: At, pid: string, variant: number, to: number): Stimulus {
    const flags = variant % 3 === 0 ? 'MPOL_MF_MOVE_ALL' : 'MPOL_MF_MOVE';
    const ids = [...this.nodes(to), this.machine.nodes[0].id];
    const pick = (n: number): number => (variant % 8 === 7 ? 63 : ids[n % ids.length]);
    const call = { op: 'move_pages' as const, t, pid, flags, ...(variant % 11 === 10 && { status_edge: pages >> 1 }) };
    if (variant % 2 === 0) return { ...call, range: [name, page, pages], nodes: variant % 6 === 4 ? null : pick(0) };
    const numbers = Array.from({ length: pages }, (_, n) => n);
    const addrs = numbers.map((n): [string, number] => [name, page + ((n * variant) % (pages + 2))]);
    return { ...call, addrs, nodes: numbers.map(pick) };
  }

  /** Steps with cpusets, of which some are there and some are not. */
  private cpuset({ who, whom, from, variant }: Choice): Stimulus {
    const cg = ['a', 'a/b', 'b', ''][whom % 4];
    const flags = ['memory_migrate', 'mem_exclusive', 'cpu_exclusive'];
    switch (variant % 6) {
      case 0:
        return { op: 'cg_new', cg };
      case 1:
        return { op: 'cg_attach', cg, t: this.tasks[who % this.tasks.length].name };
      case 2:
        return { op: 'cg_set', cg, file: flags[from % 3], value: who % 2 };
      case 3:
        return { op: 'cg_set', cg, file: 'cpus', value: `0-${who % this.cpus}` };
      default:
        return { op: 'cg_set', cg, file: 'mems', value: this.nodes(from).join(',') };
    }
  }

  /** Steps at the same time, mostly of different tasks: races between calls that move pages, or anything. */
  private parallel({ who, variant }: Choice, choices: readonly Choice[]): Made {
    const races: readonly Kind[] = ['migrate', 'touch', 'migrate', 'mbind', 'munmap', 'mlock', 'move_pages', 'touch'];
    const made = choices.map((choice, i) => {
      const kind = variant % 3 === 0 ? choice.kind : races[(variant + i) % races.length];
      return this.step(inner({ ...choice, kind, who: who + i }), [], true);
    });
    return { step: { op: 'parallel', steps: made.map(({ step }) => step) }, after: afterAll(made) };
  }

  /** A migration, and what others do before its passes. */
  private during(choice: Choice, choices: readonly Choice[]): Made {
    const call = this.step({ ...choice, kind: choice.variant % 3 === 0 ? 'mbind' : 'migrate' }, [], true);
    if (call.step.op !== 'migrate_pages' && call.step.op !== 'mbind') return call;
    const { t } = call.step;
    const made = choices
      .map((each) => this.step(inner(each), [], true))
      .filter(({ step }) => step.op === 'kill' || !('t' in step) || step.t !== t);
    const steps = made.map(({ step }) => step);
    const step = { ...call.step, during: [{ pass: choice.variant % 5, steps }] };
    return { step, after: afterAll(made) };
  }
}

/**
 * A choice for a step within another one. It makes nothing that later steps need, as it may never be served; and asks for
 * no pages of a task that may be gone.
 */
function inner(choice: Choice): Choice {
  const outer: readonly Kind[] = ['spawn', 'file', 'mmap', 'cg_new', 'parallel', 'during'];
  if (choice.kind === 'unpin') return { ...choice, variant: 1 };
  // The first CPU is always there, whatever goes offline meanwhile.
  if (choice.kind === 'pin') return { ...choice, variant: 0 };
  return outer.includes(choice.kind) ? { ...choice, kind: 'touch' } : choice;
}

/** Memory of a driver that migrates it, or not. */
function driver(variant: number) {
  const answers = [{}, { moves: true }, { errno: 'EBUSY' }, { answer: 3 }, { moves: true, errno: 'EIO' }] as const;
  return { migrate: answers[variant % answers.length] };
}

/** A task with some memory, and what the choices make of it. */
function write(machine: MachineSpec, profile: string, choices: readonly Choice[]): Stimulus[] {
  const author = new Author(machine, profile);
  const steps: Stimulus[] = [];
  const first = { who: 0, whom: 0, region: 0, page: 0, pages: 23, from: 15, to: 0, variant: 0 };
  const much = choices[0].variant % 2 === 1 ? 4 : 0;
  for (const [kind, variant] of [
    ['spawn', 0],
    ['mmap', much],
    ['touch', 2],
  ] as const) {
    const { step, after } = author.step({ ...first, kind, variant });
    steps.push(step);
    after();
  }
  for (let i = 0; i < choices.length; i++) {
    const nested = choices[i].kind === 'parallel' || choices[i].kind === 'during' ? 2 + (choices[i].variant % 2) : 0;
    const { step, after } = author.step(choices[i], choices.slice(i + 1, i + 1 + nested));
    if (author.tasks.length > 0) i += nested;
    steps.push(step);
    after();
  }
  return steps;
}

/** Programs of up to so many choices. */
export const anyProgram = (length: number, profiles: readonly string[] = PROFILES): fc.Arbitrary<Program> =>
  fc
    .record({
      machine: anyMachine,
      profile: fc.constantFrom(...profiles),
      seed: fc.nat(999).map(String),
      choices: fc.array(anyChoice, { minLength: 4, maxLength: length, size: 'max' }),
    })
    .map(({ choices, ...rest }) => ({ ...rest, steps: write(rest.machine, rest.profile, choices) }));
