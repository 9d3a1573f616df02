/** Chunks of target frames: what their size does to the order in which pages get frames (Q17). */
import test from 'ava';
import { collectBlocks, EventLog, type Stimulus } from '@pagetape/events';
import { checkInvariants } from '../invariants/check.ts';
import type { Kernel } from '../kernel.ts';
import { PROFILES } from '../profiles/index.ts';
import type { Traits } from '../profiles/traits.ts';
import { Chance } from '../prng.ts';
import { Simulation } from '../simulation.ts';
import { page_to_nid, pte_of, pte_pfn } from '../state/read.ts';
import { ARENA_VPN } from '../stimulus/resolve.ts';
import { migrate_to_policy_hybrid } from './mempolicy_hybrid.ts';
import { vmas_of } from './mmap.ts';
import { isolate_lru_page } from './vmscan.ts';

const PAGES = 6;
/** The area begins at a page that the number of nodes does not divide, so the policy wants the pages on 1, 2, 0, 1, 2, 0. */
const STEPS: readonly Stimulus[] = [
  { op: 'spawn', t: 'A', node: 3 },
  { op: 'mmap', t: 'A', r: 'r', at: 0, pages: PAGES },
  { op: 'touch', t: 'A', addr: ['r', 0], pages: PAGES },
  { op: 'mbind', t: 'A', addr: ['r', 0], pages: PAGES, mode: 3, mask: [0, 1, 2], maxnode: 64, flags: 0 },
  { op: 'drain', cpu: 0 },
];

/** Moves the pages of the area to where its policy places frames. Returns their nodes, and how many chunks it took. */
function nodesAfter(rules: Partial<Traits>): { nodes: string; chunks: number; broken: string[] } {
  const nodes = [0, 1, 2].map((id) => ({ id, pages: 99, cpus: 0 }));
  const machine = { nodes: [...nodes, { id: 3, pages: 99, cpus: 1 }], swap: [8], page_cluster: 0, io: 'now' } as const;
  const profile = 'linux-2.6.16';
  const run = new Simulation({ machine, profile });
  for (const step of STEPS) run.perform(step);
  const { view, emitters } = run.checkpoint().machine;
  const log = new EventLog(collectBlocks().sink);
  const traits = { ...PROFILES[profile], ...rules };
  const k: Kernel = { s: view, emit: emitters(log), traits, chance: new Chance('1'), contended: false, under_way: [] };
  const pid = k.s.cold.pids['A'];
  const { mm } = k.s.cold.tasks[pid];
  k.emit.ActorSwitched(pid, 0, STEPS.length + 1);
  const frames = (): number[] => Array.from({ length: PAGES }, (_, n) => pte_pfn(pte_of(k.s, mm, ARENA_VPN + n)));
  const list = frames();
  for (const pfn of list) isolate_lru_page(k, pfn);
  const call = migrate_to_policy_hybrid(k, list, vmas_of(k, mm).at(-1)!);
  let chunks = 0; // Each of them takes one pass here.
  while (call.next().done !== true) chunks++;
  const where = frames().map((pfn) => page_to_nid(k.s, pfn));
  return { nodes: where.join(), chunks, broken: checkInvariants(k.s) };
}

test('a chunk is mirrored: its first page gets the frame that was allocated last', (t) => {
  t.deepEqual(nodesAfter({}), { nodes: '0,2,1,0,2,1', chunks: 1, broken: [] });
});

test('chunks of one page, as between rc2 and rc5, hide it', (t) => {
  t.deepEqual(nodesAfter({ chunk_pages: 1 }), { nodes: '1,2,0,1,2,0', chunks: PAGES, broken: [] });
});

test('a further chunk goes on where the policy stopped', (t) => {
  t.deepEqual(nodesAfter({ chunk_pages: 4 }), { nodes: '1,0,2,1,0,2', chunks: 2, broken: [] });
});
