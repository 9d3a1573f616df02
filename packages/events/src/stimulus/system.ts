/** Steps of whoever runs the machine: swap devices, control groups, weights, memory that goes and comes. */
import { z } from 'zod';
import { defineStimulus } from './define.ts';
import { during } from './nested.ts';
import { address, cpuId, either, integer, memberName, nodeId, optional, taskName } from './values.ts';

export const swapon = defineStimulus({
  name: 'swapon',
  doc: 'The swap device can be used from now on.',
  by: 'outside',
  fields: () => ({ t: optional(taskName()) }),
});

export const swapoff = defineStimulus({
  name: 'swapoff',
  doc: 'Everything on the swap device is brought back; it is no longer used.',
  by: 'outside',
  fields: () => ({ t: optional(taskName()) }),
});

const group = () =>
  z.string('the path of a control group; "" for the root').describe('The path of a control group; "": the root.');
const groupFile = () => z.string('a file of a control group, such as cpuset.mems');
const text = () => either('a text or a number', [z.string(), integer()]);

export const cg_new = defineStimulus({
  name: 'cg_new',
  doc: 'Makes a control group.',
  by: 'outside',
  fields: () => ({ cg: group() }),
});

export const cg_set = defineStimulus({
  name: 'cg_set',
  doc: 'Writes to a file of a control group.',
  by: 'outside',
  fields: () => ({ cg: group(), file: groupFile(), value: text() }),
});

export const cg_get = defineStimulus({
  name: 'cg_get',
  doc: 'Reads a file of a control group.',
  by: 'outside',
  fields: () => ({ cg: group(), file: groupFile() }),
});

export const cg_attach = defineStimulus({
  name: 'cg_attach',
  doc: 'Puts the process of a task into a control group. The task is then pinned to its cpu again.',
  by: 'outside',
  fields: () => ({ cg: group(), t: memberName() }),
});

export const weight = defineStimulus({
  name: 'weight',
  doc: 'Writes the weight of a node for weighted interleaving.',
  by: 'outside',
  fields: () => ({ node: nodeId(), value: text() }),
});

export const weight_get = defineStimulus({
  name: 'weight_get',
  doc: 'Reads the weight of a node for weighted interleaving.',
  by: 'outside',
  fields: () => ({ node: nodeId() }),
});

export const hog = defineStimulus({
  name: 'hog',
  doc: 'Somebody takes all memory of the node that can be had: all that is free above the min mark.',
  by: 'outside',
  fields: () => ({ node: nodeId() }),
});

export const unhog = defineStimulus({
  name: 'unhog',
  doc: 'Memory that was hogged is given back: that of the node, or all of it.',
  by: 'outside',
  fields: () => ({ node: optional(nodeId()) }),
});

export const cpu_offline = defineStimulus({
  name: 'cpu_offline',
  doc: 'The cpu goes offline: its vectors are emptied, and its tasks run on another one, of the same node if they can.',
  by: 'outside',
  fields: () => ({ cpu: cpuId() }),
});

export const cpu_online = defineStimulus({
  name: 'cpu_online',
  doc: 'The cpu comes online again. No task goes back to it by itself.',
  by: 'outside',
  fields: () => ({ cpu: cpuId() }),
});

export const node_offline = defineStimulus({
  name: 'node_offline',
  doc: 'All memory of the node goes offline. With swap migration everything is evicted; EBUSY when something stays.',
  by: 'outside',
  fields: () => ({
    node: nodeId(),
    t: optional(taskName().describe('Who asks for it, as root: a signal to it ends the tries. Usual: init.')),
    during: optional(during()),
  }),
});

export const node_online = defineStimulus({
  name: 'node_online',
  doc: 'All memory of the node comes online.',
  by: 'outside',
  fields: () => ({ node: nodeId() }),
});

export const soft_offline = defineStimulus({
  name: 'soft_offline',
  doc: 'The frame of the page is taken out of use; what it holds moves. With swap migration it is evicted; EBUSY when it stays.',
  by: 'outside',
  fields: () => ({ t: taskName(), addr: address() }),
});

export const ksm = defineStimulus({
  name: 'ksm',
  doc: 'Equal pages of MADV_MERGEABLE areas are merged, then merging stops.',
  by: 'outside',
  fields: () => ({}),
});
