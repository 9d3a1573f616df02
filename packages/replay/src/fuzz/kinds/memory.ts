/** What tasks do with their memory, and what others do to it. */
import type { Stimulus, StimulusByOp } from '@pagetape/events';
import { once, pick } from '../draw.ts';
import type { Place, World } from '../world.ts';
import type { Kind } from './kind.ts';

type Mmap = StimulusByOp<'mmap'>;

export function mmap(w: World): Stimulus {
  return map(w, contents(w));
}

function map(w: World, contained: Partial<Mmap>): Stimulus {
  const { name: t, regions } = w.task();
  const r = w.fresh('r');
  const pages = contained.pages ?? w.length();
  regions.push({ name: r, pages, shared: contained.kind === 'file' || contained.kind === 'shared' });
  return { op: 'mmap', t, r, at: contained.at ?? w.arena(pages), pages, ...contained };
}

/** What a new region shows: memory, or a file. */
function contents(w: World): Partial<Mmap> {
  const { draw, files } = w;
  const flags = once(draw, 8)
    ? { flags: [w.modern && once(draw, 2) ? ('populate' as const) : ('locked' as const)] }
    : {};
  const kind =
    files.length === 0
      ? pick(draw, ['anon', 'anon', 'shared'] as const)
      : pick(draw, ['anon', 'shared', 'file', 'filepriv'] as const);
  if (kind === 'anon' && !once(draw, 8)) return flags;
  const prot = pick(draw, ['rw', 'rw', 'rw', 'r', '']);
  if (kind === 'anon' || kind === 'shared') return { kind, prot: prot || 'rw', ...flags };
  return { kind, file: pick(draw, files), prot, ...(once(draw, 4) ? { off: draw.below(4) } : {}), ...flags };
}

/** Memory of a driver that migrates it, or not. */
function driver(w: World): Stimulus {
  const answers = [{}, { moves: true }, { errno: 'EBUSY' }, { answer: 3 }, { moves: true, errno: 'EIO' }] as const;
  return map(w, { migrate: pick(w.draw, answers) });
}

function special(w: World): Stimulus {
  const flag = pick(w.draw, [
    'reserved',
    'denywrite',
    'shm',
    ...(w.machine.hugepages ? (['hugetlb', 'hugetlb'] as const) : []),
  ] as const);
  return map(w, { flags: [flag], ...(flag === 'hugetlb' && hugePlace(w)) });
}

/** Huge pages are whole, and begin where one can begin, beyond the pages that are not for regions. */
function hugePlace({ draw }: World): { at: number; pages: number } {
  return { at: 512 * (32 + draw.below(16)), pages: 512 * (1 + draw.below(2)) };
}

/** A file on disk, with buffers or without, or in memory, or in memory and swap. */
function file(w: World): Stimulus {
  const { draw } = w;
  const name = `f${w.files.length}`;
  const fs = pick(draw, ['disk', 'ramfs', 'ext2', 'ext3', 'xfs', undefined, 'tmpfs', 'tmpfs', 'tmpfs'] as const);
  const buffers = pick(draw, ['free', 'busy', 'journal', undefined, undefined] as const);
  w.files.push(name);
  if (fs === 'tmpfs') w.tmpfs.push(name);
  return {
    op: 'file',
    name,
    pages: 1 + draw.below(12),
    ...(fs && { fs }),
    ...(buffers && fs !== 'ramfs' && fs !== 'tmpfs' && { buffers }),
  };
}

const onPages =
  (make: (place: Place, w: World) => Stimulus | null) =>
  (w: World): Stimulus | null =>
    make(w.place(), w);

const withFile =
  (make: (file: string, w: World) => Stimulus) =>
  (w: World): Stimulus | null => {
    return w.files.length === 0 ? null : make(pick(w.draw, w.files), w);
  };

const touch = (w: World): Stimulus => ({ op: 'touch', ...w.place() });

const touchr = onPages((place, w) => ({
  op: 'touch',
  ...place,
  mode: 'r',
  stride: 1 + (once(w.draw, 4) ? w.draw.below(3) : 0),
}));

function remap(w: World): Stimulus | null {
  const sharing = w.tasks.find(({ regions }) => regions.some(({ shared }) => shared));
  if (!sharing) return null;
  const { t, addr } = w.place(sharing, true);
  const nonblock = w.draw.below(2) === 1;
  return { op: 'remap_file_pages', t, addr, pages: 1 + w.draw.below(4), off: w.draw.below(8), nonblock };
}

function mremap(w: World): Stimulus | null {
  const { t, addr, pages } = w.place();
  if (addr[0] === '@') return null;
  return { op: 'mremap', t, r: addr[0], at: w.arena(pages) + (once(w.draw, 2) ? 9000 : 0), pages };
}

function punch(w: World): Stimulus | null {
  if (w.tmpfs.length === 0) return null;
  return {
    op: 'punch',
    t: w.task().name,
    file: pick(w.draw, w.tmpfs),
    off: w.draw.below(8),
    pages: 1 + w.draw.below(8),
  };
}

const ADVICE = [
  'MADV_FREE',
  'MADV_COLD',
  'MADV_PAGEOUT',
  'MADV_PAGEOUT',
  'MADV_POPULATE_READ',
  'MADV_POPULATE_WRITE',
  'MADV_DONTFORK',
  'MADV_DOFORK',
  'MADV_WIPEONFORK',
  'MADV_KEEPONFORK',
  'MADV_DONTNEED_LOCKED',
  'MADV_REMOVE',
  'MADV_MERGEABLE',
  'MADV_UNMERGEABLE',
  'MADV_SOFT_OFFLINE',
  'MADV_HWPOISON',
] as const;

/** Advice on huge pages that is not simulated would only end the program. */
const HUGE_ADVICE = ['MADV_HUGEPAGE', 'MADV_NOHUGEPAGE', 'MADV_DONTFORK', 'MADV_POPULATE_WRITE'] as const;

const advise = onPages((place, w) => {
  const advice = pick<string>(w.draw, (w.machine.thp ?? 'never') === 'never' ? ADVICE : HUGE_ADVICE);
  return { op: 'madvise', ...place, advice };
});

/** The pages of any task: from its program to behind the last region. */
const EVERYTHING = { addr: '0x400000', pages: 0x60000 } as const;

/** Nothing is left, not even the program. */
function unmapAll(w: World): Stimulus {
  const person = w.task();
  person.regions.length = 0;
  return { op: 'munmap', t: person.name, ...EVERYTHING };
}

const keepAll = (w: World): Stimulus => ({ op: 'madvise', t: w.task().name, ...EVERYTHING, advice: 'MADV_DONTFORK' });

const locking =
  (op: 'mlock' | 'munlock' | 'munmap' | 'age' | 'deactivate'): Kind['make'] =>
  (w) => ({ op, ...w.place() });

export const memoryKinds: readonly Kind[] = [
  { name: 'touch', weight: 8, make: touch },
  { name: 'touchr', weight: 4, make: touchr },
  { name: 'mmap', weight: 6, outer: true, make: mmap },
  { name: 'driver', weight: 1, outer: true, make: driver },
  { name: 'special', weight: 1, outer: true, make: special },
  { name: 'file', weight: 3, outer: true, make: file },
  { name: 'munmap', weight: 2, make: locking('munmap') },
  { name: 'unmap_all', weight: 1, outer: true, make: unmapAll },
  { name: 'mlock', weight: 2, make: locking('mlock') },
  { name: 'munlock', weight: 1, make: locking('munlock') },
  { name: 'age', weight: 2, make: locking('age') },
  { name: 'deactivate', weight: 1, make: locking('deactivate') },
  {
    name: 'mprotect',
    weight: 2,
    make: onPages((place, w) => ({ op: 'mprotect', ...place, prot: pick(w.draw, ['r', 'rw', '']) })),
  },
  { name: 'dontneed', weight: 1, make: onPages((place) => ({ op: 'madvise', ...place, advice: 'MADV_DONTNEED' })) },
  { name: 'remap', weight: 2, make: remap },
  { name: 'truncate', weight: 1, make: withFile((name, w) => ({ op: 'truncate', name, pages: w.draw.below(12) })) },
  {
    name: 'pwrite',
    weight: 2,
    make: withFile((each, w) => ({
      op: 'pwrite',
      t: w.task().name,
      file: each,
      off: w.draw.below(12),
      pages: 1 + w.draw.below(5),
    })),
  },
  { name: 'advise', weight: 4, modern: true, make: advise },
  { name: 'keep_all', weight: 1, modern: true, make: keepAll },
  { name: 'mremap', weight: 1, modern: true, make: mremap },
  { name: 'punch', weight: 1, modern: true, make: punch },
  {
    name: 'mlockall',
    weight: 1,
    modern: true,
    make: (w) => ({ op: 'mlockall', t: w.task().name, flags: 1 + w.draw.below(7) }),
  },
  { name: 'munlockall', weight: 1, modern: true, make: (w) => ({ op: 'munlockall', t: w.task().name }) },
  {
    name: 'ksm',
    weight: 3,
    modern: true,
    make: (w) => (once(w.draw, 3) ? { op: 'madvise', ...w.place(), advice: 'MADV_MERGEABLE' } : { op: 'ksm' }),
  },
];
