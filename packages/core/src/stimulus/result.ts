/** What the one who asked got to see: the answer of a step, as it stands on the tape and in recorded scenarios. */
import { errnoName } from '@pagetape/events';

export interface Result {
  /** The return value as the C library gives it; null: the step did not return. */
  readonly ret: number | null;
  readonly errno?: string;
  /** The signal that ended the step. */
  readonly sig?: string;
  /** Why the step did not return: it sleeps for ever, or would have to wait for the step around it. */
  readonly stop?: 'hang' | 'blocked';
  /** The task had ended before: the step did nothing. */
  readonly dead?: true;
  readonly mode?: number;
  readonly mask?: readonly (string | null)[];
  /** move_pages: the array of answers; null where nothing was written, or when nothing was written at all. */
  readonly status?: readonly (number | null)[] | null;
  /** What a file holds that was read; of several files, by name. */
  readonly value?: string | Readonly<Record<string, string>>;
  /** numa_maps: a line an area. */
  readonly maps?: readonly string[];
  /** Counters of /proc/vmstat by name. */
  readonly vmstat?: Readonly<Record<string, number>>;
  /** Merged pages, and how many mappings share them. */
  readonly shared?: number;
  readonly sharing?: number;
  /** What a call by number wrote to each of its buffers of 32-bit words; null: a word that it did not write. */
  readonly out?: readonly (readonly (number | null)[])[];
  /** Answers of the steps of `parallel`, in their order. */
  readonly results?: readonly Result[];
}

/** A kernel's return value, as the C library shows it. */
export function fromKernel(value: number): Result {
  return value < 0 ? { ret: -1, errno: errnoName(-value) } : { ret: value };
}
