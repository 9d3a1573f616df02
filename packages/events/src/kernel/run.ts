/**
 * Events of the run itself: stimuli, the scheduler, chance, and what disturbs from outside. None of them is Linux's.
 */
import { z } from 'zod';
import { defineColdEvent, defineEvent } from '../define.ts';
import { count, cpu, oneOf, pfn, pid, vpn } from '../field.ts';
import { BUFFERS, FILE_SYSTEMS } from '../uapi/mm.ts';

const id = z.number().int();
const of = 'pagetape';

export const StimulusBegan = defineColdEvent({
  name: 'StimulusBegan',
  number: 1,
  of,
  doc: 'Something came from outside: a call or access of a task, or a disturbance. The events up to its end serve it.',
  schema: z.strictObject({ op: id, parent: id, task: id, stimulus: z.record(z.string(), z.unknown()) }),
});

export const StimulusEnded = defineColdEvent({
  name: 'StimulusEnded',
  number: 2,
  of,
  doc: 'What was asked for is done; `result` is what the one who asked got to see.',
  schema: z.strictObject({ op: id, parent: id, task: id, result: z.record(z.string(), z.unknown()) }),
});

export const ActorSwitched = defineEvent({
  name: 'ActorSwitched',
  number: 3,
  of,
  doc: 'Another task runs on, in the stimulus that it serves: the one before sleeps, ended, or had to give way.',
  fields: [pid('task'), cpu('cpu'), count('op')],
  cost_ns: 1_500,
});

export const ChanceDrawn = defineEvent({
  name: 'ChanceDrawn',
  number: 4,
  of,
  doc: 'The named stream of the generator gave a number from 0 to below the bound.',
  fields: [count('stream'), count('bound'), count('value')],
});

export const DeadlockFound = defineColdEvent({
  name: 'DeadlockFound',
  number: 5,
  of,
  doc: 'Nobody who is left can run again. `waits` says who waits for what, and who has it.',
  schema: z.strictObject({
    waits: z.array(z.strictObject({ task: id, op: id, for: z.string(), held_by: z.string() })),
  }),
});

export const IoModeSet = defineColdEvent({
  name: 'IoModeSet',
  number: 6,
  of,
  doc: 'When requests end: at once, when someone waits or the step is over, when told, or never.',
  schema: z.strictObject({ mode: z.enum(['now', 'step', 'hold', 'stuck']) }),
});

/** Devices whose queue may be congested: the swap device, or that of the files. */
export const DEVICES = ['swap', 'disk'] as const;

export const CongestionSet = defineColdEvent({
  name: 'CongestionSet',
  number: 215,
  of: 'drivers/block/ll_rw_blk.c:set_queue_congested(), clear_queue_congested()',
  doc: 'The queue of a device is congested for writes, or no longer.',
  schema: z.strictObject({ device: z.enum(DEVICES), congested: z.boolean() }),
});

export const FileCreated = defineColdEvent({
  name: 'FileCreated',
  number: 7,
  of,
  doc: 'A file of so many pages exists; none of its pages is cached.',
  schema: z.strictObject({
    file: id,
    name: z.string(),
    pages: id,
    /** Usual: disk. */
    fs: z.exactOptional(z.enum(FILE_SYSTEMS)),
    /** Usual: none. */
    buffers: z.exactOptional(z.enum(BUFFERS)),
    /** It has no name, and goes with its last mapping. */
    unlinked: z.exactOptional(z.literal(true)),
  }),
});

/** When somebody outside lets go of a page lock: when anyone sleeps on it, at op `unlock`, or after failed tries. */
export const UNTIL = ['wait', 'unlock', 'tries'] as const;
export const UNTIL_WAIT = 0;
export const UNTIL_UNLOCK = 1;
export const UNTIL_TRIES = 2;

export const HolderTookLock = defineEvent({
  name: 'HolderTookLock',
  number: 8,
  of,
  doc: 'Somebody outside took the lock of a page and a reference. `tries`: how many failed tries it looks on; else 0.',
  fields: [pfn('pfn'), oneOf('until', UNTIL), count('tries')],
});

export const HolderTryCounted = defineEvent({
  name: 'HolderTryCounted',
  number: 9,
  of,
  doc: 'Somebody outside saw a migration fail to get the page lock; after so many such failures it lets go.',
  fields: [pfn('pfn')],
});

export const HolderUnlocked = defineEvent({
  name: 'HolderUnlocked',
  number: 180,
  of,
  doc: 'Somebody outside gave back the lock of the page; the event of put_page() follows.',
  fields: [pfn('pfn')],
});

export const PinPlaced = defineEvent({
  name: 'PinPlaced',
  number: 181,
  of,
  doc: 'A task references the page that it has at an address, as direct I/O does; the event of get_page() came before.',
  fields: [count('pin'), pid('task'), vpn('vpn'), pfn('pfn')],
});

export const PinRemoved = defineEvent({
  name: 'PinRemoved',
  number: 182,
  of,
  doc: 'The reference that a task took through an address is given back; the event of put_page() follows.',
  fields: [count('pin'), pid('task'), vpn('vpn'), pfn('pfn')],
});

export const RegionNamed = defineColdEvent({
  name: 'RegionNamed',
  number: 183,
  of,
  doc: 'The scenario calls this range of an address space by a name.',
  schema: z.strictObject({ mm: id, name: z.string(), start: id, pages: id }),
});
