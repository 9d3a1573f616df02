/** Steps with which a task tells how it uses its memory: what must stay, what may go, where it is to be. */
import { MMAN_CONSTANTS, VM_LOCKED, type Op, type StimulusByOp } from '@pagetape/events';
import { ScenarioFault } from '../errors.ts';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { __mm_populate } from '../mm/gup.ts';
import { injects_error, madvise_inject_error } from '../mm/madvise_inject.ts';
import { do_madvise, madvise_need_mmap_write } from '../mm/madvise.ts';
import { down_read } from '../mm/memory.ts';
import { down_write } from '../mm/mempolicy_calls.ts';
import { apply_mlockall_flags, mlock_populate, sys_mlock, sys_mlockall } from '../mm/mlock.ts';
import { find_vma } from '../mm/mmap.ts';
import { sys_mremap } from '../mm/mremap.ts';
import { ARENA_VPN, resolveInt, resolvePage } from './resolve.ts';
import { fromKernel, type Result } from './result.ts';

type Step<O extends Op> = StimulusByOp<O>;

/** Pages of an address space that the arena and all below it can have. */
const ALL_PAGES = 0x7fff_ffff;

/** Holds the mmap_sem alone around what changes areas. */
export function* changingAreas(k: Kernel, body: () => Sleeping<number>): Sleeping<Result> {
  const { mm } = current(k);
  yield* down_write(k, mm);
  const value = yield* body();
  k.emit.MmapLockReleased(mm, -1);
  return fromKernel(value);
}

const populatesAfterwards = (k: Kernel, { ret }: Result): boolean => ret === 0 && k.traits.populates === 'afterwards';

export function* performMlock(k: Kernel, step: Step<'mlock'> | Step<'munlock'>): Sleeping<Result> {
  const start = resolvePage(k.s, current(k).pid, step.addr);
  const on = step.op === 'mlock';
  const locked = yield* changingAreas(k, () => sys_mlock(k, start, step.pages, on));
  if (!on || !populatesAfterwards(k, locked)) return locked;
  return fromKernel(yield* mlock_populate(k, start, step.pages));
}

export function* performMlockall(k: Kernel, step: Step<'mlockall'>): Sleeping<Result> {
  const flags = resolveInt(step.flags);
  const locked = yield* changingAreas(k, () => sys_mlockall(k, flags));
  if ((flags & MMAN_CONSTANTS.MCL_CURRENT) !== 0 && populatesAfterwards(k, locked)) {
    yield* __mm_populate(k, 0, ALL_PAGES, true);
  }
  return locked;
}

export function* performMunlockall(k: Kernel): Sleeping<Result> {
  return yield* changingAreas(k, () => apply_mlockall_flags(k, 0));
}

export function* performMadvise(k: Kernel, step: Step<'madvise'>): Sleeping<Result> {
  const { mm, pid } = current(k);
  const advice = resolveInt(step.advice);
  const start = resolvePage(k.s, pid, step.addr);
  if (injects_error(k, advice)) {
    const { error, killed } = yield* madvise_inject_error(k, start, start + step.pages, advice);
    return { ...fromKernel(error), ...(killed ? { sig: 'SIGBUS' } : {}) };
  }
  const advise = (): Sleeping<number> => do_madvise(k, start, step.pages, advice);
  if (madvise_need_mmap_write(k, advice)) return yield* changingAreas(k, advise);
  yield* down_read(k, mm);
  const value = yield* advise();
  k.emit.MmapLockReleased(mm, 1);
  return fromKernel(value);
}

/** The step moves a whole region, and if that succeeds the region is the new place. */
export function* performMremap(k: Kernel, step: Step<'mremap'>): Sleeping<Result> {
  const { mm } = current(k);
  const region = k.s.cold.regions.find((each) => each.mm === mm && each.name === step.r);
  if (!region) throw new ScenarioFault(`${step.t} has no region ${step.r}`);
  const start = ARENA_VPN + step.at;
  const move = { addr: region.start, old_len: region.pages, new_len: step.pages, new_addr: start };
  const moved = yield* changingAreas(k, function* () {
    const error = yield* sys_mremap(k, move);
    if (error === 0) k.emit.RegionNamed({ mm, name: step.r, start, pages: step.pages });
    return error;
  });
  if (moved.ret === 0) yield* populate_if_locked(k, start + region.pages, start + step.pages);
  return moved;
}

/** The end of `mm/mmap.c:vm_mmap_pgoff()` of later kernels: what is locked, or asked for at once, is brought in. Errors are not told. */
export function* populate_if_locked(k: Kernel, start: number, end: number, asked = false): Sleeping<void> {
  const { mm } = current(k);
  if (start >= end || k.traits.populates !== 'afterwards') return;
  const locked = ((find_vma(k, mm, start)?.flags ?? 0) & VM_LOCKED) !== 0;
  if (asked || locked) yield* __mm_populate(k, start, end, true);
}
