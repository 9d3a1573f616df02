/** From the words of a step to numbers: tasks, addresses, masks, flags. */
import {
  CAPABILITIES,
  PAGE_SIZE,
  resolveNumber,
  VM_EXEC,
  VM_READ,
  VM_WRITE,
  type Address,
  type NodeMask,
  type NumberValue,
  type PidValue,
} from '@pagetape/events';
import { ScenarioFault } from '../errors.ts';
import type { UserMask } from '../mm/user_mask.ts';
import type { StateView } from '../state/view.ts';

/** Page 0 of the arena is at address 0x40000000. */
export const ARENA_VPN = 0x40000;
/** Process ids of the system. */
export const INIT_PID = 1;
export const KTHREAD_PID = 2;
/** No task ever has this process id. */
const NOBODY = 0x3fffff;
/** An address where nothing is ever mapped. */
const BAD_ADDRESS = 0x10n;

/** The process id of a task that a step acts for. */
export function taskPid(s: StateView, name: string): number {
  const pid = s.cold.pids[name];
  if (pid === undefined)
    throw new ScenarioFault(`there is no task ${name}; a step "spawn" or "fork" must make it first`);
  return pid;
}

/** The process id that a call is given. */
export function resolvePid(s: StateView, value: PidValue): number {
  if (typeof value === 'number') return value;
  const words: Record<string, number> = { self: 0, init: INIT_PID, kthread: KTHREAD_PID, none: NOBODY };
  return words[value] ?? taskPid(s, value);
}

/** An address as the register holds it, in bytes. A region is one of the task. */
export function resolveAddress(s: StateView, pid: number, address: Address): bigint {
  if (address === null || address === 'NULL') return 0n;
  if (address === 'bad') return BAD_ADDRESS;
  if (typeof address === 'string') return BigInt(address);
  const [name, page, byte = 0] = address;
  const start = name === '@' ? ARENA_VPN : regionStart(s, pid, name);
  return BigInt(start + page) * BigInt(PAGE_SIZE) + BigInt(byte);
}

function regionStart(s: StateView, pid: number, name: string): number {
  const mm = s.cold.tasks[pid]?.mm;
  const region = s.cold.regions.find((each) => each.mm === mm && each.name === name);
  if (!region) throw new ScenarioFault(`the task has no region ${name}; a step "mmap" must make it first`);
  return region.start;
}

/** The page number of an address, for steps that speak of pages. */
export function resolvePage(s: StateView, pid: number, address: Address): number {
  return Number(resolveAddress(s, pid, address) / BigInt(PAGE_SIZE));
}

/** A number that must fit into an int. */
export function resolveInt(value: NumberValue): number {
  return Number(BigInt.asIntN(32, resolveNumber(value)));
}

/** A number as a 64-bit register holds it. */
export function resolveLong(value: NumberValue): bigint {
  return BigInt.asUintN(64, resolveNumber(value));
}

/** A mask in the memory of the caller. After a list of nodes, zeroes follow for more than a page. */
export function resolveMask(mask: NodeMask): UserMask {
  if (mask === null) return null;
  if (mask === 'bad') return { word: () => null };
  if ('words' in mask) {
    const words = mask.words.map((word) => BigInt(word));
    const word = (n: number): bigint | null => words[n] ?? (mask.edge ? null : 0n);
    return { word: mask.skew ? skewed(word, mask.skew) : word };
  }
  const words: bigint[] = [];
  for (const nid of mask as readonly number[]) {
    const n = Math.floor(nid / 64);
    words[n] = (words[n] ?? 0n) | (1n << BigInt(nid % 64));
  }
  return { word: (n) => words[n] ?? 0n };
}

/** Words that are read some bytes further on: each has the end of one and the beginning of the next. */
function skewed(word: (n: number) => bigint | null, bytes: number): (n: number) => bigint | null {
  const bits = BigInt(bytes % 8) * 8n;
  const first = Math.floor(bytes / 8);
  return (n) => {
    const low = word(first + n);
    const high = bits === 0n ? 0n : word(first + n + 1);
    if (low === null || high === null) return null;
    return (low >> bits) | BigInt.asUintN(64, high << (64n - bits));
  };
}

/** VM_* bits of letters "rwx". */
export function resolveProtection(letters: string): number {
  const bit = (letter: string, flag: number): number => (letters.includes(letter) ? flag : 0);
  return bit('r', VM_READ) | bit('w', VM_WRITE) | bit('x', VM_EXEC);
}

/** The capabilities of a new task: all of them for user 0. */
export function resolveCapabilities(uid: number, given: readonly string[] | undefined): string[] {
  return uid === 0 ? [...CAPABILITIES] : [...(given ?? [])];
}

/** The CPU that a task is put on, which must be online. */
export function resolveCpu(s: StateView, where: { cpu?: number; node?: number }): number {
  const { cpu_to_node } = s.topology;
  const { offline_cpus } = s.cold;
  if (where.cpu !== undefined) {
    if (where.cpu >= cpu_to_node.length) throw new ScenarioFault(`there is no CPU ${where.cpu}`);
    if (offline_cpus.includes(where.cpu))
      throw new ScenarioFault(`CPU ${where.cpu} is offline; a step "cpu_online" must bring it back first`);
    return where.cpu;
  }
  const node = where.node ?? cpu_to_node[0];
  const cpu = cpu_to_node.findIndex((nid, n) => nid === node && !offline_cpus.includes(n));
  if (cpu >= 0) return cpu;
  throw new ScenarioFault(
    cpu_to_node.includes(node) ? `all CPUs of node ${node} are offline` : `node ${node} has no CPU`,
  );
}

/** The number of the file that a step names. */
export function resolveFile({ cold }: StateView, name: string | undefined): number {
  for (let file = 1; file < cold.next.file; file++) {
    if (cold.files[file]?.name === name && !cold.files[file].unlinked) return file;
  }
  throw new ScenarioFault(`there is no file ${name}; a step "file" must make it first`);
}
