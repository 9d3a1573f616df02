/** Steps that make files and change what is in them. */
import { BUFFERS, FILE_SYSTEMS } from '../uapi/mm.ts';
import { defineStimulus } from './define.ts';
import { fileName, filePages, optional, pageCount, taskName, word } from './values.ts';

export const file = defineStimulus({
  name: 'file',
  doc: 'A file of that many pages exists. None of its pages is in memory.',
  by: 'outside',
  fields: () => ({
    name: fileName(),
    pages: filePages(),
    fs: optional(
      word(FILE_SYSTEMS).describe(
        'disk (usual); ramfs: in memory only, so its pages can never be written out; tmpfs: in memory and in swap, with ' +
          'policies that belong to the file; or one whose pages kernels can move with their buffers, from 2.6.16: ' +
          'ext2, ext3, xfs.',
      ),
    ),
    buffers: optional(
      word(BUFFERS).describe(
        'Its pages have buffers once they are read. free: they let go when asked; busy: never; ' +
          'journal: only after the page was truncated, and a dirty page stays dirty then. Usual: no buffers.',
      ),
    ),
  }),
});

const place = () => ({
  t: taskName(),
  file: fileName(),
  off: filePages().describe('The first page.'),
  pages: pageCount(),
});

export const pwrite = defineStimulus({
  name: 'pwrite',
  doc: 'The task writes pages of a file, one by one, each as a whole. The file grows if need be. Answers how many were done.',
  fields: place,
});

export const punch = defineStimulus({ name: 'punch', doc: 'The task punches a hole into a file.', fields: place });

export const truncate = defineStimulus({
  name: 'truncate',
  doc: 'The file gets another size.',
  by: 'outside',
  fields: () => ({ name: fileName(), pages: filePages() }),
});
