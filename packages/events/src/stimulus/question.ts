/** Steps that only ask, and change nothing. */
import { defineStimulus } from './define.ts';
import { range } from './memory.ts';
import { optional, taskName } from './values.ts';

export const numa_maps = defineStimulus({
  name: 'numa_maps',
  doc: 'What /proc/<pid>/numa_maps says about the task.',
  by: 'outside',
  fields: () => ({ t: taskName() }),
});

export const mems_allowed = defineStimulus({
  name: 'mems_allowed',
  doc: 'The nodes that the task may use, as in /proc/<pid>/status.',
  by: 'outside',
  fields: () => ({ t: taskName() }),
});

export const nodes = defineStimulus({
  name: 'nodes',
  doc: 'Which nodes are there, have memory, have cpus.',
  by: 'outside',
  fields: () => ({ t: optional(taskName()) }),
});

export const pagemap = defineStimulus({
  name: 'pagemap',
  doc: 'What /proc/<pid>/pagemap says about the pages.',
  by: 'outside',
  fields: range,
});

export const vmstat = defineStimulus({
  name: 'vmstat',
  doc: 'The counters of /proc/vmstat.',
  by: 'outside',
  fields: () => ({}),
});
