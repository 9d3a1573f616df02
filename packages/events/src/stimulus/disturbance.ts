/** Steps that come from outside: somebody else holds a page, or looks at it, while tasks go about their business. */
import { z } from 'zod';
import { DEVICES } from '../kernel/run.ts';
import { FATAL_SIGNALS } from '../kernel/signal.ts';
import { defineStimulus } from './define.ts';
import { range } from './memory.ts';
import { address, count, cpuId, either, optional, pageCount, taskName, word, yesNo } from './values.ts';

/** When somebody outside lets go of a page lock. */
export type LockUntil = 'wait' | 'unlock' | { tries: number };

export const lock = defineStimulus({
  name: 'lock',
  doc: 'Somebody takes the lock of the page, and a reference to it.',
  by: 'outside',
  fields: () => ({
    t: taskName(),
    addr: address(),
    pages: optional(pageCount().describe('How many pages (1).')),
    until: either('"wait", "unlock" or {tries: n}', [
      z.enum(['wait', 'unlock']),
      z.strictObject({ tries: count() }),
    ]).describe(
      'wait: until anyone sleeps on the lock; tries: until so many tries of a migration; unlock: until that step.',
    ),
  }),
});

export const unlock = defineStimulus({
  name: 'unlock',
  doc: 'Whoever holds a page lock until "unlock" lets go. It ends all such locks.',
  by: 'outside',
  fields: () => ({ t: optional(taskName()), addr: optional(address()), pages: optional(pageCount()) }),
});

export const pinpages = defineStimulus({
  name: 'pinpages',
  doc: 'The pages are brought in and referenced, as direct I/O does.',
  by: 'outside',
  fields: () => ({ ...range(), mode: optional(word(['w', 'r']).describe('w: brought in for writing.')) }),
});

export const unpin = defineStimulus({
  name: 'unpin',
  doc: 'The references of "pinpages" end: those of these pages, or all that the task or anyone has.',
  by: 'outside',
  fields: () => ({ t: optional(taskName()), addr: optional(address()), pages: optional(pageCount()) }),
});

export const writeback = defineStimulus({
  name: 'writeback',
  doc: 'Somebody gives the page a swap slot if it has none, and starts to write it, without unmapping it.',
  by: 'outside',
  fields: () => ({ t: taskName(), addr: address(), pages: optional(pageCount().describe('How many pages (1).')) }),
});

export const age = defineStimulus({
  name: 'age',
  doc: 'The page scanner looks at the pages: accessed and referenced bits are cleared. Answers how many it found set.',
  by: 'outside',
  fields: range,
});

export const deactivate = defineStimulus({
  name: 'deactivate',
  doc: 'Pages on the active list go to the head of the inactive list.',
  by: 'outside',
  fields: range,
});

export const drain = defineStimulus({
  name: 'drain',
  doc: 'The vectors of that cpu, or of all cpus, are emptied onto the LRU lists.',
  by: 'outside',
  fields: () => ({ cpu: optional(cpuId()) }),
});

export const swapfill = defineStimulus({
  name: 'swapfill',
  doc: 'Somebody takes swap slots until so many are free.',
  by: 'outside',
  fields: () => ({ leave: count() }),
});

export const swapfree = defineStimulus({
  name: 'swapfree',
  doc: 'Whoever took swap slots gives so many back, the oldest first.',
  by: 'outside',
  fields: () => ({ count: count() }),
});

export const IO_MODES = ['now', 'step', 'hold', 'stuck'] as const;

export const io = defineStimulus({
  name: 'io',
  doc: 'When requests to a disk end from now on.',
  by: 'outside',
  fields: () => ({
    mode: word(IO_MODES).describe(
      'now: at once; step: when waited for or with the step; hold: when someone waits or by io_done; stuck: never.',
    ),
  }),
});

export const io_done = defineStimulus({
  name: 'io_done',
  doc: 'All pending requests end.',
  by: 'outside',
  fields: () => ({}),
});

export const congest = defineStimulus({
  name: 'congest',
  doc: 'The queue of the device is full: only who has to writes to it. No driver of that time says so of the swap device.',
  by: 'outside',
  fields: () => ({
    dev: word(DEVICES).describe('swap, or disk: where the files are.'),
    on: optional(yesNo().describe('Congested from now on, or no longer (true).')),
  }),
});

export const kill = defineStimulus({
  name: 'kill',
  doc: 'A signal that ends the process of a task. A call that is under way returns first.',
  by: 'outside',
  fields: () => ({ t: taskName(), sig: optional(word(FATAL_SIGNALS).describe('Usual: SIGKILL.')) }),
});

export const ioerr = defineStimulus({
  name: 'ioerr',
  doc: 'The next `count` requests of this direction fail.',
  by: 'outside',
  fields: () => ({ dir: word(['read', 'write']), count: count() }),
});
