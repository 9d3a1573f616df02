/** How long it takes until something runs: a small machine, a very large one, the command. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openMachine, Simulation, type MachineSpec } from '@pagetape/core';
import { interleave, now, timed, type Contender } from './measure.ts';
import { row, type Row } from './row.ts';
import type { Sizes } from './sizes.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/pagetape.mjs', import.meta.url));
const SCENARIO = `machine: {nodes: [{id: 0, pages: 64, cpus: 1}, {id: 1, pages: 64, cpus: 1}], swap: [64], page_cluster: 3, io: now}
steps:
  - {op: spawn, t: A, node: 0}
  - {op: mmap, t: A, r: r, at: 0, pages: 16}
  - {op: touch, t: A, addr: [r, 0], pages: 16}
  - {op: migrate_pages, t: A, pid: self, maxnode: 64, old: [0], new: [1]}
`;

const nodes = (count: number, pages: number): MachineSpec => ({
  nodes: Array.from({ length: count }, (_, id) => ({ id, pages, cpus: 1 })),
  swap: [],
  page_cluster: 0,
  io: 'now',
});

/** Frames of 128 GiB. */
const LARGE_NODE = 1 << 25;

/** Milliseconds as they pass, of another process. */
function elapsed(words: readonly string[]): Contender {
  return () => {
    const start = now();
    const { status } = spawnSync(process.execPath, [PROGRAM, ...words], { stdio: 'ignore' });
    if (status !== 0) throw new Error(`pagetape ${words.join(' ')} ended with status ${status}`);
    return { count: 1, ns: now() - start };
  };
}

export function measureStart({ starts, rounds, warmups }: Sizes, onRound: () => void): Row[] {
  const folder = mkdtempSync(join(tmpdir(), 'pagetape-bench-'));
  const scenario = join(folder, 'scenario.yaml');
  writeFileSync(scenario, SCENARIO);
  const small = nodes(2, 128);
  const large = nodes(8, LARGE_NODE);
  const contenders = {
    small: () =>
      timed(() => {
        for (let i = 0; i < starts; i++) new Simulation({ machine: small });
        return starts;
      }),
    large: () => timed(() => openMachine(large).view.scalars.length && 1),
    help: elapsed(['--help']),
    example: elapsed(['run', scenario]),
  };
  const rates = interleave(contenders, Math.ceil(rounds / 2), Math.min(warmups, 1), onRound);
  rmSync(folder, { recursive: true });
  const ms = (rate: number): number => 1000 / rate;
  return [
    row('start.machine', 'ms', ms(rates.small), 1, 'a machine of 256 pages, ready for its first step; baseline: 1 ms'),
    row('start.large', 'ms', ms(rates.large), 100, '8 nodes of 128 GiB, 268435456 pages; baseline: 100 ms'),
    row('start.help', 'ms', ms(rates.help), 150, 'pagetape --help, 0 pages, elapsed; baseline: 150 ms'),
    row('start.example', 'ms', ms(rates.example), 400, 'pagetape run of 16 pages, elapsed; baseline: 400 ms'),
  ];
}
