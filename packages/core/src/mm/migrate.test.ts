/** The life of migration entries: they stand for mappings, are copied, protected, zapped, waited for, and go again. */
import test, { type ExecutionContext } from 'ava';
import { collectBlocks, EventLog, eventsOf, LRU_ACTIVE, START, VM_READ, WRITE, type Stimulus } from '@pagetape/events';
import { checkInvariants } from '../invariants/check.ts';
import type { Kernel } from '../kernel.ts';
import { fork } from '../kernel/fork.ts';
import { PROFILES } from '../profiles/index.ts';
import type { Traits } from '../profiles/traits.ts';
import { Chance } from '../prng.ts';
import { diffReference } from '../reference/diff.ts';
import { reduceReferenceAll } from '../reference/reduce.ts';
import { referenceOf } from '../reference/view.ts';
import { WAIT_PAGE_LOCK, waitFor } from '../sched/wait.ts';
import { Simulation } from '../simulation.ts';
import { PTE_DIRTY, PTE_PRESENT, PTE_WRITE, PTE_YOUNG } from '../state/layout.ts';
import { frame_of_pte, is_migration_entry, page_count, page_mapcount, pte_of } from '../state/read.ts';
import { ARENA_VPN } from '../stimulus/resolve.ts';
import { unlock_page } from './filemap.ts';
import { tlb_finish, tlb_gather, unmap_vmas } from './memory_range.ts';
import { do_page_fault } from './memory.ts';
import { remove_migration_ptes } from './migrate.ts';
import { vmas_of } from './mmap.ts';
import { sys_mprotect } from './mprotect.ts';
import { try_to_migrate } from './rmap.ts';

const STEPS: readonly Stimulus[] = [
  { op: 'spawn', t: 'A', node: 0 },
  { op: 'mmap', t: 'A', r: 'r', at: 0, pages: 4 },
  { op: 'touch', t: 'A', addr: ['r', 0], pages: 4 },
  { op: 'drain', cpu: 0 },
];

/** A machine in which A has four pages, the first of which its mover has locked, taken off its list and unmapped. */
function moving(t: ExecutionContext, rules: Partial<Traits>) {
  const run = new Simulation({
    machine: { nodes: [{ id: 0, pages: 99, cpus: 2 }], swap: [8], page_cluster: 0, io: 'now' },
  });
  for (const step of STEPS) run.perform(step);
  const machine = run.checkpoint().machine;
  const before = referenceOf(machine.view);
  const { blocks, sink } = collectBlocks();
  const log = new EventLog(sink);
  const traits = { ...PROFILES['swap-v5-rc1'], ...rules };
  const k: Kernel = {
    s: machine.view,
    emit: machine.emitters(log),
    traits,
    chance: new Chance('1'),
    contended: false,
    under_way: [],
  };
  const pid = k.s.cold.pids['A'];
  const mm = k.s.cold.tasks[pid].mm;
  k.emit.ActorSwitched(pid, 0, 5);
  const pfn = frame_of_pte(k.s, pte_of(k.s, mm, ARENA_VPN));
  k.emit.PageIsolated(pfn, LRU_ACTIVE);
  k.emit.PageLocked(pfn);
  const end = (): void => {
    t.deepEqual(checkInvariants(k.s, { midway: true }), []);
    log.flush();
    const at = { ...START };
    const events = blocks.flatMap((block) => [...eventsOf(block, at)]);
    t.deepEqual(diffReference(reduceReferenceAll(before, events), referenceOf(k.s)), []);
  };
  t.true(try_to_migrate(k, pfn));
  return { k, mm, pfn, end, pte: (vpn = ARENA_VPN, of = mm) => pte_of(k.s, of, vpn) };
}

/** The marks of a present entry, as letters. */
const marks = (pte: number): string =>
  [PTE_PRESENT, PTE_WRITE, PTE_YOUNG, PTE_DIRTY].map((bit, i) => ((pte & bit) !== 0 ? 'pwyd'[i] : '-')).join('');

test('an entry holds no reference, counts as resident, and becomes a mapping of either page', (t) => {
  for (const keeps of [false, true]) {
    const { k, pfn, end, pte } = moving(t, { migration_keeps_marks: keeps });
    t.true(is_migration_entry(pte()));
    t.is(frame_of_pte(k.s, pte()), pfn);
    t.deepEqual([page_count(k.s, pfn), page_mapcount(k.s, pfn)], [1, 0]);
    end();
    remove_migration_ptes(k, pfn, pfn);
    t.is(marks(pte()), keeps ? 'pwyd' : 'pw--');
    t.deepEqual([page_count(k.s, pfn), page_mapcount(k.s, pfn)], [2, 1]);
    end();
  }
});

test('fork and mprotect take the right to write, and an entry may be zapped', (t) => {
  const { k, mm, pfn, end, pte } = moving(t, { migration_keeps_marks: true });
  t.is(sys_mprotect(k, ARENA_VPN, 4, VM_READ).next().value, 0);
  const pid = fork(k, 'B');
  const child = k.s.cold.tasks[pid].mm;
  t.is(frame_of_pte(k.s, pte(ARENA_VPN, child)), pfn);
  end();
  const tlb = tlb_gather();
  const [, area] = vmas_of(k, mm);
  unmap_vmas(k, tlb, area, ARENA_VPN, ARENA_VPN + 4);
  tlb_finish(k, tlb);
  t.is(pte(), 0);
  end();
  remove_migration_ptes(k, pfn, pfn);
  t.is(marks(pte(ARENA_VPN, child)), 'p-yd');
  end();
});

test('a fault sleeps until the page is unlocked, with a reference or without', (t) => {
  for (const holds of [false, true]) {
    const { k, mm, pfn, end } = moving(t, { migration_waiter_holds_page: holds });
    const fault = do_page_fault(k, mm, ARENA_VPN, WRITE);
    t.deepEqual(fault.next(), { done: false, value: waitFor(WAIT_PAGE_LOCK, pfn) });
    t.is(page_count(k.s, pfn), holds ? 2 : 1);
    remove_migration_ptes(k, pfn, pfn);
    unlock_page(k, pfn);
    t.deepEqual(fault.next(), { done: true, value: 0 });
    t.is(page_count(k.s, pfn), 2);
    end();
  }
});
