/** Random machines: small, uneven, with holes between the numbers of their nodes. */
import type { MachineSpec, NodeSpec } from '@pagetape/core';
import { once, pick, type Draw } from './draw.ts';

/** The machine that speed is measured on. */
export const BENCH_MACHINE: MachineSpec = {
  nodes: [0, 1, 2, 3].map((id) => ({ id, pages: 1024, cpus: 1 })),
  swap: [64],
  swap_device: 16,
  page_cluster: 1,
  io: 'step',
};

export function anyMachine(draw: Draw, modern: boolean): MachineSpec {
  const huge = modern && once(draw, 12);
  const nodes = anyNodes(draw, huge);
  return {
    nodes,
    ...(once(draw, 4) ? { distance: anyDistances(draw, nodes.length) } : {}),
    swap: pick(draw, [[], [4], [64], [64], [16, 48], [0, 32], [256]]),
    swap_device: pick(draw, [1, 8, 64]),
    page_cluster: draw.below(4),
    io: pick(draw, ['step', 'step', 'now', 'hold'] as const),
    ...(modern ? modernSettings(draw, nodes.length, huge) : {}),
  };
}

function anyNodes(draw: Draw, huge: boolean): NodeSpec[] {
  const made: NodeSpec[] = [];
  const count = pick(draw, [2, 2, 3, 4, 4, 1]);
  for (let n = 0; n < count; n++) {
    const gap = n === 0 ? 0 : pick(draw, [0, 0, 0, 1, 2]);
    const pages = huge ? pick(draw, [2048, 1600, 1024]) : pick(draw, [64, 96, 160, 256, 700, 1024, 1024, 1024]);
    const cpus = pick(draw, [1, 1, 2, 0]);
    made.push({
      id: (made.at(-1)?.id ?? -1) + 1 + gap,
      pages,
      cpus: n === 0 ? Math.max(cpus, 1) : cpus,
      ...(n > 0 && once(draw, 4) ? { dimm: true } : {}),
      ...(!huge && once(draw, 8) ? { zones: { DMA: 32, Normal: pages - 32 } } : {}),
    });
  }
  return made;
}

/** Symmetric, 10 on the diagonal. */
function anyDistances(draw: Draw, count: number): number[][] {
  const rows = Array.from({ length: count }, () => Array.from({ length: count }, () => 10));
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < a; b++) rows[a][b] = rows[b][a] = pick(draw, [11, 20, 20, 21, 40]);
  }
  return rows;
}

function modernSettings(draw: Draw, nodes: number, huge: boolean): Partial<MachineSpec> {
  return {
    ...(once(draw, 2) ? { cgroup: 'v2' as const } : {}),
    ...(once(draw, 8) ? { fault_around: 65_536 } : {}),
    ...(once(draw, 8) ? { tmpfs_mpol: pick(draw, ['interleave', 'prefer:0', 'local', 'bind:0']) } : {}),
    ...(huge ? { thp: pick(draw, ['always', 'madvise'] as const) } : {}),
    ...(huge && once(draw, 3) ? { hugepages: Array.from({ length: nodes }, () => draw.below(2)) } : {}),
  };
}
