/** Steps that make, change and end tasks. */
import { z } from 'zod';
import { defineStimulus } from './define.ts';
import { capabilities, cpuId, either, nodeId, optional, taskName, userId, yesNo } from './values.ts';

export const spawn = defineStimulus({
  name: 'spawn',
  doc: 'A new task, on a cpu or on the first cpu of a node (0). Its first user id is 0, which has every capability.',
  fields: () => ({
    t: taskName(),
    node: optional(nodeId()),
    cpu: optional(cpuId()),
    uid: optional(userId().describe('All its user ids (0).')),
    caps: optional(capabilities().describe('The capabilities of a task whose uid is not 0.')),
    mems: optional(
      z.array(nodeId(), 'a list of node numbers').describe('The nodes that its cpuset allows; usual: all.'),
    ),
    compat: optional(yesNo().describe('A 32-bit program on a 64-bit kernel (false).')),
    dumpable: optional(dumpableValue().describe('Others with its user id may look at it and move it (1).')),
  }),
  choice: { keys: ['node', 'cpu'], required: false },
});

const dumpableValue = () => either('0 or 1', [z.literal(0), z.literal(1)]);

export const fork = defineStimulus({
  name: 'fork',
  doc: 'The task makes a child with a copy of its memory.',
  fields: () => ({ t: taskName(), as: taskName().describe('The name of the child.') }),
});

export const thread = defineStimulus({
  name: 'thread',
  doc: 'The task makes a thread of its process. They share memory and regions.',
  fields: () => ({ t: taskName(), as: taskName().describe('The name of the thread.') }),
});

export const exit = defineStimulus({
  name: 'exit',
  doc: 'The task ends.',
  fields: () => ({
    t: taskName(),
    zombie: optional(yesNo().describe('Nobody waits for it, so it keeps its process id.')),
  }),
});

const ids = () => optional(userId());

export const uid = defineStimulus({
  name: 'uid',
  doc: 'setresuid: the task takes other user ids. An id not given stays. The task is made dumpable again.',
  fields: () => ({ t: taskName(), uid: ids(), euid: ids(), suid: ids() }),
});

export const gid = defineStimulus({
  name: 'gid',
  doc: 'setresgid: the task takes other group ids. An id not given stays. The task is made dumpable again.',
  fields: () => ({ t: taskName(), gid: ids(), egid: ids(), sgid: ids() }),
});

export const capdrop = defineStimulus({
  name: 'capdrop',
  doc: 'The task gives up capabilities.',
  fields: () => ({ t: taskName(), caps: capabilities() }),
});

export const dumpable = defineStimulus({
  name: 'dumpable',
  doc: 'prctl(PR_SET_DUMPABLE): whether others with its user id may look at the task.',
  fields: () => ({ t: taskName(), value: dumpableValue() }),
});

export const pin = defineStimulus({
  name: 'pin',
  doc: 'sched_setaffinity: the task runs on this cpu, or on the first cpu of this node, from now on.',
  fields: () => ({ t: taskName(), cpu: optional(cpuId()), node: optional(nodeId()) }),
  choice: { keys: ['cpu', 'node'], required: true },
});
