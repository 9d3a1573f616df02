/**
 * What a program has made so far: tasks, their regions, files, groups. Steps are chosen with it, so that they name things that
 * exist; whether the kernel lets them have their way is another matter.
 */
import type { MachineSpec } from '@pagetape/core';
import type { Stimulus } from '@pagetape/events';
import { once, pick, type Draw } from './draw.ts';

export interface Region {
  readonly name: string;
  readonly pages: number;
  /** A shared mapping of a file, or shared memory. */
  readonly shared: boolean;
}

export interface Person {
  readonly name: string;
  /** Threads share theirs. */
  readonly regions: Region[];
}

/** Whose pages a step is about, and which. */
export interface Place {
  readonly t: string;
  readonly addr: readonly [region: string, page: number];
  readonly pages: number;
}

const MAX_TASKS = 6;

export class World {
  readonly draw: Draw;
  readonly machine: MachineSpec;
  /** The kernel is one of 6.x. */
  readonly modern: boolean;
  readonly tasks: Person[] = [];
  readonly files: string[] = [];
  readonly tmpfs: string[] = [];
  readonly groups: string[] = [];
  /** Files of groups that were set. */
  readonly set: Set<string> = new Set();
  readonly offline: Set<number> = new Set();
  /** Number of regions that may be large. */
  large = 0;
  /** Within a step that holds others: what is made there may never be made, so nobody asks for it later. */
  nested = false;
  private named = 0;
  private readonly cpus: number;
  private readonly ids: readonly number[];
  /** Where the next region goes. */
  private nextPage = 0;

  constructor(draw: Draw, machine: MachineSpec, modern: boolean) {
    this.draw = draw;
    this.machine = machine;
    this.modern = modern;
    this.ids = machine.nodes.map(({ id }) => id);
    this.cpus = machine.nodes.reduce((sum, { cpus }) => sum + cpus, 0);
  }

  get crowded(): boolean {
    return this.tasks.length >= MAX_TASKS;
  }

  fresh(prefix: string): string {
    return `${prefix}${++this.named}`;
  }

  task(): Person {
    return pick(this.draw, this.tasks);
  }

  node(): number {
    return pick(this.draw, this.ids);
  }

  /** Some nodes of the machine, ascending; sometimes none, more often one. */
  nodes(): number[] {
    if (this.draw.below(3) > 0) return [this.node()];
    const bits = this.draw.below(1 << this.ids.length);
    return this.ids.filter((_, i) => ((bits >> i) & 1) !== 0);
  }

  allNodes(): number[] {
    return [...this.ids];
  }

  anyCpu(): number {
    return this.draw.below(this.cpus);
  }

  /** A CPU that is online. Within another step it is the first, which always is. */
  cpu(): number {
    if (this.nested) return 0;
    const cpu = this.anyCpu();
    return this.offline.has(cpu) ? 0 : cpu;
  }

  /** A page number of the arena for a new region: mostly behind the last one, with a gap or without; sometimes over others. */
  arena(pages: number): number {
    const { draw } = this;
    if (once(draw, 12)) return draw.below(this.nextPage + 1);
    const gap = pick(draw, [0, 0, 1, 3, 500]);
    const at = this.nextPage + gap;
    this.nextPage = at + pages;
    return at;
  }

  /** Pages of a new region. */
  length(): number {
    if (this.large > 0 && once(this.draw, 3)) {
      this.large--;
      return pick(this.draw, [255, 256, 257, 258, 512, 513, 600]);
    }
    return 1 + this.draw.below(once(this.draw, 4) ? 40 : 8);
  }

  /** Some pages of a task, mostly within one region. A task without any has the start of the arena. */
  place(person: Person = this.task(), shared = false): Place {
    const { draw } = this;
    const some = shared ? person.regions.filter((region) => region.shared) : [];
    const regions = some.length > 0 ? some : person.regions;
    if (regions.length === 0) return { t: person.name, addr: ['@', draw.below(8)], pages: 1 + draw.below(4) };
    const { name, pages: size } = pick(draw, regions);
    if (draw.below(2) === 0) return { t: person.name, addr: [name, 0], pages: size };
    return {
      t: person.name,
      addr: [name, draw.below(size)],
      pages: 1 + draw.below(once(draw, 6) ? size + 2 : Math.min(size, 4)),
    };
  }

  add(person: Person): void {
    if (!this.nested) this.tasks.push(person);
  }

  /** Knows of what a step of another program makes or ends. */
  note(step: Stimulus): void {
    switch (step.op) {
      case 'spawn':
        return void this.tasks.push({ name: this.known(step.t), regions: [] });
      case 'fork':
      case 'thread': {
        const parent = this.tasks.find(({ name }) => name === step.t);
        if (!parent) return;
        const regions = step.op === 'fork' ? [...parent.regions] : parent.regions;
        return void this.tasks.push({ name: this.known(step.as), regions });
      }
      case 'exit':
      case 'kill': {
        const person = this.tasks.find(({ name }) => name === step.t);
        return person && this.remove(person, step.op === 'kill');
      }
      case 'mmap': {
        const shared = step.kind === 'file' || step.kind === 'shared';
        this.nextPage = Math.max(this.nextPage, step.at + step.pages);
        const region = { name: this.known(step.r), pages: step.pages, shared };
        return void this.tasks.find(({ name }) => name === step.t)?.regions.push(region);
      }
      case 'file':
        if (step.fs === 'tmpfs') this.tmpfs.push(step.name);
        return void this.files.push(step.name);
      case 'cg_new':
        return void this.groups.push(step.cg);
      case 'cpu_offline':
        return void (step.cpu !== 0 && this.offline.add(step.cpu));
      case 'parallel':
        return step.steps.forEach((each) => this.note(each));
      default:
    }
  }

  /** A name that is taken: those to come have higher numbers. */
  private known(name: string): string {
    this.named = Math.max(this.named, Number(name.slice(1)) || 0);
    return name;
  }

  /** The task is gone, or all that share its memory are. */
  remove(person: Person, process: boolean): void {
    for (let i = this.tasks.length - 1; i >= 0; i--) {
      const each = this.tasks[i];
      if (each === person || (process && each.regions === person.regions)) this.tasks.splice(i, 1);
    }
  }
}
