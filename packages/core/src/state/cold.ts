/**
 * The cold lane: what there are dozens of, as plain objects that Immer changes in the reducer and freezes after.
 * Members are kept by number; numbers of one kind start at 1, and 0 means none.
 */
import type { Buffers, Cpuset, DEVICES, FileSystem, Oops, Policy, SwapReadahead, Task, Vma } from '@pagetape/events';

/** An address space: its areas in ascending order of address. */
export interface Mm {
  readonly vmas: readonly number[];
  /** Whether others with the same user id may look at it. */
  readonly dumpable: 0 | 1;
  /** VM_* bits that new areas get. */
  readonly def_flags: number;
}

/** Pages [start, end) of a file have this policy: struct sp_node. */
export interface PolicyRange {
  readonly start: number;
  readonly end: number;
  readonly policy: Policy;
}

/** A file, and the areas that map it, in the order in which reverse mapping visits them. Its number is its inode's. */
export interface File {
  readonly name: string;
  readonly pages: number;
  readonly fs: FileSystem;
  /** What its cached pages have. */
  readonly buffers: Buffers | 'none';
  readonly i_mmap: readonly number[];
  /** The nonlinear ones, where the address of a page does not say which page of the file it is. */
  readonly i_mmap_nonlinear: readonly number[];
  /** Shared mappings that may be written. fork() does not count its copies, their end does: it may go below zero. */
  readonly i_mmap_writable: number;
  /** How often pages were cut off: a fault that slept meanwhile begins anew. */
  readonly truncate_count: number;
  /** The number of its inode, counted from 2 among files with a name; 0: it has none. */
  readonly ino: number;
  /** It has no name, and goes with its last mapping. */
  readonly unlinked: boolean;
  /** Its policies, where its file system has them: struct shared_policy. Ascending, and no two overlap. */
  readonly policies: readonly PolicyRange[];
}

/** A name that the scenario gave to a range of an address space. */
export interface Region {
  readonly mm: number;
  readonly name: string;
  readonly start: number;
  readonly pages: number;
}

/** A mapping of a merged page that ksmd knows of: struct ksm_rmap_item. */
export interface RmapItem {
  readonly mm: number;
  readonly vpn: number;
  readonly anon_vma: number;
}

/** A merged page: where it is, a word for what it holds, and its mappings, the newest first. */
export interface StableNode {
  readonly pfn: number;
  readonly content: string;
  readonly items: readonly RmapItem[];
}

/** What kernel samepage merging knows. */
export interface Ksm {
  /** Address spaces that have had an area to merge, in the order in which ksmd looks at them. */
  readonly mms: readonly number[];
  /** The stable tree. */
  readonly stable_nodes: Readonly<Record<number, StableNode>>;
  readonly next_node: number;
}

export interface ColdState {
  readonly tasks: Readonly<Record<number, Task>>;
  /** The process id that each name of a task stands for, also after the task is gone. */
  readonly pids: Readonly<Record<string, number>>;
  readonly mms: Readonly<Record<number, Mm>>;
  readonly vmas: Readonly<Record<number, Vma>>;
  /** The areas of each anon_vma, in the order in which reverse mapping visits them: the newest first. */
  readonly anon_vmas: Readonly<Record<number, readonly number[]>>;
  readonly files: Readonly<Record<number, File>>;
  /** By path; the root, "", is among them once it was written to. */
  readonly cpusets: Readonly<Record<string, Cpuset>>;
  /** Weights of nodes in a weighted interleave, where one was set. */
  readonly il_weights: Readonly<Record<number, number>>;
  readonly regions: readonly Region[];
  /** What calls that ended in an oops hold for ever. */
  readonly oopses: readonly Oops[];
  /** Pages that a call isolated and forgot. */
  readonly leaked: readonly number[];
  /** Absent as long as nobody has asked for merging. */
  readonly ksm?: Ksm;
  /** What swap-ins of tmpfs go by that read ahead; absent as long as there was none. */
  readonly swap_readahead?: SwapReadahead;
  readonly io_mode: 'now' | 'step' | 'hold' | 'stuck';
  /** Devices whose queues are congested for writes. */
  readonly congested: readonly (typeof DEVICES)[number][];
  /** CPUs that run nothing, ascending. */
  readonly offline_cpus: readonly number[];
  /** Next number to give. */
  readonly next: {
    readonly pid: number;
    readonly mm: number;
    readonly vma: number;
    readonly anon_vma: number;
    readonly file: number;
    readonly ino: number;
    readonly cpuset_generation: number;
  };
}

/** Process ids below this belong to the system; tasks of a scenario follow. */
export const FIRST_PID = 100;

export function emptyColdState(io_mode: ColdState['io_mode']): ColdState {
  return {
    tasks: {},
    pids: {},
    mms: {},
    vmas: {},
    anon_vmas: {},
    files: {},
    cpusets: {},
    il_weights: {},
    regions: [],
    oopses: [],
    leaked: [],
    io_mode,
    congested: [],
    offline_cpus: [],
    next: { pid: FIRST_PID, mm: 1, vma: 1, anon_vma: 1, file: 1, ino: 2, cpuset_generation: 1 },
  };
}
