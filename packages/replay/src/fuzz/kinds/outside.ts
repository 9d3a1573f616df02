/** Disturbances: what devices, administrators and others do meanwhile. */
import type { Stimulus } from '@pagetape/events';
import { once, pick } from '../draw.ts';
import type { World } from '../world.ts';
import type { Kind } from './kind.ts';

function lock(w: World): Stimulus {
  const { t, addr } = w.place();
  const until = pick(w.draw, ['wait', 'wait', { tries: 1 }, { tries: 3 }, 'unlock'] as const);
  return { op: 'lock', t, addr, until };
}

/** Within another step nobody knows whether the task and its pages are still there. */
function unpin(w: World): Stimulus {
  return w.nested || w.draw.below(2) === 0 ? { op: 'unpin' } : { op: 'unpin', ...w.place() };
}

function pinpages(w: World): Stimulus {
  return { op: 'pinpages', ...w.place(), mode: pick(w.draw, ['w', 'r'] as const) };
}

function drain(w: World): Stimulus {
  return once(w.draw, 3) ? { op: 'drain' } : { op: 'drain', cpu: w.cpu() };
}

function cpu(w: World, op: 'cpu_offline' | 'cpu_online'): Stimulus {
  const number = w.anyCpu();
  if (op === 'cpu_online') w.offline.delete(number);
  else if (number !== 0) w.offline.add(number);
  return { op, cpu: number };
}

function ioerr(w: World): Stimulus {
  return { op: 'ioerr', dir: pick(w.draw, ['write', 'read'] as const), count: 1 + w.draw.below(3) };
}

function congest(w: World): Stimulus {
  return { op: 'congest', dev: pick(w.draw, ['swap', 'disk'] as const), on: !once(w.draw, 3) };
}

const CPUSETS = ['a', 'a/b', 'b', ''] as const;
const CPUSET_FLAGS = ['memory_migrate', 'mem_exclusive', 'cpu_exclusive'] as const;

/** Steps with cpusets, of which some are there and some are not. */
function cpuset(w: World): Stimulus {
  const { draw } = w;
  const cg = pick(draw, CPUSETS);
  switch (draw.below(6)) {
    case 0:
      return { op: 'cg_new', cg };
    case 1:
      return { op: 'cg_attach', cg, t: whom(w) };
    case 2:
      return { op: 'cg_set', cg, file: pick(draw, CPUSET_FLAGS), value: draw.below(2) };
    case 3:
      return { op: 'cg_set', cg, file: 'cpus', value: `0-${w.anyCpu()}` };
    default:
      return { op: 'cg_set', cg, file: 'mems', value: w.nodes().join(',') };
  }
}

/** Mostly a task; a kernel thread has no memory. */
const whom = (w: World): string => (once(w.draw, 8) ? 'kthread' : w.task().name);

/** In the order in which they are made. */
const GROUPS = ['x', 'x/y', 'z'] as const;

function newGroup(w: World): Stimulus | null {
  const cg = GROUPS.find((name) => !w.groups.includes(name));
  if (!cg) return null;
  w.groups.push(cg);
  return { op: 'cg_new', cg };
}

const GROUP_FILES = ['mems', 'cpus', 'mems', 'memory_migrate', 'mems', 'cgroup.subtree_control'] as const;

/** A step on a control group, whose files are those of the cpusets of any kernel. */
function group(w: World): Stimulus | null {
  const { draw } = w;
  if (w.groups.length === 0) return w.nested ? null : newGroup(w);
  const cg = pick(draw, w.groups);
  if (once(draw, 4)) return { op: 'cg_attach', cg: once(draw, 6) ? '' : cg, t: whom(w) };
  if (once(draw, 8)) return { op: 'cg_get', cg, file: once(draw, 4) ? 'mems.effective' : pick(draw, GROUP_FILES) };
  const file = unset(w, cg) ?? pick(draw, GROUP_FILES);
  return { op: 'cg_set', cg, file, value: groupValue(w, file) };
}

const FIRST = ['mems', 'cpus', 'memory_migrate'] as const;

/** What a new group needs before anybody can be in it: it is mostly set first, once. */
function unset(w: World, cg: string): (typeof FIRST)[number] | null {
  const file = FIRST.find((each) => !w.set.has(`${cg} ${each}`));
  if (!file || once(w.draw, 4)) return null;
  w.set.add(`${cg} ${file}`);
  return file;
}

function groupValue(w: World, file: string): string | number {
  switch (file) {
    case 'mems':
      return w.nodes().join();
    case 'cpus':
      return once(w.draw, 3) ? `0-${w.cpu()}` : `${w.cpu()}`;
    case 'memory_migrate':
      return w.draw.below(2);
    default:
      return once(w.draw, 4) ? '-cpuset' : '+cpuset';
  }
}

export const outsideKinds: readonly Kind[] = [
  { name: 'lock', weight: 2, make: lock },
  { name: 'unlock', weight: 1, make: () => ({ op: 'unlock' }) },
  { name: 'pinpages', weight: 2, make: pinpages },
  { name: 'unpin', weight: 1, make: unpin },
  { name: 'writeback', weight: 2, make: (w) => ({ op: 'writeback', ...w.place() }) },
  { name: 'swapfill', weight: 1, make: (w) => ({ op: 'swapfill', leave: pick(w.draw, [0, 0, 1, 2, 5]) }) },
  { name: 'swapfree', weight: 1, make: (w) => ({ op: 'swapfree', count: 1 + w.draw.below(20) }) },
  {
    name: 'io',
    weight: 1,
    make: (w) => ({ op: 'io', mode: pick(w.draw, ['now', 'step', 'hold', 'step', 'hold', 'stuck'] as const) }),
  },
  { name: 'io_done', weight: 1, make: () => ({ op: 'io_done' }) },
  { name: 'ioerr', weight: 2, make: ioerr },
  { name: 'congest', weight: 1, make: congest },
  { name: 'drain', weight: 1, make: drain },
  { name: 'cpu_offline', weight: 1, make: (w) => cpu(w, 'cpu_offline') },
  { name: 'cpu_online', weight: 1, make: (w) => cpu(w, 'cpu_online') },
  { name: 'hog', weight: 1, make: (w) => ({ op: 'hog', node: w.node() }) },
  { name: 'unhog', weight: 1, make: () => ({ op: 'unhog' }) },
  { name: 'swapon', weight: 1, make: () => ({ op: 'swapon' }) },
  { name: 'swapoff', weight: 1, make: () => ({ op: 'swapoff' }) },
  {
    name: 'soft_offline',
    weight: 1,
    make: (w) => {
      const { t, addr } = w.place();
      return { op: 'soft_offline', t, addr };
    },
  },
  { name: 'node_offline', weight: 1, make: (w) => ({ op: 'node_offline', node: w.node() }) },
  { name: 'node_online', weight: 1, modern: true, make: (w) => ({ op: 'node_online', node: w.node() }) },
  { name: 'cpuset', weight: 4, make: cpuset },
  { name: 'cg_new', weight: 1, outer: true, make: newGroup },
  { name: 'group', weight: 3, make: group },
];
