/** Tasks that come, change and go. */
import type { Stimulus } from '@pagetape/events';
import { once, pick } from '../draw.ts';
import type { World } from '../world.ts';
import type { Kind } from './kind.ts';

export function spawn(w: World): Stimulus {
  const t = w.fresh('T');
  w.tasks.push({ name: t, regions: [] });
  const step: Stimulus = { op: 'spawn', t, cpu: w.cpu() };
  return once(w.draw, 4) ? { ...step, uid: 1000 } : step;
}

function child(w: World, op: 'fork' | 'thread'): Stimulus | null {
  if (w.crowded) return null;
  const { name: t, regions } = w.task();
  const as = w.fresh('T');
  w.add({ name: as, regions: op === 'fork' ? [...regions] : regions });
  return { op, t, as };
}

function exit(w: World): Stimulus {
  const person = w.task();
  w.remove(person, false);
  return once(w.draw, 4) ? { op: 'exit', t: person.name, zombie: true } : { op: 'exit', t: person.name };
}

function kill(w: World): Stimulus {
  const person = w.task();
  w.remove(person, true);
  return once(w.draw, 2) ? { op: 'kill', t: person.name, sig: 'SIGTERM' } : { op: 'kill', t: person.name };
}

/** All ids, or the real one alone, as a setuid program has it. */
function setresuid(w: World): Stimulus {
  const { draw } = w;
  const uid = pick(draw, [0, 1000, 1000, 1001]);
  return { op: 'uid', t: w.task().name, uid, ...(once(draw, 2) ? { euid: uid, suid: uid } : {}) };
}

export const taskKinds: readonly Kind[] = [
  { name: 'spawn', weight: 1, outer: true, make: (w) => (w.crowded ? null : spawn(w)) },
  { name: 'fork', weight: 3, make: (w) => child(w, 'fork') },
  { name: 'thread', weight: 2, make: (w) => child(w, 'thread') },
  { name: 'exit', weight: 1, make: exit },
  { name: 'kill', weight: 1, make: kill },
  { name: 'uid', weight: 1, make: setresuid },
  { name: 'gid', weight: 1, make: (w) => ({ op: 'gid', t: w.task().name, gid: pick(w.draw, [0, 1000]), egid: 0 }) },
  {
    name: 'dumpable',
    weight: 1,
    make: (w) => ({ op: 'dumpable', t: w.task().name, value: pick(w.draw, [0, 1] as const) }),
  },
  {
    name: 'capdrop',
    weight: 1,
    make: (w) => ({
      op: 'capdrop',
      t: w.task().name,
      caps: pick(w.draw, [
        ['CAP_SYS_ADMIN', 'CAP_SYS_NICE'],
        ['CAP_SYS_RESOURCE'],
        ['CAP_IPC_LOCK'],
      ] as const).slice() as never,
    }),
  },
  { name: 'pin', weight: 1, make: (w) => ({ op: 'pin', t: w.task().name, cpu: w.cpu() }) },
];
