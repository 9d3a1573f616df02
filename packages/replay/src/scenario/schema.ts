/**
 * The scenario file: its zod schema, and the JSON Schema that editors read, which is made from it.
 *
 * `node schema.ts --write` brings packages/replay/scenario.schema.json up to date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ARCHITECTURES, stimulusSchema } from '@pagetape/events';
import { z } from 'zod';
import { MUSEUM_NAMES, PROFILE_NAMES } from './profiles.ts';

export const DEFAULTS = { page_cluster: 3, io: 'step', cpus: 1 } as const;

/** The most frames that a machine can have: their numbers must fit into an event. */
export const MAX_FRAMES = 0x0fffffff;

const SIZE = /^(\d+)(KiB|MiB|GiB|TiB)$/;
const SIZE_PHRASE = 'a size in KiB, MiB, GiB or TiB, such as 512MiB';
const UNIT_PAGES = { KiB: 1 / 4, MiB: 256, GiB: 262_144, TiB: 268_435_456 };

/** Pages in a size such as "512MiB"; not a whole number when the size is no multiple of 4 KiB. */
export function pagesOf(size: string): number {
  const [, digits, unit] = SIZE.exec(size) as unknown as [string, string, keyof typeof UNIT_PAGES];
  return Number(digits) * UNIT_PAGES[unit];
}

function whole(phrase: string, min: number, max: number): z.ZodInt {
  return z.int(phrase).min(min, phrase).max(max, phrase);
}

const optional = z.exactOptional;
const pages = whole(`a number of pages, from 0 to ${MAX_FRAMES}`, 0, MAX_FRAMES);
const size = z.string(SIZE_PHRASE).regex(SIZE, SIZE_PHRASE);
const text = z.string('a text');

const zones = z
  .strictObject(
    { DMA: optional(pages), DMA32: optional(pages), Normal: optional(pages), HighMem: optional(pages) },
    'the pages of each zone, such as {DMA: 4096, Normal: 28672}',
  )
  .meta({ id: 'Zones' });

const node = z
  .strictObject(
    {
      id: optional(
        whole('a node number, from 0 to 1023', 0, 1023).describe(
          'Its number. Numbers go up and may leave holes. Usual: the one after the node before; 0 for the first.',
        ),
      ),
      pages: optional(pages.describe('Its memory, in pages of 4 KiB. 0: a node without memory.')),
      memory: optional(
        size.describe('Its memory, as a size such as 512MiB, a multiple of 4 KiB. It stands for `pages`.'),
      ),
      cpus: optional(
        whole('a number of cpus, from 0', 0, 256).describe(
          `How many cpus it has (${DEFAULTS.cpus}). Cpus are numbered in the order of the nodes.`,
        ),
      ),
      dimm: optional(z.boolean('true or false').describe('Its memory can be taken offline (false).')),
      zones: optional(zones.describe('Its pages by zone. Usual: all are in Normal.')),
    },
    'a node, such as {id: 0, memory: 512MiB, cpus: 2}',
  )
  .meta({ id: 'NodeSpec' });

const SLOTS_PHRASE = `a number of slots, or ${SIZE_PHRASE}`;

const slots = z
  .union([whole(SLOTS_PHRASE, 0, MAX_FRAMES), z.string().regex(SIZE, SLOTS_PHRASE)], { error: SLOTS_PHRASE })
  .meta({ id: 'Slots', description: 'The size of a swap area: a number of slots (pages), or a size such as 64MiB.' });

const swap = z.union([slots, z.array(slots)], {
  error: `a number of slots, ${SIZE_PHRASE}, or a list of these, one for each swap area`,
});

const distance = z.array(
  z.array(whole('a distance from 10 to 255', 0, 255), 'a row of distances, one for each node'),
  'a list of rows, such as [[10, 20], [20, 10]]',
);

/** What kernels 6.x are set to. */
const settings = {
  swap_device: optional(
    slots.describe('The slots of the swap device that the step swapon begins to use. Usual: none.'),
  ),
  cgroup: optional(
    z.enum(['v1', 'v2'], '"v1" or "v2"').describe('The hierarchy of control groups that is mounted. Usual: none.'),
  ),
  thp: optional(
    z
      .enum(['never', 'madvise', 'always'], '"never", "madvise" or "always"')
      .describe('Transparent huge pages (never).'),
  ),
  numa_balancing: optional(
    whole('a number from 0 to 3', 0, 3).describe('Automatic NUMA balancing, as kernel.numa_balancing (0: off).'),
  ),
  fault_around: optional(
    whole('a number of bytes, from 4096', 4096, 2 ** 30).describe(
      'Bytes that a read fault of a file maps at most, around its page (4096: none but that page).',
    ),
  ),
  hugepages: optional(
    z
      .array(whole('a number of huge pages, from 0', 0, MAX_FRAMES), 'a list of numbers, one for each node')
      .describe('hugetlb pages of each node. Usual: none.'),
  ),
  tmpfs_mpol: optional(text.describe('The option mpol of the tmpfs that files lie on, such as "interleave:0-3".')),
};

/** Settings that are taken over as they are. */
export const SETTINGS = ['cgroup', 'thp', 'numa_balancing', 'fault_around', 'hugepages', 'tmpfs_mpol'] as const;

const machine = z
  .strictObject(
    {
      arch: optional(
        z
          .enum(ARCHITECTURES, '"x86_64", "i386" or "ia64"')
          .describe('Whose numbers and registers the step syscall has. Usual: x86_64.'),
      ),
      nodes: z.array(node, 'a list of nodes, such as [{memory: 512MiB}, {memory: 512MiB}]'),
      distance: optional(
        distance.describe('Distances between the nodes, in their order. Usual: 10 to itself and 20 to the others.'),
      ),
      swap: optional(
        swap.describe('Swap areas: the slots of the only one, or a list of the slots of each. Usual: none.'),
      ),
      page_cluster: optional(
        whole('a number from 0 to 10', 0, 10).describe(
          `A swap-in reads the block of 2^n slots around the wanted one (${DEFAULTS.page_cluster}). 0: only that one.`,
        ),
      ),
      io: optional(
        z
          .enum(['now', 'step', 'hold', 'stuck'], '"now", "step", "hold" or "stuck"')
          .describe(
            'When requests to a disk end. now: at once; step (usual): when someone waits, at the latest with the ' +
              'step; hold: when someone waits, or by the step io_done; stuck: never.',
          ),
      ),
      ...settings,
    },
    'a machine, such as {nodes: [{memory: 512MiB}, {memory: 512MiB}]}',
  )
  .meta({ id: 'Machine' });

const profile = z.enum([...PROFILE_NAMES, ...MUSEUM_NAMES], 'the name of a profile');

export const scenarioSchema = z
  .strictObject(
    {
      $schema: optional(text.describe('Where this schema is, for editors.')),
      name: optional(text.describe('A short name.')),
      about: optional(text.describe('What the scenario shows, in a sentence.')),
      profile: optional(profile.describe('Whose rules hold.')),
      compare: optional(
        z
          .array(profile, 'a list of profiles')
          .describe('Other profiles that it is worth comparing with. A run does not look at it; tests tell each.'),
      ),
      seed: optional(
        z
          .union([z.string(), z.int('a text, or a whole number of at most 15 digits')], {
            error: 'a text or a whole number',
          })
          .describe('Where all chance comes from. A number is the same as its digits as a text.'),
      ),
      machine: machine.describe('What the run starts from.'),
      steps: z.array(stimulusSchema, 'a list of steps, each with an "op"').describe('What is done, in this order.'),
    },
    'a scenario: a mapping with "machine" and "steps"',
  )
  .meta({ title: 'A scenario of Pagetape', description: 'A machine with NUMA nodes, and what is done to it.' });

/** A scenario as it is written in the file. */
export type ScenarioFile = z.infer<typeof scenarioSchema>;

/** Keys of each mapping of the file that is not a step. */
export const KEYS = {
  scenario: Object.keys(scenarioSchema.shape).slice(1),
  machine: Object.keys(machine.shape),
  node: Object.keys(node.shape),
  zones: Object.keys(zones.shape),
};

/** The JSON Schema of the scenario file, as text. */
export function jsonSchemaText(): string {
  const schema = z.toJSONSchema(scenarioSchema, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema }) => {
      // The bounds of what JavaScript can count say nothing to a reader.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return `${shortLists(JSON.stringify(schema, null, 2))}\n`;
}

/** Puts lists of words on one line where they fit, as the formatter of this repository does. */
function shortLists(json: string): string {
  const list = /^( *)(.*)\[\n((?: *(?:"[^"\n]*"|[\w.-]+),?\n)+) *\](,?)$/gm;
  return json.replace(list, (all, indent: string, key: string, items: string, comma: string) => {
    const line = `${indent}${key}[${items.trim().replace(/\n */g, ' ')}]${comma}`;
    return line.length <= 120 ? line : all;
  });
}

/** Where the JSON Schema is kept. */
export const SCHEMA_FILE = new URL('../../scenario.schema.json', import.meta.url);

function main(): void {
  const made = jsonSchemaText();
  const file = fileURLToPath(SCHEMA_FILE);
  if (process.argv.includes('--write')) writeFileSync(file, made);
  else if (readFileSync(file, 'utf8') === made) return;
  else {
    process.stderr.write('scenario.schema.json is out of date; run this file with --write\n');
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
