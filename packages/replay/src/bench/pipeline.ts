/** What an event costs on its way: emitted, reduced, recorded, written, read; and what copies and hashes of a state cost. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_PROFILE, HOT_ARRAYS, hashState, layout, openMachine, PRNG_NAME, type StateView } from '@pagetape/core';
import { collectBlocks, EventLog, eventsOf, START, type BlockSink } from '@pagetape/events';
import { readTape, TapeWriter } from '../tape/index.ts';
import { interleave, timed, type Contender } from './measure.ts';
import { row, type Row } from './row.ts';
import type { Sizes } from './sizes.ts';
import { benchMachine, CountedTape, openMapped, runEviction, strideFor } from './workload.ts';

/** Events that each frame is in for: nothing is decided in between, and all is as it was after them. */
const EVENTS_A_FRAME = 6;

/** Rounds on small machines go over them many times, so that all rounds have about as many events. */
const TIMES_MAX = 64;

function emitting(frames: number, stride: number, times: number, sink: BlockSink | undefined): Contender {
  const machine = openMachine(benchMachine(frames, 0));
  const emit = machine.emitters(new EventLog(sink));
  for (let pfn = 1; pfn <= frames; pfn++) emit.PageAllocated(pfn, 0, 0, 0);
  const around = (first: number): void => {
    for (let pfn = first; pfn <= frames; pfn += stride) {
      emit.PageReferenceTaken(pfn, 0);
      emit.PageLocked(pfn);
      emit.PageReferencedSet(pfn);
      emit.PageReferencedCleared(pfn);
      emit.PageUnlocked(pfn);
      emit.PageReferenceDropped(pfn, 0);
    }
  };
  return () =>
    timed(() => {
      for (let i = 0, offset = 0; i < times * stride; i++) {
        around(1 + offset);
        offset = (421 * offset + 97) & (stride - 1);
      }
      return EVENTS_A_FRAME * frames * times;
    });
}

export function measureEmitting({ emitFrames, rounds, warmups }: Sizes, onRound: () => void): Row[] {
  return emitFrames.flatMap((frames) =>
    [1, strideFor(frames)].map((stride) => {
      const times = Math.min(TIMES_MAX, Math.ceil(Math.max(...emitFrames) / frames));
      const tape = new CountedTape(frames, 0);
      const contenders = {
        taped: emitting(frames, stride, times, tape.writer.block),
        untaped: emitting(frames, stride, times, undefined),
      };
      const { taped, untaped } = interleave(contenders, Math.ceil(rounds / 3), Math.min(warmups, 1), onRound);
      const order = stride === 1 ? 'ordered' : 'scattered';
      const about = `${EVENTS_A_FRAME} events for each of ${frames} pages, ${order}: emitted, reduced and taped; baseline: without a tape`;
      return row(`emit.${frames}.${order}`, 'events/s', taped, untaped, about);
    }),
  );
}

/** Bytes that a run has come to use. */
export function bytesOf(s: StateView): number {
  const used = {
    frames: s.scalars[layout.FRAMES_USED] * layout.FRAME,
    tables: s.scalars[layout.TABLES_USED] * layout.TABLE,
  };
  return HOT_ARRAYS.reduce((sum, name) => sum + 4 * ((used as Record<string, number>)[name] ?? s[name].length), 0);
}

export function measureState({ statePages: pages, rounds, warmups }: Sizes, onRound: () => void): Row[] {
  const machine = openMachine(benchMachine(pages, 0));
  const simulation = openMapped(pages, 0, (block) => void machine.replay(block, 0, block.rows.length));
  simulation.finish();
  const { view } = machine;
  const bytes = bytesOf(view);
  const base = machine.image();
  const of =
    (work: () => unknown): Contender =>
    () =>
      timed(() => {
        work();
        return bytes;
      });
  const raw = new Uint8Array((view.frames as Int32Array).buffer, 0, bytes >> 1);
  const contenders = {
    checkpoint: of(() => machine.image()),
    again: of(() => machine.image(base)),
    restore: of(() => machine.restore(base)),
    fork: of(() => machine.fork()),
    hash: of(() => hashState(view)),
    copy: () => timed(() => raw.slice().length),
    sha256: () => timed(() => (createHash('sha256').update(raw).digest(), raw.length)),
  };
  const rates = interleave(contenders, rounds, warmups, onRound);
  const about = `a state of ${pages} pages, ${bytes} bytes`;
  const copied = `${about}; baseline: a flat copy`;
  return [
    row('state.checkpoint', 'bytes/s', rates.checkpoint, rates.copy, `an image of ${copied}`),
    row(
      'state.checkpoint_again',
      'bytes/s',
      rates.again,
      rates.copy,
      `an image that shares with the last, of ${copied}`,
    ),
    row('state.restore', 'bytes/s', rates.restore, rates.copy, `back to an image of ${copied}`),
    row('state.fork', 'bytes/s', rates.fork, rates.copy, `an independent copy of ${copied}`),
    row('state.hash', 'bytes/s', rates.hash, rates.sha256, `the hash of ${about}; baseline: SHA-256`),
    row(
      'memory.page',
      'bytes',
      bytes / pages,
      40,
      `${about}, a frame and its mapping together, pages; baseline: 40 bytes`,
    ),
  ];
}

export function measureTape({ pages, rounds, warmups }: Sizes, onRound: () => void): Row[] {
  const { blocks, sink } = collectBlocks();
  const events = runEviction(pages, sink);
  const folder = mkdtempSync(join(tmpdir(), 'pagetape-bench-'));
  const file = join(folder, 'run.tape');
  const start = {
    profile: DEFAULT_PROFILE,
    machine: { ...benchMachine(pages, 2 * pages) },
    seed: '0',
    prng: PRNG_NAME,
  };
  const all =
    (work: () => unknown): Contender =>
    () =>
      timed(() => {
        work();
        return events;
      });
  const some = blocks.filter((_, n) => n % 16 === 0);
  const texts = some.map((block) => [...eventsOf(block, { ...START })].map((event) => JSON.stringify(event)));
  const lines = texts.reduce((sum, list) => sum + list.length, 0);
  const contenders = {
    encode: all(() => {
      const { writer } = new CountedTape(pages, 2 * pages);
      for (const block of blocks) writer.block(block);
    }),
    write: all(() => {
      const writer = TapeWriter.create(file, { ...start, level: 'full', pagetape: 'bench' });
      for (const block of blocks) writer.block(block);
      writer.end({});
    }),
    decode: all(() => {
      for (const block of readTape(readFileSync(file)).blocks) void block;
    }),
    stringify: () =>
      timed(() => {
        for (const block of some) for (const event of eventsOf(block, { ...START })) JSON.stringify(event);
        return lines;
      }),
    parse: () =>
      timed(() => {
        for (const list of texts) for (const line of list) JSON.parse(line);
        return lines;
      }),
  };
  const rates = interleave(contenders, rounds, warmups, onRound);
  rmSync(folder, { recursive: true });
  const of = `${pages} pages, ${events} events`;
  return [
    row('tape.encode', 'events/s', rates.encode, rates.stringify, `${of} made bytes; baseline: lines of JSON`),
    row('tape.write', 'events/s', rates.write, rates.stringify, `${of} written to a file; baseline: lines of JSON`),
    row('tape.read', 'events/s', rates.decode, rates.parse, `${of} read from it and checked; baseline: lines of JSON`),
  ];
}
