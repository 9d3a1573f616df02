/** The machine of a scenario: from what the file says to what a run starts from, and what does not fit together. */
import type { MachineSpec, NodeSpec } from '@pagetape/core';
import type { Finding, Path } from './problem.ts';
import { DEFAULTS, MAX_FRAMES, pagesOf, SETTINGS, type ScenarioFile } from './schema.ts';

type MachineFile = ScenarioFile['machine'];
type NodeFile = MachineFile['nodes'][number];

/** Collects findings; each says where. */
export type Report = (path: Path, message: string) => void;

/** The machine, and what is wrong with it. With findings the machine is of no use. */
export function readMachine(file: MachineFile): { machine: MachineSpec; findings: Finding[] } {
  const findings: Finding[] = [];
  const report: Report = (path, message) => findings.push({ path: ['machine', ...path], at: 'value', message });
  const nodes = readNodes(file.nodes, report);
  if (file.distance) checkDistance(file.distance, nodes, report);
  const machine: MachineSpec = {
    ...(file.arch ? { arch: file.arch } : {}),
    nodes,
    ...(file.distance ? { distance: file.distance } : {}),
    swap: readSwap(file.swap ?? [], report),
    page_cluster: file.page_cluster ?? DEFAULTS.page_cluster,
    io: file.io ?? DEFAULTS.io,
    ...(file.swap_device === undefined ? {} : { swap_device: readSlots(file.swap_device, ['swap_device'], report) }),
    ...readSettings(file, report),
  };
  return { machine, findings };
}

function readNodes(files: readonly NodeFile[], report: Report): NodeSpec[] {
  const nodes: NodeSpec[] = [];
  for (const [i, file] of files.entries()) {
    const next = i === 0 ? 0 : nodes[i - 1]!.id + 1;
    const id = file.id ?? next;
    if (id < next)
      report(['nodes', i, 'id'], `node ${id} comes after node ${next - 1}; the numbers of nodes must go up`);
    const pages = readMemory(file, ['nodes', i], report);
    nodes.push({
      id,
      pages,
      cpus: file.cpus ?? DEFAULTS.cpus,
      ...(file.dimm === undefined ? {} : { dimm: file.dimm }),
      ...(file.zones ? { zones: file.zones } : {}),
    });
  }
  const sum = (count: (node: NodeSpec) => number): number => nodes.reduce((total, node) => total + count(node), 0);
  if (nodes.length === 0) report(['nodes'], 'a machine has at least one node, such as {memory: 512MiB}');
  else if (sum((node) => node.cpus) === 0) report(['nodes'], 'no node has a cpu; give one of them "cpus: 1"');
  if (sum((node) => node.pages) > MAX_FRAMES)
    report(['nodes'], 'the nodes have more than 1 TiB together; give them less');
  return nodes;
}

/** The pages of a node, which its zones or one of `pages` and `memory` give; those given must agree. */
function readMemory(file: NodeFile, path: Path, report: Report): number {
  if (file.pages !== undefined && file.memory !== undefined) {
    report([...path, 'memory'], 'a node takes "pages" or "memory", not both; leave one out');
  }
  const given = file.memory === undefined ? file.pages : readSize(file.memory, [...path, 'memory'], report);
  const zoned = file.zones && Object.values(file.zones).reduce((total, pages) => total + pages, 0);
  if (given === undefined && zoned === undefined) {
    report(path, 'a node needs "memory", such as 512MiB, or "pages"; without memory it has 0 pages');
  }
  if (given !== undefined && zoned !== undefined && given !== zoned) {
    report([...path, 'zones'], `the zones have ${zoned} pages together, and the node ${given}; they must agree`);
  }
  return given ?? zoned ?? 0;
}

function readSize(size: string, path: Path, report: Report): number {
  const pages = pagesOf(size);
  if (!Number.isInteger(pages)) report(path, `${size} is not a whole number of pages; make it a multiple of 4KiB`);
  return pages;
}

function readSwap(swap: NonNullable<MachineFile['swap']>, report: Report): number[] {
  return Array.isArray(swap)
    ? swap.map((area, i) => readSlots(area, ['swap', i], report))
    : [readSlots(swap, ['swap'], report)];
}

const readSlots = (area: number | string, path: Path, report: Report): number =>
  typeof area === 'number' ? area : readSize(area, path, report);

/** The settings of later kernels that the file gives. */
function readSettings(file: MachineFile, report: Report): Pick<MachineFile, (typeof SETTINGS)[number]> {
  const { hugepages, fault_around = 4096, nodes } = file;
  if (!Number.isInteger(Math.log2(fault_around))) {
    report(['fault_around'], `${fault_around} is not a power of two, such as 65536`);
  }
  if (hugepages && hugepages.length !== nodes.length) {
    report(
      ['hugepages'],
      `there are ${hugepages.length} numbers for ${nodes.length} nodes; there must be one for each node`,
    );
  }
  return Object.fromEntries(SETTINGS.filter((name) => file[name] !== undefined).map((name) => [name, file[name]]));
}

function checkDistance(distance: number[][], nodes: readonly NodeSpec[], report: Report): void {
  const count = nodes.length;
  if (distance.length !== count) {
    report(['distance'], `there are ${distance.length} rows for ${count} nodes; there must be one for each node`);
  }
  for (const [i, row] of distance.entries()) {
    if (row.length !== count) {
      report(['distance', i], `this row has ${row.length} numbers for ${count} nodes; there must be one for each node`);
    }
    for (const [j, value] of row.entries()) {
      if (value >= 10) continue;
      const to = i === j ? 'itself' : `node ${nodes[j]?.id ?? j}`;
      report(
        ['distance', i, j],
        `the distance from node ${nodes[i]?.id ?? i} to ${to} is ${value}; it must be at least 10`,
      );
    }
  }
}
