/** Steps that make files and change what is in them. */
import { defineStimulus } from './define.ts';
import { fileName, filePages, pageCount, taskName } from './values.ts';

export const file = defineStimulus({
  name: 'file',
  doc: 'A file of that many pages exists. None of its pages is in memory.',
  by: 'outside',
  fields: () => ({ name: fileName(), pages: filePages() }),
});

const place = () => ({
  t: taskName(),
  file: fileName(),
  off: filePages().describe('The first page.'),
  pages: pageCount(),
});

export const pwrite = defineStimulus({
  name: 'pwrite',
  doc: 'The task writes pages of a file, one by one.',
  fields: place,
});

export const punch = defineStimulus({ name: 'punch', doc: 'The task punches a hole into a file.', fields: place });

export const truncate = defineStimulus({
  name: 'truncate',
  doc: 'The file gets another size.',
  by: 'outside',
  fields: () => ({ name: fileName(), pages: filePages() }),
});
