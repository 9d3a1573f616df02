/** The files of /proc and /sys that a simulated machine has, by the names that a user knows. */
import type { StateView, Traits } from '@pagetape/core';
import { distance } from './distance.ts';
import { meminfo } from './meminfo.ts';
import { meminfo_modern } from './meminfo_modern.ts';
import { numa_maps } from './numa_maps.ts';
import { numastat } from './numastat.ts';
import { nodeVmstat, vmstat } from './vmstat.ts';

/** A file as it reads in one state. */
export interface SystemFile {
  /** Its full path, with a process id where a task was named. */
  readonly path: string;
  readonly text: string;
}

const NODE_FOLDER = '/sys/devices/system/node';

/** What there is of each node. */
const NODE_FILES: Readonly<Record<string, (s: StateView, nid: number) => string>> = { numastat, meminfo, distance };
const MODERN_NODE_FILES: typeof NODE_FILES = { numastat, meminfo: meminfo_modern, vmstat: nodeVmstat, distance };

const nodeFiles = ({ vmstat: text }: Traits): typeof NODE_FILES =>
  text === 'node-counters' ? MODERN_NODE_FILES : NODE_FILES;

/**
 * Reads a file. The folders at the front may be left out, and a task may be named instead of its process id:
 * `/proc/100/numa_maps`, `db/numa_maps`, `node0/meminfo`. Undefined: there is no such file.
 */
export function readSystemFile(s: StateView, traits: Traits, name: string): SystemFile | undefined {
  if (name === 'vmstat' || name === '/proc/vmstat') return { path: '/proc/vmstat', text: vmstat(s, traits) };
  const ofNode = /^(?:\/sys\/devices\/system\/node\/)?node(0|[1-9]\d*)\/(\w+)$/.exec(name);
  if (ofNode && Object.hasOwn(nodeFiles(traits), ofNode[2])) {
    return readNodeFile(s, traits, Number(ofNode[1]), ofNode[2]);
  }
  const ofTask = /^(?:\/proc\/)?([^/]+)\/numa_maps$/.exec(name);
  const pid = ofTask ? pidOf(s, ofTask[1]) : undefined;
  if (pid === undefined) return undefined;
  return { path: `/proc/${pid}/numa_maps`, text: numa_maps(s, traits, pid) };
}

function readNodeFile(s: StateView, traits: Traits, nid: number, file: string): SystemFile | undefined {
  if (!s.topology.nodes.includes(nid)) return undefined;
  return { path: `${NODE_FOLDER}/node${nid}/${file}`, text: nodeFiles(traits)[file](s, nid) };
}

/** The process id that a number or a name stands for, if there is such a task now. */
function pidOf({ cold }: StateView, task: string): number | undefined {
  const pids: number[] = /^\d+$/.test(task) ? [Number(task)] : [];
  if (Object.hasOwn(cold.pids, task)) pids.push(cold.pids[task]);
  return pids.find((pid) => Object.hasOwn(cold.tasks, pid));
}

/** All files there are, with alternatives in braces, as a shell would write them. */
export function systemFiles({ cold, topology }: StateView, traits: Traits): string[] {
  const tasks = Object.values(cold.tasks).map(({ name }) => name);
  return [
    ...(tasks.length > 0 ? [`/proc/${braces(tasks)}/numa_maps`] : []),
    '/proc/vmstat',
    `${NODE_FOLDER}/${braces(topology.nodes.map((nid) => `node${nid}`))}/${braces(Object.keys(nodeFiles(traits)))}`,
  ];
}

const braces = (words: readonly string[]): string => (words.length === 1 ? words[0] : `{${words.join(',')}}`);
