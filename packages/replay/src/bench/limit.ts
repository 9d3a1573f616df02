/**
 * The limit: bench/limit.c, which does the work of the reducers on plain arrays. It is built with the compiler of the system;
 * where there is none, or it fails, nothing is compared with it, and the rows say so.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROW_LENGTH, type Block } from '@pagetape/events';
import type { StateView } from '@pagetape/core';
import type { Contender, Sample } from './measure.ts';

const SOURCE = fileURLToPath(new URL('../../bench/limit.c', import.meta.url));
const COMPILERS = ['cc', 'gcc', 'clang'];

export class Limit {
  private readonly folder: string;
  private readonly program: string;
  private files = 0;

  private constructor(folder: string, program: string) {
    this.folder = folder;
    this.program = program;
  }

  /** Builds the program; null: it cannot be built here. */
  static build(): Limit | null {
    const folder = mkdtempSync(join(tmpdir(), 'pagetape-bench-'));
    const program = join(folder, 'limit');
    for (const compiler of COMPILERS) {
      const { status } = spawnSync(compiler, ['-O3', '-o', program, SOURCE], { stdio: 'ignore' });
      if (status === 0) return new Limit(folder, program);
    }
    rmSync(folder, { recursive: true });
    return null;
  }

  /** Works once, after a round that does not count. */
  work(op: string, pages: number, stride: number): Contender {
    return () => this.run([op, `${pages}`, `${stride}`, '2']);
  }

  /** Reduces the rows of a run on a machine whose pages from `first` on are mapped. */
  replay(s: StateView, blocks: readonly Block[], first: number, pages: number): Contender {
    const file = join(this.folder, `rows-${this.files++}`);
    writeFileSync(file, rowsFile(s, blocks, first, pages));
    return () => this.run(['replay', file, '2']);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private run(words: readonly string[]): Sample {
    const { status, stdout } = spawnSync(this.program, words, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`limit ${words.join(' ')} ended with status ${status}`);
    const [count, ns] = (stdout.trimEnd().split('\n').pop() as string).split(' ').map(Number);
    return { count, ns };
  }
}

/** What `limit replay` reads: see there. */
function rowsFile(s: StateView, blocks: readonly Block[], first: number, pages: number): Int32Array {
  const { max_pfn, section_shift, section_zone, zones } = s.topology;
  const lengths = Int32Array.from(ROW_LENGTH);
  const rows = blocks.reduce((sum, block) => sum + block.rows.length, 0);
  const head = [max_pfn, first, pages, s.swap_map.length, section_shift, section_zone.length, zones.length, rows];
  const parts = [head, section_zone, zones.map(({ start }) => start), lengths, ...blocks.map((block) => block.rows)];
  const file = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}
