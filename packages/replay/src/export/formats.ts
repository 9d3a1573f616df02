/** The formats that programs are exported to, by name. */
import { exportC } from './c.ts';
import { exportMemtoy } from './memtoy.ts';
import type { Exported, ExportedProgram } from './program.ts';
import { exportShell } from './shell.ts';
import { exportSyzkaller } from './syzkaller.ts';

export const EXPORT_FORMATS = ['memtoy', 'shell', 'syzkaller', 'c'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What a format is called in a sentence. */
export const EXPORT_TITLES: Readonly<Record<ExportFormat, string>> = {
  memtoy: 'a memtoy script',
  shell: 'a shell script',
  syzkaller: 'a syzkaller program',
  c: 'a C program',
};

const WRITERS: Readonly<Record<ExportFormat, (program: ExportedProgram) => Exported>> = {
  memtoy: exportMemtoy,
  shell: exportShell,
  syzkaller: exportSyzkaller,
  c: exportC,
};

/** Prints a program in another tool's words. */
export function exportProgram(program: ExportedProgram, format: ExportFormat): Exported {
  return WRITERS[format](program);
}
