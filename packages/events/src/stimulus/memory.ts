/** Steps with which a task lays out its memory and uses it. */
import { z } from 'zod';
import { ERRNO, type Errno } from '../uapi/errno.ts';
import { defineStimulus } from './define.ts';
import {
  address,
  arenaPage,
  either,
  fileName,
  filePages,
  integer,
  numberValue,
  optional,
  pageCount,
  protection,
  regionName,
  taskName,
  whole,
  word,
  yesNo,
} from './values.ts';

const ERRNO_NAMES = Object.keys(ERRNO) as [Errno, ...Errno[]];

const MMAP_FLAGS = ['populate', 'locked', 'hugetlb', 'denywrite', 'shm', 'reserved'] as const;

/** The task, and the pages of its memory that the step is about. */
export const range = () => ({ t: taskName(), addr: address(), pages: pageCount() });

export const mmap = defineStimulus({
  name: 'mmap',
  doc: 'The task gets region `r` at page `at` of the arena.',
  fields: () => ({
    t: taskName(),
    r: regionName(),
    at: arenaPage(),
    pages: pageCount(),
    kind: optional(
      word(['anon', 'shared', 'file', 'filepriv']).describe(
        'anon: private memory (usual); shared: shared memory, a file of tmpfs without a name; file: MAP_SHARED of a file; ' +
          'filepriv: MAP_PRIVATE.',
      ),
    ),
    prot: optional(protection().describe('Usual: rw.')),
    file: optional(fileName().describe('The file, for kinds file and filepriv.')),
    off: optional(filePages().describe('The first page in the file (0).')),
    flags: optional(
      z
        .array(word(MMAP_FLAGS), `a list of ${MMAP_FLAGS.map((flag) => `"${flag}"`).join(', ')}`)
        .describe(
          'denywrite: as program text is; shm: as System V shared memory is, up to 2.6.14; reserved: as a driver maps.',
        ),
    ),
    migrate: optional(
      z
        .strictObject(
          {
            errno: optional(z.enum(ERRNO_NAMES, 'the name of an error, such as EBUSY')),
            answer: optional(whole('a whole number from 1', 1, 0x7fffffff)),
            moves: optional(yesNo()),
          },
          'an object with some of the keys errno, answer and moves, such as {errno: EBUSY}',
        )
        .describe(
          'The area has a vm_ops->migrate(), as a driver may have from 2.6.18 on: it succeeds ({}), fails with an error, or ' +
            'answers a positive number; moves: it moves the pages by itself first.',
        ),
    ),
  }),
});

export const munmap = defineStimulus({ name: 'munmap', doc: 'The pages are no longer mapped.', fields: range });

export const mprotect = defineStimulus({
  name: 'mprotect',
  doc: 'The pages get another protection.',
  fields: () => ({ ...range(), prot: protection() }),
});

export const mremap = defineStimulus({
  name: 'mremap',
  doc: 'The whole region moves to page `at`, with a new length. If that succeeds `r` is the new place.',
  fields: () => ({ t: taskName(), r: regionName(), at: arenaPage(), pages: pageCount() }),
});

export const mlock = defineStimulus({
  name: 'mlock',
  doc: 'The pages are brought in and must stay in memory.',
  fields: range,
});

export const munlock = defineStimulus({ name: 'munlock', doc: 'The pages need not stay in memory.', fields: range });

export const mlockall = defineStimulus({
  name: 'mlockall',
  doc: 'All memory of the task must stay in memory.',
  fields: () => ({ t: taskName(), flags: numberValue() }),
});

export const munlockall = defineStimulus({
  name: 'munlockall',
  doc: 'No memory of the task need stay in memory.',
  fields: () => ({ t: taskName() }),
});

export const madvise = defineStimulus({
  name: 'madvise',
  doc: 'Advice about the pages, such as MADV_DONTNEED: give them up.',
  fields: () => ({ ...range(), advice: numberValue() }),
});

export const remap_file_pages = defineStimulus({
  name: 'remap_file_pages',
  doc: 'The pages of a shared mapping show other pages of its file: those from `off` on.',
  fields: () => ({
    ...range(),
    off: filePages().describe('The first page in the file.'),
    prot: optional(protection().describe('The kernel accepts "" alone (usual).')),
    nonblock: optional(yesNo().describe('MAP_NONBLOCK: only what is in memory is mapped now (false).')),
  }),
});

export const touch = defineStimulus({
  name: 'touch',
  doc: 'One access to each of the pages. Answers how many were done before a signal.',
  fields: () => ({
    ...range(),
    mode: optional(word(['w', 'r']).describe('w: write (usual); r: read.')),
    stride: optional(whole('a number of pages, from 1', 1, 0x0fffffff).describe('From one page to the next (1).')),
    tok: optional(
      either('a number or a text', [integer(), z.string()]).describe('Marks what is written. It changes no result.'),
    ),
  }),
});
