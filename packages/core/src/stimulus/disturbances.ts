/** Steps from outside: what other parts of a machine do to the pages of a task, and the files and devices it has. */
import {
  EFAULT,
  ENOMEM,
  ESRCH,
  HOLDER_LOCK,
  HOLDER_PIN,
  IO_DIRECTION,
  READ,
  UNTIL,
  UNTIL_UNLOCK,
  WRITE,
  type StimulusByOp,
} from '@pagetape/events';
import { ScenarioFault } from '../errors.ts';
import { current, type Kernel, type Sleeping } from '../kernel.ts';
import { end_idle_tasks, send_signal } from '../kernel/signal.ts';
import { release_holder, unlock_page } from '../mm/filemap.ts';
import { down_read, get_user_page } from '../mm/memory.ts';
import { get_page, put_page } from '../mm/page_alloc.ts';
import { end_all_requests, swap_writepage } from '../mm/page_io.ts';
import { page_referenced } from '../mm/rmap.ts';
import { drain_cpu } from '../mm/swap.ts';
import { add_to_swap } from '../mm/swap_state.ts';
import { get_swap_page, swap_free } from '../mm/swapfile.ts';
import { shmem_get_sbmpol } from '../mm/shmem_mpol.ts';
import { vmtruncate } from '../mm/truncate.ts';
import { NR_SWAP_PAGES } from '../state/layout.ts';
import { firstSeized, freePin, holderUntil, lockedOutside, pinAt, pinsWithin } from '../state/outside.ts';
import {
  PageActive,
  PageAnon,
  PageDirty,
  PageLocked,
  PageLRU,
  PageSwapCache,
  PageWriteback,
  pte_of,
  pte_pfn,
  pte_present,
} from '../state/read.ts';
import { resolveFile, resolvePage, taskPid } from './resolve.ts';
import { fromKernel, type Result } from './result.ts';

/* eslint-disable require-yield -- every step has the same shape, also those that never sleep */

/** Calls `act` for each page of the range that the running task has in memory, and adds up its answers. */
function overPages(
  k: Kernel,
  step: { readonly addr: Parameters<typeof resolvePage>[2]; readonly pages?: number },
  act: (pfn: number, vpn: number) => number,
): number {
  const { mm, pid } = current(k);
  const first = resolvePage(k.s, pid, step.addr);
  let sum = 0;
  for (let vpn = first; vpn < first + (step.pages ?? 1); vpn++) {
    const pte = pte_of(k.s, mm, vpn);
    if (pte_present(pte)) sum += act(pte_pfn(pte), vpn);
  }
  return sum;
}

/** Beyond the last page that any file can have. */
const MAX_LFS_PAGES = 0x7fffffff;

export function* performFile(k: Kernel, step: StimulusByOp<'file'>): Sleeping<Result> {
  const { name, pages, fs, buffers } = step;
  if (fs === 'tmpfs' && buffers)
    throw new ScenarioFault(`the file ${name} is in memory and swap, and so has no buffers`);
  const given = { ...(fs ? { fs } : {}), ...(buffers ? { buffers } : {}) };
  const { file } = k.s.cold.next;
  k.emit.FileCreated({ file, name, pages, ...given });
  const policy = fs === 'tmpfs' ? shmem_get_sbmpol(k) : null;
  if (policy) k.emit.SharedPolicySet({ file, start: 0, end: MAX_LFS_PAGES, policy });
  return { ret: 0 };
}

export function* performTruncate(k: Kernel, step: StimulusByOp<'truncate'>): Sleeping<Result> {
  yield* vmtruncate(k, resolveFile(k.s, step.name), step.pages);
  return { ret: 0 };
}

export function* performLock(k: Kernel, step: StimulusByOp<'lock'>): Sleeping<Result> {
  const { until } = step;
  const [word, tries] = typeof until === 'object' ? ['tries' as const, until.tries] : [until, 0];
  overPages(k, step, (pfn) => {
    if (!PageLocked(k.s, pfn)) k.emit.HolderTookLock(pfn, UNTIL.indexOf(word), tries);
    return 0;
  });
  return { ret: 0 };
}

export function* performUnlock(k: Kernel): Sleeping<Result> {
  const locked = lockedOutside(k.s).filter((pfn) => holderUntil(k.s, pfn) === UNTIL_UNLOCK);
  for (const pfn of locked) release_holder(k, pfn);
  return { ret: locked.length };
}

export function* performPinpages(k: Kernel, step: StimulusByOp<'pinpages'>): Sleeping<Result> {
  const { mm, pid } = current(k);
  const first = resolvePage(k.s, pid, step.addr);
  yield* down_read(k, mm);
  let pinned = 0;
  let error = 0;
  for (; pinned < step.pages; pinned++) {
    const vpn = first + pinned;
    const page = yield* get_user_page(k, mm, vpn, step.mode === 'w' ? WRITE : READ, false);
    if ('error' in page) {
      error = page.error === 'EFAULT' ? EFAULT : ENOMEM;
      break;
    }
    k.emit.PageReferenceTaken(page.pfn, HOLDER_PIN);
    k.emit.PinPlaced(freePin(k.s), pid, vpn, page.pfn);
  }
  k.emit.MmapLockReleased(mm, 1);
  return fromKernel(pinned === 0 ? -error : pinned);
}

/** Ends references. Of a task that has ended its addresses mean nothing any more, so all that it took end. */
export function* performUnpin(k: Kernel, step: StimulusByOp<'unpin'>): Sleeping<Result> {
  const pid = step.t === undefined ? 0 : k.s.cold.pids[step.t];
  const alive = k.s.cold.tasks[pid]?.state === 'running';
  const first = alive && step.addr !== undefined ? resolvePage(k.s, pid, step.addr) : -1;
  const ending = first < 0 ? pinsWithin(k.s, pid, 0, Infinity) : pinsWithin(k.s, pid, first, first + (step.pages ?? 1));
  for (const pin of ending) {
    const { task, vpn, pfn } = pinAt(k.s, pin);
    k.emit.PinRemoved(pin, task, vpn, pfn);
    put_page(k, pfn, HOLDER_PIN);
  }
  return { ret: step.t === undefined ? 0 : ending.length };
}

/** Writes a page as the scanner would, which holds a reference meanwhile, but leaves its mappings alone. */
function write_back(k: Kernel, pfn: number): void {
  if (PageLocked(k.s, pfn) || PageWriteback(k.s, pfn)) return;
  get_page(k, pfn, HOLDER_LOCK);
  k.emit.PageLocked(pfn);
  if (!PageSwapCache(k.s, pfn) && !add_to_swap(k, pfn)) unlock_page(k, pfn);
  else {
    if (!PageDirty(k.s, pfn)) k.emit.PageDirtied(pfn, 0);
    k.emit.PageCleanedForIo(pfn);
    swap_writepage(k, pfn);
  }
  put_page(k, pfn, HOLDER_LOCK);
}

export function* performWriteback(k: Kernel, step: StimulusByOp<'writeback'>): Sleeping<Result> {
  overPages(k, step, (pfn) => {
    if (PageAnon(k.s, pfn)) write_back(k, pfn);
    return 0;
  });
  return { ret: 0 };
}

export function* performAge(k: Kernel, step: StimulusByOp<'age'>): Sleeping<Result> {
  return { ret: overPages(k, step, (pfn) => page_referenced(k, pfn)) };
}

export function* performDeactivate(k: Kernel, step: StimulusByOp<'deactivate'>): Sleeping<Result> {
  const deactivate = (pfn: number): number => {
    if (!PageLRU(k.s, pfn) || !PageActive(k.s, pfn)) return 0;
    k.emit.PageDeactivated(pfn);
    return 1;
  };
  return { ret: overPages(k, step, deactivate) };
}

export function* performDrain(k: Kernel, step: StimulusByOp<'drain'>): Sleeping<Result> {
  const cpus = step.cpu === undefined ? k.s.topology.cpu_to_node.keys() : [step.cpu];
  for (const cpu of cpus) drain_cpu(k, cpu);
  return { ret: 0 };
}

export function* performSwapfill(k: Kernel, step: StimulusByOp<'swapfill'>): Sleeping<Result> {
  let taken = 0;
  for (; k.s.scalars[NR_SWAP_PAGES] > step.leave; taken++) k.emit.SwapSlotSeized(get_swap_page(k));
  return { ret: taken };
}

export function* performSwapfree(k: Kernel, step: StimulusByOp<'swapfree'>): Sleeping<Result> {
  let freed = 0;
  for (let slot = firstSeized(k.s); slot !== 0 && freed < step.count; slot = firstSeized(k.s), freed++) {
    k.emit.SwapSlotGivenBack(slot);
    swap_free(k, slot);
  }
  return { ret: freed };
}

export function* performIo(k: Kernel, step: StimulusByOp<'io'>): Sleeping<Result> {
  k.emit.IoModeSet({ mode: step.mode });
  return { ret: 0 };
}

export function* performIoDone(k: Kernel): Sleeping<Result> {
  end_all_requests(k);
  return { ret: 0 };
}

export function* performCongest(k: Kernel, step: StimulusByOp<'congest'>): Sleeping<Result> {
  k.emit.CongestionSet({ device: step.dev, congested: step.on ?? true });
  return { ret: 0 };
}

/** A signal for a whole process. Tasks of it that do nothing at the moment end here, one after the other. */
export function* performKill(k: Kernel, step: StimulusByOp<'kill'>): Sleeping<Result> {
  const target = k.s.cold.tasks[taskPid(k.s, step.t)];
  if (!target) return fromKernel(-ESRCH);
  send_signal(k, target, step.sig ?? 'SIGKILL');
  yield* end_idle_tasks(k, target.tgid);
  return { ret: 0 };
}

export function* performIoerr(k: Kernel, step: StimulusByOp<'ioerr'>): Sleeping<Result> {
  k.emit.IoErrorsArmed(IO_DIRECTION.indexOf(step.dir), step.count);
  return { ret: 0 };
}
