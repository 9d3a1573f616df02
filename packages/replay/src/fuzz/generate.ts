/**
 * From a seed to a program. Each seed leaves some kinds of steps out (swarm testing): a program that does everything rarely does
 * one thing often enough. Seeds that follow each other share a machine, so that a campaign need not build one for each program.
 */
import { ALL_PROFILES, type MachineSpec } from '@pagetape/core';
import type { Stimulus } from '@pagetape/events';
import type { Program } from '../laws/recording.ts';
import { drawsOf, once, pick, type Draw } from './draw.ts';
import type { Kind } from './kinds/kind.ts';
import { memoryKinds, mmap } from './kinds/memory.ts';
import { nestedKinds } from './kinds/nested.ts';
import { outsideKinds } from './kinds/outside.ts';
import { policyKinds } from './kinds/policy.ts';
import { spawn, taskKinds } from './kinds/tasks.ts';
import { anyMachine } from './machine.ts';
import { World } from './world.ts';

/** Seeds in a row that share a machine. */
export const SEEDS_OF_MACHINE = 256;

const FLAT: readonly Kind[] = [...memoryKinds, ...policyKinds, ...taskKinds, ...outsideKinds];

/** Each kind as often as it weighs. */
const byWeight = (kinds: readonly Kind[]): Kind[] => kinds.flatMap((kind) => Array<Kind>(kind.weight).fill(kind));

/** Kinds that make a race worth it. */
const RACES = byWeight(
  FLAT.filter(({ name }) => {
    return ['migrate_pages', 'touch', 'mbind', 'munmap', 'mlock', 'move_pages', 'fork', 'soft_offline'].includes(name);
  }),
);

/** Without these a program would do nothing. */
const ALWAYS: ReadonlySet<string> = new Set(['touch', 'mmap', 'migrate_pages']);

/** Kinds that have to do with each other: who may do what, which nodes a task may use, and what becomes of swap. */
const THEMES: readonly ReadonlySet<string>[] = [
  new Set(['spawn', 'fork', 'uid', 'dumpable', 'move_pages']),
  new Set(['group', 'cg_new', 'set_mempolicy']),
  new Set(['swapfill', 'io', 'ioerr', 'writeback', 'swapon', 'swapoff']),
];

/** What needs several steps of a few kinds happens only where these are chosen often: those of a theme, or some that have nothing in common. */
const FAVOURITES = 3;
const FAVOUR = 8;

function favouritesOf(draw: Draw, modern: boolean): ReadonlySet<string> {
  const theme = THEMES[draw.below(2 * THEMES.length)];
  if (theme) return theme;
  const names = FLAT.filter((kind) => modern || !kind.modern).map(({ name }) => name);
  return new Set(Array.from({ length: FAVOURITES }, () => pick(draw, names)));
}

/** The kinds of one program, each as often as it weighs. */
class Swarm {
  private readonly outer: Kind[] = [];
  private readonly inner: Kind[] = [];

  constructor(draw: Draw, modern: boolean) {
    const nested = nestedKinds(
      (w) => choose(w, this.inner),
      (w) => choose(w, RACES),
    );
    const favourites = favouritesOf(draw, modern);
    // With one bit a kind, half of them stay.
    let bits = 0;
    let left = 0;
    for (const kind of [...FLAT, ...nested]) {
      if (left === 0) [bits, left] = [draw.below(1 << 30), 30];
      const stays = (bits & 1) === 1;
      bits >>= 1;
      left--;
      const favourite = favourites.has(kind.name);
      if ((kind.modern && !modern) || (!stays && !favourite && !ALWAYS.has(kind.name))) continue;
      const times = kind.weight * (favourite ? FAVOUR : 1);
      for (let n = 0; n < times; n++) {
        this.outer.push(kind);
        if (!kind.outer) this.inner.push(kind);
      }
    }
  }

  step(w: World): Stimulus {
    return w.tasks.length === 0 ? spawn(w) : choose(w, this.outer);
  }
}

/** A step of one of the kinds; a touch where the chosen one makes no sense now. */
function choose(w: World, kinds: readonly Kind[]): Stimulus {
  return pick(w.draw, kinds).make(w) ?? { op: 'touch', ...w.place() };
}

/** A machine and some steps on it. */
export function programOf(draw: Draw, machine: MachineSpec, profile: string, seed: string): Program {
  const modern = ALL_PROFILES[profile].policies === 'nodemasks';
  const w = new World(draw, machine, modern);
  w.large = once(draw, 32) ? 2 : 0;
  const swarm = new Swarm(draw, modern);
  const calls = 4 + draw.below(20);
  const steps: Stimulus[] = [spawn(w), mmap(w)];
  steps.push({ op: 'touch', ...w.place() });
  while (steps.length < calls) steps.push(swarm.step(w));
  return { machine, profile, seed, steps };
}

/** Some steps more in a world that has something in it. */
export function moreSteps(w: World, count: number): Stimulus[] {
  const swarm = new Swarm(w.draw, w.modern);
  return Array.from({ length: count }, () => swarm.step(w));
}

/** The machine of a seed: one for each SEEDS_OF_MACHINE in a row, and each family of kernels. */
export function machineOf(seed: number, profile: string): MachineSpec {
  const modern = ALL_PROFILES[profile].policies === 'nodemasks';
  const block = Math.floor(seed / SEEDS_OF_MACHINE);
  const key = `${block}${modern ? ' modern' : ''}`;
  const known = made.get(key);
  if (known) return known;
  if (made.size >= MACHINES_KEPT) made.clear();
  const machine = anyMachine(drawsOf(`machine:${block}`), modern);
  made.set(key, machine);
  return machine;
}

/** Machines that were made lately, so that who runs several programs of one sees that it is the same. */
const made = new Map<string, MachineSpec>();
const MACHINES_KEPT = 32;

/** The program of a seed. */
export function generate(seed: number, profile: string, machine: MachineSpec = machineOf(seed, profile)): Program {
  return programOf(drawsOf(`${seed}`), machine, profile, `${seed}`);
}
